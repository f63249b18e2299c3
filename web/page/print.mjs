// Print: an editor shows only the lines on the screen, so that paper gets a copy of its text.

import { element } from "./elements.mjs";

/** Puts copies of all texts into the page while it is printed. */
export function printable(editors) {
  let copies = [];
  window.addEventListener("beforeprint", () => {
    copies = Object.entries(editors).map(([id, { text }]) => {
      const copy = element("pre.printed", {}, text);
      document.getElementById(id).after(copy);
      return copy;
    });
    for (const details of document.querySelectorAll(".verdicts details")) {
      details.open = true;
    }
  });
  window.addEventListener("afterprint", () => copies.forEach((copy) => copy.remove()));
}
