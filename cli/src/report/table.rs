//! A table, for people on a terminal.

use anstyle::{AnsiColor, Style};
use comfy_table::Cell;

use super::Results;
use super::layout::{self, Look};
use super::overview::Overview;
use crate::judge::{Judged, Verdict};

/// At most so many fields and objections of an object are shown; the other formats have all of them.
const SHOWN: usize = 16;

/// In columns where there is room for them. In a file columns would be padded to the longest line of all.
pub(super) fn write(results: &Results, look: Look) -> String {
    let style = look.bold();
    let summary = layout::wrapped(&results.summary.to_string(), look, 2);
    let summary = format!("{style}{summary}{style:#}\n");
    if results.results.is_empty() {
        return summary;
    }
    let shown = match look.width() {
        Some(width) if width >= WIDE => columns(results, look),
        _ => paragraphs(results, look),
    };
    format!("{shown}\n\n{summary}{}", Overview::of(&results.results).table(look))
}

/// Paths are long: with less space, columns would break them.
const WIDE: u16 = 160;

fn columns(results: &Results, look: Look) -> String {
    let mut table = look.table(&["WORKLOAD", "VERDICT", "POLICY", "DETAILS"]);
    for judged in &results.results {
        let place = judged.place().map_or_else(String::new, |place| format!("\n{place}"));
        let name = format!("{}{place}", judged.title());
        table.add_row([
            Cell::new(name),
            verdict(judged, look),
            Cell::new(judged.policy.as_deref().unwrap_or("-")),
            Cell::new(details(judged)),
        ]);
    }
    table.trim_fmt()
}

fn paragraphs(results: &Results, look: Look) -> String {
    let reported = results.results.iter().map(|judged| {
        let style = look.style(style(judged.verdict));
        let policy = judged.policy.as_ref().map_or_else(String::new, |policy| format!(" by {policy}"));
        let (title, verdict) = (judged.title(), verdicts(judged));
        let place = judged.place().map_or_else(String::new, |place| format!(" ({place})"));
        let head = layout::wrapped(&format!("{verdict} {title}{policy}{place}"), look, 4);
        let head = head.replacen(&verdict, &format!("{style}{verdict}{style:#}"), 1);
        let details = details(judged);
        if details.is_empty() { head } else { format!("{head}\n{}", layout::indented(&details, look)) }
    });
    reported.collect::<Vec<_>>().join("\n")
}

/// The verdict; in a comparison, the previous one as well.
fn verdicts(judged: &Judged) -> String {
    let now = judged.verdict.name().to_uppercase();
    match &judged.before {
        Some(before) => format!("{} -> {now}", before.verdict.name().to_uppercase()),
        None => now,
    }
}

/// The verdict in its colour.
#[cfg(feature = "cli")]
fn verdict(judged: &Judged, look: Look) -> Cell {
    use comfy_table::Color;
    let color = match judged.verdict {
        Verdict::Allowed => Color::Green,
        Verdict::Changed => Color::Yellow,
        Verdict::Rejected => Color::Red,
    };
    let cell = Cell::new(verdicts(judged));
    if look.has_colors() { cell.fg(color) } else { cell }
}

/// The verdict, without its colour, which needs a terminal.
#[cfg(not(feature = "cli"))]
fn verdict(judged: &Judged, _look: Look) -> Cell {
    Cell::new(verdicts(judged))
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
    let mut lines: Vec<String> = judged.before.iter().map(ToString::to_string).collect();
    let changes = judged.changes.iter().map(|change| format!("+ {}: {}", change.path, change.value));
    lines.extend(changes);
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
        insta::assert_snapshot!(write(&super::super::testing::results(), Look::default()));
    }

    #[test]
    fn on_a_wide_terminal_results_are_columns() {
        let look = Look::new(Some(160), false);
        insta::assert_snapshot!(write(&super::super::testing::results(), look));
    }

    #[test]
    fn on_a_narrow_terminal_results_are_paragraphs() {
        let look = Look::new(Some(80), false);
        insta::assert_snapshot!(write(&super::super::testing::results(), look));
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        for width in [20, 40, 79, 80, 119, 159, 160, 200] {
            let text = write(&super::super::testing::results(), Look::new(Some(width), false));
            for line in text.lines() {
                assert!(line.chars().count() <= usize::from(width), "{width}: {line}");
            }
        }
    }

    #[test]
    fn in_a_file_no_line_is_padded() {
        let text = write(&super::super::testing::results(), Look::default());
        assert!(text.lines().all(|line| !line.ends_with(' ')), "{text}");
    }

    #[test]
    fn nothing_is_reported_in_one_line() {
        let reported = write(&Results::default(), Look::default());
        assert_eq!(reported, "0 objects: 0 allowed, 0 changed, 0 rejected\n");
    }
}
