// Builds the page: one file, which needs nothing else.
//
// Browsers give pages that are opened from disk no modules, no workers by address and no files to fetch. So scripts, styles
// and both WebAssembly modules stand in the page itself: it works from a server as from `file://`, and its content
// security policy can forbid every connection.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import * as zlib from "node:zlib";

import { build } from "esbuild";
import { parse } from "yaml";

const { values: options } = parseArgs({
  options: { functions: { type: "string" }, policy: { type: "string" }, out: { type: "string" } },
});
const here = (path) => new URL(path, import.meta.url).pathname;
const target = ["chrome111", "firefox113", "safari16.4"];

async function bundle(entry, more = {}) {
  const { outputFiles } = await build({
    entryPoints: [here(entry)],
    bundle: true,
    minify: true,
    write: false,
    format: "iife",
    target,
    legalComments: "none",
    loader: { ".yaml": "text" },
    ...more,
  });
  return outputFiles[0].text;
}

/** Texts that exist only while the page is built. */
function generated(texts) {
  return {
    name: "generated",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^generated:/ }, ({ path }) => ({ path, namespace: "generated" }));
      onLoad({ filter: /./, namespace: "generated" }, ({ path }) => ({ contents: texts[path], loader: "js" }));
    },
  };
}

const sha256 = (data, encoding) => createHash("sha256").update(data).digest(encoding);
const packed = (module) => compressed(module).toString("base64");

/**
 * A sixth smaller than what browsers unpack themselves. Node does it from 22.15 on.
 *
 * The page's decoder moves a whole window for each block: the one that the level has, 128 MiB, costs it half a second.
 */
function compressed(module) {
  const [level, window] = [22, 21];
  if (zlib.zstdCompressSync) {
    const { ZSTD_c_compressionLevel, ZSTD_c_windowLog } = zlib.constants;
    return zlib.zstdCompressSync(module, { params: { [ZSTD_c_compressionLevel]: level, [ZSTD_c_windowLog]: window } });
  }
  const flags = ["--ultra", `-${level}`, `--zstd=wlog=${window}`, "--stdout"];
  const { status, stdout, error } = spawnSync("zstd", flags, { input: module, maxBuffer: 1 << 26 });
  if (error || status !== 0) {
    throw new Error("zstd is missing: apt-get install zstd, or Node 22.15", { cause: error });
  }
  return stdout;
}

const modules = { functions: await readFile(options.functions), policy: await readFile(options.policy) };
const { questions } = parse(await readFile(here("../questions-ui.yml"), "utf8"));
const worker = await bundle("page/worker.mjs");
const script = await bundle("page/page.mjs", {
  plugins: [
    generated({
      "generated:worker": `export default ${JSON.stringify(worker)};`,
      "generated:questions": `export default ${JSON.stringify(questions)};`,
      "generated:digest": `export default ${JSON.stringify(sha256(modules.policy, "hex"))};`,
    }),
  ],
});
const style = await bundle("page/style.css");

const policy = [
  "default-src 'none'",
  `script-src 'sha256-${sha256(script, "base64")}' 'wasm-unsafe-eval'`,
  "worker-src blob:",
  // The editor writes its styles while it runs. Styles can load nothing here.
  "style-src 'unsafe-inline'",
  "img-src data:",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

const parts = {
  "content-security-policy": policy,
  style,
  script,
  "module-functions": packed(modules.functions),
  "module-policy": packed(modules.policy),
};
const template = await readFile(here("page/index.html"), "utf8");
const page = template.replace(/\{\{([a-z-]+)\}\}/g, (_, name) => parts[name]);

const out = options.out ?? here("dist");
await mkdir(out, { recursive: true });
await writeFile(`${out}/index.html`, page);

const kilobytes = (bytes) => `${Math.ceil(bytes / 1000)} KB`;
const zipped = (data) => kilobytes(zlib.gzipSync(data, { level: 9 }).length);
console.log(`web: ${out}/index.html: ${kilobytes(page.length)}, ${zipped(page)} compressed:`);
for (const [name, data] of Object.entries(parts)) {
  console.log(`  ${name}: ${zipped(data)}`);
}
