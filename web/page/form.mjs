// The settings form, generated from the questions that Rancher shows.

import questions from "generated:questions";

import { byId, element, prose } from "./elements.mjs";
import { get, isShown, listText, mapText, set, settingsOf, textList, textMap } from "./questions.mjs";

/** Opens the form for the text of an editor, and writes what it says back. */
export function settingsForm(backend, editor) {
  const [dialog, fields, note] = [byId("form"), byId("form-fields"), byId("form-note")];
  let values = {};

  byId("open-form").addEventListener("click", async () => {
    const { answer } = await backend.call("read", { text: editor.text });
    const one = answer.objects.length === 1 && isSettings(answer.objects[0]);
    values = one ? settingsOf(answer.objects[0]) : {};
    note.textContent = one
      ? "The form has what the editor says. What it does not know stays as it is."
      : "The editor does not hold the settings of one policy: what the form writes replaces its text.";
    draw();
    dialog.returnValue = "";
    dialog.showModal();
  });
  dialog.addEventListener("close", async () => {
    if (dialog.returnValue === "write") {
      editor.text = (await backend.call("write", { value: values })).answer.text;
    }
  });

  function draw() {
    fields.replaceChildren(...groups(questions).map(([name, group]) => fieldset(name, group)));
    update();
  }

  const fieldset = (name, group) =>
    element("fieldset", {}, element("legend", {}, name), group.map((question) => field(question, accessor(question))));

  /** How a question reads and writes its value. */
  const accessor = ({ variable }) => ({
    get: () => get(values, variable),
    set: (value) => {
      values = set(values, variable, value);
      update();
    },
    shown: (question) => isShown(question, values),
  });

  function update() {
    for (const one of fields.querySelectorAll("[data-question]")) {
      one.hidden = !one.isShown();
    }
  }

  /** A question with its label, its explanation, and its fields. */
  function field(question, at) {
    const id = `question-${(serial += 1)}`;
    const help = element("small", { id: `${id}-help` }, prose(question.description));
    const made = element("div.question", { "data-question": question.variable });
    made.isShown = () => at.shown(question);
    if (question.subquestions || question.type === "sequence[") {
      const inside = question.subquestions
        ? question.subquestions.map((sub) => field(sub, at.within?.(sub) ?? accessor(sub)))
        : [sequence(question, at)];
      made.append(element("fieldset", { "aria-describedby": help.id }, element("legend", {}, question.label), help, inside));
      return made;
    }
    made.append(element("label", { for: id }, question.label), control(question, at, id, help.id), help);
    return made;
  }

  function control({ type, options }, at, id, help) {
    const attributes = { id, "aria-describedby": help };
    switch (type) {
      case "boolean":
        return choice(attributes, ["true", "false"], at.get()?.toString(), (text) => at.set(text === "" ? undefined : text === "true"));
      case "enum":
        return choice(attributes, options, at.get(), (text) => at.set(text));
      case "array[":
        return area(attributes, listText(at.get()), "one a line", (text) => at.set(some(textList(text))));
      case "map[":
        return area(attributes, mapText(at.get()), "key: value, one a line", (text) => at.set(textMap(text)));
      case "int":
        return line({ ...attributes, inputmode: "numeric" }, at.get(), (text) => at.set(/^-?\d+$/.test(text) ? Number(text) : text));
      default:
        return line(attributes, at.get(), (text) => at.set(text));
    }
  }

  /** A list of entries, each with its own fields. */
  function sequence(question, at) {
    const made = element("div.sequence");
    const entries = () => (Array.isArray(at.get()) ? at.get() : []);
    const redraw = () => {
      const entry = (_, nth) =>
        element(
          "fieldset",
          {},
          element("legend", {}, `${question.label} ${nth + 1}`),
          question.sequence_questions.map((sub) => field(sub, inEntry(sub.variable, nth))),
          element("button", { type: "button", click: () => change(entries().toSpliced(nth, 1)) }, `Remove ${nth + 1}`),
        );
      const add = element("button", { type: "button", click: () => change([...entries(), {}]) }, `Add to ${question.label.toLowerCase()}`);
      made.replaceChildren(...entries().map(entry), add);
    };
    const change = (list) => {
      at.set(some(list));
      redraw();
      update();
    };
    const inEntry = (variable, nth) => ({
      get: () => get(entries()[nth] ?? {}, variable),
      set: (value) => at.set(entries().with(nth, set(entries()[nth] ?? {}, variable, value))),
      shown: (sub) => isShown(sub, entries()[nth] ?? {}),
      within: (sub) => inEntry(sub.variable, nth),
    });
    redraw();
    return made;
  }
}

let serial = 0;

/** Lists that are empty are left out. */
const some = (list) => (list.length > 0 ? list : undefined);

const isSettings = ({ kind, policies }) => (kind === undefined && !policies) || kind === "PodSecurityPolicy";

function groups(all) {
  const names = [...new Set(all.map(({ group }) => group))];
  return names.map((name) => [name, all.filter(({ group }) => group === name)]);
}

function choice(attributes, options, value, changed) {
  const made = element("select", attributes, element("option", { value: "" }, "not set"), options.map((option) => element("option", {}, option)));
  made.value = value ?? "";
  made.addEventListener("change", () => changed(made.value));
  return made;
}

function line(attributes, value, changed) {
  const made = element("input", { ...attributes, autocomplete: "off", spellcheck: "false" });
  made.value = value ?? "";
  made.addEventListener("input", () => changed(made.value.trim()));
  return made;
}

function area(attributes, value, placeholder, changed) {
  const made = element("textarea", { ...attributes, placeholder, rows: "3", spellcheck: "false" });
  made.value = value;
  made.addEventListener("input", () => changed(made.value));
  return made;
}
