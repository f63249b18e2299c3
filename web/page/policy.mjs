// A host for the policy module: the part of waPC that it needs, and WASI.

import { File, OpenFile, WASI } from "@bjorn3/browser_wasi_shim";

/** What answers the module's question whether a user may use a policy. */
/** @typedef {(review: {user: string, groups: string[], resource_attributes: object}) => boolean} MayUse */

/** An instance of the policy module, which handles calls in sequence. */
export class Policy {
  /**
   * @param {WebAssembly.Module} module
   * @param {MayUse} mayUse
   */
  constructor(module, mayUse) {
    this.mayUse = mayUse;
    this.hostResponse = { bytes: new Uint8Array(), failed: false };
    const ignored = () => new OpenFile(new File([]));
    const wasi = new WASI([], [], [ignored(), ignored(), ignored()], { debug: false });
    this.instance = new WebAssembly.Instance(module, {
      wasi_snapshot_preview1: wasi.wasiImport,
      wapc: this.imports(),
    });
    wasi.inst = this.instance;
    // In the order of waPC.
    for (const start of ["_start", "_initialize", "wapc_init"]) {
      this.instance.exports[start]?.();
    }
  }

  /**
   * Calls a function of the module by its waPC name.
   * @param {string} operation
   * @param {string} payload
   * @returns {string}
   */
  call(operation, payload) {
    this.request = [operation, payload].map((text) => new TextEncoder().encode(text));
    this.response = "";
    const [name, text] = this.request;
    if (this.instance.exports.__guest_call(name.length, text.length) !== 1) {
      throw new Error(`${operation}: ${this.response}`);
    }
    return this.response;
  }

  imports() {
    const respond = (pointer, length) => {
      this.response = this.read(pointer, length);
    };
    const { length: none } = new Uint8Array();
    const when = (failed) => (this.hostResponse.failed === failed ? this.hostResponse.bytes.length : none);
    const deliver = (pointer) => this.write(pointer, this.hostResponse.bytes);
    return {
      __guest_request: (operation, payload) => {
        this.write(operation, this.request[0]);
        this.write(payload, this.request[1]);
      },
      __guest_response: respond,
      __guest_error: respond,
      __host_call: (...places) => this.hostCall(places),
      __host_response_len: () => when(false),
      __host_response: deliver,
      __host_error_len: () => when(true),
      __host_error: deliver,
      __console_log: () => {},
    };
  }

  /** Each text is a pointer and a length: binding, namespace, operation, payload. */
  hostCall(places) {
    const [, namespace, operation, payload] = [0, 2, 4, 6].map((at) => this.read(places[at], places[at + 1]));
    const answer = this.answer(`${namespace}/${operation}`, payload);
    const text = answer === undefined ? `nothing answers ${namespace}/${operation} here` : JSON.stringify(answer);
    this.hostResponse = { bytes: new TextEncoder().encode(text), failed: answer === undefined };
    return answer === undefined ? 0 : 1;
  }

  answer(operation, payload) {
    switch (operation) {
      case "kubernetes/can_i":
        return { allowed: this.mayUse(JSON.parse(payload).subject_access_review) };
      case "tracing/log":
        return {};
      default:
        return undefined;
    }
  }

  read(pointer, length) {
    return new TextDecoder().decode(new Uint8Array(this.instance.exports.memory.buffer, pointer, length));
  }

  write(pointer, bytes) {
    new Uint8Array(this.instance.exports.memory.buffer).set(bytes, pointer);
  }
}
