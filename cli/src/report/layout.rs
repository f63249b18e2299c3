//! How tables are laid out: where they wrap, if they do.

use comfy_table::{Cell, ContentArrangement, Table, presets};

/// The least that columns need: where less is there, the terminal wraps.
const NARROWEST: u16 = 80;
/// What is easy to read.
const WIDTH: u16 = 120;

/// The width of the terminal that standard output is. In a file each line stays one, to be searched.
pub(super) fn of_terminal() -> Option<u16> {
    Table::new().width().map(sane)
}

/// The width to lay out for: some terminals, those of containers among them, say that they have none.
fn sane(width: u16) -> u16 {
    if width == 0 { WIDTH } else { width.max(NARROWEST) }
}

/// A table without lines.
pub(super) fn of(head: &[&str], width: Option<u16>) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    // Colours are taken out again where they are not wanted, by the stream that is written to.
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

/// Lines that start a little to the right.
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
