//! Strings, booleans and numbers.

use std::borrow::Cow;

use super::{Brief, Error, Read, Reader, STRING, Text, diagnose, scan};

impl<'a> Reader<'a> {
    /// Reads a string.
    #[inline(never)]
    pub fn string(&mut self) -> Read<Text<'a>> {
        if self.peek() != Some(b'"') {
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
            .map_err(|_| Error::new(format!("must be a whole number of 64 bits, not {}", Brief(digits))))
    }

    /// Reads on from the first escape of a string whose content starts at `start`.
    #[cold]
    fn escaped_string(&mut self, start: usize) -> Read<String> {
        let bytes = self.text.as_bytes();
        let end = scan::string(bytes, self.at);
        if end == scan::FAULT {
            return Err(diagnose::error(bytes, start - 1, self.depth));
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
        code.and_then(char::from_u32).ok_or_else(|| diagnose::malformed(half, self.at - 4))
    }
}
