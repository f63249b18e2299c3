//! What one policy of another engine demands, in the words of settings.

use serde_json::{Map, Value};

use super::reach::Reach;
use crate::error::Place;
use crate::input::Object;

/// One demand of another engine's policy, which holds together with all others.
#[derive(Clone, Debug)]
pub(crate) struct Piece {
    /// The name of the object.
    pub(crate) name: String,
    /// The object and, where it has several, its rule: `K8sPSPCapabilities drop-all`.
    pub(crate) title: String,
    pub(crate) place: Place,
    pub(crate) reach: Reach,
    /// The fields of a policy's spec that it restricts, with their values. All others permit everything.
    pub(crate) spec: Map<String, Value>,
    /// The annotations of a policy that it restricts.
    pub(crate) annotations: Map<String, Value>,
    /// Policies of which a pod must satisfy one, besides the rest; none if there is no choice.
    pub(crate) alternatives: Vec<Alternative>,
    /// The checks of the Pod Security Standards that it demands.
    pub(crate) standards: Vec<Standard>,
    /// Options of the settings, as they are written; such a piece is registered by itself.
    pub(crate) options: Map<String, Value>,
    /// What a violation does.
    pub(crate) action: Action,
    /// Whether it fills in defaults. Else only the validating half is registered.
    pub(crate) writes: bool,
    /// Entries of `exemptions`, without `rules`, which are those that the piece demands.
    pub(crate) exemptions: Vec<Map<String, Value>>,
    /// What the settings do differently.
    pub(crate) inexact: Vec<Inexact>,
    /// What the source did wrong, and the settings do right.
    pub(crate) repaired: Vec<&'static str>,
}

/// One of the policies of which a pod must satisfy one: what it restricts besides what holds for all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Alternative {
    /// The name of the policy, which messages have.
    pub(crate) name: String,
    /// Fields of its spec.
    pub(crate) spec: Map<String, Value>,
    /// Its annotations; `null` leaves out the one that admits every seccomp profile.
    pub(crate) annotations: Map<String, Value>,
}

/// Checks of one level of the Pod Security Standards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Standard {
    /// `baseline:v1.31`
    pub(crate) level: String,
    /// The IDs of the demanded checks; `None` for all of the level.
    pub(crate) checks: Option<Vec<&'static str>>,
}

/// What a violation does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Action {
    Audit,
    Warn,
    #[default]
    Deny,
}

impl Action {
    pub(super) fn name(self) -> &'static str {
        match self {
            Action::Audit => "Audit",
            Action::Warn => "Warn",
            Action::Deny => "Deny",
        }
    }
}

/// A difference between a policy and the settings that it becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Inexact {
    /// The key of the source: `allowed_capabilities`.
    pub(crate) key: String,
    /// What the source did.
    pub(crate) was: String,
    /// What the settings do.
    pub(crate) is: String,
    /// The reason.
    pub(crate) because: String,
}

impl Piece {
    /// A piece that demands nothing yet.
    pub(crate) fn new(object: &Object, reach: Reach) -> Self {
        Piece {
            name: object.name.clone(),
            title: object.title(),
            place: object.start(),
            reach,
            spec: Map::new(),
            annotations: Map::new(),
            alternatives: Vec::new(),
            standards: Vec::new(),
            options: Map::new(),
            action: Action::Deny,
            writes: false,
            exemptions: Vec::new(),
            inexact: Vec::new(),
            repaired: Vec::new(),
        }
    }

    /// Restricts a field of the spec.
    pub(crate) fn set(&mut self, field: &str, value: impl Into<Value>) {
        self.spec.insert(field.to_owned(), value.into());
    }

    /// Restricts an annotation.
    pub(crate) fn annotate(&mut self, key: &str, value: impl Into<Value>) {
        self.annotations.insert(key.to_owned(), value.into());
    }

    /// Demands checks of a level of the Pod Security Standards; `None` stands for all.
    pub(crate) fn demand(&mut self, level: &str, checks: Option<Vec<&'static str>>) {
        self.standards.push(Standard { level: level.to_owned(), checks });
    }

    /// Notes a difference.
    pub(crate) fn differs(
        &mut self,
        key: &str,
        was: impl Into<String>,
        is: impl Into<String>,
        because: impl Into<String>,
    ) {
        let inexact =
            Inexact { key: key.to_owned(), was: was.into(), is: is.into(), because: because.into() };
        self.inexact.push(inexact);
    }

    /// Whether it demands anything.
    pub(crate) fn is_empty(&self) -> bool {
        self.spec.is_empty()
            && self.annotations.is_empty()
            && self.alternatives.is_empty()
            && self.standards.is_empty()
            && self.options.is_empty()
    }
}
