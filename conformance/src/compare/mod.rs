//! When an answer of the original and one of ours are equal.
//!
//! For a request: the verdict, the policy that won, the fields of the stored pod that the policy may write, and the
//! violations. Where the original ignores a subresource that this project evaluates, its answer to another request is
//! the reference ([`Outcome::law`]), and where an update changes no governed field, this project's own rule is. For
//! policies under validation: whether they are valid, and each invalid field.

mod fields;
mod settings;
mod unevaluated;
mod violations;

use serde_json::Value;

use crate::case::{Case, Outcome};
use crate::deviations;
use crate::difference::Difference;
use crate::ours::Answer;

pub use settings::settings;
pub use unevaluated::is_unevaluated;

/// Where a pod says which policy admitted it.
const HINT: &str = "/metadata/annotations/kubernetes.io~1psp";

/// Whether the two answers to a request are equal.
///
/// # Errors
///
/// The difference.
pub fn admission(case: &Case, result: &Outcome, answer: &Answer) -> Result<(), Difference> {
    if let Some(fault) = &result.unread {
        let text = format!("the original cannot read the pod: {fault}; we accept");
        let accepted = answer.accepted;
        return if accepted {
            Err(Difference::new("unread", text, vec![vec!["unread".to_owned()]]))
        } else {
            Ok(())
        };
    }
    let way = if is_unevaluated(case) {
        pass(case, answer)?;
        "unjudged"
    } else if let Some(law) = &result.law {
        judged(case, law, answer).map_err(|difference| Difference { from_law: true, ..difference })?;
        "law"
    } else {
        return judged(case, result, answer);
    };
    // The answer is as required, and it remains to check whether the original's differs.
    judged(case, result, answer)
        .map_err(|difference| Difference { ways: vec![vec![way.to_owned()]], ..difference })
}

/// Whether a request passed without an evaluation.
fn pass(case: &Case, answer: &Answer) -> Result<(), Difference> {
    let policies_load = crate::ours::problems(case).is_none();
    if !policies_load || (answer.accepted && answer.winner.is_none() && answer.mutated.is_none()) {
        return Ok(());
    }
    let text = format!("nothing that is governed changes, and we say {answer:?}");
    Err(Difference { from_law: true, ..Difference::new("pass", text, vec![vec!["passes".to_owned()]]) })
}

/// Whether an answer of the original and ours are equal.
fn judged(case: &Case, result: &Outcome, answer: &Answer) -> Result<(), Difference> {
    let said = if case.creates() { &result.admit } else { &result.validate };
    let refusal = said.as_deref().filter(|said| *said != Outcome::OK);
    let message = answer.message.as_deref().unwrap_or_default();
    if let Some(path) = unreadable(message) {
        let text = format!("the original can read the pod, and says {refusal:?}; we say {message:?}");
        return Err(Difference::new("unread", text, vec![vec![path.to_owned()]]));
    }
    match (refusal, answer.accepted) {
        (Some(refusal), false) => violations::same(&case.pod, refusal, message),
        (Some(refusal), true) => {
            let text = format!("the original says {refusal:?}, we accept");
            let unchanged = case.psps.len() > 1 && !case.creates();
            let winner = answer.winner.as_deref();
            let ways = match (&result.reasons, winner) {
                // The reasons that kept the original from choosing the policy that wins with us.
                (Some(reasons), Some(winner)) => vec![violations::reasons(&case.pod, reasons, winner)],
                _ => violations::of_original(&case.pod, refusal, unchanged),
            };
            Err(Difference::new("verdict", text, ways))
        }
        (None, false) => {
            let text = format!("the original accepts, we say {message:?}");
            let ways = match deviations::problems(message) {
                Some(problems) => vec![problems.map(|problem| format!("settings: {problem}")).collect()],
                None => violations::of_ours(&case.pod, message),
            };
            Err(Difference::new("verdict", text, ways))
        }
        (None, true) => admitted(case, result, answer),
    }
}

/// The path at which a pod cannot be read.
fn unreadable(message: &str) -> Option<&str> {
    Some(message.strip_prefix("the object cannot be read: ")?.split(": ").next().unwrap_or_default())
}

/// Whether both leave the same fields in a pod that both admit.
fn admitted(case: &Case, result: &Outcome, answer: &Answer) -> Result<(), Difference> {
    let winners = [result.winner(), answer.winner.as_deref()];
    if let [one, other] = winners
        && one != other
    {
        let text = format!("{one:?} wins with the original, {other:?} with us");
        return Err(Difference::new("winner", text, vec![vec!["winner".to_owned()]]));
    }
    if !result.pod.is_null() && case.sub == "ephemeralcontainers" {
        return debugged(case, result, answer);
    }
    if result.pod.is_null() || !case.sub.is_empty() {
        return match &answer.mutated {
            None => Ok(()),
            Some(pod) => {
                let text = format!("the original changes nothing, we have {pod}");
                Err(Difference::new("change", text, vec![vec!["written".to_owned()]]))
            }
        };
    }
    let ours = answer.mutated.as_ref().unwrap_or(&case.pod);
    let stored = if result.stored.is_null() { &result.pod } else { &result.stored };
    let mut differing = Vec::new();
    fields::differing("pod", &fields::governed(stored), &fields::governed(ours), &mut differing);
    let hint = |pod: &Value| pod.pointer(HINT).cloned().unwrap_or_default();
    fields::differing("annotation", &hint(stored), &hint(ours), &mut differing);
    if differing.is_empty() {
        return Ok(());
    }
    let text = differing.join("; ");
    Err(Difference::new("fields", text, vec![differing]))
}

/// Whether the containers that are added to a running pod are filled in alike, and nothing else is written.
fn debugged(case: &Case, result: &Outcome, answer: &Answer) -> Result<(), Difference> {
    let ours = answer.mutated.as_ref().unwrap_or(&case.pod);
    let mut differing = Vec::new();
    let [theirs, mine] = [&result.pod, ours].map(|pod| fields::governed(&fields::only_ephemeral(pod)));
    fields::differing("pod", &theirs, &mine, &mut differing);
    let [sent, mine] = [&case.pod, ours].map(|pod| fields::governed(&fields::without_ephemeral(pod)));
    fields::differing("rest", &sent, &mine, &mut differing);
    let [sent, mine] = [&case.pod, ours].map(|pod| pod.pointer(HINT).cloned().unwrap_or_default());
    fields::differing("annotation", &sent, &mine, &mut differing);
    if differing.is_empty() {
        return Ok(());
    }
    Err(Difference::new("fields", differing.join("; "), vec![differing]))
}
