// The page in a real Chromium: each task, keyboard only, dark and phone, accessibility, offline, times.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";

import { chromium } from "playwright-core";

import { fragment } from "../page/share.mjs";
import { serve } from "../serve.mjs";

const PAGE = new URL("../dist/index.html", import.meta.url);
const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const CHROMIUM = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const SHOTS = process.env.SCREENSHOTS;
const POD = `apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  hostPID: true
  containers:
  - {name: web, image: "registry.example.com/web:1"}
`;

let browser;
let server;
let origin;

before(async () => {
  const executablePath = CHROMIUM.find((path) => path && existsSync(path));
  // Containers run tests as root, where the sandbox of Chromium cannot start.
  const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  browser = await chromium.launch({ executablePath, args });
  server = await serve();
  origin = `http://127.0.0.1:${server.address().port}/`;
});

/** Figures, which `web/dist/measured.json` keeps: they depend on the machine, so that no test asserts them. */
const measured = {};

function measure(what, figure, unit) {
  measured[what] = `${figure} ${unit}`;
  console.log(`${what}: ${figure} ${unit}`);
}

after(async () => {
  await writeFile(new URL("measured.json", PAGE), `${JSON.stringify(measured, undefined, 2)}\n`);
  await browser?.close();
  server?.close();
});

/** Opens the page, and fails if it logs an error or asks for anything but itself. */
async function open(hash = "", options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const page = await context.newPage();
  const [requests, errors] = [[], []];
  page.on("request", (request) => /^(data|blob):/.test(request.url()) || requests.push(request.url()));
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  const address = (options.address ?? origin) + hash;
  await page.goto(address);
  await page.waitForFunction(() => performance.getEntriesByName("ready").length > 0);
  return {
    page,
    status: (text) => page.locator("#status", { hasText: text }).waitFor(),
    async close() {
      assert.deepEqual(errors, []);
      assert.deepEqual(requests.map((url) => url.split("#")[0]), [address.split("#")[0]]);
      await context.close();
    },
  };
}

/** Puts a text into an editor, as a paste does. */
async function paste(page, id, text) {
  await page.locator(`#${id} .cm-content`).click();
  await page.keyboard.press("Control+A");
  await page.evaluate((text) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData("text/plain", text);
    document.activeElement.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
  }, text);
}

async function shot(page, name) {
  if (SHOTS) {
    await mkdir(SHOTS, { recursive: true });
    await page.screenshot({ path: `${SHOTS}/${name}.png`, fullPage: true });
  }
}

const verdicts = (page) =>
  page.locator("#verdicts summary").evaluateAll((all) =>
    all.map((one) => `${one.querySelector(".verdict").lastChild.textContent} ${one.querySelector("strong").textContent}`),
  );

test("the first load is at most 900 KB compressed", async () => {
  const size = gzipSync(await readFile(PAGE), { level: 9 }).length;
  measure("first load, compressed", Math.ceil(size / 1000), "KB");
  assert.ok(size <= 900_000, `${size}`);
});

test("try: the examples are judged, and edits as they are typed", async () => {
  const { page, status, close } = await open();
  await status("7 objects: 1 allowed, 3 changed, 3 rejected");
  assert.deepEqual((await verdicts(page)).slice(0, 4), [
    "changed Pod default/nginx",
    "allowed Pod shop/web-app",
    "changed Pod logging/log-collector-q9d4m",
    "rejected Pod kube-system/csi-node-x7k2p",
  ]);
  // Both texts of the start are one change.
  assert.equal(await page.evaluate(() => performance.getEntriesByName("verdict").length), 1);
  await paste(page, "pods", POD);
  await status("1 object: 0 allowed, 0 changed, 1 rejected");
  await page.locator("#pods .cm-line", { hasText: "hostPID" }).click();
  await page.keyboard.press("Home");
  await page.keyboard.press("Control+Delete");
  await page.keyboard.insertText("hostIPC");
  await page.locator(".brief", { hasText: "spec.hostIPC: Invalid value: true" }).waitFor();
  await close();
});

