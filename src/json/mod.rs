//! Reading JSON once, in place.
//!
//! A review is read by a fresh instance for every request, so the reader borrows from the payload, hands each key to
//! its caller and lets the caller skip ungoverned values: there is no tree and no copy. It is as strict as [RFC 8259]
//! and `serde_json` are (a test compares the two), and every error knows the path to it, which costs nothing until
//! there is one.
//!
//! [RFC 8259]: https://www.rfc-editor.org/rfc/rfc8259
//!
//! ```
//! use pod_security_policy::json::{Edit, Path, Step, graft};
//!
//! let path = Path::of(&[Step::Key("spec"), Step::Key("hostUsers")]);
//! let edited = graft(r#"{"spec": {"x": 1.50}}"#, &[Edit { path, value: "false".to_owned() }]).unwrap();
//! assert_eq!(edited, r#"{"spec": {"x": 1.50,"hostUsers":false}}"#);
//! ```

mod decode;
pub(crate) mod edit;
pub(crate) mod equal;
mod error;
pub(crate) mod lookup;
mod nodes;
pub(crate) mod path;
mod quoted;
mod scalar;
mod scan;
mod skip;
mod tree;
mod walk;

use std::borrow::Cow;
use std::mem;

pub use decode::Decode;
pub(crate) use decode::{decode, once};
pub use edit::{Edit, Path, Step, graft};
pub use error::{Brief, Error, Read};
pub(crate) use error::{STRING, TWICE};
pub(crate) use nodes::Node;
pub use quoted::Quoted;
pub(crate) use quoted::{Listed, joined};
pub(crate) use scan::Kind;
pub use tree::{Tree, Value};
pub(crate) use tree::{place_of, same_name};

/// Text of the document: borrowed unless it holds an escape.
pub type Text<'a> = Cow<'a, str>;

/// How deep arrays and objects may nest, counted from the root of the payload. Kubernetes objects stay below 30 and
/// the policy server itself stops at 128.
const DEPTH: u32 = 128;

/// How many bytes the elements of all lists of a document may take once they are read: 8 MiB in the module, where a
/// word has 32 bits. A container of two characters takes hundreds; as the API server writes them, with its defaults, no
/// list takes much more than its text.
const ELEMENTS: usize = size_of::<usize>() << 21;

/// A cursor over a JSON document.
#[derive(Debug)]
pub struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: u32,
    /// How many bytes of elements may still be read.
    room: usize,
}

/// Where a value starts, and how deep.
#[derive(Debug)]
pub struct Mark {
    /// The position, in bytes.
    pub at: usize,
    depth: u32,
}

/// The position behind the value that starts at a position, for those who read a stream piece by piece; `None` if it has no
/// end here, or nests too deep. Inside of objects and lists only brackets are counted: their text is yet to be checked.
///
/// ```
/// use pod_security_policy::json::end_of_value;
///
/// assert_eq!(end_of_value(br#"[{"a": "]"}, 2]"#, 1), Some(11));
/// assert_eq!(end_of_value(br#"{"a": "#, 0), None);
/// ```
pub fn end_of_value(bytes: &[u8], at: usize) -> Option<usize> {
    Some(skip::over(bytes, at, 0)).filter(|end| *end != scan::FAULT)
}

impl<'a> Reader<'a> {
    /// A cursor at the start of `text`.
    pub fn new(text: &'a str) -> Self {
        Reader { text, at: 0, depth: 0, room: ELEMENTS }
    }

