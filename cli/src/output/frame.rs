//! The source line that an error refers to, in a frame.

use std::ops::Range;
use std::path::Path;

use ariadne::{Config, IndexType, Label, ReportKind, Source};
use kubectl_psp::error::Place;

/// Files beyond this size are not read a second time to show the line.
const READ: u64 = 1 << 20;
/// Lines beyond this number of characters are truncated: JSON may be one single line.
const WIDTH: usize = 120;
/// How much is kept before the column in a truncated line.
const BEFORE: usize = 40;

/// The line with a mark under the column.
pub(super) fn of(place: &Place) -> Option<String> {
    let path = Path::new(&*place.file);
    if !std::fs::metadata(path).is_ok_and(|known| known.is_file() && known.len() <= READ) {
        return None;
    }
    framed(place, &std::fs::read_to_string(path).ok()?)
}

fn framed(place: &Place, text: &str) -> Option<String> {
    let above = usize::try_from(place.line).ok()?.checked_sub(1)?;
    let line = text.lines().nth(above)?;
    let length = line.chars().count();
    let column = usize::try_from(place.column).ok()?.saturating_sub(1).min(length.saturating_sub(1));
    let Cut { line, marked } = cut(line, length, column);
    let file = &*place.file;
    // Lines are counted from the first one.
    let source = "\n".repeat(above) + &line;
    let span = (file, above + marked.start..above + marked.end);
    let label = Label::new(span.clone());
    // A line that fits needs no pointer: the column is enough.
    let label = if length > WIDTH { label.with_message("here") } else { label };
    let mut shown = Vec::new();
    ariadne::Report::build(ReportKind::Error, span)
        .with_config(Config::default().with_index_type(IndexType::Char))
        .with_label(label)
        .finish()
        .write((file, Source::from(source)), &mut shown)
        .ok()?;
    let shown = String::from_utf8(shown).ok()?;
    // The first line repeats that this is an error. The second one gives the column of the excerpt, not of the file.
    let (_, frame) = shown.split_once('\n')?;
    let [shown_at, at] = [marked.start, column].map(|column| format!(":{}:{} ", place.line, column + 1));
    Some(frame.replacen(&shown_at, &at, 1))
}

/// An excerpt of a line, and the marked range in it.
struct Cut {
    line: String,
    marked: Range<usize>,
}

fn cut(line: &str, length: usize, column: usize) -> Cut {
    if length <= WIDTH {
        return Cut { line: line.to_owned(), marked: column..length.max(column + 1) };
    }
    let start = column.saturating_sub(BEFORE);
    let before = if start == 0 { "" } else { "…" };
    let after = if start + WIDTH >= length { "" } else { "…" };
    let middle: String = line.chars().skip(start).take(WIDTH).collect();
    let from = column - start + before.chars().count();
    Cut { line: format!("{before}{middle}{after}"), marked: from..from + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(text: &str, line: u32, column: u32) -> String {
        let place = Place { file: "f".into(), line, column };
        anstream::adapter::strip_str(&framed(&place, text).unwrap()).to_string()
    }

    #[test]
    fn a_line_is_shown() {
        insta::assert_snapshot!(frame("a: 1\nb: [\nc: 2\n", 2, 4));
    }

    #[test]
    fn of_a_long_line_the_neighbourhood_is_shown() {
        let line = format!("[{}{{\"here\": }}{}]", "1, ".repeat(1000), ", 2".repeat(1000));
        let frame = frame(&line, 1, 3011);
        assert!(frame.lines().all(|line| line.chars().count() < 140), "{frame}");
        insta::assert_snapshot!(frame);
    }
}
