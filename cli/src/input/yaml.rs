//! YAML, one document at a time, with the marks of all that stands in it.

use std::fmt;
use std::io::{self, BufRead};

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use serde_saphyr::{Location, Spanned};

use super::place::{Inside, Mark, Tree};

/// A text that holds one document, and the line it starts at.
pub(super) struct Chunk {
    pub(super) text: String,
    pub(super) line: u32,
}

/// Calls `take` for the text of every document. `---` at the start of a line ends the one before, wherever it stands:
/// YAML allows it in no scalar.
pub(super) fn split<E: From<io::Error>>(
    mut source: impl BufRead,
    take: &mut dyn FnMut(Chunk) -> Result<(), E>,
) -> Result<(), E> {
    let mut chunk = Chunk { text: String::new(), line: 1 };
    let mut number = 0_u32;
    loop {
        let before = chunk.text.len();
        let read = source.read_line(&mut chunk.text)?;
        number = number.saturating_add(1);
        let line = chunk.text.get(before..).unwrap_or_default();
        let separates = line
            .strip_prefix("---")
            .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']));
        if read == 0 || (separates && before > 0) {
            let next = chunk.text.split_off(before);
            if holds_anything(&chunk.text) {
                take(std::mem::replace(&mut chunk, Chunk { text: String::new(), line: 0 }))?;
            }
            chunk = Chunk { text: next, line: number };
        }
        if read == 0 {
            return Ok(());
        }
    }
}

/// Whether there is anything but comments, directives and separators.
fn holds_anything(text: &str) -> bool {
    text.lines().any(|line| {
        let line = line.strip_prefix("---").unwrap_or(line).trim();
        !line.is_empty() && !line.starts_with(['#', '%']) && line != "..."
    })
}

/// Why a document cannot be read.
pub(super) struct Malformed {
    pub(super) at: Mark,
    pub(super) reason: String,
}

/// Reads a document as `kubectl` does: `yes` is a boolean and `0644` is octal.
pub(super) fn read(chunk: &Chunk) -> Result<(Value, Tree), Malformed> {
    let options = serde_saphyr::options! { legacy_octal_numbers: true, with_snippet: false, budget: None };
    match serde_saphyr::from_str_with_options::<Node>(&chunk.text, options) {
        Ok(node) => Ok(node.part(chunk.line.saturating_sub(1))),
        Err(error) => {
            let at = error.location().map_or(Mark { line: 1, column: 1 }, |location| mark(location, 0));
            Err(Malformed {
                at: Mark { line: at.line.saturating_add(chunk.line).saturating_sub(1), ..at },
                reason: reason(&error),
            })
        }
    }
}

/// What is wrong, without the place, which is told apart from it.
fn reason(error: &serde_saphyr::Error) -> String {
    let text = error.without_snippet().to_string();
    let text = text.lines().next().unwrap_or_default();
    let behind = text.strip_prefix("error: ").unwrap_or(text);
    let behind = match behind.strip_prefix("line ").and_then(|rest| rest.split_once(": ")) {
        Some((_, reason)) => reason,
        None => behind,
    };
    behind.rsplit_once(" at line ").map_or(behind, |(reason, _)| reason).to_owned()
}

fn mark(location: Location, lines_before: u32) -> Mark {
    let line = u32::try_from(location.line()).unwrap_or(u32::MAX);
    let column = u32::try_from(location.column()).unwrap_or(u32::MAX);
    Mark { line: line.saturating_add(lines_before), column: column.max(1) }
}

/// A YAML node with its place.
struct Node {
    at: Location,
    body: Body,
}

enum Body {
    Scalar(Value),
    List(Vec<Node>),
    /// Keys are texts, as JSON has them, whatever YAML takes them for.
    Map(Vec<(Spanned<String>, Node)>),
}

impl Node {
    /// The value and the marks, which go separate ways.
    fn part(self, lines_before: u32) -> (Value, Tree) {
        let at = mark(self.at, lines_before);
        match self.body {
            Body::Scalar(value) => (value, Tree { at, inside: Inside::Scalar }),
            Body::List(nodes) => {
                let (values, trees) = nodes.into_iter().map(|node| node.part(lines_before)).unzip();
                (Value::Array(values), Tree { at, inside: Inside::List(trees) })
            }
            Body::Map(members) => {
                let mut values = Map::new();
                let mut trees = Vec::new();
                for (key, value) in members {
                    let key_at = mark(key.referenced, lines_before);
                    let key = key.value;
                    let (value, tree) = value.part(lines_before);
                    values.insert(key.clone(), value);
                    trees.push((key, key_at, tree));
                }
                (Value::Object(values), Tree { at, inside: Inside::Map(trees) })
            }
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Body>::deserialize(deserializer)?;
        Ok(Node { at: spanned.referenced, body: spanned.value })
    }
}

impl<'de> Deserialize<'de> for Body {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyBody)
    }
}

struct AnyBody;

impl<'de> Visitor<'de> for AnyBody {
    type Value = Body;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value that JSON has too")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Body, E> {
        Ok(Body::Scalar(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Body, E> {
        Ok(Body::Scalar(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Body, E> {
        Ok(Body::Scalar(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Body, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("a number that is none is not JSON"))?;
        Ok(Body::Scalar(Value::Number(number)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Body, E> {
        Ok(Body::Scalar(value.into()))
    }

    fn visit_unit<E>(self) -> Result<Body, E> {
        Ok(Body::Scalar(Value::Null))
    }

    fn visit_none<E>(self) -> Result<Body, E> {
        Ok(Body::Scalar(Value::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Body, D::Error> {
        Body::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Body, A::Error> {
        let mut nodes = Vec::new();
        while let Some(node) = list.next_element()? {
            nodes.push(node);
        }
        Ok(Body::List(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Body, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Body::Map(members))
    }
}

#[cfg(test)]
mod tests;
