//! Layout of tables: where they wrap, if they do.

use anstyle::Style;
use comfy_table::{Cell, ContentArrangement, Table, presets};

/// What a text for people is written for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// The width of the terminal, if there is one; in a file each line stays one, for searching.
    width: Option<u16>,
    /// Whether verdicts and titles have the colours of a terminal.
    colors: bool,
}

/// The minimum width: below it, the terminal wraps.
const NARROWEST: u16 = 20;
/// A width that is easy to read.
const WIDTH: u16 = 120;

/// The width to lay out for: some terminals, such as those in containers, report none.
fn sane(width: u16) -> u16 {
    if width == 0 { WIDTH } else { width.max(NARROWEST) }
}

impl Look {
    /// For a terminal of this width, or for a file.
    pub fn new(width: Option<u16>, colors: bool) -> Self {
        Look { width: width.map(sane), colors }
    }

    pub(crate) fn width(self) -> Option<u16> {
        self.width
    }

    #[cfg(feature = "cli")]
    pub(super) fn has_colors(self) -> bool {
        self.colors
    }

    /// The style, where there are colours.
    pub(crate) fn style(self, style: Style) -> Style {
        if self.colors { style } else { Style::new() }
    }

    /// The style of titles.
    pub(crate) fn bold(self) -> Style {
        self.style(Style::new().bold())
    }

    /// A table without lines.
    pub(crate) fn table(self, head: &[&str]) -> Table {
        let mut table = Table::new();
        table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
        #[cfg(feature = "cli")]
        {
            table.force_no_tty();
            if self.colors {
                table.enforce_styling();
            }
        }
        table.set_header(head.iter().map(Cell::new));
        if let Some(width) = self.width {
            table.set_width(width);
        }
        table
    }
}

/// A text that wraps at words where there is a width; all lines but the first are indented.
pub fn wrapped(text: &str, look: Look, indent: usize) -> String {
    let Some(width) = look.width.map(usize::from) else { return text.to_owned() };
    let mut lines: Vec<String> = Vec::new();
    for line in text.split('\n') {
        let mut current = if lines.is_empty() { String::new() } else { " ".repeat(indent) };
        let mut is_empty = true;
        for word in line.split(' ') {
            let mut rest: Vec<char> = word.chars().collect();
            let length = current.chars().count();
            if !is_empty && length + 1 + rest.len() > width {
                lines.push(std::mem::replace(&mut current, " ".repeat(indent)));
            } else if !is_empty {
                current.push(' ');
            }
            // A word that is longer than a line, such as a path.
            while current.chars().count() + rest.len() > width {
                let room = width.saturating_sub(current.chars().count()).max(1).min(rest.len());
                current.extend(rest.drain(..room));
                lines.push(std::mem::replace(&mut current, " ".repeat(indent)));
            }
            current.extend(rest);
            is_empty = false;
        }
        lines.push(current);
    }
    lines.join("\n")
}

/// Indented lines, which wrap at words where there is a width.
pub(crate) fn indented(text: &str, look: Look) -> String {
    let Some(width) = look.width else {
        let lines: Vec<String> = text.lines().map(|line| format!("    {line}")).collect();
        return lines.join("\n");
    };
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(width).add_row([Cell::new(text)]);
    if let Some(column) = table.column_mut(0) {
        column.set_padding((4, 0));
    }
    table.trim_fmt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_wrap_at_words() {
        let wrap = |text, width| wrapped(text, Look::new(Some(width), false), 2);
        assert_eq!(wrap("a note of some words that wraps", 20), "a note of some words\n  that wraps");
        assert_eq!(wrap("spec.containers[0].securityContext", 20), "spec.containers[0].s\n  ecurityContext");
        assert_eq!(wrapped("a note", Look::default(), 2), "a note");
    }

    #[test]
    fn a_terminal_without_a_width_has_one() {
        assert_eq!([0, 10, 40, 100].map(sane), [WIDTH, NARROWEST, 40, 100]);
    }
}
