//! Markdown, for comments on changes.

use std::fmt::Write as _;

use super::Results;
use super::overview::Overview;
use crate::judge::Verdict;

pub(super) fn write(results: &Results) -> String {
    let mut text = format!("**{}**\n", results.summary);
    let shown: Vec<_> = results
        .results
        .iter()
        .filter(|judged| judged.verdict != Verdict::Allowed || judged.before.is_some())
        .collect();
    if !shown.is_empty() {
        text.push_str("\n| Workload | Verdict | Policy | Details |\n|---|---|---|---|\n");
    }
    for judged in shown {
        let mut details: Vec<String> = judged
            .changes
            .iter()
            .map(|change| format!("`{}: {}`", cell(&change.path), cell(&change.value.to_string())))
            .collect();
        details.extend(judged.violations.iter().map(|found| {
            let path =
                if found.path.is_empty() { String::new() } else { format!("`{}` ", cell(&found.path)) };
            format!("{path}{} (`{}`, line {})", cell(&found.problem), found.policy, found.line)
        }));
        details.extend(judged.warnings.iter().map(|warning| cell(warning)));
        let verdict =
            if judged.verdict == Verdict::Rejected { "**rejected**" } else { judged.verdict.name() };
        let before = judged.before.as_ref();
        let before = before.map_or_else(String::new, |before| format!("{} &rarr; ", before.verdict.name()));
        let policy = judged.policy.as_deref().map_or("-".to_owned(), |name| format!("`{name}`"));
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "| {}{} | {before}{verdict} | {policy} | {} |",
            cell(&judged.title()),
            judged.place().map_or_else(String::new, |place| format!("<br>`{}`", cell(&place))),
            details.join("<br>")
        );
    }
    text.push_str(&Overview::of(&results.results).markdown());
    for advice in &results.advice {
        let _ = write!(text, "\n> {}\n", advice.replace('\n', " "));
    }
    text
}

/// A text escaped so that it neither ends its cell nor opens a tag.
pub(super) fn cell(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('|', "\\|")
        .replace('\n', " ")
}

#[cfg(test)]
mod tests {
    #[test]
    fn results_are_markdown() {
        insta::assert_snapshot!(super::write(&super::super::testing::results()));
    }
}
