//! The place of what is not JSON, in a text that is known not to be. It is read byte by byte, by a parser that says why.

use std::cell::RefCell;
use std::io::{self, Read};
use std::rc::Rc;

use serde::Deserialize as _;
use serde_json::value::RawValue;

use crate::input::Mark;

/// What is open where the rest of a text starts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Open {
    /// Nothing: a document starts.
    Document,
    /// An object, behind a member.
    Members,
    /// A list, before its first element.
    List,
    /// A list, behind an element.
    Elements,
}

impl Open {
    /// The shortest text that leaves the same open.
    fn prefix(self) -> &'static str {
        match self {
            Open::Document => "",
            Open::Members => r#"{"":"""#,
            Open::List => "[",
            Open::Elements => "[\"\"",
        }
    }
}

/// A reader that knows at which line and column it is, and keeps what it has read.
struct Tracked<R> {
    source: io::Bytes<R>,
    progress: Rc<RefCell<Progress>>,
}

struct Progress {
    /// The place of the next byte.
    at: Mark,
    read: Vec<u8>,
}

impl<R: Read> Read for Tracked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (Some(slot), Some(byte)) = (buffer.first_mut(), self.source.next().transpose()?) else {
            return Ok(0);
        };
        let mut progress = self.progress.borrow_mut();
        progress.at = match byte {
            b'\n' => Mark { line: progress.at.line.saturating_add(1), column: 1 },
            // The second and later bytes of a character.
            0x80..=0xBF => progress.at,
            _ => Mark { column: progress.at.column.saturating_add(1), ..progress.at },
        };
        progress.read.push(byte);
        *slot = byte;
        Ok(1)
    }
}

/// The place, the reason, and the text up to there if it belongs to no list.
pub(super) fn locate(rest: impl Read, at: Mark, open: Open) -> (Mark, String, String) {
    let progress = Rc::new(RefCell::new(Progress { at, read: Vec::new() }));
    let tracked = Tracked { source: io::BufReader::new(rest).bytes(), progress: Rc::clone(&progress) };
    let mut reader = serde_json::Deserializer::from_reader(open.prefix().as_bytes().chain(tracked));
    let reason = match Box::<RawValue>::deserialize(&mut reader) {
        Ok(_) => "bytes that are not UTF-8, or a single value of more than 256 MB".to_owned(),
        Err(error) => reason(&error),
    };
    let Progress { at: Mark { line, column }, read } = &*progress.borrow();
    let text =
        if open == Open::Document { String::from_utf8_lossy(read).into_owned() } else { String::new() };
    // The parser has read the byte that it rejects.
    (Mark { line: *line, column: column.saturating_sub(1).max(1) }, reason, text)
}

/// The problem, without its position, which is reported separately.
fn reason(error: &serde_json::Error) -> String {
    if error.is_eof() {
        return "the text ends too early".to_owned();
    }
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or(text.clone(), |(reason, _)| reason.to_owned())
}
