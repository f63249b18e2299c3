//! Input of the commands: files, folders and standard input; YAML and JSON; documents, streams of them, and lists.
//!
//! Errors do not end reading: they are kept as [`Unread`], with which every command ends.

mod document;
mod files;
mod json;
mod noise;
mod object;
mod other;
mod place;
mod reading;
mod text;
mod yaml;

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::error::{Error, Errors, Outcome};
use files::{files, is_json};
use reading::{Others, Reading};

pub(crate) use document::{look, look_mut, made, put};
pub(crate) use files::{Exclude, Sources};
pub(crate) use object::Object;
pub(crate) use place::{Inside, Mark, Step, Tree, steps};
pub(crate) use text::{Lines, Text, texts};

/// Receives progress and notes about skipped content.
pub(crate) trait Watch {
    /// Input of so many bytes is coming, if that is known.
    fn expect(&self, _bytes: u64) {}
    /// So many more bytes have been read.
    fn advance(&self, _bytes: u64) {}
    /// Something has been skipped; with its number.
    fn skip(&self, _what: &str, _nth: usize) {}
}

/// Reports to no one.
pub(crate) struct Unwatched;

impl Watch for Unwatched {}

/// Receives the objects of the input.
pub(crate) type Take<'t> = &'t mut dyn FnMut(Object) -> Outcome<()>;

/// The errors of reading.
#[derive(Debug, Default)]
#[must_use = "what could not be read has to be reported"]
pub(crate) struct Unread {
    errors: Vec<Error>,
    /// How many files, or parts of files, are not manifests.
    skipped: usize,
}

/// The same number could not be read: positions may have changed.
impl PartialEq for Unread {
    fn eq(&self, other: &Unread) -> bool {
        self.errors.len() == other.errors.len()
    }
}

impl Unread {
    /// Whether everything could be read.
    pub(crate) fn is_empty(&self) -> bool {
        self.errors.is_empty()
    }

    /// Whether something was skipped that is not a manifest.
    pub(crate) fn has_skipped(&self) -> bool {
        self.skipped > 0
    }

    /// Adds errors from elsewhere.
    pub(crate) fn append(&mut self, mut other: Unread) {
        self.errors.append(&mut other.errors);
        self.skipped += other.skipped;
    }

    /// The final result of a command that has done what it could.
    ///
    /// # Errors
    ///
    /// If something could not be read.
    pub(crate) fn conclude(self, code: ExitCode) -> Outcome<ExitCode> {
        if self.errors.is_empty() { Ok(code) } else { Err(Errors(self.errors)) }
    }

    /// Notes on the last error that it is one of many in its file.
    fn and_more(&mut self, documents: usize) {
        if let Some(error) = self.errors.last_mut() {
            let noun = if documents == 1 { "document" } else { "documents" };
            error.reason.push_str(&format!("; {documents} more {noun} of the file cannot be read either"));
        }
    }
}

/// Calls `take` for every object in some files and folders; `-` is standard input. Objects that `take` rejects count as
/// unread.
pub(crate) fn read(sources: &Sources, watch: &dyn Watch, take: Take<'_>) -> Unread {
    read_as(Others::Skip, sources, watch, take)
}

fn read_as(others: Others, sources: &Sources, watch: &dyn Watch, take: Take<'_>) -> Unread {
    let mut reading = Reading { watch, take, others, unread: Unread::default() };
    for path in files(sources) {
        let path = match path {
            Ok(path) => path,
            Err(error) => {
                reading.unread.errors.push(error);
                continue;
            }
        };
        if path.as_os_str() == "-" {
            reading.stream(&STDIN.into(), io::stdin().lock(), false);
            continue;
        }
        match File::open(&path) {
            Ok(file) => {
                watch.expect(file.metadata().map_or(0, |known| known.len()));
                reading.stream(&path.display().to_string().into(), file, is_json(&path));
            }
            Err(error) => reading.unread.errors.push(Error::unread(&path, &error)),
        }
    }
    reading.unread
}

/// The name of standard input in messages.
const STDIN: &str = "stdin";

/// The byte order mark that some editors write.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// All objects in some files and folders, settings included. Anything else in them is an error.
///
/// # Errors
///
/// If something cannot be read.
pub(crate) fn read_all(paths: &[PathBuf]) -> Outcome<Vec<Object>> {
    let sources = Sources { paths: paths.to_vec(), exclude: Exclude::default() };
    let mut objects = Vec::new();
    let unread = read_as(Others::Demand, &sources, &Unwatched, &mut |object| {
        objects.push(object);
        Ok(())
    });
    unread.conclude(ExitCode::SUCCESS).map(|_| objects)
}

/// All objects in some files and folders, and errors for anything unreadable or not a Kubernetes object.
pub(crate) fn gather(sources: &Sources, watch: &dyn Watch) -> (Vec<Object>, Unread) {
    let mut objects = Vec::new();
    let unread = read_as(Others::Demand, sources, watch, &mut |object| {
        objects.push(object);
        Ok(())
    });
    (objects, unread)
}

#[cfg(test)]
mod differential;
#[cfg(test)]
mod tests;
