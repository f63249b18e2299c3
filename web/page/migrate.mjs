// Migrate: what people hold today in, registrations out.

import { latest } from "./backend.mjs";
import { editor } from "./editor.mjs";
import { byId, copy, element, prose, say } from "./elements.mjs";
import { examples } from "./examples.mjs";
import { setValues, values } from "./options.mjs";
import { showErrors } from "./problems.mjs";

/** @param {import("./backend.mjs").Backend} backend */
export function migrateTask(backend, changed) {
  const run = latest(migrate);
  const source = editor("source", "label-source", () => changed(run));
  const manifests = editor("manifests", "label-manifests");
  const options = byId("options-migrate");
  let markdown = "";
  options.addEventListener("input", () => changed(run));
  byId("copy-markdown").addEventListener("click", () => copy(markdown, "Summary"));

  async function migrate() {
    const { exemptNamespaces, ...others } = values(options);
    const exempt = exemptNamespaces.split(",").map((name) => name.trim());
    const { answer } = await backend.call("migrate", { text: source.text, exemptNamespaces: exempt, ...others });
    showErrors(byId("errors-source"), source, answer.errors);
    manifests.text = answer.manifests;
    markdown = answer.markdown;
    const line = ([isWarning, text]) => element("li", { class: isWarning ? "warning" : "" }, prose(text));
    byId("meaning").replaceChildren(...answer.summary.map(line));
    say(answer.summary[0]?.[1] ?? "Nothing is written while the source has errors.");
  }

  return {
    run,
    editors: { source, manifests },
    start: { text: examples.source["PSP: restricted"] },
    get state() {
      return { text: source.text, options: values(options) };
    },
    set state(state) {
      source.text = state.text ?? "";
      setValues(options, state.options);
    },
  };
}
