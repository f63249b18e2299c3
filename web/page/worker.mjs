// The worker: judges away from the page, so that typing never waits.

import { decompress } from "fzstd";

import { Functions } from "./functions.mjs";
import { judge } from "./judge.mjs";

let functions;
let policy;

/** A module out of its text: compressed, then base64, so that it can stand in the page. */
function compiled(text) {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  return WebAssembly.compile(decompress(bytes));
}

const calls = {
  async start({ modules }) {
    const [library, module] = await Promise.all([compiled(modules.functions), compiled(modules.policy)]);
    functions = new Functions(library);
    policy = module;
    return {};
  },
  judge: (texts) => judge(functions, policy, texts),
};

self.onmessage = async ({ data: { id, name, parameters } }) => {
  const begin = performance.now();
  try {
    const answer = await (calls[name]?.(parameters) ?? functions.call(name, parameters));
    self.postMessage({ id, answer, took: performance.now() - begin });
  } catch (error) {
    self.postMessage({ id, error: error.message });
  }
};
