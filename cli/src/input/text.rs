//! Texts that are kept: a patch needs the lines that it changes.

use std::borrow::Cow;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::value::RawValue;

use super::place::{Layout, Mark, Tree};
use super::yaml::{self, Chunk};
use super::{BYTE_ORDER_MARK, Object, STDIN, Take, Unwatched, files, is_json, read_stream};
use crate::error::{Fault, Outcome};

/// A text, and what it is called.
pub(crate) struct Text {
    pub(crate) name: Arc<str>,
    is_json: bool,
    pub(crate) text: String,
}

/// The texts of some files and folders; `-` is standard input.
///
/// # Errors
///
/// If something cannot be read.
pub(crate) fn texts(paths: &[PathBuf]) -> Outcome<Vec<Text>> {
    let mut texts = Vec::new();
    for path in files(paths)? {
        let is_stdin = path.as_os_str() == "-";
        let mut text = String::new();
        let read = if is_stdin {
            io::stdin().lock().read_to_string(&mut text)
        } else {
            fs::File::open(&path).and_then(|mut file| file.read_to_string(&mut text))
        };
        let path = if is_stdin { PathBuf::from(STDIN) } else { path };
        read.map_err(|error| Fault::unread(&path, &error))?;
        texts.push(Text { name: path.display().to_string().into(), is_json: is_json(&path), text });
    }
    Ok(texts)
}

impl Text {
    /// A text under a name.
    pub(crate) fn new(name: &str, text: String) -> Self {
        Text { name: name.into(), is_json: is_json(Path::new(name)), text }
    }

    /// Calls `take` for every object in the text.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or `take` refuses an object.
    pub(crate) fn read(&self, take: Take<'_>) -> Outcome<()> {
        read_stream(&self.name, self.text.as_bytes(), self.is_json, &Unwatched, take)
    }
}

/// Where the lines of a text start.
pub(crate) struct Lines(Vec<usize>);

impl Lines {
    pub(crate) fn of(text: &str) -> Self {
        let behind = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        let before = if text.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
        Lines(std::iter::once(before).chain(behind).collect())
    }

    /// The place of a mark in the text.
    pub(crate) fn offset(&self, text: &str, mark: Mark) -> Option<usize> {
        let start = *self.0.get(usize::try_from(mark.line).ok()?.checked_sub(1)?)?;
        let characters = usize::try_from(mark.column).ok()?.checked_sub(1)?;
        let mut rest = text.get(start..)?.char_indices().map(|(at, _)| at);
        Some(start + rest.nth(characters).unwrap_or(text.len() - start))
    }
}

impl Object {
    /// The nodes of the object, and the part of its text in which their marks count: all of it for YAML, the object
    /// itself for JSON.
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
                let (_, tree) = yaml::read(&Chunk { text: json.to_owned(), line: 1 }).ok()?;
                Some((Cow::Owned(tree), start..start + json.len()))
            }
        }
    }
}
