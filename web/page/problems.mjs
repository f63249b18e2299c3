// Errors in texts: as the engine words them, with place and remedy.

import { element, prose } from "./elements.mjs";

/**
 * Lists the errors of one text, and marks their lines.
 * @param {HTMLElement} list
 * @param {ReturnType<typeof import("./editor.mjs").editor>} editor
 */
export function showErrors(list, editor, errors, more = []) {
  const item = ({ line, column, reason, remedy }) =>
    element(
      "li",
      {},
      line > 0 && element("button.line", { type: "button", click: () => editor.show(line, column) }, `Line ${line}`),
      line > 0 && " ",
      prose(reason),
      remedy && element("span.remedy", {}, " ", prose(remedy)),
    );
  list.replaceChildren(...errors.map(item));
  const mark = ({ line, column, reason, remedy }) => ({ line, column, message: remedy ? `${reason}\n${remedy}` : reason });
  editor.mark([...errors.filter(({ line }) => line > 0).map(mark), ...more]);
}
