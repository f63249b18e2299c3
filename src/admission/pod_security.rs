//! Evaluation of the Pod Security Standards, in each mode.

use std::collections::BinaryHeap;

use super::Evaluator;
use super::response::Response;
use crate::pod::{Container, Pod};
use crate::rule::{Action, NonDenying, Violation, ViolationKind};
use crate::standards::{Exempted, Failure, Standard};

impl Evaluator<'_> {
    /// Evaluates a pod, or the template of a workload, and adds the result to the response.
    pub(super) fn judge_by_standards(
        &self,
        pod: &Pod<'_>,
        is_template: bool,
        exempted: Exempted<'_>,
        response: &mut Response,
    ) {
        let (modes, enforcement) = (self.settings.standards, &self.settings.enforcement);
        let exempted = Exempted { everywhere: exempted.everywhere.or(enforcement.ignored), ..exempted };
        let mut judged: Vec<(Standard, Vec<Failure>)> = Vec::new();
        let mut evaluate = |standard: Standard| -> Vec<Failure> {
            if let Some((_, failures)) = judged.iter().find(|(earlier, _)| *earlier == standard) {
                return failures.clone();
            }
            let failures = standard.evaluate_exempting(pod, exempted);
            judged.push((standard, failures.clone()));
            failures
        };
        if let Some(standard) = modes.enforce.filter(|_| !is_template) {
            response.enforced = Some(standard);
            let failures = evaluate(standard);
            if !failures.is_empty() {
                self.enforce(standard, failures, response);
            }
        }
        if let Some(standard) = modes.audit {
            let failures = evaluate(standard);
            if !failures.is_empty() {
                response.audit_violations.push(standard.would_be_violated(&failures));
            }
        }
        if let Some(standard) = modes.warn.filter(|_| response.is_accepted()) {
            let failures = evaluate(standard);
            if !failures.is_empty() {
                let warning = standard.would_be_violated(&failures);
                if is_template && modes.enforce == Some(standard) {
                    response.predict(&warning);
                }
                response.warnings.push(warning);
            }
        }
    }

    /// Denies the pod for the checks that deny, and reports the others as far as `warn` and `audit` do not.
    fn enforce(&self, standard: Standard, failures: Vec<Failure>, response: &mut Response) {
        let modes = self.settings.standards;
        let action = |failure: &Failure| self.settings.enforcement.action(failure.index);
        let (denying, tolerated): (Vec<Failure>, Vec<Failure>) =
            failures.into_iter().partition(|failure| action(failure) == Action::Deny);
        if !denying.is_empty() {
            response.rejection = Some(standard.violated(&denying));
        }
        let reported = |failure: &Failure| match action(failure) {
            Action::Audit => modes.audit == Some(standard),
            _ => modes.warn == Some(standard) && denying.is_empty(),
        };
        let violation = |failure: &Failure| Violation {
            rule: failure.id,
            action: action(failure),
            path: String::new(),
            kind: ViolationKind::Message,
            value: String::new(),
            detail: standard.would_be_violated([failure]),
            wanted: Vec::new(),
        };
        let violations = tolerated.iter().filter(|failure| !reported(failure)).map(violation).collect();
        // There are fewer checks than violations that are spelt out, so none is left out.
        response.tolerate(violations, NonDenying::default());
    }
}

/// Whether an update changes anything that Pod Security admission looks at: an image, the number of containers, or
/// which ephemeral containers there are. If so the pod is evaluated as a whole, otherwise not at all.
pub(crate) fn is_significant(new: &Pod<'_>, old: &Pod<'_>) -> bool {
    let differ = |new: &[Container<'_>], old: &[Container<'_>]| {
        new.len() != old.len() || new.iter().zip(old).any(|(new, old)| new.image != old.image)
    };
    let (new, old) = (&new.spec, &old.spec);
    differ(&new.containers, &old.containers)
        || differ(&new.init_containers, &old.init_containers)
        || has_new_ephemeral_images(&new.ephemeral_containers, &old.ephemeral_containers)
}

/// Whether an ephemeral container is new, or its image is.
pub(crate) fn has_new_ephemeral_images(new: &[Container<'_>], old: &[Container<'_>]) -> bool {
    // If old ones share a name, the first one counts.
    let named = old.iter().enumerate().map(|(index, old)| (&*old.name, index, &*old.image));
    // A heap sorts as well as `sort_unstable` does and is a twentieth of its code.
    let old = named.collect::<BinaryHeap<_>>().into_sorted_vec();
    new.iter().any(|new| {
        let first = old.partition_point(|(name, ..)| *name < &*new.name);
        old.get(first).is_none_or(|(name, _, image)| *name != new.name || *image != new.image)
    })
}

#[cfg(test)]
mod tests;
