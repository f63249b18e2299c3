//! Input: YAML and JSON; documents, streams of them, and lists; in texts, files and folders.
//!
//! Errors do not end reading: they are kept as [`Unread`], to be reported in the end.
//!
//! ```
//! use kubectl_psp::input::Text;
//!
//! let text = "kind: Pod\nmetadata:\n  name: web\n---\nkind: Job\nmetadata: {name: a}\n";
//! let objects = Text::new("all.yaml", text.to_owned()).read_all().unwrap();
//! let found: Vec<_> = objects.iter().map(|object| format!("{} {}", object.title(), object.place("metadata.name"))).collect();
//! assert_eq!(found, ["Pod web all.yaml:3:3", "Job a all.yaml:6:12"]);
//!
//! let (objects, unread) = Text::new("none.yaml", "a: [\n".to_owned()).gather();
//! assert!(objects.is_empty() && !unread.is_empty());
//! ```

#[cfg(not(target_arch = "wasm32"))]
mod ahead;
mod document;
mod files;
mod header;
mod json;
mod noise;
mod object;
mod other;
mod place;
mod reading;
mod text;
mod walk;
mod yaml;

use crate::error::{Error, Errors, Outcome};

pub(crate) use document::{look, look_mut, made, put};
pub use files::{Sources, Stdin, gather, read, read_all, texts};
pub use object::Object;
pub(crate) use place::{Inside, Mark, Step, Tree, steps};
pub(crate) use text::Lines;
pub use text::Text;
pub use walk::Exclude;
pub(crate) use yaml::value as yaml_value;

/// The name of what comes from a cluster: it has no lines.
pub const CLUSTER: &str = "cluster";

/// Receives progress and notes about skipped content.
pub trait Watch {
    /// Input of so many bytes is coming, if that is known.
    fn expect(&self, _bytes: u64) {}
    /// So many more bytes have been read.
    fn advance(&self, _bytes: u64) {}
    /// Something has been skipped; with its number.
    fn skip(&self, _what: &str, _nth: usize) {}
}

/// Reports to no one.
pub struct Unwatched;

impl Watch for Unwatched {}

/// Receives the objects of the input.
pub type Take<'t> = &'t mut dyn FnMut(Object) -> Outcome<()>;

/// The errors of reading.
#[derive(Debug, Default)]
#[must_use = "what could not be read has to be reported"]
pub struct Unread {
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
    pub fn is_empty(&self) -> bool {
        self.errors.is_empty()
    }

    /// Whether something was skipped that is not a manifest.
    pub fn has_skipped(&self) -> bool {
        self.skipped > 0
    }

    /// Adds errors from elsewhere.
    pub fn append(&mut self, mut other: Unread) {
        self.errors.append(&mut other.errors);
        self.skipped += other.skipped;
    }

    /// Adds what went wrong after reading.
    pub fn fail(&mut self, mut errors: Errors) {
        self.errors.append(&mut errors.0);
    }

    /// The final result, after doing what was possible.
    ///
    /// # Errors
    ///
    /// If something could not be read.
    pub fn conclude<T>(self, result: T) -> Outcome<T> {
        if self.errors.is_empty() { Ok(result) } else { Err(Errors(self.errors)) }
    }

    /// Notes on the last error that it is one of many in its file.
    fn and_more(&mut self, documents: usize) {
        if let Some(error) = self.errors.last_mut() {
            let noun = if documents == 1 { "document" } else { "documents" };
            error.reason.push_str(&format!("; {documents} more {noun} of the file cannot be read either"));
        }
    }
}

/// The byte order mark that some editors write.
const BYTE_ORDER_MARK: &str = "\u{feff}";

#[cfg(test)]
mod differential;
#[cfg(test)]
mod tests;
