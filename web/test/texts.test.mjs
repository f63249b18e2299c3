// What needs neither a module nor a browser: links, and the form's values.

import assert from "node:assert/strict";
import { test } from "node:test";

import { get, isShown, listText, mapText, set, settingsOf, textList, textMap } from "../page/questions.mjs";
import { fragment, opened } from "../page/share.mjs";

test("a link carries its texts", async () => {
  const state = { policies: "a: é\n".repeat(1000), pods: "" };
  const hash = await fragment("try", state);
  assert.match(hash, /^#try\/[\w-]+$/);
  assert.ok(hash.length < 200, `${hash.length}`);
  assert.deepEqual(await opened(hash), { task: "try", state });
});

for (const [hash, expected] of [
  ["", { task: "try" }],
  ["#migrate", { task: "migrate" }],
  ["#elsewhere", { task: "try" }],
  ["#suggest/AAAA", { task: "suggest", broken: true }],
]) {
  test(`the address ${hash || "without a fragment"} opens a task`, async () => {
    assert.deepEqual(await opened(hash), expected);
  });
}

test("values are set at their variables, and what is empty goes", () => {
  const values = set({ a: 1 }, "runAsUser.rule", "MustRunAs");
  assert.deepEqual(values, { a: 1, runAsUser: { rule: "MustRunAs" } });
  assert.equal(get(values, "runAsUser.rule"), "MustRunAs");
  assert.deepEqual(set(values, "runAsUser.rule", ""), { a: 1 });
  assert.deepEqual(set(values, "hostPID", false), { ...values, hostPID: false });
});

test("a question is asked where its condition holds", () => {
  const question = { show_if: "runAsUser.rule=MustRunAs||runAsUser.rule=MayRunAs" };
  assert.equal(isShown(question, {}), false);
  assert.equal(isShown(question, { runAsUser: { rule: "MayRunAs" } }), true);
  assert.equal(isShown({}, {}), true);
});

test("lists and maps are texts and back", () => {
  assert.deepEqual(textList(listText(["a", "b"])), ["a", "b"]);
  assert.deepEqual(textMap(mapText({ "x.io/a": "b: c" })), { "x.io/a": "b: c" });
  assert.deepEqual(textMap("lonely\n\n"), { lonely: "" });
});

test("a PodSecurityPolicy becomes the settings of one policy", () => {
  const psp = {
    kind: "PodSecurityPolicy",
    metadata: { name: "p", annotations: { "seccomp.security.alpha.kubernetes.io/allowedProfileNames": "*", other: "x" } },
    spec: { privileged: true },
  };
  const annotations = { "seccomp.security.alpha.kubernetes.io/allowedProfileNames": "*" };
  assert.deepEqual(settingsOf(psp), { privileged: true, annotations });
  assert.deepEqual(settingsOf({ mutate: false, spec: { hostPID: true } }), { hostPID: true, mutate: false });
});
