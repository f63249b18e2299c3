//! A reader that knows at which line and column it is.

use std::cell::RefCell;
use std::io::{self, BufRead, Read};
use std::rc::Rc;

use crate::input::Mark;

struct Tracker<R> {
    source: R,
    /// The place of the next byte.
    at: Mark,
    /// The part read of a document that may turn out not to be a list.
    copy: Option<Vec<u8>>,
}

/// A reader that tracks its position, shared with the parser that reads from it.
pub(super) struct Tracked<R>(Rc<RefCell<Tracker<R>>>);

impl<R> Clone for Tracked<R> {
    fn clone(&self) -> Self {
        Tracked(Rc::clone(&self.0))
    }
}

impl<R: BufRead> Tracker<R> {
    fn next(&mut self) -> io::Result<Option<u8>> {
        let Some(byte) = self.source.fill_buf()?.first().copied() else { return Ok(None) };
        self.source.consume(1);
        match byte {
            b'\n' => self.at = Mark { line: self.at.line.saturating_add(1), column: 1 },
            // The second and later bytes of a character.
            0x80..=0xBF => {}
            _ => self.at.column = self.at.column.saturating_add(1),
        }
        if let Some(copy) = &mut self.copy {
            copy.push(byte);
        }
        Ok(Some(byte))
    }
}

impl<R: BufRead> Tracker<R> {
    /// Steps over a line that separates documents.
    fn separator(&mut self) -> io::Result<()> {
        let mut line = Vec::new();
        while let Some(byte) = self.next()? {
            if byte == b'\n' {
                break;
            }
            line.push(byte);
        }
        let Some(rest) = line.strip_prefix(b"---") else {
            return Err(io::Error::other("expected an object"));
        };
        let rest = rest.trim_ascii();
        if rest.is_empty() || rest.starts_with(b"#") {
            return Ok(());
        }
        Err(io::Error::other(
            "something behind `---`, which kubectl takes for a separator alone: start a new line",
        ))
    }
}

impl<R: BufRead> Tracked<R> {
    pub(super) fn new(source: R, line: u32) -> Self {
        Tracked(Rc::new(RefCell::new(Tracker { source, at: Mark { line, column: 1 }, copy: None })))
    }

    pub(super) fn at(&self) -> Mark {
        self.0.borrow().at
    }

    /// The place of the byte that was read last.
    pub(super) fn last(&self) -> Mark {
        let Mark { line, column } = self.at();
        Mark { line, column: column.saturating_sub(1).max(1) }
    }

    /// Skips white space; nothing follows where the input ends.
    pub(super) fn next_document(&self) -> io::Result<Option<Mark>> {
        let mut tracker = self.0.borrow_mut();
        loop {
            let starts_line = tracker.at.column == 1;
            match tracker.source.fill_buf()?.first() {
                None => return Ok(None),
                Some(byte) if byte.is_ascii_whitespace() => {
                    tracker.next()?;
                }
                // Documents of JSON may be separated like those of YAML.
                Some(b'-') if starts_line => tracker.separator()?,
                Some(_) => {
                    tracker.copy = Some(Vec::new());
                    return Ok(Some(tracker.at));
                }
            }
        }
    }

    pub(super) fn end_copy(&self) -> Option<Vec<u8>> {
        self.0.borrow_mut().copy.take()
    }
}

impl<R: BufRead> Read for Tracked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(slot) = buffer.first_mut() else { return Ok(0) };
        match self.0.borrow_mut().next()? {
            None => Ok(0),
            Some(byte) => {
                *slot = byte;
                Ok(1)
            }
        }
    }
}
