//! Carries values into a JSON document without touching the rest of it.
//!
//! Decoding into types and writing those back drops every field the types do not know, and every `null`: it has cost
//! clusters fields they relied on. Here the document stays text. What lies on the way to an edit is walked, the edit is
//! put in its place, and all else is copied as it came, to the byte, without a look at what is inside: the policy server
//! has read it before it wrote the request, and reads the answer again.

use std::fmt::{self, Display};

use crate::json::{Fault, Quoted, Read, Reader};

/// One step into a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'p> {
    /// To what an object holds under a key.
    Key(&'p str),
    /// To an element of a list.
    Index(usize),
}

/// A value and where it belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit<'p> {
    /// The way from the root of the document. Objects that are missing on it are made.
    pub path: Vec<Step<'p>>,
    /// The value, as JSON. It replaces what stands there.
    pub value: String,
}

/// The path: `spec.containers[0].securityContext.runAsUser`.
impl Display for Edit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, step) in self.path.iter().enumerate() {
            match step {
                Step::Key(key) if key.contains(['.', '/']) => write!(f, "[{key}]")?,
                Step::Key(key) if nth == 0 => f.write_str(key)?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// What the answer needs around the document, so that it can be written around it in place.
const ROOM: usize = 1024;

/// The document with the edits made.
///
/// # Errors
///
/// If the document is not JSON, or an edit leads through a list element that is not there.
pub fn graft(document: &str, edits: &[Edit<'_>]) -> Read<String> {
    let grown: usize = edits.iter().map(|edit| edit.value.len() + 64).sum();
    let mut graft = Graft { document, copied: 0, out: String::with_capacity(document.len() + grown + ROOM) };
    let mut reader = Reader::new(document);
    graft.walk(&mut reader, &edits.iter().collect::<Vec<_>>(), 0)?;
    graft.copy_to(document.len());
    Ok(graft.out)
}

struct Graft<'d> {
    document: &'d str,
    /// How much of the document is in `out` already.
    copied: usize,
    out: String,
}

impl<'d> Graft<'d> {
    /// Walks the value before the reader, which all `edits` lead to in `depth` steps.
    fn walk(&mut self, reader: &mut Reader<'d>, edits: &[&Edit<'_>], depth: usize) -> Read<()> {
        let kind = reader.next_byte();
        let step = edits.first().and_then(|edit| edit.path.get(depth));
        match (step, kind) {
            (None, _) if edits.is_empty() => reader.leap(),
            (Some(Step::Key(_)), Some(b'{')) => self.walk_object(reader, edits, depth),
            (Some(Step::Index(_)), Some(b'[')) => self.walk_list(reader, edits, depth),
            (Some(Step::Index(_)), _) => Err(Fault::new("must be a list")),
            (None | Some(Step::Key(_)), _) => {
                self.copy_to(reader.position());
                reader.leap()?;
                self.copied = reader.position();
                build(&mut self.out, edits, depth)
            }
        }
    }

    fn walk_object(&mut self, reader: &mut Reader<'d>, edits: &[&Edit<'_>], depth: usize) -> Read<()> {
        // New members go behind the last one, or behind the opening bracket.
        let mut end = reader.position() + 1;
        let mut empty = true;
        let mut missing = edits.to_vec();
        reader.object(|reader, key| {
            let leads_here = |edit: &&Edit<'_>| edit.path.get(depth) == Some(&Step::Key(key));
            let here: Vec<_> = missing.extract_if(.., |edit| leads_here(edit)).collect();
            if here.is_empty() {
                reader.leap()?;
            } else {
                self.walk(reader, &here, depth + 1)?;
            }
            end = reader.position();
            empty = false;
            Ok(())
        })?;
        if !missing.is_empty() {
            self.copy_to(end);
            if !empty {
                self.out.push(',');
            }
            build_members(&mut self.out, &missing, depth)?;
        }
        Ok(())
    }

    fn walk_list(&mut self, reader: &mut Reader<'d>, edits: &[&Edit<'_>], depth: usize) -> Read<()> {
        let mut missing = edits.to_vec();
        reader.list(|reader, index| {
            let here: Vec<_> =
                missing.extract_if(.., |edit| edit.path.get(depth) == Some(&Step::Index(index))).collect();
            self.walk(reader, &here, depth + 1)
        })?;
        if missing.is_empty() { Ok(()) } else { Err(Fault::new("must hold more elements")) }
    }

    fn copy_to(&mut self, end: usize) {
        self.out.push_str(self.document.get(self.copied..end).unwrap_or_default());
        self.copied = end;
    }
}

/// Writes the value that `edits` make where there was none.
fn build(out: &mut String, edits: &[&Edit<'_>], depth: usize) -> Read<()> {
    match edits.first() {
        Some(edit) if edit.path.len() > depth => {
            out.push('{');
            build_members(out, edits, depth)?;
            out.push('}');
        }
        Some(edit) => out.push_str(&edit.value),
        None => {}
    }
    Ok(())
}

fn build_members(out: &mut String, edits: &[&Edit<'_>], depth: usize) -> Read<()> {
    let mut left = edits.to_vec();
    let mut first = true;
    while let Some(edit) = left.first() {
        // Lists are not made: nobody could tell what their other elements are.
        let Some(Step::Key(key)) = edit.path.get(depth) else { return Err(Fault::new("must be a list")) };
        let here: Vec<_> =
            left.extract_if(.., |edit| edit.path.get(depth) == Some(&Step::Key(key))).collect();
        if !first {
            out.push(',');
        }
        first = false;
        out.push_str(&format!("{}:", Quoted(key)));
        build(out, &here, depth + 1).map_err(|fault| fault.under(key))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
