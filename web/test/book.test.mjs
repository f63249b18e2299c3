// The documentation site: its table of contents, and settings that open in the page.

import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { test } from "node:test";
import vm from "node:vm";

import { Functions } from "../page/functions.mjs";
import { opened } from "../page/share.mjs";
import { modules, read } from "./modules.mjs";

const documents = (await readdir(new URL("../../docs", import.meta.url))).filter((name) => name.endsWith(".md"));

/** The functions of the site's script, which is no module. */
const script = await readFile(new URL("../book/open-in-page.js", import.meta.url), "utf8");
const { isSettings, addressOf } = vm.runInNewContext(`${script}; ({ isSettings, addressOf })`, {
  Blob,
  Response,
  CompressionStream,
  Uint8Array,
  btoa,
});

test("the table of contents has every document once", async () => {
  const links = Array.from((await read("docs/SUMMARY.md")).matchAll(/\]\(([^)]+)\)/g), ([, link]) => link);
  assert.deepEqual(links.toSorted(), documents.filter((name) => name !== "SUMMARY.md").toSorted());
});

test("the book is read from the documents and written next to the page", async () => {
  const book = await read("web/book/book.toml");
  const value = (key) => book.match(new RegExp(`^${key} = "?(.*?)"?$`, "m"))[1];
  assert.deepEqual([value("src"), value("build-dir"), value("additional-js")], ["../../docs", "../dist/docs", '["open-in-page.js"]']);
});

test("settings of the documents open in the page without errors", async () => {
  const functions = new Functions((await modules()).functions);
  let found = 0;
  for (const name of documents) {
    const text = await read(`docs/${name}`);
    for (const [, block] of text.matchAll(/^```yaml\n(.*?)^```$/gms)) {
      if (!isSettings(block)) {
        continue;
      }
      const { task, state } = await opened((await addressOf(block)).replace("../index.html", ""));
      assert.deepEqual([task, state], ["try", { policies: block }]);
      const { errors } = functions.call("check", { policies: block, pods: "", now: 0 });
      assert.deepEqual(errors, [], `${name}: ${block}`);
      found += 1;
    }
  }
  assert.ok(found >= 10, `${found}`);
});
