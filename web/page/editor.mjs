// Editors: CodeMirror with YAML, and marks in the lines of errors and violations.

import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { HighlightStyle, bracketMatching, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { EditorState } from "@codemirror/state";
import { EditorView, drawSelection, highlightActiveLine, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";

// Colours are those of the page, in light and in dark.
const colours = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--key)" },
  { tag: [tags.string, tags.content], color: "var(--text)" },
  { tag: [tags.bool, tags.number, tags.null, tags.keyword], color: "var(--value)" },
  { tag: tags.comment, color: "var(--quiet)" },
]);

/**
 * An editor in the element of this id, named by its label.
 * @param {string} id
 * @param {string} label the id of the heading that names it
 * @param {(text: string) => void} [changed] none for a text that is only shown
 */
export function editor(id, label, changed) {
  const parent = document.getElementById(id);
  const view = new EditorView({
    parent,
    extensions: [
      lineNumbers(),
      history(),
      drawSelection(),
      indentOnInput(),
      bracketMatching(),
      highlightActiveLine(),
      yaml(),
      syntaxHighlighting(colours),
      lintGutter(),
      // Tab leaves the editor: keyboards must get out of it.
      keymap.of([...defaultKeymap, ...historyKeymap, ...lintKeymap]),
      EditorView.contentAttributes.of({ "aria-labelledby": label, tabindex: "0", spellcheck: "false", autocorrect: "off" }),
      changed ? [] : [EditorState.readOnly.of(true)],
      EditorView.updateListener.of((update) => update.docChanged && changed?.(view.state.doc.toString())),
    ],
  });
  return {
    get text() {
      return view.state.doc.toString();
    },
    set text(text) {
      if (text !== this.text) {
        view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } });
      }
    },
    /** Marks lines: each with a message. */
    mark(marks) {
      view.dispatch(setDiagnostics(view.state, marks.map((mark) => diagnostic(view.state.doc, mark))));
    },
    /** Shows a line, and puts the cursor there. */
    show(line, column = 1) {
      const at = view.state.doc.line(Math.min(Math.max(line, 1), view.state.doc.lines));
      const anchor = Math.min(at.from + column - 1, at.to);
      view.dispatch({ selection: { anchor }, effects: EditorView.scrollIntoView(anchor, { y: "center" }) });
      view.focus();
    },
  };
}

function diagnostic(doc, { line, column, message, severity = "error" }) {
  const at = doc.line(Math.min(Math.max(line, 1), doc.lines));
  const from = Math.min(at.from + Math.max(column - 1, 0), at.to);
  return { from, to: at.to, severity, message };
}