    /// Reads the whole of `text` as one value.
    pub fn document<T: Decode<'a>>(text: &'a str) -> Read<T> {
        let mut reader = Reader::new(text);
        let value = reader.value()?;
        reader.end()?;
        Ok(value)
    }

    /// Makes sure that nothing but white space follows.
    pub fn end(&mut self) -> Read<()> {
        match self.next_byte() {
            None => Ok(()),
            Some(_) => Err(self.malformed("something follows the end of the document")),
        }
    }

    /// The next byte that is not white space, to which the cursor moves: of a value it determines the type.
    #[inline(always)]
    pub fn next_byte(&mut self) -> Option<u8> {
        self.at = scan::blank(self.text.as_bytes(), self.at);
        self.byte()
    }

    /// The start of the next value, to come back to.
    pub fn mark(&mut self) -> Mark {
        self.next_byte();
        Mark { at: self.at, depth: self.depth }
    }

    /// Goes back to the start of a value.
    pub fn rewind(&mut self, mark: &Mark) {
        self.at = mark.at;
        self.depth = mark.depth;
    }

    /// How far the cursor has come, in bytes.
    pub fn position(&self) -> usize {
        self.at
    }

    /// The text from `start` up to the cursor.
    #[inline(always)]
    pub fn since(&self, start: usize) -> &'a str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    /// Reads a field into its default, which `null` leaves there.
    pub fn field<T: Decode<'a>>(&mut self, field: &mut T) -> Read<()> {
        if self.null()? { Ok(()) } else { field.decode(self) }
    }

    /// Reads a value that is not `null`.
    pub fn value<T: Decode<'a>>(&mut self) -> Read<T> {
        let mut value = T::default();
        value.decode(self)?;
        Ok(value)
    }

    /// Skips a `null`, if that comes next.
    #[inline(always)]
    pub fn null(&mut self) -> Read<bool> {
        let is_null = self.next_byte() == Some(b'n');
        if is_null {
            self.scalar()?;
        }
        Ok(is_null)
    }

    /// Reads an object, calling `each` for every key with the cursor before its value.
    pub fn object(&mut self, mut each: impl FnMut(&mut Self, &Text<'a>) -> Read<()>) -> Read<()> {
        let mut is_open = false;
        while let Some(key) = self.key(mem::replace(&mut is_open, true))? {
            each(self, &key).map_err(|error| error.in_key(&key))?;
        }
        Ok(())
    }

    /// The next key of an object, with the cursor before its value; none at its end. What all objects have in common
    /// is compiled once.
    #[inline(never)]
    fn key(&mut self, is_open: bool) -> Read<Option<Text<'a>>> {
        if self.is_over(is_open, b'{')? {
            return Ok(None);
        }
        if self.next_byte() != Some(b'"') {
            return Err(self.malformed("a key in quotes must come here"));
        }
        let key = self.quoted()?;
        if self.next_byte() != Some(b':') {
            return Err(self.malformed("a colon must come here").in_key(&key));
        }
        self.at += 1;
        Ok(Some(key))
    }

    /// Reads a list, calling `each` for every index with the cursor before its element.
    pub fn list(&mut self, mut each: impl FnMut(&mut Self, usize) -> Read<()>) -> Read<()> {
        let mut index = 0;
        while self.has_element(index > 0)? {
            each(self, index).map_err(|error| error.at(index))?;
            index += 1;
        }
        Ok(())
    }

    /// Whether a list has another element, to which the cursor moves.
    #[inline(never)]
    fn has_element(&mut self, is_open: bool) -> Read<bool> {
        self.is_over(is_open, b'[').map(|is_over| !is_over)
    }

    /// Opens an object or a list, or moves on behind one of its elements; returns whether it ends there.
    #[inline(always)]
    fn is_over(&mut self, is_open: bool, opening: u8) -> Read<bool> {
        if !is_open {
            if self.next_byte() != Some(opening) {
                return Err(self.mismatch(if opening == b'{' { "an object" } else { "a list" }));
            }
            if self.depth == DEPTH {
                return Err(Error::too_deep());
            }
            self.depth += 1;
            self.at += 1;
        }
        let next = self.next_byte();
        // The closing bracket stands two behind the opening one in ASCII.
        let is_over = next == Some(opening + 2);
        if is_over {
            self.depth -= 1;
        } else if !is_open {
            return Ok(false);
        } else if next != Some(b',') {
            return Err(self.malformed("a comma or a closing bracket must come here"));
        }
        self.at += 1;
        Ok(is_over)
    }

    /// Skips a value, whatever it is, checking that it is well-formed.
    #[inline(never)]
    pub fn skip(&mut self) -> Read<()> {
        self.at = walk::walk(self.text.as_bytes(), self.at, self.depth, &mut ())?;
        Ok(())
    }

    /// Skips a value that is not read, fast and without checking its inside.
    #[inline(never)]
    pub fn skip_unchecked(&mut self) -> Read<()> {
        let end = skip::over(self.text.as_bytes(), self.at, self.depth);
        if end == scan::FAULT {
            // Skipped once more, to find out why.
            self.skip()?;
            return Err(self.malformed("a value must come here"));
        }
        self.at = end;
        Ok(())
    }

    /// Skips a value that is kept for later and returns its text, without surrounding white space.
    pub fn raw(&mut self) -> Read<&'a str> {
        self.next_byte();
        let start = self.at;
        self.skip_unchecked()?;
        Ok(self.since(start))
    }

    #[inline(always)]
    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    #[cold]
    fn malformed(&self, reason: &str) -> Error {
        Error::malformed(reason, self.at)
    }

    #[cold]
    fn mismatch(&mut self, wanted: &str) -> Error {
        let start = self.at;
        if let Err(error) = self.skip() {
            return error;
        }
        let value = self.since(start);
        let found = match value.as_bytes().first() {
            Some(b'"') => format!("the string {}", Brief(value)),
            Some(b'{') => "an object".to_owned(),
            Some(b'[') => "a list".to_owned(),
            _ => Brief(value).to_string(),
        };
        Error::mismatch(wanted, found)
    }
}

#[cfg(test)]
mod tests;
