//! Reading a value with all that it holds, checked to the last character.

use super::scan::{Kind, blank, escapes, plain, scalar};
use super::{DEPTH, Error, Read};

/// Where a part of the document lies. Of a string: what is between its quotes, and whether there are escapes in it.
#[derive(Clone, Copy, Default)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) is_escaped: bool,
}

/// Takes the values as they are found. The implementation for `()` takes none: they are skipped.
pub(super) trait Sink {
    /// A value, under its key if an object holds it. The text of an object or a list does not end yet.
    fn value(&mut self, _kind: Kind, _key: Span, _text: Span) {}

    /// The end of the object or list that began last and is still open.
    fn end(&mut self, _at: usize) -> Read<()> {
        Ok(())
    }
}

impl Sink for () {}

/// The position behind the value at `at`, which is within `depth` objects and lists.
///
/// # Errors
///
/// The first error, however deep.
pub(super) fn walk(bytes: &[u8], mut at: usize, depth: u32, sink: &mut impl Sink) -> Read<usize> {
    // One bit for each object or list that is open here: whether it is an object.
    let mut open: u128 = 0;
    let mut nested = 0;
    'value: loop {
        at = blank(bytes, at);
        let mut key = Span::default();
        if open & 1 == 1 {
            if bytes.get(at) != Some(&b'"') {
                return Err(Error::malformed("a key in quotes must come here", at));
            }
            key = string(bytes, at)?;
            at = blank(bytes, key.end + 1);
            if bytes.get(at) != Some(&b':') {
                return Err(Error::malformed("a colon must come here", at));
            }
            at = blank(bytes, at + 1);
        }
        match bytes.get(at) {
            Some(b'"') => {
                let text = string(bytes, at)?;
                sink.value(Kind::Text, key, text);
                at = text.end + 1;
            }
            Some(bracket @ (b'{' | b'[')) => {
                if depth + nested == DEPTH {
                    return Err(Error::too_deep());
                }
                let is_object = *bracket == b'{';
                let kind = if is_object { Kind::Object } else { Kind::List };
                sink.value(kind, key, Span { start: at, end: bytes.len(), is_escaped: false });
                nested += 1;
                open = open << 1 | u128::from(is_object);
                at = blank(bytes, at + 1);
                // The closing bracket stands two behind the opening one in ASCII.
                if bytes.get(at) != Some(&(bracket + 2)) {
                    continue 'value;
                }
            }
            _ => {
                let (kind, end) = scalar(bytes, at)?;
                sink.value(kind, key, Span { start: at, end, is_escaped: false });
                at = end;
            }
        }
        while nested > 0 {
            at = blank(bytes, at);
            let in_object = open & 1 == 1;
            match bytes.get(at) {
                Some(b',') => {
                    at += 1;
                    continue 'value;
                }
                Some(b'}') if in_object => {}
                Some(b']') if !in_object => {}
                _ => return Err(Error::malformed("a comma or a closing bracket must come here", at)),
            }
            at += 1;
            nested -= 1;
            open >>= 1;
            sink.end(at)?;
        }
        return Ok(at);
    }
}

/// The string whose opening quote is at `at`.
#[inline(always)]
fn string(bytes: &[u8], at: usize) -> Read<Span> {
    let start = at + 1;
    let end = plain(bytes, start);
    let is_escaped = bytes.get(end) != Some(&b'"');
    Ok(Span { start, end: if is_escaped { escapes(bytes, end)? - 1 } else { end }, is_escaped })
}
