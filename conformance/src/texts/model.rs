//! A tree as `serde_json` reads it, with every member of an object.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Model {
    Null,
    Flag(bool),
    Number(f64),
    Text(String),
    List(Vec<Model>),
    /// In order, keys that occur twice as well.
    Object(Vec<(String, Model)>),
}

impl<'de> Deserialize<'de> for Model {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any)
    }
}

struct Any;

impl<'de> Visitor<'de> for Any {
    type Value = Model;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Model, E> {
        Ok(Model::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Model, E> {
        Ok(Model::Flag(flag))
    }

    #[expect(clippy::cast_precision_loss, reason = "the numbers of these texts are zeros")]
    fn visit_i64<E>(self, number: i64) -> Result<Model, E> {
        Ok(Model::Number(number as f64))
    }

    #[expect(clippy::cast_precision_loss, reason = "the numbers of these texts are zeros")]
    fn visit_u64<E>(self, number: u64) -> Result<Model, E> {
        Ok(Model::Number(number as f64))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Model, E> {
        Ok(Model::Number(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Model, E> {
        Ok(Model::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Model, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = list.next_element()? {
            elements.push(element);
        }
        Ok(Model::List(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Model, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = object.next_entry()? {
            members.push(member);
        }
        Ok(Model::Object(members))
    }
}