test("try: a verdict opens to violations, the smallest change and the reasons", async () => {
  const { page, status, close } = await open();
  await paste(page, "pods", POD);
  await status("1 object: 0 allowed, 0 changed, 1 rejected");
  await page.locator("#verdicts summary").click();
  await page.locator(".explanation", { hasText: "What the rules are for" }).waitFor();
  assert.deepEqual(await page.locator(".violations li").allInnerTexts(), [
    "Line 5 spec.hostPID: Invalid value: true: Host PID is not allowed to be used default",
  ]);
  assert.match(await page.locator(".diff del").first().innerText(), /hostPID: true/);
  assert.equal(await page.locator("#pods .cm-lint-marker").count(), 1);
  await page.locator(".violations button").click();
  await page.locator("#pods .cm-activeLine", { hasText: "hostPID: true" }).waitFor();
  await shot(page, "try-open");
  await close();
});

test("try: of several policies the picture shows which wins and why", async () => {
  const { page, status, close } = await open();
  await page.locator("[data-examples=policies]").selectOption("Three PSPs, of which one wins");
  await page.locator("[data-examples=pods]").selectOption("One pod");
  await status("1 object: 1 allowed, 0 changed, 0 rejected");
  await page.locator("#verdicts summary").click();
  await page.locator(".explanation").waitFor();
  assert.deepEqual(await page.locator(".candidate strong").allInnerTexts(), ["baseline", "privileged wins", "restricted"]);
  assert.equal(
    await page.locator(".picture p").innerText(),
    "privileged wins: in the order of names it is the first that admits the pod unchanged.",
  );
  await shot(page, "try-three");
  await close();
});

test("try: errors have their place and remedy, and the rest stays", async () => {
  const { page, close } = await open();
  await paste(page, "policies", "privilegd: true\n");
  await page.locator("#errors-policies li", { hasText: "privilegd" }).waitFor();
  const errors = await page.locator("#errors-policies li").allInnerTexts();
  assert.match(errors[0], /^Line 1 .*privilegd.*privileged/);
  assert.equal(await page.locator("#policies .cm-lint-marker").count(), 1);
  await close();
});

test("migrate: a policy becomes a pair, with what changes its meaning", async () => {
  const { page, status, close } = await open("#migrate");
  await status("1 policy: 1 converted");
  await page.locator("#options-migrate [name=name]").fill("shop");
  await page.locator("#manifests .cm-line", { hasText: "name: shop-mutating" }).waitFor();
  assert.ok((await page.locator("#meaning li").count()) > 3);
  await page.locator("[data-copy=manifests]").click();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(copied, /^apiVersion: policies.kubewarden.io\/v1\nkind: ClusterAdmissionPolicy\n/);
  const [file] = await Promise.all([page.waitForEvent("download"), page.locator("[data-download=manifests]").click()]);
  assert.equal(file.suggestedFilename(), "policies.yaml");
  assert.equal(await readFile(await file.path(), "utf8"), copied);
  await shot(page, "migrate");
  await page.locator("[data-try=manifests]").click();
  await status("7 objects:");
  assert.equal(new URL(page.url()).hash, "#try");
  await close();
});

test("migrate: every example is converted", async () => {
  const { page, status, close } = await open("#migrate");
  for (const name of Object.keys(await names(page, "source"))) {
    await page.locator("[data-examples=source]").selectOption(name);
    await status("converted");
    assert.equal(await page.locator("#errors-source li").count(), 0, name);
  }
  await close();
});

test("suggest: workloads get the tightest policy, and why it is not tighter", async () => {
  const { page, status, close } = await open("#suggest");
  await status("5 policies");
  await page.locator("#options-suggest [name=per]").selectOption("all");
  await status("1 policy");
  assert.match(await page.locator("#reports").innerText(), /7 workloads/);
  await shot(page, "suggest");
  await close();
});

