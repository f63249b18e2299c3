//! Replacements as a unified diff. They are known, so that no diff algorithm is needed.

use std::ops::Range;

use similar::DiffOp;

use super::Replacement;
use crate::unified::hunks;

/// A text with its replacements, which follow each other.
pub(super) fn changed(text: &str, replacements: &[&Replacement]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    for Replacement { at, text: new } in replacements {
        out.push_str(text.get(copied..at.start).unwrap_or_default());
        out.push_str(new);
        copied = at.end.max(copied);
    }
    out + text.get(copied..).unwrap_or_default()
}

/// The difference between two texts, as `patch -p0` takes it.
pub(super) fn unified(name: &str, old: &str, new: &str, replacements: &[&Replacement]) -> String {
    let [old_lines, new_lines] = [old, new].map(|text| text.split_inclusive('\n').collect::<Vec<_>>());
    let ops = ops(&old_lines, &new_lines, replacements);
    // The name, which may contain spaces, ends at a tab.
    let tab = if name.contains(' ') { "\t" } else { "" };
    format!("--- {name}{tab}\n+++ {name}{tab}\n{}", hunks(ops, &old_lines, &new_lines))
}

/// The old lines and the new ones.
fn ops(old: &[&str], new: &[&str], replacements: &[&Replacement]) -> Vec<DiffOp> {
    let mut ops = Vec::new();
    let (mut old_at, mut new_at) = (0, 0);
    for Region { old: mut before, new: mut after } in regions(old, new, replacements) {
        while !before.is_empty() && !after.is_empty() && old.get(before.start) == new.get(after.start) {
            (before.start, after.start) = (before.start + 1, after.start + 1);
        }
        while !before.is_empty() && !after.is_empty() && old.get(before.end - 1) == new.get(after.end - 1) {
            (before.end, after.end) = (before.end - 1, after.end - 1);
        }
        ops.push(DiffOp::Equal { old_index: old_at, new_index: new_at, len: before.start - old_at });
        ops.push(DiffOp::Replace {
            old_index: before.start,
            old_len: before.len(),
            new_index: after.start,
            new_len: after.len(),
        });
        (old_at, new_at) = (before.end, after.end);
    }
    ops.push(DiffOp::Equal { old_index: old_at, new_index: new_at, len: old.len() - old_at });
    ops.retain(|op| !op.old_range().is_empty() || !op.new_range().is_empty());
    ops
}

/// Changed lines, old and new. All others are equal, one by one.
struct Region {
    old: Range<usize>,
    new: Range<usize>,
}

fn regions(old: &[&str], new: &[&str], replacements: &[&Replacement]) -> Vec<Region> {
    let [old_ends, new_ends] = [ends(old), ends(new)];
    let mut regions: Vec<Region> = Vec::new();
    let (mut grown, mut shrunk) = (0, 0);
    for Replacement { at, text } in replacements {
        let start = at.start + grown - shrunk;
        let before = touched(&old_ends, at.start, at.end);
        let after = touched(&new_ends, start, start + text.len());
        (grown, shrunk) = (grown + text.len(), shrunk + at.len());
        match regions.last_mut() {
            Some(known) if before.start < known.old.end || after.start < known.new.end => {
                known.old.end = known.old.end.max(before.end);
                known.new.end = known.new.end.max(after.end);
            }
            _ => regions.push(Region { old: before, new: after }),
        }
    }
    regions
}

/// The ends of lines, as if all had a line feed.
fn ends(lines: &[&str]) -> Vec<usize> {
    let sum = |at: &mut usize, line: &&str| {
        *at += line.len() + usize::from(!line.ends_with('\n'));
        Some(*at)
    };
    lines.iter().scan(0, sum).collect()
}

/// The lines from that of one place to that of another.
fn touched(ends: &[usize], from: usize, to: usize) -> Range<usize> {
    let line_of = |at: usize| ends.partition_point(|end| *end <= at);
    line_of(from)..(line_of(to) + 1).min(ends.len())
}
