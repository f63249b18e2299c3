//! One pass over an object: whether it is JSON, its header, and whether kubectl would send the same text.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::input::header::{Header, Owned};

/// Objects with more keys are sorted to compare them.
const FEW: usize = 24;

/// The findings of the pass.
#[derive(Default)]
pub(in crate::input) struct Survey {
    /// The header; if one of its fields has another type than it must have, it is not used.
    pub(in crate::input) header: Header,
    /// Whether a field of the header has another type.
    pub(in crate::input) is_odd: bool,
    /// Whether a key is repeated, or a number has a fraction or an exponent.
    pub(in crate::input) is_special: bool,
}

/// Where a value stands, as far as the header is concerned.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Root,
    ApiVersion,
    Kind,
    Metadata,
    Name,
    GenerateName,
    Namespace,
    /// Something that an API server sets.
    Set,
    Owners,
    Owner,
    OwnerVersion,
    OwnerKind,
    OwnerName,
    Controller,
    Elsewhere,
}

impl Place {
    /// The place of a field.
    fn field(self, key: &str) -> Place {
        match (self, key) {
            (Place::Root, "apiVersion") => Place::ApiVersion,
            (Place::Root, "kind") => Place::Kind,
            (Place::Root, "metadata") => Place::Metadata,
            (Place::Metadata, "name") => Place::Name,
            (Place::Metadata, "generateName") => Place::GenerateName,
            (Place::Metadata, "namespace") => Place::Namespace,
            (Place::Metadata, "uid" | "creationTimestamp") => Place::Set,
            (Place::Metadata, "ownerReferences") => Place::Owners,
            (Place::Owner, "apiVersion") => Place::OwnerVersion,
            (Place::Owner, "kind") => Place::OwnerKind,
            (Place::Owner, "name") => Place::OwnerName,
            (Place::Owner, "controller") => Place::Controller,
            _ => Place::Elsewhere,
        }
    }
}

/// Surveys a text.
///
/// # Errors
///
/// If it is not JSON.
pub(in crate::input) fn survey(text: &[u8]) -> serde_json::Result<Survey> {
    let mut pass = Pass { survey: Survey::default(), keys: Vec::new() };
    let mut reader = serde_json::Deserializer::from_slice(text);
    Value { pass: &mut pass, place: Place::Root }.deserialize(&mut reader)?;
    reader.end()?;
    Ok(pass.survey)
}

struct Pass<'t> {
    survey: Survey,
    /// The keys of all open objects.
    keys: Vec<Cow<'t, str>>,
}

impl<'t> Pass<'t> {
    /// The keys of an object have been read: those from a number on.
    fn close(&mut self, from: usize) {
        if let Some(own) = self.keys.get_mut(from..).filter(|own| own.len() > FEW) {
            own.sort_unstable();
            self.survey.is_special |= own.windows(2).any(|pair| matches!(pair, [one, other] if one == other));
        }
        self.keys.truncate(from);
    }

    fn key(&mut self, from: usize, key: Cow<'t, str>) {
        let own = self.keys.get(from..).unwrap_or_default();
        self.survey.is_special |= own.len() < FEW && own.contains(&key);
        self.keys.push(key);
    }

    fn text(&mut self, place: Place, text: &str) {
        let Header { api_version, kind, metadata } = &mut self.survey.header;
        let owner = metadata.owners.last_mut();
        match (place, owner) {
            (Place::ApiVersion, _) => *api_version = Some(text.to_owned()),
            (Place::Kind, _) => *kind = Some(text.to_owned()),
            (Place::Name, _) => metadata.name = Some(text.to_owned()),
            (Place::GenerateName, _) => metadata.generate_name = Some(text.to_owned()),
            (Place::Namespace, _) => metadata.namespace = Some(text.to_owned()),
            (Place::Set, _) => metadata.is_live = true,
            (Place::OwnerVersion, Some(owner)) => text.clone_into(&mut owner.api_version),
            (Place::OwnerKind, Some(owner)) => text.clone_into(&mut owner.kind),
            (Place::OwnerName, Some(owner)) => text.clone_into(&mut owner.name),
            (Place::Metadata, _) => self.survey.is_odd = true,
            _ => {}
        }
    }

    /// A value that is neither a text nor `null`.
    fn other(&mut self, place: Place) {
        let texts = [
            Place::ApiVersion,
            Place::Kind,
            Place::Metadata,
            Place::Name,
            Place::GenerateName,
            Place::Namespace,
        ];
        self.survey.is_odd |= texts.contains(&place);
    }
}

/// A value at a place.
struct Value<'p, 't> {
    pass: &'p mut Pass<'t>,
    place: Place,
}

impl<'t> DeserializeSeed<'t> for Value<'_, 't> {
    type Value = ();

    fn deserialize<D: Deserializer<'t>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'t> Visitor<'t> for Value<'_, 't> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        if let (Place::Controller, Some(owner)) =
            (self.place, self.pass.survey.header.metadata.owners.last_mut())
        {
            owner.is_controller = value;
        }
        self.pass.other(self.place);
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        self.pass.other(self.place);
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        self.pass.other(self.place);
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        self.pass.survey.is_special = true;
        self.pass.other(self.place);
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.pass.text(self.place, text);
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'t>>(self, mut list: A) -> Result<(), A::Error> {
        self.pass.other(self.place);
        let place = if self.place == Place::Owners { Place::Owner } else { Place::Elsewhere };
        while list.next_element_seed(Value { pass: &mut *self.pass, place })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'t>>(self, mut map: A) -> Result<(), A::Error> {
        if self.place == Place::Owner {
            self.pass.survey.header.metadata.owners.push(Owned::default());
        } else if self.place != Place::Metadata {
            self.pass.other(self.place);
        }
        let from = self.pass.keys.len();
        while let Some(key) = map.next_key_seed(Key)? {
            let place = self.place.field(&key);
            self.pass.key(from, key);
            map.next_value_seed(Value { pass: &mut *self.pass, place })?;
        }
        self.pass.close(from);
        Ok(())
    }
}

/// A key, which is borrowed where nothing in it is escaped.
struct Key;

impl<'t> DeserializeSeed<'t> for Key {
    type Value = Cow<'t, str>;

    fn deserialize<D: Deserializer<'t>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'t> Visitor<'t> for Key {
    type Value = Cow<'t, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, key: &'t str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(key))
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(key.to_owned()))
    }
}
