//! What a policy has filled in is admitted again without a change, and by the half that only judges.

use serde_json::Value;

use super::{Held, equal};
use crate::case::Case;
use crate::generate::Rng;
use crate::ours::{self, Answer};

const HINT: &str = "kubernetes.io/psp";

pub(super) fn holds(case: &Case, answer: &Answer, _: &mut Rng) -> Held {
    let Some(pod) = &answer.mutated else { return Held::Silent };
    let again = Case { pod: pod.clone(), ..case.clone() };
    let second = ours::natively(&again);
    // Another policy may admit the result without a change, so that the name of the policy may change.
    let settled = second.accepted
        && match &second.mutated {
            None => true,
            Some(changed) => second.winner != answer.winner && without_hint(changed) == without_hint(pod),
        };
    if !settled {
        return Held::Broken(format!("of {pod}, the second time: {second:?}"));
    }
    let judging = ours::natively(&Case { steps: "validate".to_owned(), ..again });
    // Where the policy that filled it in is not written into the pod, the hint can name another one that admits it.
    let winner = if case.creates() { answer.winner.clone() } else { judging.winner.clone() };
    equal(&judging, &Answer { accepted: true, message: None, winner, mutated: None }, &"the judging half")
}

fn without_hint(pod: &Value) -> Value {
    let mut pod = pod.clone();
    if let Some(annotations) = pod.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut) {
        annotations.remove(HINT);
    }
    pod
}
