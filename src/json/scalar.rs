//! Strings, booleans and numbers.

use std::borrow::Cow;

use super::{Brief, Decode, Error, Read, Reader, STRING, Text, scan};

impl<'a> Reader<'a> {
    /// Reads a string.
    #[inline(never)]
    pub fn string(&mut self) -> Read<Text<'a>> {
        if self.next_byte() != Some(b'"') {
            return Err(self.mismatch(STRING));
        }
        self.quoted()
    }

    /// Reads the string whose opening quote comes next.
    #[inline(always)]
    pub(super) fn quoted(&mut self) -> Read<Text<'a>> {
        let start = self.at + 1;
        self.at = scan::plain(self.text.as_bytes(), start);
        if self.byte() == Some(b'"') {
            let text = self.since(start);
            self.at += 1;
            return Ok(Cow::Borrowed(text));
        }
        self.escaped_string(start).map(Cow::Owned)
    }

    /// Reads a number, `true`, `false` or `null` that comes next, as it is written.
    #[inline(never)]
    pub(super) fn scalar(&mut self) -> Read<&'a str> {
        let start = self.at;
        (_, self.at) = scan::scalar(self.text.as_bytes(), start)?;
        Ok(self.since(start))
    }

    /// Reads on from the first escape of a string whose content starts at `start`.
    #[cold]
    fn escaped_string(&mut self, start: usize) -> Read<String> {
        let bytes = self.text.as_bytes();
        let end = scan::escapes(bytes, self.at)?;
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
        let follows = bytes.get(self.at + 6..self.at + 8) == Some(b"\\u");
        let second = follows.then(|| scan::hex(bytes, self.at + 8)).flatten();
        let Some(Ok(character)) = char::decode_utf16(first.into_iter().chain(second)).next() else {
            return Err(self.malformed("half a surrogate pair stands in a string"));
        };
        self.at += if character.len_utf16() == 1 { 4 } else { 10 };
        Ok(character)
    }
}

/// A boolean.
impl<'a> Decode<'a> for bool {
    #[inline(never)]
    fn decode(&mut self, reader: &mut Reader<'a>) -> Read<()> {
        let first = reader.next_byte();
        if !matches!(first, Some(b't' | b'f')) {
            return Err(reader.mismatch("true or false"));
        }
        reader.scalar()?;
        *self = first == Some(b't');
        Ok(())
    }
}

/// A whole number of 64 bits, without a fraction or an exponent.
impl<'a> Decode<'a> for i64 {
    #[inline(never)]
    fn decode(&mut self, reader: &mut Reader<'a>) -> Read<()> {
        if !matches!(reader.next_byte(), Some(b'-' | b'0'..=b'9')) {
            return Err(reader.mismatch("a whole number"));
        }
        let digits = reader.scalar()?;
        *self = digits
            .parse()
            .map_err(|_| Error::new(format!("must be a whole number of 64 bits, not {}", Brief(digits))))?;
        Ok(())
    }
}
