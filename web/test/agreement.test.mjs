// The module and the library find the same on the recorded cases of the original implementation.
//
// A slice of them by default; ALL=1 takes all.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";

import { Functions } from "../page/functions.mjs";
import { judge } from "../page/judge.mjs";
import { Policy } from "../page/policy.mjs";
import { modules } from "./modules.mjs";

const SLICE = process.env.ALL ? 1 : 25;
const { functions: library, policy } = await modules();
const functions = new Functions(library);

async function cases(file) {
  const path = new URL(`../../conformance/golden/${file}.jsonl.gz`, import.meta.url);
  const lines = gunzipSync(await readFile(path)).toString().trimEnd().split("\n");
  return lines.filter((_, nth) => nth % SLICE === 0).map((line) => JSON.parse(line).case);
}

function settingsOf(recorded) {
  return recorded.level
    ? { podSecurityStandards: { enforce: `${recorded.level}:${recorded.version}` } }
    : { authorization: "None", mutate: recorded.Steps !== "validate", policies: recorded.Psps };
}

for (const [file, least] of [["golden", 6], ["generated", 120], ["admission", 130], ["rewritable", 5], ["standards", 160]]) {
  test(`module and library agree on ${file}`, () => agree(file, least));
}

async function agree(file, least) {
  let judged = 0;
  let refused = 0;
  for (const recorded of await cases(file)) {
    const pod = recorded.Pod ?? recorded.pod;
    if (!pod || (recorded.Op ?? "CREATE") !== "CREATE" || recorded.Sub) {
      continue;
    }
    const settings = JSON.stringify(settingsOf(recorded));
    const pods = JSON.stringify({ apiVersion: "v1", kind: "Pod", ...pod });
    const answer = judge(functions, policy, { policies: settings, pods, now: 0 });
    const name = `${file}: ${recorded.Name ?? recorded.name}`;
    if (answer.registrations.length === 0) {
      const verdict = JSON.parse(new Policy(policy, () => true).call("validate_settings", settings));
      assert.equal(verdict.valid, false, `${name}: ${JSON.stringify(answer.errors)}`);
      refused += 1;
      continue;
    }
    assert.deepEqual(answer.registrations.map(({ validity }) => validity), [{ valid: true }], name);
    assert.deepEqual(answer.errors, [], name);
    assert.equal(answer.objects.length, 1, name);
    assert.ok(answer.objects[0].agrees, `${name}: ${JSON.stringify(answer.objects[0])}`);
    judged += 1;
  }
  console.log(`${file}: ${judged} verdicts agree, ${refused} settings are refused by both`);
  assert.ok(judged >= least, `only ${judged} cases are judged`);
}
