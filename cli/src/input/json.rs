//! JSON, one object at a time: a dump of a cluster is one list, and need not fit into memory.

use std::cell::RefCell;
use std::fmt;
use std::io::{self, BufRead, Read};
use std::rc::Rc;

use serde::Deserialize as _;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::place::Mark;

/// A text and where it starts.
pub(super) struct Piece {
    pub(super) text: String,
    pub(super) at: Mark,
    /// What the list says its items are: `Pod` and `v1` of a `PodList`, which leaves both out of its items.
    pub(super) listed: Option<(String, String)>,
}

/// Why reading ended early.
pub(super) enum Stop<E> {
    /// The text is not JSON.
    Malformed(Mark, String),
    /// Whoever takes the objects will have no more.
    Refused(E),
}

/// Calls `take` for every object: those of lists, and documents that are no list.
pub(super) fn read<R: BufRead, E>(
    source: R,
    take: &mut dyn FnMut(Piece) -> Result<(), E>,
) -> Result<(), Stop<E>> {
    let source =
        Tracked(Rc::new(RefCell::new(Tracker { source, at: Mark { line: 1, column: 1 }, copy: None })));
    let mut reader = serde_json::Deserializer::from_reader(source.clone());
    loop {
        let start = match source.next_document() {
            Ok(Some(start)) => start,
            Ok(None) => return Ok(()),
            Err(error) => return Err(Stop::Malformed(source.at(), error.to_string())),
        };
        let mut refused = None;
        let document = Document { source: &source, refused: &mut refused, take };
        if let Err(error) = document.deserialize(&mut reader) {
            return Err(match refused {
                Some(refused) => Stop::Refused(refused),
                None => Stop::Malformed(source.last(), without_position(&error)),
            });
        }
        // Without a copy it was a list, and its items have been taken.
        if let Some(copy) = source.end_copy() {
            let text = String::from_utf8(copy).map_err(|error| Stop::Malformed(start, error.to_string()))?;
            take(Piece { text, at: start, listed: None }).map_err(Stop::Refused)?;
        }
    }
}

/// The position is told apart from the reason.
fn without_position(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or(text.clone(), |(reason, _)| reason.to_owned())
}

struct Tracker<R> {
    source: R,
    /// The place of the next byte.
    at: Mark,
    /// What has been read of a document that may still turn out to be no list.
    copy: Option<Vec<u8>>,
}

/// A reader that knows where it is, shared with the parser that reads from it.
struct Tracked<R>(Rc<RefCell<Tracker<R>>>);

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

impl<R: BufRead> Tracked<R> {
    fn at(&self) -> Mark {
        self.0.borrow().at
    }

    /// The place of the byte that was read last.
    fn last(&self) -> Mark {
        let Mark { line, column } = self.at();
        Mark { line, column: column.saturating_sub(1).max(1) }
    }

    /// Skips white space; nothing follows where the input ends.
    fn next_document(&self) -> io::Result<Option<Mark>> {
        let mut tracker = self.0.borrow_mut();
        loop {
            match tracker.source.fill_buf()?.first() {
                None => return Ok(None),
                Some(byte) if byte.is_ascii_whitespace() => {
                    tracker.next()?;
                }
                Some(_) => {
                    tracker.copy = Some(Vec::new());
                    return Ok(Some(tracker.at));
                }
            }
        }
    }

