//! The parts that a pod falls into: fields that no rule reads together with those of another part.

use serde_json::{Value, json};

use super::context::Context;
use super::vocabulary::Vocabulary;

/// What the two sets of policies have, as far as it decides which values differ.
#[derive(Debug, Default)]
pub(super) struct World {
    pub(super) vocabulary: Vocabulary,
    /// Whether a Pod Security Standard is enforced.
    pub(super) standards: bool,
}

/// A part of a pod.
pub(super) struct Component {
    /// Its name in texts: `users`.
    pub(super) name: &'static str,
    /// The rules that read its fields. A rule may read those of several parts if it looks at each for itself.
    pub(super) rules: &'static [&'static str],
    /// The checks of the Pod Security Standards that do.
    pub(super) checks: &'static [&'static str],
    /// The part of the context that those read.
    pub(super) reads: fn(Context) -> Context,
    /// Whether several elements stand in one container; otherwise each has its own.
    pub(super) is_list: bool,
    /// Its values.
    pub(super) groups: fn(&World, Context) -> Vec<Group>,
}

/// The values of the fields of the pod as a whole, and the elements that may stand next to them.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) base: Value,
    /// An element that is always there. Without one, at least one of the others is.
    pub(super) fixed: Option<Element>,
    pub(super) elements: Vec<Element>,
}

/// A container, or an element of a list, as far as it belongs to the part.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Element {
    /// What it adds to the pod.
    pub(super) pod: Value,
    /// What it adds to a container.
    pub(super) container: Value,
    /// The start of an annotation's key that ends with the container's name, and its value.
    pub(super) annotation: Option<(&'static str, String)>,
}

impl Element {
    /// One in the pod as a whole.
    pub(super) fn of_pod(pod: Value) -> Self {
        Element { pod, ..Element::default() }
    }

    /// One in the security context of a container.
    pub(super) fn secured(security_context: &Value) -> Self {
        Element { container: json!({"securityContext": security_context}), ..Element::default() }
    }

    /// How many values it sets.
    pub(super) fn cost(&self) -> usize {
        leaves(&self.pod) + leaves(&self.container) + usize::from(self.annotation.is_some())
    }
}

impl Group {
    /// Containers, of which the pod has at least one.
    pub(super) fn of(elements: Vec<Element>) -> Self {
        Group { base: Value::Null, fixed: None, elements }
    }

    /// Elements of a list, which may be empty.
    pub(super) fn list(elements: Vec<Element>) -> Self {
        Group { base: Value::Null, fixed: Some(Element::default()), elements }
    }

    /// A value of the pod as a whole.
    pub(super) fn only(base: Value) -> Self {
        Group { base, ..Group::list(Vec::new()) }
    }
}

/// How many values there are in a value.
pub(super) fn leaves(value: &Value) -> usize {
    match value {
        Value::Null => 0,
        Value::Array(list) => list.iter().map(leaves).sum::<usize>().max(1),
        Value::Object(members) => members.values().map(leaves).sum::<usize>().max(1),
        _ => 1,
    }
}
