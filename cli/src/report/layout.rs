//! Layout of tables: where they wrap, if they do.

use comfy_table::{Cell, ContentArrangement, Table, presets};

/// The minimum width for columns: below it, the terminal wraps.
const NARROWEST: u16 = 80;
/// A width that is easy to read.
const WIDTH: u16 = 120;

/// The width of the terminal on standard output. In a file each line stays one, for searching.
pub(super) fn of_terminal() -> Option<u16> {
    Table::new().width().map(sane)
}

/// The width to lay out for: some terminals, such as those in containers, report none.
fn sane(width: u16) -> u16 {
    if width == 0 { WIDTH } else { width.max(NARROWEST) }
}

/// A table without lines.
pub(super) fn of(head: &[&str], width: Option<u16>) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    // Colours are stripped again where unwanted, by the output stream.
    table.enforce_styling().set_header(head.iter().map(Cell::new));
    if let Some(width) = width {
        table.set_width(width);
    }
    table
}

/// A table on standard error.
pub(crate) fn reported(head: &[&str]) -> Table {
    of(head, Table::new().use_stderr().width().map(sane))
}

/// Indented lines.
pub(super) fn indented(text: &str, width: u16) -> String {
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
