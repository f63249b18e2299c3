//! JSON, one object at a time: a dump of a cluster is one list, and need not fit into memory.

mod kubectl;
mod tracked;

use std::fmt;
use std::io::BufRead;

use serde::Deserialize as _;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::place::Mark;
use tracked::Tracked;

pub(super) use kubectl::as_kubectl_sends;

/// A text and where it starts.
pub(super) struct Piece {
    pub(super) text: String,
    pub(super) at: Mark,
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

/// Calls `take` for every object: those of lists, and documents that are not lists.
///
/// `line` is the number of the first line.
pub(super) fn read<R: BufRead, E>(
    source: R,
    line: u32,
    take: &mut dyn FnMut(Piece) -> Result<(), E>,
) -> Result<(), Stop<E>> {
    let source = Tracked::new(source, line);
    let mut reader = serde_json::Deserializer::from_reader(source.clone());
    let malformed = |at, reason: &str, copy: Option<Vec<u8>>| {
        let text = String::from_utf8_lossy(&copy.unwrap_or_default()).into_owned();
        Stop::Malformed { at, reason: reason.to_owned(), text }
    };
    loop {
        let start = match source.next_document() {
            Ok(Some(start)) => start,
            Ok(None) => return Ok(()),
            Err(error) => return Err(malformed(source.at(), &error.to_string(), None)),
        };
        let mut refused = None;
        let document = Document { source: &source, refused: &mut refused, take };
        if let Err(error) = document.deserialize(&mut reader) {
            return Err(match refused {
                Some(refused) => Stop::Refused(refused),
                None => malformed(source.last(), &reason(&error), source.end_copy()),
            });
        }
        // Without a copy it was a list, and its items have been taken.
        if let Some(copy) = source.end_copy() {
            let Ok(text) = String::from_utf8(copy) else {
                return Err(malformed(start, "bytes that are not UTF-8", None));
            };
            let piece = Piece { text, at: start, listed: None, is_element: false };
            take(piece).map_err(Stop::Refused)?;
        }
    }
}

/// The problem, without its position, which is reported separately.
fn reason(error: &serde_json::Error) -> String {
    if error.is_eof() {
        return "the text ends too early".to_owned();
    }
    if error.is_data() {
        return "the `items` of a list must be a list".to_owned();
    }
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or(text.clone(), |(reason, _)| reason.to_owned())
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
        f.write_str("a document")
    }

    // Any other value is kept as a text.

    fn visit_bool<X>(self, _: bool) -> Result<(), X> {
        Ok(())
    }

    fn visit_i64<X>(self, _: i64) -> Result<(), X> {
        Ok(())
    }

    fn visit_u64<X>(self, _: u64) -> Result<(), X> {
        Ok(())
    }

    fn visit_f64<X>(self, _: f64) -> Result<(), X> {
        Ok(())
    }

    fn visit_str<X>(self, _: &str) -> Result<(), X> {
        Ok(())
    }

    fn visit_unit<X>(self) -> Result<(), X> {
        Ok(())
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
                // kubectl writes `kind` after the items.
                "items" if kind.is_empty() || kind.ends_with("List") => {
                    let of_kind = kind.strip_suffix("List").filter(|kind| !kind.is_empty());
                    let listed = of_kind.map(|kind| (kind.to_owned(), api_version.clone()));
                    map.next_value_seed(Items {
                        source,
                        refused: &mut *refused,
                        take: &mut *take,
                        listed,
                        is_element: false,
                    })?;
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
        Items { source, refused, take, listed: None, is_element: true }.visit_seq(list)
    }
}

/// The items of a list, or any other value under that key.
struct Items<'d, R, E> {
    source: &'d Tracked<R>,
    refused: &'d mut Option<E>,
    take: &'d mut dyn FnMut(Piece) -> Result<(), E>,
    listed: Option<(String, String)>,
    is_element: bool,
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
            if let Err(refused) =
                (self.take)(Piece { text, at, listed: self.listed.clone(), is_element: self.is_element })
            {
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

/// One item as text, and its start.
struct Item<'d, R>(&'d Tracked<R>);

impl<'de, R: BufRead> DeserializeSeed<'de> for Item<'_, R> {
    type Value = (Mark, Box<RawValue>);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        // The parser has consumed the first byte to detect that an item follows.
        let at = self.0.last();
        Ok((at, Box::<RawValue>::deserialize(deserializer)?))
    }
}

#[cfg(test)]
mod tests;
