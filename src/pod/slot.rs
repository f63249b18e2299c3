//! The place of a container.

use std::fmt;

use crate::json::{Path, Step};

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
    pub const fn key(self) -> &'static str {
        match self {
            List::Init => "initContainers",
            List::Regular => "containers",
            List::Ephemeral => "ephemeralContainers",
        }
    }
}

impl Slot {
    /// The path of a field of the container.
    pub(crate) fn path(self, field: &'static [Step<&'static str>]) -> Path<'static> {
        let list: &[Step<&str>] = match self.list {
            List::Init => &[Step::Key("spec"), Step::Key(const { List::Init.key() })],
            List::Regular => &[Step::Key("spec"), Step::Key(const { List::Regular.key() })],
            List::Ephemeral => &[Step::Key("spec"), Step::Key(const { List::Ephemeral.key() })],
        };
        Path::through(list, Step::Index(self.index), field)
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "spec.{}[{}]", self.list.key(), self.index)
    }
}
