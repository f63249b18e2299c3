//! Settings as a small borrowed tree.
//!
//! A review is read without one; settings are short, may come in any order and are told all their errors at once,
//! which takes looking at them twice.

use crate::json::{Decode, Read, Reader, Text};

/// Any JSON value, borrowing from its document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Value<'s> {
    /// `null`, which reads like an absent field
    #[default]
    Null,
    /// `true` and `false`
    Flag(bool),
    /// A number as it is written
    Number(&'s str),
    /// A string
    Text(Text<'s>),
    /// A list
    List(Vec<Value<'s>>),
    /// An object in document order
    Object(Object<'s>),
}

/// The entries of an object, in document order.
pub type Object<'s> = Vec<(Text<'s>, Value<'s>)>;

impl<'s> Value<'s> {
    /// What the value is, to tell somebody who wrote it where another was wanted.
    pub fn describe(&self) -> String {
        match self {
            Value::Null => "null".to_owned(),
            Value::Flag(flag) => flag.to_string(),
            Value::Number(number) => (*number).to_owned(),
            Value::Text(text) => format!("the string {}", crate::json::Quoted(text)),
            Value::List(_) => "a list".to_owned(),
            Value::Object(_) => "an object".to_owned(),
        }
    }

    /// The value of a key, if this is an object that has it and it is not `null`.
    pub fn get(&self, key: &str) -> Option<&Value<'s>> {
        match self {
            Value::Object(entries) => entries
                .iter()
                .find(|(name, _)| name == key)
                .map(|(_, value)| value)
                .filter(|v| **v != Value::Null),
            _ => None,
        }
    }

    /// The entries, if this is an object.
    pub fn entries(&self) -> &[(Text<'s>, Value<'s>)] {
        match self {
            Value::Object(entries) => entries,
            _ => &[],
        }
    }

    /// The elements, if this is a list.
    pub fn elements(&self) -> &[Value<'s>] {
        match self {
            Value::List(elements) => elements,
            _ => &[],
        }
    }

    /// The text, if this is a string.
    pub fn text(&self) -> Option<&Text<'s>> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The boolean, if this is one.
    pub fn flag(&self) -> Option<bool> {
        match self {
            Value::Flag(flag) => Some(*flag),
            _ => None,
        }
    }

    /// The whole number, if this is one of 64 bits.
    pub fn integer(&self) -> Option<i64> {
        match self {
            Value::Number(digits) => digits.parse().ok(),
            _ => None,
        }
    }
}

impl<'s> Decode<'s> for Value<'s> {
    fn decode(reader: &mut Reader<'s>) -> Read<Self> {
        Ok(match reader.next_byte() {
            Some(b'{') => {
                let mut entries = Object::new();
                reader.object(|reader, key| {
                    entries.push((key.clone(), reader.field()?));
                    Ok(())
                })?;
                Value::Object(entries)
            }
            Some(b'[') => {
                let mut elements = Vec::new();
                reader.list(|reader, _| {
                    elements.push(reader.field()?);
                    Ok(())
                })?;
                Value::List(elements)
            }
            Some(b'"') => Value::Text(reader.string()?),
            Some(b't' | b'f') => Value::Flag(reader.boolean()?),
            Some(b'-' | b'0'..=b'9') => Value::Number(reader.raw()?),
            _ => {
                reader.skip()?;
                Value::Null
            }
        })
    }
}
