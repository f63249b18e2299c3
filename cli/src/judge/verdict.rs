//! The result of evaluating an object.

use std::fmt::{self, Display};

use pod_security_policy::admission::SetDefault;
use pod_security_policy::json::{Edit, Step};
use pod_security_policy::pod::ADMITTED_BY;
use pod_security_policy::rule::{Violation, ViolationKind};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::input::{CLUSTER, Object};

/// The verdict on an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Admitted unchanged.
    Allowed,
    /// Admitted after defaulting by policies.
    Changed,
    /// Rejected; for a workload: its pods would be.
    Rejected,
}

impl Verdict {
    /// The verdict as a word: `allowed`
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Allowed => "allowed",
            Verdict::Changed => "changed",
            Verdict::Rejected => "rejected",
        }
    }
}

/// An evaluated object.
#[derive(Clone, Debug, Serialize)]
pub struct Judged {
    /// The API version of the object.
    #[serde(skip)]
    pub api_version: String,
    /// The kind of the object.
    pub kind: String,
    /// The namespace that it is created in.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its source.
    pub file: String,
    /// The line where it starts.
    pub line: u32,
    /// The verdict.
    pub verdict: Verdict,
    /// Its verdict under the policies of the comparison.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Before>,
    /// The policy that admits it.
    pub policy: Option<String>,
    /// The fields that are filled in.
    pub changes: Vec<Change>,
    /// The objections.
    pub violations: Vec<Finding>,
    /// Warnings for the requester, and about the verdict.
    pub warnings: Vec<String>,
}

/// The verdict of another set of policies.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Before {
    /// The verdict.
    pub verdict: Verdict,
    /// The policy that admitted it.
    pub policy: Option<String>,
}

/// `was allowed by baseline`
impl Display for Before {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = self.verdict.name();
        match &self.policy {
            Some(policy) => write!(f, "was {verdict} by {policy}"),
            None => write!(f, "was {verdict}"),
        }
    }
}

/// A field that a policy fills in.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// The path of the field.
    pub path: String,
    /// The value.
    pub value: Value,
}

/// An objection, with the position of the field.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// The policy that objects.
    pub policy: String,
    /// The rule that objects: a field of the PSP spec, `seccomp`, `appArmor`, a check of the Pod Security Standards as
    /// `pss/ID`, `authorization` where no policy may be used, or `request` where the object cannot be evaluated.
    pub rule: String,
    /// Empty for the object as a whole.
    pub path: String,
    /// The problem, in words.
    pub problem: String,
    /// The kind of problem.
    #[serde(skip)]
    pub kind: ViolationKind,
    /// The value of the field as JSON, if it is one that is not allowed.
    #[serde(skip)]
    pub value: String,
    /// The reason, without the kind and the value.
    #[serde(skip)]
    pub detail: String,
    /// The line of the field.
    pub line: u32,
    /// The column of the field.
    pub column: u32,
}

/// `spec.hostPID: Invalid value: true: Host PID is not allowed to be used`
impl Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let colon = if self.path.is_empty() { "" } else { ": " };
        write!(f, "{}{colon}{}", self.path, self.problem)
    }
}

impl Judged {
    /// An object without results yet.
    pub(super) fn new(object: &Object, namespace: &str) -> Self {
        let start = object.start();
        Judged {
            api_version: object.api_version.clone(),
            kind: object.kind.clone(),
            namespace: namespace.to_owned(),
            name: object.name.clone(),
            file: start.file.to_string(),
            line: start.line,
            verdict: Verdict::Allowed,
            before: None,
            policy: None,
            changes: Vec::new(),
            violations: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// `Deployment shop/web`
    pub fn title(&self) -> String {
        format!("{} {}/{}", self.kind, self.namespace, self.name)
    }

    /// `pods/web.yaml:12`; `None` if it comes from a cluster.
    pub(crate) fn place(&self) -> Option<String> {
        (self.file != CLUSTER).then(|| format!("{}:{}", self.file, self.line))
    }

    /// Records mutations. The annotation with the name of the winning policy does not count as a change.
    pub(super) fn note(&mut self, root: &str, edits: &[Edit<'_>]) {
        for edit in edits.iter().filter(|edit| edit.path.last() != Some(Step::Key(ADMITTED_BY))) {
            let change = Change {
                path: format!("{root}{edit}"),
                value: serde_json::from_str(&edit.value).unwrap_or_default(),
            };
            if !self.changes.contains(&change) {
                self.changes.push(change);
            }
        }
    }

    /// Records an objection, which is a sentence.
    pub(super) fn find(&mut self, object: &Object, policy: &str, rule: &str, path: &str, problem: String) {
        let place = object.place(path);
        self.violations.push(Finding {
            policy: policy.to_owned(),
            rule: rule.to_owned(),
            path: path.to_owned(),
            kind: ViolationKind::Message,
            value: String::new(),
            detail: problem.clone(),
            problem,
            line: place.line,
            column: place.column,
        });
    }

    /// Records a violation of a policy.
    pub(super) fn violated(&mut self, object: &Object, policy: &str, violation: &Violation) {
        let Violation { rule, path, kind, value, detail, .. } = violation;
        self.find(object, policy, rule, path, violation.problem());
        if let Some(found) = self.violations.last_mut() {
            (found.kind, found.value, found.detail) = (*kind, value.clone(), detail.clone());
        }
    }

    /// Records that a policy would have to set a default, which it may not.
    pub(super) fn unfilled(&mut self, object: &Object, policy: &str, SetDefault { rule, edit }: &SetDefault) {
        let detail = format!("must be {}", edit.value);
        self.find(object, policy, rule, &edit.to_string(), format!("Required value: {detail}"));
        if let Some(found) = self.violations.last_mut() {
            (found.kind, found.detail) = (ViolationKind::Required, detail);
        }
    }

    /// Determines the verdict. The halves of a pair have the same objections: they are listed once.
    pub(super) fn conclude(&mut self) {
        let mut known: Vec<Finding> = Vec::new();
        for found in std::mem::take(&mut self.violations) {
            if !known.contains(&found) {
                known.push(found);
            }
        }
        self.violations = known;
        if !self.violations.is_empty() {
            self.policy = None;
            self.verdict = Verdict::Rejected;
        } else if !self.changes.is_empty() {
            self.verdict = Verdict::Changed;
        }
    }
}
