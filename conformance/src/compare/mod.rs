//! What "the same" means between an answer of the original and one of ours.
//!
//! Of a request: the verdict, the policy that won, what the policy may write of the pod as it was stored, and the
//! violations. Of policies that were to be validated: whether they are valid, and each field that is at fault.

mod fields;
mod settings;
mod violations;

use serde_json::Value;

use crate::case::{Case, Outcome};
use crate::deviations;
use crate::ours::Answer;

pub use settings::settings;

/// Where a pod says which policy admitted it.
const HINT: &str = "/metadata/annotations/kubernetes.io~1psp";

/// What is not the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// What kind of thing differs.
    pub what: &'static str,
    /// Told to people.
    pub text: String,
    /// The ways in which the difference can have come about: the paths of all that differs, of which `winner` and
    /// `unchanged` stand for the choice of a policy.
    pub ways: Vec<Vec<String>>,
}

impl Difference {
    fn new(what: &'static str, text: String, ways: Vec<Vec<String>>) -> Self {
        Self { what, text, ways }
    }
}

/// Whether the two answers to a request are the same.
///
/// # Errors
///
/// The difference.
pub fn admission(case: &Case, result: &Outcome, answer: &Answer) -> Result<(), Difference> {
    let created = matches!(case.op.as_str(), "" | "CREATE");
    let said = if created && case.steps != "validate" { &result.admit } else { &result.validate };
    let refusal = said.as_deref().filter(|said| *said != Outcome::OK);
    let message = answer.message.as_deref().unwrap_or_default();
    match (refusal, answer.accepted) {
        (Some(refusal), false) => violations::same(&case.pod, refusal, message),
        (Some(refusal), true) => {
            let text = format!("the original says {refusal:?}, we accept");
            let unchanged = case.psps.len() > 1 && !(created && case.steps != "validate");
            Err(Difference::new("verdict", text, violations::of_original(&case.pod, refusal, unchanged)))
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

/// Whether both leave the same of a pod that both admit.
fn admitted(case: &Case, result: &Outcome, answer: &Answer) -> Result<(), Difference> {
    let winners = [result.winner(), answer.winner.as_deref()];
    if let [one, other] = winners
        && one != other
    {
        let text = format!("{one:?} wins with the original, {other:?} with us");
        return Err(Difference::new("winner", text, vec![vec!["winner".to_owned()]]));
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
