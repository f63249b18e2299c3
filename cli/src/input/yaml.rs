//! YAML, one document at a time, with the marks of all nodes.
//!
//! A document is read as kubectl reads it: the parser is a port of the same libyaml as kubectl's
//! (`sigs.k8s.io/yaml`, `go.yaml.in/yaml/v2`), [`scalar`] and [`compose`] follow its decoder. What kubectl rejects or
//! skips is rejected with its line. `conformance/yaml-oracle` runs the original.

mod compose;
mod events;
mod nodes;
mod scalar;

use std::fmt;
use std::io::{self, BufRead};

use serde_json::Value;

use super::BYTE_ORDER_MARK;
use super::place::{Mark, Tree};
use compose::Composer;

pub(super) use scalar::json_number;

/// A text that holds one document, and the line it starts at.
pub(super) struct Chunk {
    pub(super) text: String,
    pub(super) line: u32,
}

/// Calls `take` for the text of every document. `---` at the start of a line ends the one before, wherever it stands:
/// YAML allows it in no scalar.
pub(super) fn split<E: From<io::Error>>(
    mut source: impl BufRead,
    line: u32,
    take: &mut dyn FnMut(Chunk) -> Result<(), E>,
) -> Result<(), E> {
    let mut chunk = Chunk { text: String::new(), line };
    let mut number = line.saturating_sub(1);
    // The start of the line after the separator.
    let mut behind = None;
    loop {
        let before = chunk.text.len();
        let read = source.read_line(&mut chunk.text)?;
        number = number.saturating_add(1);
        // Each document of a stream may have come from its own file, with its own byte order mark.
        if behind == Some(before)
            && chunk.text.get(before..).is_some_and(|line| line.starts_with(BYTE_ORDER_MARK))
        {
            chunk.text.replace_range(before..before + BYTE_ORDER_MARK.len(), "");
        }
        let separates = chunk.text.get(before..).is_some_and(|line| line.starts_with("---"));
        // kubectl ends every line with a line feed, including the last one.
        if read == 0 && !chunk.text.is_empty() && !chunk.text.ends_with('\n') {
            chunk.text.push('\n');
        }
        let before = if read == 0 { chunk.text.len() } else { before };
        if read == 0 || (separates && before > 0) {
            let next = chunk.text.split_off(before);
            behind = None;
            if holds_anything(&chunk.text) {
                behind = Some(next.len());
                take(std::mem::replace(&mut chunk, Chunk { text: String::new(), line: 0 }))?;
            }
            chunk = Chunk { text: next, line: number };
        }
        if read == 0 {
            return Ok(());
        }
    }
}

/// Whether there is any content besides comments and separators.
fn holds_anything(text: &str) -> bool {
    text.lines().any(|line| {
        let line = line.strip_prefix("---").unwrap_or(line).trim_matches([' ', '\r']);
        !line.is_empty() && (!line.starts_with('#') || line.contains('\r'))
    })
}

/// Why a document cannot be read.
#[derive(Debug)]
pub(super) struct Malformed {
    pub(super) at: Mark,
    pub(super) reason: String,
}

/// Constructs that readers interpret differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Remark {
    /// A duplicate key.
    Twice { key: String, first: Mark, last: Mark },
    /// An object's own key that a later merge key replaces.
    Merged { key: String, own: Mark, merged: Mark },
}

impl Remark {
    /// The position of the key that takes effect.
    pub(super) fn last(&self) -> Mark {
        let (Remark::Twice { last, .. } | Remark::Merged { merged: last, .. }) = self;
        *last
    }
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Remark::Twice { key, first, last } => write!(
                f,
                "duplicate key `{key}` in lines {} and {}: the last one counts, as for kubectl; other readers refuse it",
                first.line, last.line
            ),
            Remark::Merged { key, own, merged } => write!(
                f,
                "`{key}` of line {} is replaced by that of line {}, since the merge key `<<` follows it, as for kubectl; for other readers the first counts",
                own.line, merged.line
            ),
        }
    }
}

/// A document that has been read.
pub(super) struct Document {
    pub(super) value: Value,
    pub(super) tree: Tree,
    pub(super) remarks: Vec<Remark>,
}

/// The value of a text, if it is one document.
pub(crate) fn value(text: &str) -> Option<Value> {
    read(&Chunk { text: text.to_owned(), line: 1 }).ok()?.map(|document| document.value)
}

/// Reads a document as kubectl does. `None` if it is empty.
pub(super) fn read(chunk: &Chunk) -> Result<Option<Document>, Malformed> {
    let before = chunk.line.saturating_sub(1);
    read_text(&chunk.text).map_err(|malformed| Malformed { at: malformed.at.below(before), ..malformed }).map(
        |read| {
            let mut document = read?;
            document.tree.move_down(before);
            for remark in &mut document.remarks {
                let (Remark::Twice { first: one, last: other, .. }
                | Remark::Merged { own: one, merged: other, .. }) = remark;
                (*one, *other) = (one.below(before), other.below(before));
            }
            Some(document)
        },
    )
}

/// The line with a lone carriage return.
fn lone_return(text: &str) -> Option<u32> {
    let is_lone = |line: &str| line.strip_suffix('\r').unwrap_or(line).contains('\r');
    let nth = text.contains('\r').then(|| text.split('\n').position(is_lone)).flatten()?;
    Some(u32::try_from(nth).unwrap_or(u32::MAX).saturating_add(1))
}

fn read_text(text: &str) -> Result<Option<Document>, Malformed> {
    let start = Mark { line: 1, column: 1 };
    if let Some(rest) = text.strip_prefix("---") {
        let rest = rest.lines().next().unwrap_or_default().trim();
        if !rest.is_empty() && !rest.starts_with('#') {
            let reason =
                "something behind `---`, which kubectl takes for a separator alone: start a new line"
                    .to_owned();
            return Err(Malformed { at: start, reason });
        }
    }
    if let Some(at) = lone_return(text) {
        let reason = "a carriage return without a line feed: end lines as other programs do".to_owned();
        return Err(Malformed { at: Mark { line: at, column: 1 }, reason });
    }
    let mut marks = text.match_indices(BYTE_ORDER_MARK).filter_map(|(at, _)| text.get(..at));
    if let Some(before) = marks
        .find(|before| before.is_empty() || before.ends_with(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']))
    {
        let lines = u32::try_from(before.matches('\n').count()).unwrap_or(u32::MAX);
        let reason = "a byte order mark within a document: take it out".to_owned();
        return Err(Malformed { at: start.below(lines), reason });
    }
    let Some(nodes) = nodes::nodes(text)? else { return Ok(None) };
    let mut composer = Composer::new(&nodes);
    let (value, tree) = composer.compose(0, 0)?;
    Ok(Some(Document { value, tree, remarks: composer.remarks }))
}

#[cfg(test)]
mod tests;
