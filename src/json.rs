//! Reading JSON once, in place.
//!
//! A review is read by a fresh instance for every request, so the reader borrows from the payload, hands each key to
//! its caller and lets the caller skip what it does not govern: there is no tree and no copy. It is as strict as
//! [RFC 8259] and `serde_json` are (a test holds the two against each other), and every fault knows the path to it,
//! which costs nothing until there is one.
//!
//! [RFC 8259]: https://www.rfc-editor.org/rfc/rfc8259

mod leap;
mod scan;
mod tape;

use std::borrow::Cow;
use std::fmt;

pub(crate) use tape::{Kind, Node};

/// Text of the document: borrowed unless it holds an escape.
pub type Text<'a> = Cow<'a, str>;

/// How deep arrays and objects may nest, counted from the root of the payload. Kubernetes objects stay below 30 and
/// the policy server itself stops at 128.
const DEPTH: u32 = 128;

/// Why a document cannot be read, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault(Box<(Vec<Step>, String)>);

/// One step from an object or a list to what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
    /// Several steps, written out.
    Way(String),
}

/// What reading comes to.
pub type Read<T> = Result<T, Fault>;

impl Fault {
    /// A fault at the place that is being read.
    pub fn new(reason: impl Into<String>) -> Self {
        Fault(Box::new((Vec::new(), reason.into())))
    }

    /// The same fault, seen from the object that holds the faulty value under `key`.
    #[must_use]
    pub fn under(mut self, key: &str) -> Self {
        self.0.0.push(Step::Key(key.to_owned()));
        self
    }

    /// The same fault, seen from further up: `path` leads to the object that was read.
    #[must_use]
    pub fn beneath(mut self, path: &str) -> Self {
        self.0.0.push(Step::Way(path.to_owned()));
        self
    }

    /// The same fault, seen from the list that holds the faulty value at `index`.
    #[must_use]
    fn at(mut self, index: usize) -> Self {
        self.0.0.push(Step::Index(index));
        self
    }
}

/// `spec.containers[0].ports: must be a list, not a string`; a fault of the whole document has no path.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (steps, reason) = &*self.0;
        for (nth, step) in steps.iter().rev().enumerate() {
            match step {
                Step::Key(key) if key.contains(['.', '/', '[']) => write!(f, "[{}]", Brief(key))?,
                Step::Key(key) if nth == 0 => write!(f, "{}", Brief(key))?,
                Step::Key(key) => write!(f, ".{}", Brief(key))?,
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Way(path) => f.write_str(path)?,
            }
        }
        if !steps.is_empty() {
            f.write_str(": ")?;
        }
        f.write_str(reason)
    }
}

impl std::error::Error for Fault {}

/// The first characters of a text that somebody else wrote, so that no payload is echoed whole.
pub struct Brief<'a>(pub &'a str);

impl fmt::Display for Brief<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LONGEST: usize = 100;
        match self.0.char_indices().nth(LONGEST).and_then(|(end, _)| self.0.get(..end)) {
            Some(start) => write!(f, "{start}…"),
            None => f.write_str(self.0),
        }
    }
}

/// A type that is read from JSON.
///
/// [`Default`] is what an absent or `null` field reads as: Kubernetes does not tell the two apart.
pub trait Decode<'a>: Default {
    /// Reads one value that is not `null` into a default: where it is to stay, since moving what is large takes a call of
    /// the host.
    fn decode(&mut self, reader: &mut Reader<'a>) -> Read<()>;
}

/// A cursor over a JSON document.
#[derive(Debug)]
pub struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: u32,
}

/// Where a value starts, and how deep.
#[derive(Debug)]
pub struct Mark {
    at: usize,
    depth: u32,
}

impl Mark {
    /// The position, in bytes.
    pub fn at(&self) -> usize {
        self.at
    }
}

