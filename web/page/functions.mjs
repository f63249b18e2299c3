// The command line's library, as a WebAssembly program: JSON through standard input, JSON to standard output.
//
// Each call is a new instance: what the library keeps until the program ends is gone with the call.

import { File, OpenFile, WASI } from "@bjorn3/browser_wasi_shim";

export class Functions {
  /** @param {WebAssembly.Module} module */
  constructor(module) {
    this.module = module;
  }

  /**
   * Calls a function by its name.
   * @param {string} name
   * @param {object} parameters
   */
  call(name, parameters) {
    const input = new OpenFile(new File(new TextEncoder().encode(JSON.stringify({ function: name, ...parameters }))));
    const [output, errors] = [new OpenFile(new File([])), new OpenFile(new File([]))];
    const wasi = new WASI([], [], [input, output, errors], { debug: false });
    const instance = new WebAssembly.Instance(this.module, { wasi_snapshot_preview1: wasi.wasiImport });
    try {
      wasi.start(instance);
    } catch (error) {
      throw new Error(`${name}: ${error.message}: ${text(errors.file.data)}`);
    }
    /** How much memory the last call took, in pages of 64 KiB. */
    this.pages = instance.exports.memory.buffer.byteLength / 65536;
    const answer = JSON.parse(text(output.file.data));
    if (answer.broken) {
      throw new Error(`${name}: ${answer.broken}`);
    }
    return answer;
  }
}

const text = (bytes) => new TextDecoder().decode(bytes);
