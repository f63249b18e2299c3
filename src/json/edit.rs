//! Carries values into a JSON document without touching the rest of it.
//!
//! Decoding into types and writing those back drops every field the types do not know, and every `null`: clusters lost
//! fields they relied on that way. Here the document stays text. Only the path to an edit is read, the edit is put in
//! its place, and all else is copied unchanged, to the byte and unchecked: the policy server has parsed it before it
//! wrote the request, and parses the response again.

use std::fmt::{self, Display};

use super::{Error, Quoted, Read, Reader};

pub use super::path::{Path, Step};

/// A value and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit<'p> {
    /// The path from the root of the document. Missing objects on it are created.
    pub path: Path<'p>,
    /// The value, as JSON. It replaces the value that is there.
    pub value: String,
}

/// The path: `spec.containers[0].securityContext.runAsUser`.
impl Display for Edit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path.fmt(f)
    }
}

/// The room that the response needs around the document, so that it can be written around it in place.
const ROOM: usize = 1024;

/// The document with the edits made. The time is linear where edits that start with the same steps stand together and
/// those of a list follow its order, as [`changes`](crate::pod::diff::changes) lists them.
///
/// # Errors
///
/// If the document is not JSON, or an edit leads through a list element that does not exist.
pub fn graft(document: &str, edits: &[Edit<'_>]) -> Read<String> {
    let edits: Vec<&Edit<'_>> = edits.iter().collect();
    let room = document.len() + growth(&edits) + ROOM;
    let mut graft = Graft { document, copied: 0, out: String::with_capacity(room) };
    let mut reader = Reader::new(document);
    graft.walk(&mut reader, &edits, 0)?;
    graft.copy_to(document.len());
    Ok(graft.out)
}

/// How many bytes edits add at most: their values, and the part of their paths that the edit before does not share.
fn growth(edits: &[&Edit<'_>]) -> usize {
    let mut before = Path::of(&[]);
    let mut bytes = 0;
    for Edit { path, value } in edits {
        bytes += value.len();
        let is_shared = |depth: &usize| path.get(*depth).is_some_and(|step| before.get(*depth) == Some(step));
        let shared = (0..).take_while(is_shared).count();
        for step in (shared..).map_while(|depth| path.get(depth)) {
            if let Step::Key(key) = step {
                // Quotes, a colon, a comma, brackets; a key that has to be escaped is longer.
                bytes += key.len() + 6;
            }
        }
        before = *path;
    }
    bytes
}

struct Graft<'d> {
    document: &'d str,
    /// How much of the document is in `out` already.
    copied: usize,
    out: String,
}

/// The edits that continue with the same key.
struct Branch<'e, 'p> {
    key: &'p str,
    edits: &'e [&'e Edit<'p>],
    met: bool,
}

impl<'d> Graft<'d> {
    /// Walks the value before the reader, which all `edits` lead to in `depth` steps.
    fn walk(&mut self, reader: &mut Reader<'d>, edits: &[&Edit<'_>], depth: usize) -> Read<()> {
        let kind = reader.next_byte();
        let step = edits.first().and_then(|edit| edit.path.get(depth));
        match (step, kind) {
            (None, _) if edits.is_empty() => reader.skip_unchecked(),
            (Some(Step::Key(_)), Some(b'{')) => self.walk_object(reader, edits, depth),
            (Some(Step::Index(_)), Some(b'[')) => self.walk_list(reader, edits, depth),
            (Some(Step::Index(_)), _) => Err(Error::new("must be a list")),
            (None | Some(Step::Key(_)), _) => {
                self.copy_to(reader.position());
                reader.skip_unchecked()?;
                self.copied = reader.position();
                build(&mut self.out, edits, depth)
            }
        }
    }

    fn walk_object(&mut self, reader: &mut Reader<'d>, edits: &[&Edit<'_>], depth: usize) -> Read<()> {
        // New members go behind the last one, or behind the opening bracket.
        let mut end = reader.position() + 1;
        let mut empty = true;
        let mut gathered = Vec::new();
        let mut branches = branches(edits, depth, &mut gathered)?;
        reader.object(|reader, key| {
            match branches.iter_mut().find(|branch| !branch.met && branch.key == key) {
                None => reader.skip_unchecked()?,
                Some(branch) => {
                    branch.met = true;
                    self.walk(reader, branch.edits, depth + 1)?;
                }
            }
            end = reader.position();
            empty = false;
            Ok(())
        })?;
        if branches.iter().any(|branch| !branch.met) {
            self.copy_to(end);
            build_members(&mut self.out, &branches, empty, depth)?;
        }
        Ok(())
    }

    fn walk_list(&mut self, reader: &mut Reader<'d>, edits: &[&Edit<'_>], depth: usize) -> Read<()> {
        let gathered;
        let mut left = edits;
        if !edits.is_sorted_by_key(|edit| place(edit, depth)) {
            gathered = gather(edits, depth);
            left = &gathered;
        }
        reader.list(|reader, index| {
            let here;
            (here, left) = split(left, depth, Step::Index(index));
            self.walk(reader, here, depth + 1)
        })?;
        if left.is_empty() { Ok(()) } else { Err(Error::new("must hold more elements")) }
    }

    fn copy_to(&mut self, end: usize) {
        self.out.push_str(self.document.get(self.copied..end).unwrap_or_default());
        self.copied = end;
    }
}

