//! A PodSecurityPolicy under construction, and how generators read back what they have set.

use serde_json::{Map, Value, json};

use super::ids::Range;

/// A policy: its name, its annotations and its spec, as unrestricted JSON.
#[derive(Clone, Debug, Default)]
pub(crate) struct Policy {
    pub(crate) name: String,
    pub(crate) annotations: Map<String, Value>,
    pub(crate) spec: Map<String, Value>,
}

impl Policy {
    /// Copies the fields of another policy.
    pub(crate) fn add(&mut self, other: &Self) {
        self.spec.extend(other.spec.clone());
        self.annotations.extend(other.annotations.clone());
    }

    /// Sets a field of the spec.
    pub(crate) fn set(&mut self, field: &str, value: impl Into<Value>) {
        self.spec.insert(field.to_owned(), value.into());
    }

    /// Sets an annotation.
    pub(crate) fn annotate(&mut self, key: &str, value: impl Into<String>) {
        self.annotations.insert(key.to_owned(), Value::String(value.into()));
    }

    /// An annotation's text, if there is one.
    pub(crate) fn annotation(&self, key: &str) -> Option<&str> {
        self.annotations.get(key)?.as_str()
    }

    /// A boolean of the spec, if it is set.
    pub(crate) fn flag(&self, field: &str) -> Option<bool> {
        self.spec.get(field)?.as_bool()
    }

    /// A list of the spec; empty if absent.
    pub(crate) fn list(&self, field: &str) -> Vec<Value> {
        self.spec.get(field).and_then(Value::as_array).cloned().unwrap_or_default()
    }

    /// A list of strings of the spec; empty if absent.
    pub(crate) fn strings(&self, field: &str) -> Vec<String> {
        self.list(field).iter().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// The rule of a strategy; `RunAsAny` if absent.
    pub(crate) fn rule(&self, field: &str) -> &str {
        self.spec
            .get(field)
            .and_then(|strategy| strategy.get("rule"))
            .and_then(Value::as_str)
            .unwrap_or("RunAsAny")
    }

    /// The ranges of a strategy.
    pub(crate) fn ranges(&self, field: &str) -> Vec<Range> {
        let ranges = self.spec.get(field).and_then(|strategy| strategy.get("ranges"));
        ranges.and_then(Value::as_array).into_iter().flatten().filter_map(Range::read).collect()
    }

    /// The object as a manifest.
    pub(crate) fn manifest(&self) -> Value {
        let mut metadata = json!({"name": self.name});
        if let (false, Some(metadata)) = (self.annotations.is_empty(), metadata.as_object_mut()) {
            metadata.insert("annotations".to_owned(), Value::Object(self.annotations.clone()));
        }
        json!({
            "apiVersion": "policy/v1beta1",
            "kind": "PodSecurityPolicy",
            "metadata": metadata,
            "spec": self.spec,
        })
    }
}
