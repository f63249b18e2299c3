//! The parameters of a constraint, read with their types.

use serde_json::{Map, Value, json};

use crate::error::Error;
use crate::input::Object;

const PARAMETERS: &str = "spec.parameters";

/// The highest id of a user or a group that the API server accepts.
const LAST_ID: i64 = 2_147_483_647;

/// Parameters, and what is wrong with them.
#[derive(Debug)]
pub(super) struct Parameters<'o> {
    object: &'o Object,
    values: Map<String, Value>,
    pub(super) problems: Vec<Error>,
}

/// Ranges of ids, as settings have them.
#[derive(Debug)]
pub(super) struct Ranges {
    pub(super) list: Vec<Value>,
    /// Those that no id is in.
    pub(super) void: Vec<String>,
}

impl Ranges {
    /// The ranges; if there are none, one that no id is in, because settings demand one.
    pub(super) fn value(&self) -> Value {
        let nothing = LAST_ID + 1;
        if self.list.is_empty() {
            json!([{"min": nothing, "max": nothing}])
        } else {
            Value::Array(self.list.clone())
        }
    }
}

impl<'o> Parameters<'o> {
    pub(super) fn read(object: &'o Object) -> Self {
        let values = object.value().pointer("/spec/parameters").cloned();
        let mut parameters = Parameters { object, values: Map::new(), problems: Vec::new() };
        match values {
            None | Some(Value::Null) => {}
            Some(Value::Object(values)) => parameters.values = values,
            Some(_) => parameters.report("", "must be an object"),
        }
        parameters
    }

    /// The keys that are none of these.
    pub(super) fn others(&self, known: &[&str]) -> Vec<String> {
        self.values.keys().filter(|key| !known.contains(&&***key)).cloned().collect()
    }

    /// Whether a parameter is given.
    pub(super) fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    pub(super) fn texts(&mut self, key: &str) -> Vec<String> {
        let mut texts = Vec::new();
        for (index, value) in self.list(key).iter().enumerate() {
            match value.as_str() {
                Some(text) => texts.push(text.to_owned()),
                None => self.report(&format!("{key}[{index}]"), "must be a text"),
            }
        }
        texts
    }

    pub(super) fn objects(&mut self, key: &str) -> Vec<Map<String, Value>> {
        let mut objects = Vec::new();
        for (index, value) in self.list(key).iter().enumerate() {
            match value.as_object() {
                Some(object) => objects.push(object.clone()),
                None => self.report(&format!("{key}[{index}]"), "must be an object"),
            }
        }
        objects
    }

    pub(super) fn text(&mut self, key: &str) -> Option<String> {
        let value = self.get(key)?.clone();
        self.typed(key, value.as_str().map(str::to_owned), "must be a text")
    }

    pub(super) fn flag(&mut self, key: &str) -> bool {
        let Some(value) = self.get(key).cloned() else { return false };
        self.typed(key, value.as_bool(), "must be true or false").unwrap_or_default()
    }

    pub(super) fn integer(&mut self, key: &str) -> Option<i64> {
        let value = self.get(key)?.clone();
        self.typed(key, value.as_i64(), "must be an integer")
    }

    /// The list `ranges` of an object of parameters, or of the parameters themselves where the key is empty.
    pub(super) fn ranges(&mut self, key: &str) -> Ranges {
        let at = if key.is_empty() { "ranges".to_owned() } else { format!("{key}.ranges") };
        let mut ranges = Ranges { list: Vec::new(), void: Vec::new() };
        for (index, range) in self.list(&at).iter().enumerate() {
            let end = |key| match range.get(key) {
                None | Some(Value::Null) => Some(None),
                Some(end) => end.as_i64().map(Some),
            };
            let (Some(min), Some(max)) = (end("min"), end("max")) else {
                self.report(&format!("{at}[{index}]"), "must have integers as `min` and `max`");
                continue;
            };
            match (min, max) {
                // A comparison with an end that is not there is never true.
                (Some(min), Some(max)) if min <= max && max >= 0 => {
                    ranges.list.push(json!({"min": min.max(0), "max": max}));
                }
                _ => ranges.void.push(range.to_string()),
            }
        }
        ranges
    }

    fn get(&self, key: &str) -> Option<&Value> {
        let mut keys = key.split('.');
        let first = self.values.get(keys.next()?)?;
        keys.try_fold(first, |value, key| value.get(key)).filter(|value| !value.is_null())
    }

    fn list(&mut self, key: &str) -> Vec<Value> {
        let Some(value) = self.get(key).cloned() else { return Vec::new() };
        self.typed(key, value.as_array().cloned(), "must be a list").unwrap_or_default()
    }

    fn typed<T>(&mut self, key: &str, value: Option<T>, reason: &str) -> Option<T> {
        if value.is_none() {
            self.report(key, reason);
        }
        value
    }

    fn report(&mut self, key: &str, reason: &str) {
        let dot = if key.is_empty() { "" } else { "." };
        let place = format!("{PARAMETERS}{dot}{key}");
        let text = format_args!("{}: {place}: {reason}", self.object.title());
        self.problems.push(Error::at(self.object.place(&place), text));
    }
}
