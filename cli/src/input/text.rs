//! Texts kept in memory: a patch needs the lines that it changes.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use serde_json::value::RawValue;

use super::object::Object;
use super::place::{Layout, Mark, Tree};
use super::reading::{Others, Reading};
use super::walk::is_json;
use super::yaml::{self, Chunk};
use super::{BYTE_ORDER_MARK, Take, Unread, Unwatched, Watch};
use crate::error::Outcome;

/// A text and its name.
#[derive(Clone, Debug)]
pub struct Text {
    /// The name: a path, or `stdin`.
    pub name: Arc<str>,
    pub(super) is_json: bool,
    pub(super) others: Others,
    /// The text.
    pub text: String,
}

impl Text {
    /// A text under a name, which is YAML or JSON. Anything else in it than objects is an error.
    pub fn new(name: &str, text: String) -> Self {
        Text { name: name.into(), is_json: is_json(Path::new(name)), others: Others::Demand, text }
    }

    /// Replaces the text.
    pub(crate) fn instead(&self, text: String) -> Self {
        Text { name: Arc::clone(&self.name), text, ..*self }
    }

    /// Calls `take` for every object in the text. Objects that `take` rejects count as unread.
    pub fn read(&self, watch: &dyn Watch, take: Take<'_>) -> Unread {
        let mut reading = Reading { watch, take, others: self.others, unread: Unread::default() };
        reading.stream(&self.name, self.text.as_bytes(), self.is_json);
        reading.unread
    }

    /// The objects in the text, and errors for anything unreadable or not a Kubernetes object.
    pub fn gather(&self) -> (Vec<Object>, Unread) {
        let mut objects = Vec::new();
        let unread = self.read(&Unwatched, &mut |object| {
            objects.push(object);
            Ok(())
        });
        (objects, unread)
    }

    /// The objects in the text.
    ///
    /// # Errors
    ///
    /// If something cannot be read.
    pub fn read_all(&self) -> Outcome<Vec<Object>> {
        let (objects, unread) = self.gather();
        unread.conclude(objects)
    }
}

/// The starts of the lines of a text.
pub(crate) struct Lines(Vec<usize>);

impl Lines {
    pub(crate) fn of(text: &str) -> Self {
        let behind = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        // Every document of a stream may have a mark of its own.
        let is_marked = |at: usize| text.get(at..).is_some_and(|rest| rest.starts_with(BYTE_ORDER_MARK));
        let start = |at| if is_marked(at) { at + BYTE_ORDER_MARK.len() } else { at };
        Lines(std::iter::once(0).chain(behind).map(start).collect())
    }

    /// The offset of a mark in the text.
    pub(crate) fn offset(&self, text: &str, mark: Mark) -> Option<usize> {
        let start = *self.0.get(usize::try_from(mark.line).ok()?.checked_sub(1)?)?;
        let characters = usize::try_from(mark.column).ok()?.checked_sub(1)?;
        let mut rest = text.get(start..)?.char_indices().map(|(at, _)| at);
        Some(start + rest.nth(characters).unwrap_or(text.len() - start))
    }
}

impl Object {
    /// The nodes of the object, and the part of its text to which their marks are relative: all of it for YAML, the
    /// object itself for JSON.
    pub(crate) fn nodes<'o>(
        &'o self,
        text: &str,
        lines: &Lines,
    ) -> Option<(Cow<'o, Tree>, std::ops::Range<usize>)> {
        match &self.layout {
            Layout::Yaml(tree) => Some((Cow::Borrowed(tree), 0..text.len())),
            Layout::Json(start) => {
                let start = lines.offset(text, *start)?;
                let mut documents =
                    serde_json::Deserializer::from_str(text.get(start..)?).into_iter::<&RawValue>();
                let json = documents.next()?.ok()?.get();
                // JSON is YAML, and only YAML is read with marks.
                let document = yaml::read(&Chunk { text: json.to_owned(), line: 1 }).ok()??;
                Some((Cow::Owned(document.tree), start..start + json.len()))
            }
        }
    }
}
