//! What a remedy has to resolve.

use pod_security_policy::admission::SetDefault;
use pod_security_policy::rule::{Violation, ViolationKind};
use serde_json::Value;

/// An objection to resolve.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Objection {
    pub(crate) rule: String,
    pub(crate) path: String,
    /// The problem, in words.
    pub(crate) problem: String,
    /// The kind of problem; `None` where there are words alone.
    pub(super) kind: Option<ViolationKind>,
    /// The value of the field as JSON, if it is one that is not allowed.
    pub(super) value: String,
    /// Values that would satisfy the rule, as JSON.
    pub(super) wanted: Vec<String>,
    /// Whether the policy would set the first of these values itself, and may not.
    pub(super) is_default: bool,
}

impl Objection {
    /// A violation, at its path in the manifest as written.
    pub(crate) fn of(violation: &Violation, path: String, addition: &str) -> Self {
        Objection {
            rule: violation.rule.to_owned(),
            path,
            problem: violation.problem() + addition,
            kind: Some(violation.kind),
            value: violation.value.clone(),
            wanted: violation.wanted.clone(),
            is_default: false,
        }
    }

    /// That a policy would have to set a default, which it may not.
    pub(crate) fn of_default(SetDefault { rule, edit }: &SetDefault) -> Self {
        Objection {
            rule: (*rule).to_owned(),
            path: edit.to_string(),
            problem: format!("Required value: must be {}", edit.value),
            kind: Some(ViolationKind::Required),
            value: String::new(),
            wanted: vec![edit.value.clone()],
            is_default: true,
        }
    }

    /// That a check of the Pod Security Standards fails.
    pub(crate) fn of_check(check: &str, path: String, problem: String) -> Self {
        Objection { rule: format!("pss/{check}"), path, problem, ..Objection::default() }
    }

    /// The text that is not allowed.
    pub(super) fn text(&self) -> Option<String> {
        serde_json::from_str(&self.value).ok()
    }

    /// Values that would satisfy the rule.
    pub(super) fn wanted(&self) -> Vec<Value> {
        self.wanted.iter().filter_map(|value| serde_json::from_str(value).ok()).collect()
    }
}
