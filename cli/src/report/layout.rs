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

/// The minimum width for columns: below it, the terminal wraps.
const NARROWEST: u16 = 80;
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
    fn a_terminal_without_a_width_has_one() {
        assert_eq!([0, 40, 100].map(sane), [WIDTH, NARROWEST, 100]);
    }
}
