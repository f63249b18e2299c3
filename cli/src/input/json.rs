//! JSON, one object at a time: a dump of a cluster is one list, and need not fit into memory.

mod kubectl;
mod locate;
mod survey;
mod window;

use std::io::{self, Read};

use serde::de::IgnoredAny;

use super::place::Mark;
use locate::{Open, locate};
use window::Window;

pub(super) use kubectl::{AsSent, as_kubectl_sends};
pub(super) use survey::{Survey, survey};

/// A text and where it starts.
pub(super) struct Piece {
    pub(super) text: String,
    pub(super) at: Mark,
    /// What is known about it.
    pub(super) survey: Survey,
    /// The kind that the list states for its items: `Pod` and `v1` of a `PodList`, which omits both in its items.
    pub(super) listed: Option<(String, String)>,
    /// Whether it stands in a list that is not an object.
    pub(super) is_element: bool,
}

/// Why reading ended early.
pub(super) enum Stop<E> {
    /// The text is not JSON; with the part read of a document that is not a list so far.
    Malformed { at: Mark, reason: String, text: String },
    /// The receiver of the objects wants no more.
    Refused(E),
}

/// Why a document cannot be read further.
enum Fault<E> {
    /// It is not JSON: where that is found out again, byte by byte.
    Malformed(Open),
    /// The items of a list are something else, at a position.
    NoList(usize),
    Unread(io::Error),
    Refused(E),
}

impl<E> From<io::Error> for Fault<E> {
    fn from(error: io::Error) -> Self {
        Fault::Unread(error)
    }
}

/// Receives the pieces.
type TakePiece<'t, E> = &'t mut dyn FnMut(Piece) -> Result<(), E>;

/// Calls `take` for every object: those of lists, and documents that are not lists.
///
/// `line` is the number of the first line. The ends of values are found by counting brackets, and each piece is parsed
/// afterwards.
pub(super) fn read<R: Read, E>(source: R, line: u32, take: TakePiece<'_, E>) -> Result<(), Stop<E>> {
    let mut documents = Documents { window: Window::new(source, line), take };
    loop {
        match documents.next() {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            Err(Fault::Refused(refused)) => return Err(Stop::Refused(refused)),
            Err(Fault::Unread(error)) => {
                let (at, reason) = (documents.window.at(), error.to_string());
                return Err(Stop::Malformed { at, reason, text: String::new() });
            }
            Err(Fault::NoList(pos)) => {
                let text = String::from_utf8_lossy(documents.window.part(0, pos)).into_owned();
                let (at, reason) =
                    (documents.window.place(pos), "the `items` of a list must be a list".to_owned());
                return Err(Stop::Malformed { at, reason, text });
            }
            Err(Fault::Malformed(open)) => {
                let (at, rest) = documents.window.into_rest();
                let (at, reason, text) = locate(rest, at, open);
                return Err(Stop::Malformed { at, reason, text });
            }
        }
    }
}

/// The documents of a stream.
struct Documents<'t, R, E> {
    window: Window<R>,
    take: TakePiece<'t, E>,
}

