//! Which workload needs what, and where that is written.

use serde_json::{Map, Value, json};

use crate::error::Place;

/// A workload with a need, and the field that shows it.
#[derive(Clone, Debug)]
pub(crate) struct Evidence {
    /// `Deployment shop/web`
    pub(crate) workload: String,
    pub(crate) path: String,
    pub(crate) place: Place,
    /// How many workloads have the same need.
    pub(crate) workloads: Count,
}

/// The number of workloads. Pods of one workload are adjacent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) count: usize,
    pub(super) last: Option<usize>,
}

impl Count {
    /// Counts a workload, by its index among all objects, unless it was counted last.
    pub(super) fn add(&mut self, nth: usize) {
        if self.last != Some(nth) {
            *self = Count { count: self.count + 1, last: Some(nth) };
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
pub(crate) struct Tightest {
    pub(crate) spec: Map<String, Value>,
    pub(crate) annotations: Map<String, Value>,
    pub(crate) reasons: Vec<Reason>,
}

impl Tightest {
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
