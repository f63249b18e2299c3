//! Settings of a policy, and which of them have been read.

use serde_json::{Map, Value};

/// The settings of a policy. What is not read is reported.
pub(super) struct Keys<'s> {
    settings: Option<&'s Map<String, Value>>,
    read: Vec<&'static str>,
}

impl<'s> Keys<'s> {
    pub(super) fn new(settings: Option<&'s Value>) -> Self {
        Keys { settings: settings.and_then(Value::as_object), read: Vec::new() }
    }

    /// A setting that is given.
    pub(super) fn get(&mut self, key: &'static str) -> Option<&'s Value> {
        self.read.push(key);
        self.settings?.get(key).filter(|value| !value.is_null())
    }

    /// A boolean; `default` if it is not given.
    pub(super) fn flag(&mut self, key: &'static str, default: bool) -> Result<bool, String> {
        match self.get(key) {
            None => Ok(default),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(other) => Err(format!("{key} is {other}, not a boolean")),
        }
    }

    /// A text, which is empty if it is not given.
    pub(super) fn text(&mut self, key: &'static str) -> Result<&'s str, String> {
        match self.get(key) {
            None => Ok(""),
            Some(Value::String(text)) => Ok(text),
            Some(other) => Err(format!("{key} is {other}, not a text")),
        }
    }

    /// A list, which is empty if it is not given.
    pub(super) fn list(&mut self, key: &'static str) -> Result<&'s [Value], String> {
        match self.get(key) {
            None => Ok(&[]),
            Some(Value::Array(list)) => Ok(list),
            Some(other) => Err(format!("{key} is {other}, not a list")),
        }
    }

    /// A list of texts.
    pub(super) fn texts(&mut self, key: &'static str) -> Result<Vec<&'s str>, String> {
        let texts: Option<Vec<&str>> = self.list(key)?.iter().map(Value::as_str).collect();
        texts.ok_or_else(|| format!("{key} holds something else than texts"))
    }

    /// The keys that have not been read.
    pub(super) fn unread(&self) -> impl Iterator<Item = &'s str> {
        let read = self.read.clone();
        let all = self.settings.into_iter().flat_map(Map::keys).map(String::as_str);
        all.filter(move |key| !read.contains(key))
    }
}