test("a link opens what it was made of", async () => {
  const { page, status, close } = await open();
  await paste(page, "pods", POD);
  await status("1 object: 0 allowed, 0 changed, 1 rejected");
  await page.locator("#share").click();
  await status("Link copied");
  const link = await page.evaluate(() => navigator.clipboard.readText());
  await close();
  const again = await open(new URL(link).hash);
  await again.status("1 object: 0 allowed, 0 changed, 1 rejected");
  assert.match(await again.page.locator("#pods .cm-content").innerText(), /hostPID: true/);
  await again.close();
});

test("the form has what the editor says, and writes it back", async () => {
  const { page, close } = await open();
  await page.locator("#open-form").click();
  const privileged = page.getByLabel("Privileged", { exact: true });
  assert.equal(await privileged.inputValue(), "false");
  await privileged.selectOption("true");
  await shot(page, "form");
  await page.getByRole("button", { name: "Write them into the editor" }).click();
  await page.locator("#policies .cm-line", { hasText: "privileged: true" }).waitFor();
  assert.equal(await page.locator("#errors-policies li").count(), 0);
  await close();
});

test("everything is reached by keyboard alone", async () => {
  const { page, status, close } = await open();
  await status("7 objects");
  const focused = () => page.evaluate(() => document.activeElement.id || document.activeElement.textContent);
  await page.keyboard.press("Tab");
  assert.equal(await focused(), "Skip to the result");
  await page.keyboard.press("Enter");
  assert.equal(await focused(), "results-try");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.locator("#verdicts details[open]").waitFor();
  // Out of the editors again, since Tab does not indent.
  await page.locator("#policies .cm-content").focus();
  for (let presses = 0; (await focused()) !== "share" && presses < 9; presses += 1) {
    await page.keyboard.press("Shift+Tab");
  }
  await page.keyboard.press("Shift+Tab");
  assert.equal(await focused(), "Suggest");
  await page.keyboard.press("Enter");
  await status("5 policies");
  assert.equal(new URL(page.url()).hash, "#suggest");
  await close();
});

for (const [name, options] of [
  ["light", {}],
  ["dark", { colorScheme: "dark" }],
  ["phone", { viewport: { width: 390, height: 844 }, hasTouch: true }],
  ["dark-phone", { colorScheme: "dark", viewport: { width: 390, height: 844 } }],
]) {
  test(`nothing keeps people out: ${name}`, async () => {
    const { page, status, close } = await open("", options);
    await status("7 objects");
    await page.evaluate(await readFile(AXE, "utf8"));
    for (const [task, done] of [["try", "7 objects"], ["migrate", "1 policy: 1 converted"], ["suggest", "5 policies"]]) {
      await page.locator(`[data-task=${task}]`).click();
      await status(done);
      if (task === "try") {
        await page.locator("#verdicts summary").nth(3).click();
        await page.locator(".explanation").waitFor();
      }
      await shot(page, `${task}-${name}`);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(wide <= 0, `${task} is ${wide} pixels wider than the screen`);
      await agreeable(page, task);
    }
    await page.locator("[data-task=try]").click();
    await page.locator("#open-form").click();
    await page.locator("#form-fields fieldset").first().waitFor();
    await agreeable(page, "form");
    await close();
  });
}

/** What axe-core finds serious. */
async function agreeable(page, task) {
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  const found = serious.map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.html} ${node.failureSummary}`).join("; ")}`);
  assert.deepEqual(found, [], task);
}

test("it works from disk and without a network", async () => {
  const { page, status, close } = await open("", { address: PAGE.href });
  await page.context().setOffline(true);
  await paste(page, "pods", POD);
  await status("1 object: 0 allowed, 0 changed, 1 rejected");
  await close();
});

