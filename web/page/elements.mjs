// Elements out of texts. Nothing is ever read as HTML.

/**
 * An element with attributes and children; texts become text nodes, and what is absent is left out.
 * @param {string} name with classes: `span.verdict.rejected`
 */
export function element(name, attributes = {}, ...children) {
  const [tag, ...classes] = name.split(".");
  const made = document.createElement(tag);
  made.className = classes.join(" ");
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") {
      made.addEventListener(key, value);
    } else if (value !== undefined && value !== false) {
      made.setAttribute(key, value === true ? "" : value);
    }
  }
  made.append(...children.flat(Infinity).filter((child) => child !== undefined && child !== null && child !== false));
  return made;
}

/** A sentence whose parts in backticks are code. */
export const prose = (text) => text.split("`").map((part, nth) => (nth % 2 === 1 ? element("code", {}, part) : part));

export const byId = (id) => document.getElementById(id);

/** `1 field`, `2 fields` */
export const count = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;

/** Says something to all, screen readers included. */
export function say(text) {
  const status = byId("status");
  if (status.textContent !== text) {
    status.textContent = text;
  }
}

/** Copies a text, and says so. */
export async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Pages from disk may not write to the clipboard by that way.
    const area = element("textarea", { class: "offscreen" });
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  say(`${what} copied`);
}

/** Saves a text as a file. */
export function download(text, name) {
  const url = URL.createObjectURL(new Blob([text], { type: "application/yaml" }));
  element("a", { href: url, download: name }).click();
  URL.revokeObjectURL(url);
}

/** A unified diff with its lines marked. */
export function diff(text) {
  const kinds = { "+": "ins", "-": "del" };
  const lines = text.trimEnd().split("\n").filter((line) => !/^(---|\+\+\+) /.test(line));
  const line = (line) => element(kinds[line[0]] ?? "span", {}, `${line}\n`);
  return element("pre.diff", { tabindex: "0" }, lines.map(line));
}
