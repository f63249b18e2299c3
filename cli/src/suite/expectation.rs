//! What a test expects, and how the result differs from it.

use std::fmt::{self, Display};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::judge::{Finding, Judged, Verdict};

/// What a test expects. What it leaves out may be anything.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Expectation {
    verdict: Verdict,
    /// The policy that admits the object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    policy: Option<String>,
    /// All fields that are filled in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    changes: Option<Map<String, Value>>,
    /// All objections.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    violations: Option<Vec<Violation>>,
    /// Parts of warnings; there may be others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

/// An objection, by some of its parts.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
struct Violation {
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    /// A part of the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

impl Expectation {
    /// What holds today, as an expectation.
    pub(super) fn of(judged: &Judged) -> Self {
        let several = judged
            .violations
            .iter()
            .any(|found| Some(&found.policy) != judged.violations.first().map(|first| &first.policy));
        let violation = |found: &Finding| Violation {
            policy: several.then(|| found.policy.clone()),
            rule: Some(found.rule.clone()),
            path: Some(found.path.clone()).filter(|path| !path.is_empty()),
            message: Some(found.detail.clone()).filter(|detail| !detail.is_empty()),
        };
        let changes = judged.changes.iter().map(|change| (change.path.clone(), change.value.clone()));
        let is = |verdict| judged.verdict == verdict;
        Expectation {
            verdict: judged.verdict,
            policy: judged.policy.clone(),
            changes: is(Verdict::Changed).then(|| changes.collect()),
            violations: is(Verdict::Rejected).then(|| judged.violations.iter().map(violation).collect()),
            warnings: Vec::new(),
        }
    }

    /// Where the result differs, a line each.
    pub(super) fn differences(&self, judged: &Judged) -> Vec<String> {
        let mut found = Vec::new();
        if self.verdict != judged.verdict {
            let by = judged.policy.as_ref().map(|policy| format!(" by {policy}")).unwrap_or_default();
            found.push(format!(
                "verdict: expected {}, was {}{by}",
                self.verdict.name(),
                judged.verdict.name()
            ));
            // What follows from another verdict is no news but the reason for it.
            found.extend(
                judged.violations.iter().map(|found| format!("  {found} [{}, {}]", found.rule, found.policy)),
            );
            return found;
        }
        if let Some(policy) = self.policy.as_ref().filter(|policy| judged.policy.as_ref() != Some(policy)) {
            let was = judged.policy.as_deref().unwrap_or("none");
            found.push(format!("policy: expected {policy}, was {was}"));
        }
        self.changes(judged, &mut found);
        self.violations(judged, &mut found);
        for part in &self.warnings {
            if !judged.warnings.iter().any(|warning| warning.contains(part)) {
                found.push(format!("warnings: expected `{part}`, was {}", Listed(&judged.warnings)));
            }
        }
        found
    }

    fn changes(&self, judged: &Judged, found: &mut Vec<String>) {
        let Some(expected) = &self.changes else { return };
        for (path, value) in expected {
            match judged.changes.iter().find(|change| change.path == *path) {
                None => found.push(format!("changes: {path}: expected {value}, was not changed")),
                Some(change) if change.value != *value => {
                    let is = &change.value;
                    found.push(format!("changes: {path}: expected {value}, was {is}"));
                }
                Some(_) => {}
            }
        }
        let unexpected = judged.changes.iter().filter(|change| !expected.contains_key(&change.path));
        found.extend(
            unexpected.map(|change| {
                format!("changes: {}: was {}, which is not expected", change.path, change.value)
            }),
        );
    }

    fn violations(&self, judged: &Judged, found: &mut Vec<String>) {
        let Some(expected) = &self.violations else { return };
        for violation in expected {
            if !judged.violations.iter().any(|found| violation.is(found)) {
                found.push(format!("violations: expected {violation}, which is not among them"));
            }
        }
        let unexpected =
            judged.violations.iter().filter(|found| !expected.iter().any(|violation| violation.is(found)));
        found.extend(unexpected.map(|found| format!("violations: {found} [{}] is not expected", found.rule)));
    }
}

impl Violation {
    fn is(&self, found: &Finding) -> bool {
        let same = |wanted: &Option<String>, is: &str| wanted.as_deref().is_none_or(|wanted| wanted == is);
        same(&self.policy, &found.policy)
            && same(&self.rule, &found.rule)
            && same(&self.path, &found.path)
            && self.message.as_ref().is_none_or(|part| found.problem.contains(part))
    }
}

/// `hostPID at spec.hostPID with "not allowed"`
impl Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.rule.as_deref().unwrap_or("one"))?;
        let parts = [("at", &self.path), ("of policy", &self.policy), ("with", &self.message)];
        parts.iter().try_for_each(|(word, part)| match part {
            Some(part) => write!(f, " {word} `{part}`"),
            None => Ok(()),
        })
    }
}

/// Warnings in a message.
struct Listed<'l>(&'l [String]);

impl Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [] => f.write_str("none"),
            all => f.write_str(&all.join("; ")),
        }
    }
}
