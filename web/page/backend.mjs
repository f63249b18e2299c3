// The worker, from the page's side.

import source from "generated:worker";

/** A worker that answers calls in their order. */
export class Backend {
  constructor() {
    const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    this.worker = new Worker(url);
    URL.revokeObjectURL(url);
    this.waiting = new Map();
    this.count = 0;
    this.worker.onmessage = ({ data: { id, answer, error, took } }) => {
      const { resolve, reject } = this.waiting.get(id);
      this.waiting.delete(id);
      if (error === undefined) {
        resolve({ answer, took });
      } else {
        reject(new Error(error));
      }
    };
  }

  /** Gives it both modules, which the page must have been read for. */
  start() {
    return this.call("start", { modules: { functions: moved("functions"), policy: moved("policy") } });
  }

  call(name, parameters) {
    this.count += 1;
    const id = this.count;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.worker.postMessage({ id, name, parameters });
    });
  }
}

/** The text of a module, which the page then no longer holds. */
function moved(name) {
  const element = document.getElementById(`module-${name}`);
  const text = element.textContent;
  element.remove();
  return text;
}

/**
 * Runs a task after changes, one at a time: those of one step are one run, and those while it runs one more.
 * @param {() => Promise<void>} task
 */
export function latest(task) {
  let running;
  let again = false;
  async function settle() {
    let failure;
    while (again) {
      // What the same step still changes is part of this run.
      await undefined;
      again = false;
      failure = undefined;
      try {
        await task();
      } catch (error) {
        // A later change may succeed, and is not lost.
        failure = error;
      }
    }
    running = undefined;
    if (failure) {
      throw failure;
    }
  }
  return function run() {
    again = true;
    running ??= settle();
    return running;
  };
}