impl<'a> Reader<'a> {
    /// A cursor at the start of `text`.
    pub fn new(text: &'a str) -> Self {
        Reader { text, at: 0, depth: 0 }
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
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.malformed("something follows the end of the document")),
        }
    }

    /// The first byte of the next value, which tells its type.
    pub fn next_byte(&mut self) -> Option<u8> {
        self.peek()
    }

    /// Where the next value starts, to come back to.
    pub fn mark(&mut self) -> Mark {
        self.peek();
        Mark { at: self.at, depth: self.depth }
    }

    /// Goes back to where a value starts.
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

    /// Steps over a `null`, if that comes next.
    #[inline(always)]
    pub fn null(&mut self) -> Read<bool> {
        if self.peek() != Some(b'n') {
            return Ok(false);
        }
        self.skip()?;
        Ok(true)
    }

    /// Reads an object, calling `each` for every key with the cursor before its value.
    pub fn object(&mut self, mut each: impl FnMut(&mut Self, &Text<'a>) -> Read<()>) -> Read<()> {
        self.open(b'{', "an object")?;
        if !self.closes(b'}') {
            loop {
                if self.peek() != Some(b'"') {
                    return Err(self.malformed("a key in quotes must come here"));
                }
                let key = self.string()?;
                if self.peek() != Some(b':') {
                    return Err(self.malformed("a colon must come here").under(&key));
                }
                self.at += 1;
                each(self, &key).map_err(|fault| fault.under(&key))?;
                if self.continues(b'}')? {
                    break;
                }
            }
        }
        self.depth -= 1;
        Ok(())
    }

    /// Reads a list, calling `each` for every index with the cursor before its element.
    pub fn list(&mut self, mut each: impl FnMut(&mut Self, usize) -> Read<()>) -> Read<()> {
        self.open(b'[', "a list")?;
        if !self.closes(b']') {
            let mut index = 0;
            loop {
                each(self, index).map_err(|fault| fault.at(index))?;
                if self.continues(b']')? {
                    break;
                }
                index += 1;
            }
        }
        self.depth -= 1;
        Ok(())
    }

    /// Reads a string.
    #[inline(never)]
    pub fn string(&mut self) -> Read<Text<'a>> {
        if self.peek() != Some(b'"') {
            return Err(self.mismatch("a string"));
        }
        let start = self.at + 1;
        self.at = scan::plain(self.text.as_bytes(), start);
        if self.byte() == Some(b'"') {
            let text = self.since(start);
            self.at += 1;
            return Ok(Cow::Borrowed(text));
        }
        self.escaped_string(start).map(Cow::Owned)
    }

    /// Reads a boolean.
    #[inline(never)]
    pub fn boolean(&mut self) -> Read<bool> {
        match self.peek() {
            Some(b't') => self.skip().map(|()| true),
            Some(b'f') => self.skip().map(|()| false),
            _ => Err(self.mismatch("true or false")),
        }
    }

    /// Reads a whole number of 64 bits, without a fraction or an exponent.
    #[inline(never)]
    pub fn integer(&mut self) -> Read<i64> {
        if !matches!(self.peek(), Some(b'-' | b'0'..=b'9')) {
            return Err(self.mismatch("a whole number"));
        }
        let start = self.at;
        self.skip()?;
        let digits = self.since(start);
        digits
            .parse()
            .map_err(|_| Fault::new(format!("must be a whole number of 64 bits, not {}", Brief(digits))))
    }

    /// Steps over a value, whatever it is, checking that it is well-formed.
    #[inline(never)]
    pub fn skip(&mut self) -> Read<()> {
        let end = scan::value(self.text.as_bytes(), self.at, self.depth);
        if end == scan::FAULT {
            return Err(scan::fault(self.text.as_bytes(), self.at, self.depth));
        }
        self.at = end;
        Ok(())
    }

    /// Steps over a value that nobody reads, fast and without a look at what is inside.
    #[inline(never)]
    pub fn leap(&mut self) -> Read<()> {
        let end = leap::over(self.text.as_bytes(), self.at, self.depth);
        if end == scan::FAULT {
            return Err(scan::fault(self.text.as_bytes(), self.at, self.depth));
        }
        self.at = end;
        Ok(())
    }

    /// Steps over a value that is kept for later and returns its text, surrounding white space left off.
    pub fn raw(&mut self) -> Read<&'a str> {
        self.peek();
        let start = self.at;
        self.leap()?;
        Ok(self.since(start))
    }

    /// Reads on from the first escape of a string whose content starts at `start`.
    #[cold]
    fn escaped_string(&mut self, start: usize) -> Read<String> {
        let bytes = self.text.as_bytes();
        let end = scan::string(bytes, self.at);
        if end == scan::FAULT {
            return Err(scan::fault(bytes, start - 1, self.depth));
        }
        let mut text = self.since(start).to_owned();
        while self.at + 1 < end {
            match bytes.get(self.at + 1) {
                Some(b'n') => text.push('\n'),
                Some(b't') => text.push('\t'),
                Some(b'r') => text.push('\r'),
                Some(b'b') => text.push('\u{8}'),
                Some(b'f') => text.push('\u{c}'),
                Some(b'u') => text.push(self.unicode()?),
                Some(plain) => text.push(char::from(*plain)),
                None => {}
            }
            let run = self.at + 2;
            self.at = scan::plain(bytes, run);
            text.push_str(self.text.get(run..self.at).unwrap_or_default());
        }
        self.at = end;
        Ok(text)
    }

    /// Reads a `\u` escape, or two of them that make one character, up to the last two digits.
    fn unicode(&mut self) -> Read<char> {
        let bytes = self.text.as_bytes();
        let first = scan::hex(bytes, self.at + 2);
        let second = if bytes.get(self.at + 6..self.at + 8) == Some(b"\\u") {
            scan::hex(bytes, self.at + 8)
        } else {
            None
        };
        let code = match (first, second) {
            (Some(high @ 0xD800..=0xDBFF), Some(low @ 0xDC00..=0xDFFF)) => {
                self.at += 10;
                Some(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))
            }
            _ => {
                self.at += 4;
                first
            }
        };
        let half = "half a surrogate pair stands in a string";
        code.and_then(char::from_u32).ok_or_else(|| scan::malformed(half, self.at - 4))
    }

    fn open(&mut self, bracket: u8, wanted: &str) -> Read<()> {
        if self.peek() != Some(bracket) {
            return Err(self.mismatch(wanted));
        }
        if self.depth == DEPTH {
            return Err(scan::too_deep());
        }
        self.depth += 1;
        self.at += 1;
        Ok(())
    }

    /// Whether the object or list just opened is empty; its end is stepped over.
    #[inline(always)]
    fn closes(&mut self, bracket: u8) -> bool {
        let empty = self.peek() == Some(bracket);
        if empty {
            self.at += 1;
        }
        empty
    }

    /// Steps over what stands behind an element, and says whether it was the last one.
    #[inline(always)]
    fn continues(&mut self, bracket: u8) -> Read<bool> {
        let next = self.peek();
        if next == Some(b',') || next == Some(bracket) {
            self.at += 1;
            return Ok(next == Some(bracket));
        }
        Err(self.malformed("a comma or a closing bracket must come here"))
    }

    #[inline(always)]
    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The next byte that is not white space; the cursor moves to it.
    #[inline(always)]
    fn peek(&mut self) -> Option<u8> {
        self.at = scan::blank(self.text.as_bytes(), self.at);
        self.byte()
    }

    #[cold]
    fn malformed(&self, reason: &str) -> Fault {
        scan::malformed(reason, self.at)
    }

    #[cold]
    fn mismatch(&mut self, wanted: &str) -> Fault {
        let start = self.at;
        let value = match self.skip().map(|()| self.since(start)) {
            Ok(value) => value,
            Err(fault) => return fault,
        };
        let found = match value.as_bytes().first() {
            Some(b'"') => format!("the string {}", Brief(value)),
            Some(b'{') => "an object".to_owned(),
            Some(b'[') => "a list".to_owned(),
            _ => Brief(value).to_string(),
        };
        Fault::new(format!("must be {wanted}, not {found}"))
    }
}

