//! The kinds of objects.

use crate::json::{Text, decode};

decode! {
    /// A group and a kind; versions of a kind are the same to policies.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Kind<'a> {
        /// The API group; empty for the core one.
        pub group: Text<'a> = "group",
        /// The kind.
        pub kind: Text<'a> = "kind",
    }
}

impl Kind<'_> {
    /// Whether this is the pod itself.
    pub fn is_pod(&self) -> bool {
        self.group.is_empty() && self.kind == "Pod"
    }

    /// Whether this is a namespace.
    pub fn is_namespace(&self) -> bool {
        self.group.is_empty() && self.kind == "Namespace"
    }
}
