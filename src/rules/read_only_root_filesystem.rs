//! A container that cannot write to its image cannot be changed from inside.

use crate::pod::{Container, Pod};
use crate::rule::{Demands, Entry, Findings, Rule, Spec};
use crate::schema::Shape;

pub(crate) const ENTRIES: &[Entry] = &[Entry {
    id: "readOnlyRootFilesystem",
    purpose: "Whether containers must have a read-only root file system.",
    shape: Some(Shape::Flag),
    pod_fields: "containers' `securityContext.readOnlyRootFilesystem`",
    mutates: "containers' `readOnlyRootFilesystem`, to `true`",
    default: "`false`: no constraint",
    ..Entry::USUAL
}];

/// Demands read-only root file systems.
pub(crate) struct ReadOnly;

pub(super) fn load(spec: &mut Spec<'_, '_>) -> Option<ReadOnly> {
    if spec.flag("readOnlyRootFilesystem") { Some(ReadOnly) } else { None }
}

impl Rule for ReadOnly {
    fn mutate_container(&self, pod: &Pod<'_>, container: &mut Container<'_>, _: Demands) {
        let own = &mut container.security_context.read_only_root_filesystem;
        if own.is_none() && !pod.is_windows() {
            *own = Some(true);
        }
    }

    fn validate_container(&self, pod: &Pod<'_>, container: &Container<'_>, found: &mut Findings<'_>) {
        let field = "securityContext.readOnlyRootFilesystem";
        let detail = "ReadOnlyRootFilesystem must be set to true";
        match container.security_context.read_only_root_filesystem {
            Some(false) => found.invalid(field, false, detail),
            None if !pod.is_windows() => found.required(field, detail),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use crate::testing::Outcome::{self, Admitted, Mutated, Rejected};
    use crate::testing::{judge, judge_within, unfilled};

    #[rstest]
    #[case::no_constraint(json!({}), json!({"readOnlyRootFilesystem": false}), Admitted)]
    #[case::no_constraint_writes_nothing(json!({"readOnlyRootFilesystem": false}), json!({}), Admitted)]
    #[case::unset_is_filled_in(json!({"readOnlyRootFilesystem": true}), json!({}),
        Mutated(json!({"readOnlyRootFilesystem": true})))]
    #[case::null_is_filled_in(json!({"readOnlyRootFilesystem": true}), json!({"readOnlyRootFilesystem": null, "runAsUser": 1}),
        Mutated(json!({"readOnlyRootFilesystem": true, "runAsUser": 1})))]
    #[case::said(json!({"readOnlyRootFilesystem": true}), json!({"readOnlyRootFilesystem": true}), Admitted)]
    #[case::said_not_to_be(json!({"readOnlyRootFilesystem": true}), json!({"readOnlyRootFilesystem": false}),
        Rejected("securityContext.readOnlyRootFilesystem: Invalid value: false: ReadOnlyRootFilesystem must be set to true"))]
    fn judges(#[case] policy: Value, #[case] security_context: Value, #[case] expected: Outcome) {
        judge(policy, json!({"securityContext": security_context}), expected);
    }

    #[rstest]
    #[case::of_linux(
        "linux",
        "spec.containers[0].securityContext.readOnlyRootFilesystem: Required value: ReadOnlyRootFilesystem must be set to true"
    )]
    #[case::but_not_of_windows("windows", "")]
    fn objects_where_it_may_not_fill_in(#[case] os: &str, #[case] expected: &str) {
        let pod = json!({"spec": {"os": {"name": os}}});
        let policy = json!({"readOnlyRootFilesystem": true});
        assert_eq!(unfilled("readOnlyRootFilesystem", policy, pod), expected);
    }

    #[test]
    fn windows_pods_need_none() {
        let pod = json!({"spec": {"os": {"name": "windows"}}});
        judge_within(pod, json!({"readOnlyRootFilesystem": true}), json!({}), Admitted);
    }
}