impl<'a> Decode<'a> for bool {
    fn decode(&mut self, reader: &mut Reader<'a>) -> Read<()> {
        *self = reader.boolean()?;
        Ok(())
    }
}

impl<'a> Decode<'a> for i64 {
    fn decode(&mut self, reader: &mut Reader<'a>) -> Read<()> {
        *self = reader.integer()?;
        Ok(())
    }
}

impl<'a> Decode<'a> for Text<'a> {
    fn decode(&mut self, reader: &mut Reader<'a>) -> Read<()> {
        *self = reader.string()?;
        Ok(())
    }
}

impl<'a, T: Decode<'a>> Decode<'a> for Option<T> {
    fn decode(&mut self, reader: &mut Reader<'a>) -> Read<()> {
        self.get_or_insert_default().decode(reader)
    }
}

impl<'a, T: Decode<'a>> Decode<'a> for Vec<T> {
    fn decode(&mut self, reader: &mut Reader<'a>) -> Read<()> {
        reader.list(|reader, _| {
            self.push(T::default());
            self.last_mut().map_or(Ok(()), |element| element.decode(reader))
        })
    }
}

/// Implements [`Decode`] for a struct: each named key is read into the field beside it, all others are skipped.
///
/// A governed key that stands twice is a fault: readers differ on which one counts.
macro_rules! decode {
    ($type:ty { $($key:literal => $field:ident),+ $(,)? }) => {
        impl<'a> $crate::json::Decode<'a> for $type {
            fn decode(&mut self, reader: &mut $crate::json::Reader<'a>) -> $crate::json::Read<()> {
                #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
                enum Key { $($field),+ }
                let mut seen = 0_u32;
                reader.object(|reader, key| match &**key {
                    $($key => {
                        $crate::json::once(&mut seen, Key::$field as u32)?;
                        reader.field(&mut self.$field)
                    })+
                    _ => reader.leap(),
                })
            }
        }
    };
}
pub(crate) use decode;

