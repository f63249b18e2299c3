//! Settings as a small borrowed tree.
//!
//! A review is read without one; settings are short, may come in any order and report all their errors at once, which
//! takes looking at them twice. The tree is flat in one block of memory: a new instance pays for every page that it
//! touches and for every block that it takes.

use super::{Decode, Kind, Node, Quoted, Read, Reader, Text};

/// A JSON document, borrowing from its text.
#[derive(Debug, Clone, Default)]
pub struct Tree<'s>(Vec<Node<'s>>);

/// Any value of a tree.
///
/// The nodes are the value itself and those that it holds.
#[derive(Debug, Clone, Copy, Default)]
pub struct Value<'t, 's>(&'t [Node<'s>]);

/// The values that a list or an object holds, in document order.
#[derive(Debug, Clone)]
struct Children<'t, 's>(&'t [Node<'s>]);

impl<'s> Tree<'s> {
    /// The document as one value; `null` if there is none.
    pub fn root(&self) -> Value<'_, 's> {
        Value(&self.0)
    }
}

impl<'s> Decode<'s> for Tree<'s> {
    fn decode(&mut self, reader: &mut Reader<'s>) -> Read<()> {
        // Enough for one policy, so that nothing has to move.
        self.0.reserve(64);
        reader.nodes(&mut self.0)
    }
}

impl<'t, 's> Iterator for Children<'t, 's> {
    type Item = &'t [Node<'s>];

    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        let (next, rest) = self.0.split_at_checked(self.0.first()?.span())?;
        self.0 = rest;
        Some(next)
    }
}

impl<'t, 's> Value<'t, 's> {
    #[inline(always)]
    fn kind(self) -> Kind {
        self.0.first().map_or(Kind::Null, |node| node.kind)
    }

    /// A value of one kind as it is written.
    #[inline(always)]
    fn written(self, kind: Kind) -> Option<&'s str> {
        self.0.first().filter(|node| node.kind == kind).map(|node| node.written)
    }

    #[inline(always)]
    fn held(self, kind: Kind) -> Children<'t, 's> {
        match self.0.split_first() {
            Some((node, held)) if node.kind == kind => Children(held),
            _ => Children(&[]),
        }
    }

    /// The type of the value, for an error where another type was expected.
    pub fn describe(self) -> String {
        match self.kind() {
            Kind::Null | Kind::Flag | Kind::Number => {
                self.0.first().map_or("null", |node| node.written).to_owned()
            }
            Kind::Text => format!("the string {}", Quoted(&self.text().unwrap_or_default())),
            Kind::List => "a list".to_owned(),
            Kind::Object => "an object".to_owned(),
        }
    }

    /// Whether this is `null`, which reads like an absent field.
    #[inline(always)]
    pub fn is_null(self) -> bool {
        self.kind() == Kind::Null
    }

    /// Whether there is no value at all, not even `null`.
    #[inline(always)]
    pub(crate) fn is_absent(self) -> bool {
        self.0.is_empty()
    }

    /// Whether this is an object.
    #[inline(always)]
    pub fn is_object(self) -> bool {
        self.kind() == Kind::Object
    }

    /// Whether this is a list.
    #[inline(always)]
    pub fn is_list(self) -> bool {
        self.kind() == Kind::List
    }

    /// Whether both are written alike, letter for letter.
    pub(crate) fn is_written_like(self, other: Value<'_, '_>) -> bool {
        let kind = self.kind();
        kind == other.kind() && self.written(kind) == other.written(kind)
    }

    /// Whether both are the same string, number, boolean or `null`.
    pub(super) fn is_same_scalar(self, other: Value<'_, '_>) -> bool {
        match self.kind() {
            Kind::Null | Kind::Flag | Kind::Number => self.is_written_like(other),
            Kind::Text => self.text() == other.text(),
            Kind::List | Kind::Object => false,
        }
    }

    /// The value of a key, if this is an object that has it and it is not `null`.
    pub fn get(self, key: &str) -> Option<Value<'t, 's>> {
        self.entries()
            .find(|(name, _)| same_name(name, key))
            .map(|(_, value)| value)
            .filter(|value| !value.is_null())
    }

    /// The entries, if this is an object.
    #[inline(always)]
    pub fn entries(self) -> impl Iterator<Item = (Text<'s>, Value<'t, 's>)> + Clone + use<'t, 's> {
        self.held(Kind::Object).filter_map(|nodes| Some((nodes.first()?.key(), Value(nodes))))
    }

    /// The elements, if this is a list.
    #[inline(always)]
    pub fn elements(self) -> impl Iterator<Item = Value<'t, 's>> + Clone + use<'t, 's> {
        self.held(Kind::List).map(Value)
    }

    /// The text, if this is a string.
    #[inline(always)]
    pub fn text(self) -> Option<Text<'s>> {
        self.0.first().filter(|node| node.kind == Kind::Text).map(Node::text)
    }

    /// The boolean, if this is one.
    #[inline(always)]
    pub fn flag(self) -> Option<bool> {
        self.written(Kind::Flag).map(|word| word == "true")
    }

    /// The number as it is written, if this is one.
    #[inline(always)]
    pub fn number(self) -> Option<&'s str> {
        self.written(Kind::Number)
    }

    /// The whole number, if this is one of 64 bits.
    pub fn integer(self) -> Option<i64> {
        self.number()?.parse().ok()
    }
}

/// The index of a name among known ones.
#[inline(always)]
pub(crate) fn place_of(name: &str, known: &[&str]) -> Option<usize> {
    known.iter().position(|known| same_name(known, name))
}

/// Whether two names are the same. Many differ in length or in their first letter, which takes no call to find out.
#[inline(always)]
pub(crate) fn same_name(one: &str, other: &str) -> bool {
    one.len() == other.len() && one.as_bytes().first() == other.as_bytes().first() && one == other
}