test("the content security policy forbids every connection", async () => {
  const { page } = await open();
  await page.evaluate(() => {
    globalThis.blocked = [];
    document.addEventListener("securitypolicyviolation", ({ effectiveDirective }) => globalThis.blocked.push(effectiveDirective));
    fetch("/?secret").catch(() => {});
    new Image().src = "/?secret";
    try {
      new WebSocket("wss://example.com/");
    } catch {
      // It need not throw: the violation is what counts.
    }
  });
  await page.waitForFunction(() => globalThis.blocked.length === 3);
  assert.deepEqual((await page.evaluate(() => globalThis.blocked)).toSorted(), ["connect-src", "connect-src", "img-src"]);
  await page.context().close();
});

test("settings of the documentation open in the page", async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  const body = `<main><pre><code class="language-yaml">podSecurityStandards: {enforce: restricted}\n</code></pre>
    <pre><code class="language-yaml">on: [push]\n</code></pre><a href="../README.html#x">README</a></main>`;
  await page.route(`${origin}docs/settings.html`, (route) => route.fulfill({ contentType: "text/html", body }));
  await page.goto(`${origin}docs/settings.html`);
  await page.addScriptTag({ path: new URL("../book/open-in-page.js", import.meta.url).pathname });
  const links = page.getByRole("link", { name: "Try these settings in the page" });
  await links.waitFor();
  assert.equal(
    await page.getByRole("link", { name: "README" }).getAttribute("href"),
    "https://github.com/pod-security-policy/pod-security-policy/blob/main/README.md#x",
  );
  await links.click();
  await page.locator("#status", { hasText: "7 objects: 1 allowed, 0 changed, 6 rejected" }).waitFor();
  await context.close();
});

test("a print has the whole texts", async () => {
  const { page, status, close } = await open();
  await status("7 objects");
  await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
  await page.emulateMedia({ media: "print" });
  assert.match(await page.locator("pre.printed").nth(1).innerText(), /node-debug/);
  await shot(page, "print");
  await page.evaluate(() => dispatchEvent(new Event("afterprint")));
  assert.equal(await page.locator("pre.printed").count(), 0);
  await close();
});

test("times are printed, and a thousand pods stay usable", async () => {
  const { page, status, close } = await open();
  await status("7 objects");
  const spent = () => page.evaluate(() => performance.getEntriesByName("verdict").map(({ detail }) => detail));
  const loaded = await page.evaluate(() => {
    const { domContentLoadedEventStart: read } = performance.getEntriesByType("navigation")[0];
    const first = performance.getEntriesByName("verdict")[0];
    return first.startTime + first.duration - read;
  });
  measure("from loaded to the first verdict", Math.round(loaded), "ms");
  await page.locator("#pods .cm-content").click();
  for (let typed = 0; typed < 30; typed += 1) {
    const before = (await spent()).length;
    await page.keyboard.insertText("#");
    await page.waitForFunction((count) => performance.getEntriesByName("verdict").length > count, before);
  }
  const times = (await spent()).slice(-20).map(({ whole, judged }) => [whole, judged]);
  const median = (nth) => times.map((time) => time[nth]).sort((a, b) => a - b)[10].toFixed(1);
  measure("seven verdicts while typing", median(0), "ms");
  measure("of which the worker", median(1), "ms");
  const pods = Array.from({ length: 1000 }, (_, nth) => POD.replace("web", `web-${nth}`)).join("---\n");
  await paste(page, "pods", pods);
  await status("1000 objects: 0 allowed, 0 changed, 1000 rejected");
  const judged = await spent();
  const thousand = judged.at(-1);
  measure("a thousand verdicts", Math.round(thousand.whole), "ms");
  await page.keyboard.press("Control+Home");
  await page.keyboard.insertText("# still usable ");
  await page.locator("#pods .cm-line", { hasText: "still usable" }).waitFor();
  await page.waitForFunction((count) => performance.getEntriesByName("verdict").length > count, judged.length);
  await close();
});

const names = (page, id) => page.locator(`[data-examples=${id}] option`).evaluateAll((all) => Object.fromEntries(all.slice(1).map((one) => [one.value, true])));
