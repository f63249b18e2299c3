// Print: an editor shows only the lines on the screen, so that paper gets a copy of its text.

import { element } from "./elements.mjs";

/** Puts copies of all texts into the page while it is printed. */
export function printable(editors) {
  let copies = [];
  let opened = [];
  window.addEventListener("beforeprint", () => {
    copies = Object.entries(editors).map(([id, { text }]) => {
      const copy = element("pre.printed", {}, text);
      document.getElementById(id).after(copy);
      return copy;
    });
    opened = Array.from(document.querySelectorAll(".verdicts details:not([open])"));
    opened.forEach((details) => (details.open = true));
  });
  window.addEventListener("afterprint", () => {
    copies.forEach((copy) => copy.remove());
    opened.forEach((details) => (details.open = false));
  });
}
