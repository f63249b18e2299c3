//! From workloads to the tightest policy that admits them.

mod names;
mod needs;
mod spec;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value, json};

use crate::error::Place;

pub(crate) use names::{Whose, names};
pub(crate) use needs::{Needs, Place as At};
pub(crate) use spec::Strictness;

/// A workload with a need, and the field that shows it.
#[derive(Clone, Debug)]
pub(crate) struct Evidence {
    /// `Deployment shop/web`
    pub(crate) workload: String,
    pub(crate) path: String,
    pub(crate) place: Place,
    /// How many workloads have the same need.
    pub(crate) workloads: Workloads,
}

/// The number of workloads. Pods of one workload are adjacent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Workloads {
    pub(crate) count: usize,
    last: Option<usize>,
}

impl Workloads {
    /// Counts a workload, by its index among all objects, unless it was counted last.
    fn add(&mut self, nth: usize) {
        if self.last != Some(nth) {
            *self = Workloads { count: self.count + 1, last: Some(nth) };
        }
    }
}

/// A field that is looser than it could be, and the workload that needs it.
#[derive(Clone, Debug)]
pub(crate) struct Reason {
    pub(crate) field: &'static str,
    /// The value that had to be allowed.
    pub(crate) need: String,
    pub(crate) evidence: Evidence,
}

/// A policy, and why it is not tighter.
#[derive(Clone, Debug)]
pub(crate) struct Suggestion {
    pub(crate) spec: Map<String, Value>,
    pub(crate) annotations: Map<String, Value>,
    pub(crate) reasons: Vec<Reason>,
}

impl Suggestion {
    /// The policy as a manifest.
    pub(crate) fn manifest(&self, name: &str) -> Value {
        let mut metadata = Map::new();
        metadata.insert("name".to_owned(), name.into());
        if !self.annotations.is_empty() {
            metadata.insert("annotations".to_owned(), Value::Object(self.annotations.clone()));
        }
        json!({"apiVersion": "policy/v1beta1", "kind": "PodSecurityPolicy", "metadata": metadata, "spec": self.spec})
    }
}
