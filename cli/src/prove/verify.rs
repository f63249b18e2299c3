//! Candidates are judged as any pod is, before they are shown.

use serde_json::Value;

use super::report::{Answer, Reason, Witness};
use super::search::{Candidate, Searched};
use super::witness::object;
use crate::judge::{Requester, Verdict, judge};
use crate::policies::Policies;

/// The set that should admit a pod, and the one that should reject it.
#[derive(Clone, Copy)]
pub(super) struct Sets<'p> {
    pub(super) admitting: &'p Policies,
    pub(super) rejecting: &'p Policies,
}

/// The answer that a search gives. With doubts, that it finds nothing decides nothing.
pub(super) fn verified(
    searched: &Searched,
    doubts: &[&str],
    sets: Sets<'_>,
    requester: &Requester,
) -> Answer {
    let mut answer = Answer::default();
    let mut failed = 0;
    for candidate in &searched.candidates {
        match witness(candidate, sets, requester) {
            Some(witness) => answer.witnesses.push(witness),
            None => failed += 1,
        }
    }
    if failed > 0 {
        answer.undecided.push("a pod that was found does not get the verdicts that were expected".to_owned());
    }
    if searched.gave_up {
        answer
            .undecided
            .push("there are too many combinations of values that policies tell apart".to_owned());
    }
    if answer.witnesses.is_empty() {
        answer.undecided.extend(doubts.iter().map(|&doubt| doubt.to_owned()));
    }
    answer
}

/// The API server mounts a token into pods that do not refuse it. It is a volume like any other, so that a pod with it is
/// another value of that part: it is refused where it adds a reason, or an objection.
fn witness(candidate: &Candidate, sets: Sets<'_>, requester: &Requester) -> Option<Witness> {
    let plain = judged(candidate, &candidate.pod, sets, requester);
    let mut pod = candidate.pod.clone();
    if let Some(spec) = pod.get_mut("spec").and_then(Value::as_object_mut) {
        spec.insert("automountServiceAccountToken".to_owned(), false.into());
    }
    let without = judged(candidate, &pod, sets, requester);
    let adds =
        |with: &Witness| without.as_ref().is_some_and(|without| with.reasons.len() > without.reasons.len());
    match plain {
        Some(plain) if !adds(&plain) => Some(plain),
        _ => without,
    }
}

fn judged(candidate: &Candidate, pod: &Value, sets: Sets<'_>, requester: &Requester) -> Option<Witness> {
    let object = object(pod)?;
    let admitted = judge(sets.admitting, &object, requester);
    let rejected = judge(sets.rejecting, &object, requester);
    if admitted.verdict == Verdict::Rejected || rejected.verdict != Verdict::Rejected {
        return None;
    }
    let reasons = rejected.violations.into_iter();
    Some(Witness {
        what: candidate.what.clone(),
        pod: pod.clone(),
        policy: admitted.policy,
        reasons: reasons
            .map(|found| Reason {
                policy: found.policy,
                rule: found.rule,
                path: found.path,
                problem: found.problem,
            })
            .collect(),
    })
}