impl<R: Read, E> Documents<'_, R, E> {
    /// Reads the next document; `false` at the end.
    fn next(&mut self) -> Result<bool, Fault<E>> {
        let (pos, first) = self.window.next(0)?;
        self.window.take(pos);
        match first {
            None => return Ok(false),
            // Documents of JSON may be separated like those of YAML.
            Some(b'-') if self.window.at().column == 1 => self.separator()?,
            Some(b'{') => self.object()?,
            Some(b'[') => self.elements(None, true)?,
            Some(_) => {
                let end = self.window.end(0)?.ok_or(Fault::Malformed(Open::Document))?;
                self.piece(0, end, None, false, Open::Document)?;
                self.window.take(end);
            }
        }
        Ok(true)
    }

    /// Steps over a line that separates documents.
    fn separator(&mut self) -> Result<(), Fault<E>> {
        let length = self.window.line()?;
        let line = self.window.part(0, length).trim_ascii_end();
        let Some(rest) = line.strip_prefix(b"---") else {
            return Err(io::Error::other("expected an object").into());
        };
        let rest = rest.trim_ascii();
        if !(rest.is_empty() || rest.starts_with(b"#")) {
            return Err(io::Error::other(
                "something behind `---`, which kubectl takes for a separator alone: start a new line",
            )
            .into());
        }
        self.window.take(length);
        Ok(())
    }

    /// Hands on a piece of the window.
    fn piece(
        &mut self,
        from: usize,
        to: usize,
        listed: Option<(String, String)>,
        is_element: bool,
        open: Open,
    ) -> Result<(), Fault<E>> {
        let bytes = self.window.part(from, to);
        let survey = survey(bytes).map_err(|_| Fault::Malformed(open))?;
        let text = String::from_utf8(bytes.to_vec()).map_err(|_| Fault::Malformed(open))?;
        let at = self.window.place(from);
        (self.take)(Piece { text, at, survey, listed, is_element }).map_err(Fault::Refused)
    }

    /// An object, which is a list if it has items. Until they come nothing of it is taken.
    fn object(&mut self) -> Result<(), Fault<E>> {
        let (mut kind, mut api_version) = (String::new(), String::new());
        let mut open = Open::Document;
        let mut pos = 1;
        let mut is_first = true;
        loop {
            let (next, byte) = self.window.next(pos)?;
            match (byte, is_first) {
                (Some(b'}'), _) => {
                    pos = next + 1;
                    break;
                }
                (Some(b','), false) => pos = self.window.next(next + 1)?.0,
                (Some(_), true) => pos = next,
                _ => return Err(Fault::Malformed(open)),
            }
            is_first = false;
            let behind = self.window.end(pos)?.ok_or(Fault::Malformed(open))?;
            let key: String =
                serde_json::from_slice(self.window.part(pos, behind)).map_err(|_| Fault::Malformed(open))?;
            let (colon, Some(b':')) = self.window.next(behind)? else { return Err(Fault::Malformed(open)) };
            let (mut value, first) = self.window.next(colon + 1)?;
            // kubectl writes `kind` after the items.
            if key == "items" && (kind.is_empty() || kind.ends_with("List")) {
                match first {
                    Some(b'[') => {}
                    Some(b'n')
                        if self
                            .window
                            .end(value)?
                            .is_some_and(|end| self.window.part(value, end) == b"null") => {}
                    Some(b'n') => return Err(Fault::Malformed(open)),
                    Some(_) => return Err(Fault::NoList(value)),
                    None => return Err(Fault::Malformed(open)),
                }
                // What has been passed over so far must be JSON as well.
                let head = [self.window.part(0, value), b"0}"].concat();
                if open == Open::Document && serde_json::from_slice::<IgnoredAny>(&head).is_err() {
                    return Err(Fault::Malformed(open));
                }
                open = Open::Members;
                self.window.take(value);
                if first == Some(b'[') {
                    let of_kind = kind.strip_suffix("List").filter(|kind| !kind.is_empty());
                    let listed = of_kind.map(|kind| (kind.to_owned(), api_version.clone()));
                    self.elements(listed.as_ref(), false)?;
                    pos = 0;
                    continue;
                }
                value = 0;
            }
            let end = self.window.end(value)?.ok_or(Fault::Malformed(open))?;
            let text = self.window.part(value, end);
            match &*key {
                "kind" => kind = serde_json::from_slice(text).unwrap_or_default(),
                "apiVersion" => api_version = serde_json::from_slice(text).unwrap_or_default(),
                _ => {}
            }
            pos = end;
            if open == Open::Members {
                serde_json::from_slice::<IgnoredAny>(text).map_err(|_| Fault::Malformed(open))?;
                self.window.take(end);
                pos = 0;
            }
        }
        if open == Open::Document {
            self.piece(0, pos, None, false, open)?;
        }
        self.window.take(pos);
        Ok(())
    }

    /// The elements of a list, each of which is taken.
    fn elements(&mut self, listed: Option<&(String, String)>, is_element: bool) -> Result<(), Fault<E>> {
        let mut open = Open::List;
        self.window.take(1);
        loop {
            let (mut pos, byte) = self.window.next(0)?;
            match (byte, open) {
                (Some(b']'), _) => {
                    self.window.take(pos + 1);
                    return Ok(());
                }
                (Some(b','), Open::Elements) => pos = self.window.next(pos + 1)?.0,
                (Some(_), Open::List) => {}
                _ => return Err(Fault::Malformed(open)),
            }
            let end = self.window.end(pos)?.ok_or(Fault::Malformed(open))?;
            self.piece(pos, end, listed.cloned(), is_element, open)?;
            self.window.take(end);
            open = Open::Elements;
        }
    }
}

#[cfg(test)]
mod tests;
