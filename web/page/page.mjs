// The page: three tasks, each with its address.

import digest from "generated:digest";

import { Backend } from "./backend.mjs";
import { byId, copy, download, element, say } from "./elements.mjs";
import { examples } from "./examples.mjs";
import { settingsForm } from "./form.mjs";
import { migrateTask } from "./migrate.mjs";
import { printable } from "./print.mjs";
import { fragment, opened } from "./share.mjs";
import { suggestTask } from "./suggest.mjs";
import { tryTask } from "./try.mjs";

// It comes up while the page is still read.
const backend = new Backend();

/** The modules stand behind this script, and are there when the page has been read. */
document.addEventListener("DOMContentLoaded", async () => {
  const started = backend.start();
  byId("digest").textContent = digest;
  let ready = false;
  const changed = (run) => ready && run().catch(failed);
  const tasks = {
    try: tryTask(backend, changed),
    migrate: migrateTask(backend, changed),
    suggest: suggestTask(backend, changed),
  };
  const editors = Object.assign({}, ...Object.values(tasks).map((task) => task.editors));
  let current = "try";

  async function open() {
    const { task, state, broken } = await opened(location.hash);
    current = task;
    for (const name of Object.keys(tasks)) {
      byId(`task-${name}`).hidden = name !== task;
    }
    for (const link of document.querySelectorAll("[data-task]")) {
      link.toggleAttribute("aria-current", link.dataset.task === task);
      if (link.dataset.task === task) {
        link.setAttribute("aria-current", "page");
      }
    }
    document.querySelector("[data-skip]").setAttribute("href", `#results-${task}`);
    if (state) {
      tasks[task].state = state;
    } else if (!Object.values(tasks[task].state)[0]) {
      tasks[task].state = tasks[task].start;
    }
    document.title = `${byId(`heading-${task}`).textContent}: pod security policies in the browser`;
    if (broken) {
      say("The link is damaged: its texts cannot be read.");
    } else {
      await changed(tasks[task].run);
    }
    Object.values(tasks[task].editors).forEach((editor) => editor.measure());
  }

  for (const select of document.querySelectorAll("[data-examples]")) {
    const id = select.dataset.examples;
    const names = Object.keys(examples[id]);
    select.append(element("option", { value: "" }, "choose …"), ...names.map((name) => element("option", {}, name)));
    select.addEventListener("change", () => {
      if (select.value) {
        editors[id].text = examples[id][select.value];
        select.value = "";
      }
    });
  }
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.addEventListener("click", () => copy(editors[button.dataset.copy].text, "Text"));
  }
  for (const button of document.querySelectorAll("[data-download]")) {
    button.addEventListener("click", () => download(editors[button.dataset.download].text, button.dataset.name));
  }
  for (const button of document.querySelectorAll("[data-try]")) {
    button.addEventListener("click", () => {
      tasks.try.state = { ...tasks.try.start, policies: editors[button.dataset.try].text };
      location.hash = "#try";
    });
  }
  byId("share").addEventListener("click", async () => {
    const hash = await fragment(current, tasks[current].state);
    history.replaceState(undefined, "", hash);
    await copy(location.href, "Link");
  });
  document.querySelector("[data-skip]").addEventListener("click", (event) => {
    // The address is that of the task, not of a place in it.
    event.preventDefault();
    byId(`results-${current}`).focus();
  });
  settingsForm(backend, editors.policies);
  printable(editors);
  window.addEventListener("hashchange", open);

  try {
    await started;
  } catch (error) {
    failed(error);
    return;
  }
  ready = true;
  await open();
  performance.mark("ready");
});

function failed(error) {
  say(`This should not happen: ${error.message}. Please report it, with a link to this.`);
}