    fn end_copy(&self) -> Option<Vec<u8>> {
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

/// A document: an object that may be a list, or a list.
struct Document<'d, R, E> {
    source: &'d Tracked<R>,
    refused: &'d mut Option<E>,
    take: &'d mut dyn FnMut(Piece) -> Result<(), E>,
}

impl<'de, R: BufRead, E> DeserializeSeed<'de> for Document<'_, R, E> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, R: BufRead, E> Visitor<'de> for Document<'_, R, E> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Document { source, refused, take } = self;
        let (mut kind, mut api_version) = (String::new(), String::new());
        while let Some(key) = map.next_key::<String>()? {
            match &*key {
                "kind" | "apiVersion" => {
                    let text: Box<RawValue> = map.next_value()?;
                    let text = serde_json::from_str(text.get()).unwrap_or_default();
                    *(if key == "kind" { &mut kind } else { &mut api_version }) = text;
                }
                // kubectl writes the kind behind the items.
                "items" if kind.is_empty() || kind.ends_with("List") => {
                    let of_kind = kind.strip_suffix("List").filter(|kind| !kind.is_empty());
                    let listed = of_kind.map(|kind| (kind.to_owned(), api_version.clone()));
                    map.next_value_seed(Items { source, refused: &mut *refused, take: &mut *take, listed })?;
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<(), A::Error> {
        let Document { source, refused, take } = self;
        Items { source, refused, take, listed: None }.visit_seq(list)
    }
}

/// The items of a list, or whatever else stands under that key.
struct Items<'d, R, E> {
    source: &'d Tracked<R>,
    refused: &'d mut Option<E>,
    take: &'d mut dyn FnMut(Piece) -> Result<(), E>,
    listed: Option<(String, String)>,
}

impl<'de, R: BufRead, E> DeserializeSeed<'de> for Items<'_, R, E> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, R: BufRead, E> Visitor<'de> for Items<'_, R, E> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        self.source.end_copy();
        while let Some((at, text)) = list.next_element_seed(Item(self.source))? {
            let text = <Box<str>>::from(text).into_string();
            if let Err(refused) = (self.take)(Piece { text, at, listed: self.listed.clone() }) {
                *self.refused = Some(refused);
                return Err(A::Error::custom("refused"));
            }
        }
        Ok(())
    }

    fn visit_unit<E2>(self) -> Result<(), E2> {
        self.source.end_copy();
        Ok(())
    }
}

/// One item as text, and where it starts.
struct Item<'d, R>(&'d Tracked<R>);

impl<'de, R: BufRead> DeserializeSeed<'de> for Item<'_, R> {
    type Value = (Mark, Box<RawValue>);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        // The parser has seen the first byte, to know that an item follows.
        let at = self.0.last();
        Ok((at, Box::<RawValue>::deserialize(deserializer)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(text: &str) -> Result<Vec<(u32, u32, String)>, String> {
        let mut pieces = Vec::new();
        let read = read(text.as_bytes(), &mut |piece| {
            pieces.push((piece.at.line, piece.at.column, piece.text));
            Ok::<(), ()>(())
        });
        match read {
            Ok(()) => Ok(pieces),
            Err(Stop::Malformed(at, reason)) => Err(format!("{}:{}: {reason}", at.line, at.column)),
            Err(Stop::Refused(())) => Err("refused".to_owned()),
        }
    }

    #[test]
    fn items_of_lists_are_taken_one_by_one() {
        let text = "{\"kind\": \"List\", \"items\": [\n  {\"a\": [1]},\n{\"b\": 2}], \"metadata\": {}}\n{\"c\": \"é\"}  ";
        let piece = |line, column, text: &str| (line, column, text.to_owned());
        assert_eq!(
            pieces(text).unwrap(),
            [piece(2, 3, "{\"a\": [1]}"), piece(3, 1, "{\"b\": 2}"), piece(4, 1, "{\"c\": \"é\"}")]
        );
    }

    #[test]
    fn items_of_another_kind_are_no_list() {
        let text = r#"{"kind": "Menu", "items": [{"a": 1}]}"#;
        assert_eq!(pieces(text).unwrap(), [(1, 1, text.to_owned())]);
    }

    #[test]
    fn an_empty_list_holds_nothing() {
        assert_eq!(pieces(r#"{"items": null, "kind": "List"}"#).unwrap(), []);
        assert_eq!(pieces("").unwrap(), []);
    }

    #[test]
    fn what_is_malformed_has_a_place() {
        let told = pieces("{\"items\": [\n{\"a\": 1},\n{\"b\" 2}]}").unwrap_err();
        assert_eq!(told, "3:6: expected `:`");
        assert_eq!(pieces("5").unwrap_err(), "1:1: invalid type: integer `5`, expected an object");
    }
}
