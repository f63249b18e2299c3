//! The difference of two sets of policies, as data and as text.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::Value;

use crate::error::{Error, Errors, Outcome};
use crate::report::{to_json, to_yaml};

/// The difference of two sets of policies.
#[derive(Clone, Debug, Serialize)]
pub struct Difference {
    /// What the new ones admit and the old ones reject.
    pub gained: Answer,
    /// What the old ones admit and the new ones reject.
    pub lost: Answer,
}

/// The answer for one direction. Without witnesses and reasons there is no such pod.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Answer {
    /// A pod for each part of pods that got looser.
    pub witnesses: Vec<Witness>,
    /// Why there might be more; why it is not decided if there are no witnesses.
    pub undecided: Vec<String>,
}

/// A pod that one set of policies admits and the other one rejects.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Witness {
    /// The part of the pod that makes the difference.
    pub what: String,
    /// The pod.
    pub pod: Value,
    /// The policy that admits it; none where standards do.
    pub policy: Option<String>,
    /// Why the other set rejects it.
    pub reasons: Vec<Reason>,
}

/// A violation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reason {
    /// The policy that objects.
    pub policy: String,
    /// The rule that objects.
    pub rule: String,
    /// The path of the field.
    pub path: String,
    /// The problem, in words.
    pub problem: String,
}

impl Answer {
    /// That it is not decided, with the reasons.
    pub(super) fn undecided(undecided: Vec<String>) -> Self {
        Answer { witnesses: Vec::new(), undecided }
    }

    /// Whether there is no such pod.
    pub fn is_nothing(&self) -> bool {
        self.witnesses.is_empty() && self.undecided.is_empty()
    }

    fn table(&self, admitting: &str, rejecting: &str, text: &mut String) -> Outcome<()> {
        // Writing to a String cannot fail.
        if self.is_nothing() {
            let _ = writeln!(text, "# {admitting} admits nothing that {rejecting} rejects.");
        }
        if !self.witnesses.is_empty() {
            let _ = writeln!(text, "# {admitting} admits pods that {rejecting} rejects:");
        }
        for witness in &self.witnesses {
            let by = witness.policy.as_ref().map(|policy| format!(", by {policy}")).unwrap_or_default();
            let _ = writeln!(
                text,
                "---\n# {}: {admitting} admits this{by}; {rejecting} rejects it:",
                witness.what
            );
            for reason in &witness.reasons {
                let path = if reason.path.is_empty() { String::new() } else { format!("{}: ", reason.path) };
                let _ = writeln!(text, "#   {}: {path}{}", reason.policy, reason.problem);
            }
            text.push_str(&to_yaml(&witness.pod).map_err(unwritten)?);
        }
        for reason in &self.undecided {
            let what = if self.witnesses.is_empty() { "whether" } else { "whether there is more that" };
            let verb = if self.witnesses.is_empty() { "admits what" } else { "admits and" };
            let _ = writeln!(text, "# undecided {what} {admitting} {verb} {rejecting} rejects: {reason}");
        }
        Ok(())
    }
}

fn unwritten(reason: impl std::fmt::Display) -> Errors {
    Error::new(format_args!("the difference cannot be written: {reason}")).into()
}

impl Difference {
    /// Whether a direction is not decided.
    pub fn is_undecided(&self) -> bool {
        [&self.gained, &self.lost]
            .iter()
            .any(|answer| answer.witnesses.is_empty() && !answer.undecided.is_empty())
    }

    /// Whether both sets admit the same pods.
    pub fn is_nothing(&self) -> bool {
        self.gained.is_nothing() && self.lost.is_nothing()
    }

    /// For people; the pods are a stream of manifests, and the rest is comments.
    ///
    /// # Errors
    ///
    /// If a pod cannot be written.
    pub fn to_table(&self) -> Outcome<String> {
        let mut text = String::new();
        self.gained.table("NEW", "OLD", &mut text)?;
        text.push('\n');
        self.lost.table("OLD", "NEW", &mut text)?;
        Ok(text)
    }

    /// As JSON.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn to_json(&self) -> Outcome<String> {
        to_json(self).map_err(unwritten)
    }

    /// As YAML.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn to_yaml(&self) -> Outcome<String> {
        to_yaml(self).map_err(unwritten)
    }
}
