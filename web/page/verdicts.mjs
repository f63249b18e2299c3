// The list of verdicts: a line for each object, which opens to the reasons.

import { copy, count, diff, element } from "./elements.mjs";
import { picture } from "./picture.mjs";

const SIGNS = { allowed: "✓", changed: "✎", rejected: "✗" };

/**
 * Shows verdicts in a list, and keeps what is open and what has not changed.
 * @param {HTMLElement} list
 * @param {(nth: number) => Promise<object>} explain
 * @param {(line: number, column: number) => void} show
 */
export function verdicts(list, explain, show) {
  let known = new Map();
  return (objects) => {
    const next = new Map();
    for (const object of objects) {
      const id = `${object.nth} ${object.title}`;
      const key = JSON.stringify(object);
      const before = known.get(id);
      if (before?.key === key) {
        next.set(id, before);
        continue;
      }
      const isOpen = before?.item.firstChild.open ?? false;
      next.set(id, { key, item: element("li", {}, entry(object, isOpen, explain, show)) });
    }
    known = next;
    list.replaceChildren(...Array.from(next.values(), ({ item }) => item));
  };
}

function entry(object, isOpen, explain, show) {
  const { verdict, title, judged } = object;
  const head = element(
    "summary",
    {},
    element(`span.verdict.${verdict}`, {}, element("span", { "aria-hidden": "true" }, `${SIGNS[verdict]} `), verdict),
    element("strong", {}, title),
    element("span.brief", {}, brief(object)),
  );
  const details = element("details", { open: isOpen }, head);
  const fill = async () => {
    if (details.childElementCount > 1) {
      return;
    }
    const more = element("div.why", {}, "…");
    details.append(body(object, show), more);
    more.replaceChildren(...reasons(await explain(object.nth), judged));
  };
  details.addEventListener("toggle", () => details.open && fill());
  if (isOpen) {
    fill();
  }
  return details;
}

function brief({ verdict, judged, answers }) {
  switch (verdict) {
    case "allowed":
      return judged.policy ? `by the policy ${judged.policy}` : "";
    case "changed":
      return `by ${judged.policy ? `the policy ${judged.policy}` : "a policy"}: ${count(judged.changes.length, "field")} filled in`;
    default:
      return judged.violations[0]?.path
        ? `${judged.violations[0].path}: ${judged.violations[0].problem}`
        : answers.find((answer) => !answer.accepted)?.message;
  }
}

function body({ judged, agrees, reviews, answers }, show) {
  const violation = ({ policy, path, problem, line, column }) =>
    element(
      "li",
      {},
      element("button.line", { type: "button", click: () => show(line, column) }, `Line ${line}`),
      ` ${path}${path && ": "}${problem} `,
      element("span.by", {}, policy),
    );
  const change = ({ path, value }) => element("li", {}, element("ins", {}, `+ ${path}: ${JSON.stringify(value)}`));
  const pictures = reviews.filter((review, nth) => {
    const first = reviews.findIndex((other) => other.template === review.template && other.candidates.length > 1);
    return nth === first;
  });
  const warnings = new Set([...judged.warnings, ...answers.flatMap((answer) => answer.warnings ?? [])]);
  return element(
    "div",
    {},
    !agrees &&
      element("p.alarm", {}, "The module and the library disagree about this object. Please report it, with a link to this."),
    judged.violations.length > 0 && [element("h4", {}, "Violations"), element("ul.violations", {}, judged.violations.map(violation))],
    judged.changes.length > 0 && [element("h4", {}, "Filled in"), element("ul.changes", {}, judged.changes.map(change))],
    pictures.length > 0 && [element("h4", {}, "Which policy wins"), pictures.map(picture)],
    warnings.size > 0 && [element("h4", {}, "Warnings"), element("ul", {}, Array.from(warnings, (text) => element("li", {}, text)))],
  );
}

function* reasons({ errors, text, remedies, patch, left_out: leftOut }) {
  for (const { reason } of errors) {
    yield element("p", {}, reason);
  }
  if (patch) {
    yield element("h4", {}, "What policies fill in");
    yield patchOf(patch);
  }
  for (const reason of leftOut) {
    yield element("pre", { tabindex: "0" }, reason);
  }
  for (const remedy of remedies) {
    yield element("pre.remedy", { tabindex: "0" }, remedy.text.trim());
    if (remedy.patch) {
      yield patchOf(remedy.patch);
    }
  }
  yield element("h4", {}, "Why");
  yield element("pre.explanation", { tabindex: "0" }, text.trim());
}

function patchOf(text) {
  const button = element("button", { type: "button", click: () => copy(text, "Patch") }, "Copy the patch");
  return element("div", {}, diff(text), button);
}