/// Marks the key with this number as seen; twice is a fault.
pub(crate) fn once(seen: &mut u32, key: u32) -> Read<()> {
    let bit = 1 << key;
    if *seen & bit != 0 {
        return Err(Fault::new("stands twice in the same object"));
    }
    *seen |= bit;
    Ok(())
}

/// A text as a JSON string, quotes and escapes included.
///
/// Escapes what [RFC 8259](https://www.rfc-editor.org/rfc/rfc8259#section-7) demands and nothing more.
pub struct Quoted<'a>(pub &'a str);

impl Quoted<'_> {
    /// Writes it without the machinery of formatting, which a new instance has to set up.
    pub(crate) fn write_to(&self, out: &mut impl fmt::Write) -> fmt::Result {
        out.write_char('"')?;
        let mut rest = self.0;
        loop {
            let end = scan::plain(rest.as_bytes(), 0);
            out.write_str(rest.get(..end).unwrap_or_default())?;
            match rest.as_bytes().get(end) {
                None => break,
                Some(b'"') => out.write_str("\\\"")?,
                Some(b'\\') => out.write_str("\\\\")?,
                Some(b'\n') => out.write_str("\\n")?,
                Some(b'\r') => out.write_str("\\r")?,
                Some(b'\t') => out.write_str("\\t")?,
                Some(control) => write!(out, "\\u{control:04x}")?,
            }
            rest = rest.get(end + 1..).unwrap_or_default();
        }
        out.write_char('"')
    }
}

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_to(f)
    }
}

#[cfg(test)]
mod tests;
