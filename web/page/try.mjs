// Try: policies left, pods right, a verdict for each pod as one types.

import { latest } from "./backend.mjs";
import { editor } from "./editor.mjs";
import { byId, element, prose, say } from "./elements.mjs";
import { examples } from "./examples.mjs";
import { showErrors } from "./problems.mjs";
import { verdicts } from "./verdicts.mjs";

/** @param {import("./backend.mjs").Backend} backend */
export function tryTask(backend, changed) {
  const now = () => Math.floor(Date.now() / 1000);
  const run = latest(judge);
  const policies = editor("policies", "label-policies", () => changed(run));
  const pods = editor("pods", "label-pods", () => changed(run));
  const explain = async (nth) => {
    const texts = { policies: policies.text, pods: pods.text, nth, now: now() };
    return (await backend.call("explain", texts)).answer;
  };
  const list = verdicts(byId("verdicts"), explain, (line, column) => pods.show(line, column));

  async function judge() {
    const begin = performance.now();
    const { answer, took } = await backend.call("judge", { policies: policies.text, pods: pods.text, now: now() });
    const { errors, objects, registrations } = answer;
    for (const { name, validity } of registrations.filter((one) => one.validity?.valid === false)) {
      errors.push({ file: "policies.yaml", line: 0, reason: `${name}: ${validity.message}` });
    }
    const violations = objects.flatMap(({ judged }) => judged.violations.map(marked));
    showErrors(byId("errors-policies"), policies, errors.filter(({ file }) => file !== "pods.yaml"));
    showErrors(byId("errors-pods"), pods, errors.filter(({ file }) => file === "pods.yaml"), violations);
    byId("warnings").replaceChildren(...answer.warnings.map((text) => element("li", {}, prose(text))));
    const summary = answer.summary || "Nothing is judged while the policies have errors.";
    byId("summary").textContent = summary;
    list(objects);
    say(summary);
    const whole = performance.now() - begin;
    performance.measure("verdict", { start: begin, detail: { judged: took, whole } });
  }

  return {
    run,
    editors: { policies, pods },
    start: { policies: examples.policies["Settings: a baseline policy"], pods: examples.pods["Seven pods"] },
    get state() {
      return { policies: policies.text, pods: pods.text };
    },
    set state(state) {
      policies.text = state.policies ?? "";
      // Links of the documentation carry policies alone.
      pods.text = state.pods ?? examples.pods["Seven pods"];
    },
  };
}

const marked = ({ line, column, path, problem, policy }) => ({
  line,
  column,
  message: `${path}${path && ": "}${problem} (${policy})`,
  severity: "warning",
});
