//! Defaults from policies, as a patch of the file.

use crate::input::{Object, Text, put, steps};
use crate::judge::{Judged, Verdict};
use crate::patch::Patch;

/// The patch of one file, to which its objects are added in their order.
pub struct FilePatch<'t> {
    text: &'t Text,
    patch: Patch<'t>,
    changed: Vec<(usize, Judged)>,
    nth: usize,
}

impl<'t> FilePatch<'t> {
    /// The patch of a text.
    pub fn new(text: &'t Text) -> Self {
        FilePatch { text, patch: Patch::new(text), changed: Vec::new(), nth: 0 }
    }

    /// Adds the next object of the text, with its result; none if it is skipped. Objects that are not changed count as
    /// well.
    pub fn add(&mut self, object: &Object, judged: Option<Judged>) {
        let nth = self.nth;
        self.nth += 1;
        let Some(judged) = judged.filter(|judged| judged.verdict == Verdict::Changed) else { return };
        let mut after = object.value();
        for change in &judged.changes {
            put(&mut after, &steps(&change.path), change.value.clone());
        }
        self.patch.change(nth, object, &after);
        self.changed.push((nth, judged));
    }

    /// The patch, if there is one, and warnings about the objects that it leaves out.
    pub fn finish(self) -> (Option<String>, Vec<String>) {
        let (patch, failed) = self.patch.finish();
        let left_out = self.changed.iter().filter(|(nth, _)| failed.contains(nth));
        (patch, left_out.map(|(_, judged)| unwritten(judged, &self.text.text)).collect())
    }
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
