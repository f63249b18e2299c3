//! What "the same" means between an answer of the original and one of ours.
//!
//! Of a request: the verdict, the policy that won, what the policy may write of the pod as it was stored, and the
//! violations. Of policies that were to be validated: whether they are valid, and each field that is at fault.

mod fields;
mod settings;
mod violations;

use serde_json::Value;

use crate::case::{Case, Outcome};
use crate::ours::Answer;

pub use settings::settings;

/// Where a pod says which policy admitted it.
const HINT: &str = "/metadata/annotations/kubernetes.io~1psp";

/// Whether the two answers to a request are the same.
///
/// # Errors
///
/// The difference, told to people.
pub fn admission(case: &Case, result: &Outcome, answer: &Answer) -> Result<(), String> {
    let created = matches!(case.op.as_str(), "" | "CREATE");
    let said = if created && case.steps != "validate" { &result.admit } else { &result.validate };
    let refusal = said.as_deref().filter(|said| *said != Outcome::OK);
    if refusal.is_none() != answer.accepted {
        return Err(format!(
            "verdict: the original says {:?}, we say {:?}",
            refusal.unwrap_or(Outcome::OK),
            answer.message.as_deref().unwrap_or(Outcome::OK)
        ));
    }
    if let Some(refusal) = refusal {
        return violations::same(&case.pod, refusal, answer.message.as_deref().unwrap_or_default());
    }
    same("winner", result.winner(), answer.winner.as_deref())?;
    if result.pod.is_null() || !case.sub.is_empty() {
        return match &answer.mutated {
            None => Ok(()),
            Some(pod) => Err(format!("nothing may be changed here, but we have {pod}")),
        };
    }
    let ours = answer.mutated.as_ref().unwrap_or(&case.pod);
    let stored = if result.stored.is_null() { &result.pod } else { &result.stored };
    let hint = |pod: &Value| pod.pointer(HINT).cloned();
    same("annotation", hint(stored), hint(ours))?;
    same("fields", fields::governed(stored), fields::governed(ours))
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, original: T, ours: T) -> Result<(), String> {
    if original == ours {
        Ok(())
    } else {
        Err(format!("{what}: the original has {original:?}, we have {ours:?}"))
    }
}
