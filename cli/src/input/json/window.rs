//! The part of a stream that is in memory: what has been read, and not yet taken.

use std::io::{self, Read};

use pod_security_policy::json::end_of_value;

use crate::input::Mark;

/// How much is read at least.
const CHUNK: usize = 1 << 20;

/// A value of which so much has been read has no end: brackets are counted only, so that an unbalanced one would read all
/// of the rest into memory.
const LARGEST: usize = 1 << 28;

/// A window onto a stream.
pub(super) struct Window<R> {
    source: R,
    bytes: Vec<u8>,
    /// How many of the bytes have been taken.
    start: usize,
    /// The place of the first byte that has not been taken.
    at: Mark,
    /// Whether the source has nothing more.
    is_over: bool,
}

impl<R: Read> Window<R> {
    pub(super) fn new(source: R, line: u32) -> Self {
        Window { source, bytes: Vec::new(), start: 0, at: Mark { line, column: 1 }, is_over: false }
    }

    /// What has not been taken.
    pub(super) fn rest(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    /// A part of that.
    pub(super) fn part(&self, from: usize, to: usize) -> &[u8] {
        self.rest().get(from..to).unwrap_or_default()
    }

    /// What has not been taken, and the rest of the source.
    pub(super) fn into_rest(self) -> (Mark, io::Chain<io::Cursor<Vec<u8>>, R>) {
        let mut cursor = io::Cursor::new(self.bytes);
        cursor.set_position(self.start as u64);
        (self.at, cursor.chain(self.source))
    }

    /// The place of the first byte that has not been taken.
    pub(super) fn at(&self) -> Mark {
        self.at
    }

    /// The place of a byte.
    pub(super) fn place(&self, pos: usize) -> Mark {
        let passed = self.part(0, pos);
        let lines = passed.iter().filter(|byte| **byte == b'\n').count();
        let (line, last, column) = match passed.iter().rposition(|byte| *byte == b'\n') {
            Some(end) => (lines, passed.get(end + 1..).unwrap_or_default(), 1),
            None => (0, passed, self.at.column),
        };
        // Not the second and later bytes of a character.
        let characters = last.iter().filter(|byte| !matches!(byte, 0x80..=0xBF)).count();
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Mark {
            line: self.at.line.saturating_add(count(line)),
            column: u32::saturating_add(column, count(characters)),
        }
    }

    /// Takes bytes.
    pub(super) fn take(&mut self, count: usize) {
        self.at = self.place(count);
        self.start += count;
    }

    /// Reads more: as much as there is already, so that what is searched again adds up to no more than twice the input.
    fn more(&mut self) -> io::Result<bool> {
        if self.is_over {
            return Ok(false);
        }
        self.bytes.drain(..self.start);
        self.start = 0;
        let wanted = self.bytes.len().max(CHUNK);
        let before = self.bytes.len();
        let mut limited = (&mut self.source).take(wanted as u64);
        limited.read_to_end(&mut self.bytes)?;
        self.is_over = self.bytes.len() < before + wanted;
        Ok(self.bytes.len() > before)
    }

    /// The byte at a position, and the position, behind white space; none at the end.
    pub(super) fn next(&mut self, mut pos: usize) -> io::Result<(usize, Option<u8>)> {
        loop {
            let blank = |byte: &&u8| matches!(byte, b' ' | b'\n' | b'\t' | b'\r');
            pos += self.rest().get(pos..).unwrap_or_default().iter().take_while(blank).count();
            if let Some(byte) = self.rest().get(pos) {
                return Ok((pos, Some(*byte)));
            }
            if !self.more()? {
                return Ok((pos, None));
            }
        }
    }

    /// The position behind the value at a position; none if it has no end.
    pub(super) fn end(&mut self, pos: usize) -> io::Result<Option<usize>> {
        loop {
            let rest = self.rest();
            let end = end_of_value(rest, pos);
            // A number may go on in what is still to be read, and no other value follows it at once, as in `05`.
            if end.is_some_and(|end| end < rest.len()) || self.is_over || rest.len() > LARGEST {
                let goes_on = |end: &usize| rest.get(*end).is_some_and(u8::is_ascii_alphanumeric);
                return Ok(end.filter(|end| !goes_on(end)));
            }
            self.more()?;
        }
    }

    /// A line, with its end.
    pub(super) fn line(&mut self) -> io::Result<usize> {
        loop {
            if let Some(end) = self.rest().iter().position(|byte| *byte == b'\n') {
                return Ok(end + 1);
            }
            if !self.more()? {
                return Ok(self.rest().len());
            }
        }
    }
}
