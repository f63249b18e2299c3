// Suggest: workloads in, the tightest policies out.

import { latest } from "./backend.mjs";
import { editor } from "./editor.mjs";
import { byId, count, element, say } from "./elements.mjs";
import { examples } from "./examples.mjs";
import { setValues, values } from "./options.mjs";
import { showErrors } from "./problems.mjs";

/** @param {import("./backend.mjs").Backend} backend */
export function suggestTask(backend, changed) {
  const run = latest(suggest);
  const workloads = editor("workloads", "label-workloads", () => changed(run));
  const suggested = editor("suggested", "label-suggested");
  const options = byId("options-suggest");
  options.addEventListener("input", () => changed(run));

  async function suggest() {
    const { answer } = await backend.call("suggest", { text: workloads.text, ...values(options) });
    showErrors(byId("errors-workloads"), workloads, answer.errors);
    suggested.text = answer.policies;
    byId("reports").textContent = answer.reports.join("\n");
    byId("unfit").replaceChildren(...answer.warnings.map((text) => element("li", {}, text)));
    say(answer.policies ? count(answer.reports.length, "policy").replace("policys", "policies") : "No policy is suggested.");
  }

  return {
    run,
    editors: { workloads, suggested },
    start: { text: examples.workloads["Seven pods"] },
    get state() {
      return { text: workloads.text, options: values(options) };
    },
    set state(state) {
      workloads.text = state.text ?? "";
      setValues(options, state.options);
    },
  };
}
