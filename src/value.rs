//! Settings as a small borrowed tree.
//!
//! A review is read without one; settings are short, may come in any order and are told all their errors at once,
//! which takes looking at them twice. The tree lies flat in one block of memory: a new instance pays for every page that
//! it touches and for every block that it takes.

use crate::json::{Decode, Read, Reader, Text};

/// A JSON document, borrowing from its text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tree<'s>(Vec<Node<'s>>);

/// A value and, if an object holds it, its key. What it holds itself follows it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Node<'s> {
    key: Text<'s>,
    content: Content<'s>,
    /// How many nodes the value takes, itself included.
    span: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Content<'s> {
    Null,
    Flag(bool),
    Number(&'s str),
    Text(Text<'s>),
    List,
    Object,
}

/// Any value of a tree.
#[derive(Debug, Clone, Copy, Default)]
pub struct Value<'t, 's>(&'t [Node<'s>]);

/// What a list or an object holds, in document order.
#[derive(Debug, Clone)]
struct Held<'t, 's>(&'t [Node<'s>]);

impl<'s> Tree<'s> {
    /// The document as one value; `null` if there is none.
    pub fn root(&self) -> Value<'_, 's> {
        Value(&self.0)
    }

    fn read(&mut self, key: &Text<'s>, reader: &mut Reader<'s>) -> Read<()> {
        let at = self.0.len();
        // Cheaper than to clone: a key is hardly ever one that had to be unescaped.
        let key = if let Text::Borrowed(key) = key { Text::Borrowed(*key) } else { key.clone() };
        let content = match reader.next_byte() {
            Some(b'"') => Content::Text(reader.string()?),
            Some(b'{') => Content::Object,
            Some(b'[') => Content::List,
            Some(b't' | b'f') => Content::Flag(reader.boolean()?),
            Some(b'-' | b'0'..=b'9') => {
                let start = reader.position();
                reader.skip()?;
                Content::Number(reader.since(start))
            }
            _ => {
                reader.skip()?;
                Content::Null
            }
        };
        let (is_object, is_list) = (matches!(content, Content::Object), matches!(content, Content::List));
        self.0.push(Node { key, content, span: 1 });
        if is_object {
            reader.object(|reader, key| self.read(key, reader))?;
        } else if is_list {
            reader.list(|reader, _| self.read(&Text::Borrowed(""), reader))?;
        } else {
            return Ok(());
        }
        let span = self.0.len() - at;
        if let Some(node) = self.0.get_mut(at) {
            node.span = span;
        }
        Ok(())
    }
}

impl<'s> Decode<'s> for Tree<'s> {
    fn decode(reader: &mut Reader<'s>) -> Read<Self> {
        // Enough for one policy, so that nothing has to move.
        let mut tree = Tree(Vec::with_capacity(64));
        tree.read(&Text::default(), reader)?;
        Ok(tree)
    }
}

impl<'t, 's> Iterator for Held<'t, 's> {
    type Item = &'t [Node<'s>];

    fn next(&mut self) -> Option<Self::Item> {
        let (next, rest) = self.0.split_at_checked(self.0.first()?.span)?;
        self.0 = rest;
        Some(next)
    }
}

impl<'t, 's> Value<'t, 's> {
    fn content(self) -> &'t Content<'s> {
        self.0.first().map_or(&Content::Null, |node| &node.content)
    }

    fn held(self) -> Held<'t, 's> {
        Held(self.0.get(1..).unwrap_or_default())
    }

    /// What the value is, to tell somebody who wrote it where another was wanted.
    pub fn describe(self) -> String {
        match self.content() {
            Content::Null => "null".to_owned(),
            Content::Flag(flag) => flag.to_string(),
            Content::Number(number) => (*number).to_owned(),
            Content::Text(text) => format!("the string {}", crate::json::Quoted(text)),
            Content::List => "a list".to_owned(),
            Content::Object => "an object".to_owned(),
        }
    }

    /// Whether this is `null`, which reads like an absent field.
    pub fn is_null(self) -> bool {
        matches!(self.content(), Content::Null)
    }

    /// Whether this is an object.
    pub fn is_object(self) -> bool {
        matches!(self.content(), Content::Object)
    }

    /// Whether this is a list.
    pub fn is_list(self) -> bool {
        matches!(self.content(), Content::List)
    }

    /// Whether both are the same string, number, boolean or `null`.
    pub fn is_same_scalar(self, other: Value<'_, '_>) -> bool {
        !self.is_object() && !self.is_list() && self.content() == other.content()
    }

    /// The value of a key, if this is an object that has it and it is not `null`.
    pub fn get(self, key: &str) -> Option<Value<'t, 's>> {
        self.entries().find(|(name, _)| *name == key).map(|(_, value)| value).filter(|value| !value.is_null())
    }

    /// The entries, if this is an object.
    pub fn entries(self) -> impl Iterator<Item = (&'t Text<'s>, Value<'t, 's>)> + Clone + use<'t, 's> {
        let held = if self.is_object() { self.held() } else { Held(&[]) };
        held.filter_map(|nodes| Some((&nodes.first()?.key, Value(nodes))))
    }

    /// The elements, if this is a list.
    pub fn elements(self) -> impl Iterator<Item = Value<'t, 's>> + Clone + use<'t, 's> {
        let held = if self.is_list() { self.held() } else { Held(&[]) };
        held.map(Value)
    }

    /// The text, if this is a string.
    pub fn text(self) -> Option<&'t Text<'s>> {
        match self.content() {
            Content::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The boolean, if this is one.
    pub fn flag(self) -> Option<bool> {
        match self.content() {
            Content::Flag(flag) => Some(*flag),
            _ => None,
        }
    }

    /// The number as it is written, if this is one.
    pub fn number(self) -> Option<&'s str> {
        match self.content() {
            Content::Number(digits) => Some(digits),
            _ => None,
        }
    }

    /// The whole number, if this is one of 64 bits.
    pub fn integer(self) -> Option<i64> {
        self.number()?.parse().ok()
    }
}
