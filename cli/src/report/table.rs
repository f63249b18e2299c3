//! A table, for people on a terminal.

use anstyle::{AnsiColor, Style};
use comfy_table::{Cell, Color, ContentArrangement, Table, presets};

use super::Results;
use crate::judge::{Judged, Verdict};

/// So many fields and objections of one object are shown; all of them are in the other formats.
const SHOWN: usize = 16;

pub(super) fn write(results: &Results) -> String {
    let mut table = of_results(&["WORKLOAD", "VERDICT", "POLICY", "DETAILS"]);
    for judged in &results.results {
        let name = format!("{}\n{}:{}", judged.title(), judged.file, judged.line);
        table.add_row([
            Cell::new(name),
            verdict(judged.verdict),
            Cell::new(judged.policy.as_deref().unwrap_or("-")),
            Cell::new(details(judged)),
        ]);
    }
    let style = Style::new().bold();
    if results.results.is_empty() {
        return format!("{style}{}{style:#}\n", results.summary);
    }
    format!("{}\n\n{style}{}{style:#}\n", table.trim_fmt(), results.summary)
}

/// The least that columns need: where less is there, the terminal wraps.
const NARROWEST: u16 = 80;
/// What is easy to read.
const WIDTH: u16 = 120;

/// The width to lay out for: some terminals, those of containers among them, say that they have none.
fn sane(width: u16) -> u16 {
    if width == 0 { WIDTH } else { width.max(NARROWEST) }
}

/// A table on standard output. It wraps where the terminal ends; in a file each line stays one, to be searched.
fn of_results(head: &[&str]) -> Table {
    let mut table = layout(head);
    if let Some(width) = table.width() {
        table.set_width(sane(width));
    }
    table
}

/// A table on standard error.
pub(crate) fn told(head: &[&str]) -> Table {
    let mut table = layout(head);
    if let Some(width) = table.use_stderr().width() {
        table.set_width(sane(width));
    }
    table
}

/// A table of sentences on standard error, which wrap everywhere.
pub(crate) fn prose(head: &[&str]) -> Table {
    let mut table = told(head);
    let width = table.width().unwrap_or(WIDTH);
    table.set_width(width);
    table
}

/// A table without lines.
fn layout(head: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    // Colours are taken out again where they are not wanted, by the stream that is written to.
    table.enforce_styling().set_header(head.iter().map(Cell::new));
    table
}

/// A verdict in its colour.
pub(crate) fn verdict(verdict: Verdict) -> Cell {
    let color = match verdict {
        Verdict::Allowed => Color::Green,
        Verdict::Changed => Color::Yellow,
        Verdict::Rejected => Color::Red,
    };
    Cell::new(verdict.name().to_uppercase()).fg(color)
}

/// The colour of a verdict outside of tables.
pub(crate) fn style(verdict: Verdict) -> Style {
    match verdict {
        Verdict::Allowed => AnsiColor::Green,
        Verdict::Changed => AnsiColor::Yellow,
        Verdict::Rejected => AnsiColor::Red,
    }
    .on_default()
    .bold()
}

/// Changes, objections and warnings, one a line; the policy is named where several object.
fn details(judged: &Judged) -> String {
    let one = judged
        .violations
        .iter()
        .all(|found| Some(&found.policy) == judged.violations.first().map(|first| &first.policy));
    let mut lines: Vec<String> =
        judged.changes.iter().map(|change| format!("+ {}: {}", change.path, change.value)).collect();
    lines.extend(judged.violations.iter().map(|found| {
        let policy = if one { String::new() } else { format!("[{}] ", found.policy) };
        format!("{policy}{found}")
    }));
    lines.extend(judged.warnings.iter().map(|warning| format!("warning: {warning}")));
    let more = lines.len().saturating_sub(SHOWN);
    if more > 1 {
        lines.truncate(SHOWN);
        lines.push(format!("and {more} more"));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_a_table() {
        insta::assert_snapshot!(anstream::adapter::strip_str(&write(&super::super::testing::results())));
    }

    #[test]
    fn a_terminal_without_a_width_has_one() {
        assert_eq!([0, 40, 100].map(sane), [WIDTH, NARROWEST, 100]);
    }

    #[test]
    fn nothing_is_told_in_one_line() {
        let told = write(&Results::default());
        assert_eq!(
            anstream::adapter::strip_str(&told).to_string(),
            "0 objects: 0 allowed, 0 changed, 0 rejected\n"
        );
    }
}
