// The modules that the tests run: built by `make web`.

import { readFile } from "node:fs/promises";

const ROOT = new URL("../../", import.meta.url);

export const read = (path) => readFile(new URL(path, ROOT), "utf8");

export async function modules() {
  const compiled = async (path) => WebAssembly.compile(await readFile(new URL(path, ROOT)));
  return { functions: await compiled("web/functions.wasm"), policy: await compiled("policy.wasm") };
}