/// The index of the list element on the path of an edit.
fn place(edit: &Edit<'_>, depth: usize) -> usize {
    match edit.path.get(depth) {
        Some(Step::Index(index)) => index,
        _ => usize::MAX,
    }
}

/// The edits at the front that continue with this step, and the rest.
fn split<'e, 'p>(
    edits: &'e [&'e Edit<'p>],
    depth: usize,
    step: Step<&str>,
) -> (&'e [&'e Edit<'p>], &'e [&'e Edit<'p>]) {
    let here = edits.iter().take_while(|edit| edit.path.get(depth) == Some(step)).count();
    edits.split_at_checked(here).unwrap_or((edits, &[]))
}

/// The keys that edits continue with, in the order in which they occur. There are few, as there are few fields with
/// defaults.
fn branches<'e, 'p>(
    edits: &'e [&'e Edit<'p>],
    depth: usize,
    gathered: &'e mut Vec<&'e Edit<'p>>,
) -> Read<Vec<Branch<'e, 'p>>> {
    let mut branches: Vec<Branch<'e, 'p>> = Vec::new();
    let mut left = edits;
    let mut gathered = Some(gathered);
    while let Some(first) = left.first() {
        // Lists are not created: their other elements are not known.
        let Some(Step::Key(key)) = first.path.get(depth) else { return Err(Error::new("must be a list")) };
        if branches.iter().any(|branch| branch.key == key)
            && let Some(gathered) = gathered.take()
        {
            branches.clear();
            *gathered = gather(edits, depth);
            left = gathered;
            continue;
        }
        let here;
        (here, left) = split(left, depth, Step::Key(key));
        branches.push(Branch { key, edits: here, met: false });
    }
    Ok(branches)
}

/// The same edits, those that continue with the same step together.
#[cold]
fn gather<'e, 'p>(edits: &[&'e Edit<'p>], depth: usize) -> Vec<&'e Edit<'p>> {
    let mut left = edits.to_vec();
    let mut gathered = Vec::with_capacity(left.len());
    // The least index; keys have none, so the first of them.
    while let Some(next) = left.iter().min_by_key(|edit| place(edit, depth)).copied() {
        gathered.extend(left.extract_if(.., |edit| edit.path.get(depth) == next.path.get(depth)));
    }
    gathered
}

/// Writes the value that `edits` make where there was none.
fn build(out: &mut String, edits: &[&Edit<'_>], depth: usize) -> Read<()> {
    match edits.first() {
        Some(edit) if edit.path.get(depth).is_some() => {
            out.push('{');
            build_members(out, &branches(edits, depth, &mut Vec::new())?, true, depth)?;
            out.push('}');
        }
        Some(edit) => out.push_str(&edit.value),
        None => {}
    }
    Ok(())
}

/// Writes the members that the object does not have.
fn build_members(out: &mut String, branches: &[Branch<'_, '_>], mut first: bool, depth: usize) -> Read<()> {
    for Branch { key, edits, .. } in branches.iter().filter(|branch| !branch.met) {
        if !std::mem::take(&mut first) {
            out.push(',');
        }
        // Writing to a String cannot fail.
        let _ = Quoted(key).write_to(out);
        out.push(':');
        build(out, edits, depth + 1).map_err(|error| error.in_key(key))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
