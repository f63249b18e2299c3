//! `check --diff`: defaults from policies, as a patch of the files.

use std::process::ExitCode;

use super::{Check, judged, print};
use crate::error::Outcome;
use crate::input::{self, Text, Unread, put, steps};
use crate::judge::{Judged, Requester, Verdict};
use crate::patch::Patch;
use crate::policies::Policies;
use crate::report::{Summary, diff};
use crate::terminal::OutputOptions;

impl Check {
    /// Prints the patch of each file, and reports what it omits.
    pub(super) fn patch(
        &self,
        policies: &Policies,
        requester: &Requester,
        options: OutputOptions,
    ) -> Outcome<ExitCode> {
        for advice in &policies.advice {
            options.note(advice);
        }
        let mut summary = Summary::default();
        let (texts, mut unread) = input::texts(&self.manifests.files()?);
        for text in texts {
            unread.append(patch(&text, policies, requester, &mut summary, options)?);
        }
        if summary.is_empty() && !unread.has_skipped() {
            unread.conclude(ExitCode::SUCCESS)?;
            return Err(Summary::no_objects());
        }
        options.note(&summary.to_string());
        unread.conclude(summary.exit_code())
    }
}

fn patch(
    text: &Text,
    policies: &Policies,
    requester: &Requester,
    summary: &mut Summary,
    options: OutputOptions,
) -> Outcome<Unread> {
    let mut patch = Patch::new(text);
    let mut changed: Vec<(usize, Judged)> = Vec::new();
    let mut nth = 0;
    let unread = text.read(&options.progress(), &mut |object| {
        if let Some(judged) = judged(&object, policies, requester, summary, options) {
            match judged.verdict {
                Verdict::Allowed => options.detail(&format!("{}: nothing is filled in", judged.title())),
                Verdict::Rejected => options.warn(&rejected(&judged)),
                Verdict::Changed => {
                    let mut after = object.value();
                    for change in &judged.changes {
                        put(&mut after, &steps(&change.path), change.value.clone());
                    }
                    patch.change(nth, &object, &after);
                    changed.push((nth, judged));
                }
            }
        }
        nth += 1;
        Ok(())
    });
    let (patch, failed) = patch.finish();
    if let Some(patch) = patch {
        print(&diff::colored(&patch))?;
    }
    for (_, judged) in changed.iter().filter(|(nth, _)| failed.contains(nth)) {
        options.insist(&unwritten(judged, &text.text));
    }
    Ok(unread)
}

fn rejected(judged: &Judged) -> String {
    let more = match judged.violations.len() {
        0 | 1 => String::new(),
        all => format!("; and {} more", all - 1),
    };
    let first = judged.violations.first().map(ToString::to_string).unwrap_or_default();
    format!("{}:{}: {} is rejected: {first}{more}", judged.file, judged.line, judged.title())
}

fn unwritten(judged: &Judged, text: &str) -> String {
    let lines = judged.changes.iter().map(|change| format!("\n  + {}: {}", change.path, change.value));
    let place = format!("{}:{}: {}", judged.file, judged.line, judged.title());
    let why = if has_aliases(text) { "with anchors and aliases, which" } else { "in a way that" };
    format!(
        "{place} is written {why} the patch leaves out; what would be filled in:{}",
        lines.collect::<String>()
    )
}

/// Whether a YAML text uses one node in several places.
fn has_aliases(text: &str) -> bool {
    let starts = |word: &str| {
        let word = word.trim_start_matches(['[', '{', ',']);
        let named =
            word.strip_prefix('*').is_some_and(|name| name.starts_with(|c: char| c.is_alphanumeric()));
        named || word.starts_with("<<")
    };
    text.lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .any(|line| line.split_whitespace().any(starts))
}
