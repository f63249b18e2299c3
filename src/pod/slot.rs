//! The place of a container.

use std::fmt;

/// The list that a container is in. The order is that in which containers are visited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum List {
    /// `spec.initContainers`
    Init,
    /// `spec.containers`
    Regular,
    /// `spec.ephemeralContainers`
    Ephemeral,
}

/// Which container of a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slot {
    /// The list it is in.
    pub list: List,
    /// Its index there.
    pub index: usize,
}

impl List {
    /// All three, in visiting order.
    pub const ALL: [List; 3] = [List::Init, List::Regular, List::Ephemeral];

    /// The field of `spec` that holds the list.
    pub fn key(self) -> &'static str {
        match self {
            List::Init => "initContainers",
            List::Regular => "containers",
            List::Ephemeral => "ephemeralContainers",
        }
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "spec.{}[{}]", self.list.key(), self.index)
    }
}
