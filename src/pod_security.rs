//! The option `podSecurityStandards`: what Pod Security admission does with levels, beside or instead of policies.
//!
//! A pod must satisfy the `enforce` standard. `warn` tells the requesting user and `audit` the audit log what would be
//! violated. Workloads are never denied. Unless it is given, `warn` is what `enforce` is, as it is for a namespace with
//! that label alone: else nobody would be told that the pods of a workload cannot run.

use std::collections::BinaryHeap;

use crate::answer::Answer;
use crate::pod::{Container, Pod};
use crate::prose::prose;
use crate::shape::{Field, Path, Problems, Shape};
use crate::standards::{Excuses, Failure, Standard};
use crate::value::Value;
use crate::violation::{Action, Leniency, Tolerated, Violation};

/// The three modes of Pod Security admission.
pub(crate) const MODES: Shape = Shape::Object(&[
    Field {
        name: "enforce",
        shape: Shape::Text,
        doc: prose("What pods must satisfy: `baseline`, `restricted:v1.31`."),
    },
    Field {
        name: "warn",
        shape: Shape::Text,
        doc: prose("What the requesting user is warned of; unless given, `enforce`."),
    },
    Field { name: "audit", shape: Shape::Text, doc: prose("What the audit log is told of.") },
]);

pub(crate) const FIELD: Field = Field {
    name: "podSecurityStandards",
    shape: MODES,
    doc: prose(
        "Levels of the Pod Security Standards with their versions, beside policies or instead of them.",
    ),
};

/// Which standard is held up in which mode.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Modes {
    /// What pods must satisfy.
    pub enforce: Option<Standard>,
    /// What the requesting user is warned of.
    pub warn: Option<Standard>,
    /// What the audit log is told of.
    pub audit: Option<Standard>,
}

/// Reads the option, whose shape has been checked.
pub(crate) fn load(root: Value<'_, '_>, problems: &mut Problems) -> Modes {
    let Some(option) = root.get(FIELD.name) else { return Modes::default() };
    let at = Path::Key(&Path::Root, FIELD.name);
    let mut modes = load_modes(option, &at, problems);
    modes.warn = modes.warn.or(modes.enforce);
    modes
}

/// Reads an object of modes.
pub(crate) fn load_modes(option: Value<'_, '_>, at: &Path<'_>, problems: &mut Problems) -> Modes {
    let mut mode = |key| {
        let text = option.get(key)?.text()?;
        match text.parse() {
            Ok(standard) => Some(standard),
            Err(reason) => {
                let value = crate::json::Quoted(&text);
                problems.add(Path::Key(at, key), format_args!("Invalid value: {value}: {reason}"));
                None
            }
        }
    };
    Modes { enforce: mode("enforce"), warn: mode("warn"), audit: mode("audit") }
}

impl Modes {
    /// Whether nothing is held up.
    pub fn is_none(&self) -> bool {
        *self == Modes::default()
    }

    /// Judges a pod, or the template of a workload, and adds what there is to say to the answer.
    pub(crate) fn judge(
        &self,
        pod: &Pod<'_>,
        is_template: bool,
        excuses: Excuses<'_>,
        leniency: &Leniency,
        answer: &mut Answer,
    ) {
        let excuses = Excuses { everywhere: excuses.everywhere.or(leniency.ignored), ..excuses };
        let mut judged: Vec<(Standard, Vec<Failure>)> = Vec::new();
        let mut evaluate = |standard: Standard| -> Vec<Failure> {
            if let Some((_, failures)) = judged.iter().find(|(earlier, _)| *earlier == standard) {
                return failures.clone();
            }
            let failures = standard.evaluate_excusing(pod, excuses);
            judged.push((standard, failures.clone()));
            failures
        };
        if let Some(standard) = self.enforce.filter(|_| !is_template) {
            answer.enforced = Some(standard);
            let failures = evaluate(standard);
            if !failures.is_empty() {
                self.enforce(standard, failures, leniency, answer);
            }
        }
        if let Some(standard) = self.audit {
            let failures = evaluate(standard);
            if !failures.is_empty() {
                answer.audit_violations.push(standard.would_be_violated(&failures));
            }
        }
        if let Some(standard) = self.warn.filter(|_| answer.is_accepted()) {
            let failures = evaluate(standard);
            if !failures.is_empty() {
                answer.warnings.push(standard.would_be_violated(&failures));
            }
        }
    }

    /// Denies the pod for the checks that deny, and tells of the others what `warn` and `audit` do not tell anyway.
    fn enforce(&self, standard: Standard, failures: Vec<Failure>, leniency: &Leniency, answer: &mut Answer) {
        let action = |failure: &Failure| leniency.action(failure.index);
        let (denying, tolerated): (Vec<Failure>, Vec<Failure>) =
            failures.into_iter().partition(|failure| action(failure) == Action::Deny);
        if !denying.is_empty() {
            answer.rejection = Some(standard.violated(&denying));
        }
        let told = |failure: &Failure| match action(failure) {
            Action::Audit => self.audit == Some(standard),
            _ => self.warn == Some(standard) && denying.is_empty(),
        };
        let mut in_all = Tolerated::default();
        let mut violations = Vec::new();
        for failure in tolerated.iter().filter(|failure| !told(failure)) {
            let action = action(failure);
            match action {
                Action::Audit => in_all.audited += 1,
                _ => in_all.warned += 1,
            }
            let problem = standard.would_be_violated([failure]);
            violations.push(Violation { rule: failure.id, action, path: String::new(), problem });
        }
        answer.tolerate(violations, in_all);
    }
}

/// Whether an update changes anything that Pod Security admission looks at: an image, the number of containers, or
/// which ephemeral containers there are. The pod is judged as a whole if it does, and not at all if it does not.
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
    // Of old ones that share a name, the first one counts.
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
