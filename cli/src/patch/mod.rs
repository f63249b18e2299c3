//! Changes of manifests as a patch of their files: comments, order and layout are kept.
//!
//! Changes are found by comparing two trees ([`difference`]), and located in the text by reading
//! it ([`nodes`], [`flow`]). Some constructs (anchors, tags) make it hard to find the place to write,
//! so the patched text is read again, and changes with an unexpected result are omitted and reported.

mod difference;
mod flow;
mod hunks;
mod nodes;
mod removal;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde_json::Value;

use crate::input::{Lines, Object, Text, Unwatched};

/// A replacement of a part of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Replacement {
    at: Range<usize>,
    text: String,
}

/// The changes of a text.
pub(crate) struct Patch<'t> {
    text: &'t Text,
    lines: Lines,
    /// The target objects, by their index in the text, and the kind of change. JSON is smaller than a tree.
    wanted: BTreeMap<usize, (String, Vec<Replacement>)>,
    /// Objects that cannot be changed in their text.
    failed: Vec<usize>,
}

impl<'t> Patch<'t> {
    pub(crate) fn new(text: &'t Text) -> Self {
        Patch { text, lines: Lines::of(&text.text), wanted: BTreeMap::new(), failed: Vec::new() }
    }

    /// Changes the nth object of the text.
    pub(crate) fn change(&mut self, nth: usize, object: &Object, after: &Value) {
        match self.replacements(object, after) {
            Some(replacements) => {
                self.wanted.insert(nth, (after.to_string(), replacements));
            }
            None => self.failed.push(nth),
        }
    }

    fn replacements(&self, object: &Object, after: &Value) -> Option<Vec<Replacement>> {
        let text = &self.text.text;
        let (tree, part) = object.nodes(text, &self.lines)?;
        let here = text.get(part.clone())?;
        let own_lines = (part.start > 0).then(|| Lines::of(here));
        let nodes = nodes::Nodes {
            text: here,
            lines: own_lines.as_ref().unwrap_or(&self.lines),
            tree: &tree,
            is_json: object.is_json(),
        };
        let mut replacements = Vec::new();
        for change in difference::between(&object.value(), after) {
            let Replacement { at, text } = nodes.replacement(&change)?;
            replacements.push(Replacement { at: at.start + part.start..at.end + part.start, text });
        }
        Some(replacements)
    }

    /// The patch, if there are changes, and the objects that it omits.
    pub(crate) fn finish(mut self) -> (Option<String>, Vec<usize>) {
        let changed = self.settle();
        let replacements = self.all(&self.wanted.keys().copied().collect::<Vec<_>>());
        let (name, old) = (&self.text.name, &self.text.text);
        let patch = changed.map(|changed| hunks::unified(name, old, &changed, &replacements));
        (patch, self.failed)
    }

    /// The changed text, if there are changes, and the objects that it omits.
    pub(crate) fn changed(mut self) -> (Option<String>, Vec<usize>) {
        (self.settle(), self.failed)
    }

    /// The changed text, without the changes that do not come out as intended.
    fn settle(&mut self) -> Option<String> {
        let wrong = self.wrong(&self.wanted.keys().copied().collect::<Vec<_>>());
        self.wanted.retain(|nth, _| !wrong.contains(nth));
        self.failed.extend(wrong);
        self.failed.sort_unstable();
        let replacements = self.all(&self.wanted.keys().copied().collect::<Vec<_>>());
        (!self.wanted.is_empty()).then(|| hunks::changed(&self.text.text, &replacements))
    }

    /// The replacements of some objects, in order.
    fn all(&self, objects: &[usize]) -> Vec<&Replacement> {
        let wanted = objects.iter().filter_map(|nth| self.wanted.get(nth));
        let mut replacements: Vec<&Replacement> = wanted.flat_map(|(_, replacements)| replacements).collect();
        replacements.sort_by_key(|replacement| replacement.at.start);
        replacements
    }

    /// The objects that do not come out as intended. A text that cannot be read any more is bisected.
    fn wrong(&self, objects: &[usize]) -> Vec<usize> {
        let text = self.text.instead(hunks::changed(&self.text.text, &self.all(objects)));
        let mut right = BTreeSet::new();
        let mut nth = 0;
        let unread = text.read(&Unwatched, &mut |object| {
            let wanted = self.wanted.get(&nth).and_then(|(after, _)| serde_json::from_str(after).ok());
            right.extend(wanted.filter(|after: &Value| object.value() == *after).map(|_| nth));
            nth += 1;
            Ok(())
        });
        // An error before the changes is not due to them.
        let is_whole = unread.is_empty() || unread == self.text.read(&Unwatched, &mut |_| Ok(()));
        match (is_whole, objects) {
            (true, _) => objects.iter().filter(|nth| !right.contains(nth)).copied().collect(),
            (false, [] | [_]) => objects.to_vec(),
            (false, _) => {
                let (some, others) = objects.split_at(objects.len() / 2);
                [self.wrong(some), self.wrong(others)].concat()
            }
        }
    }
}
