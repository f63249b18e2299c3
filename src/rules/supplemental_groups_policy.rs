//! Groups that an image gives its user in `/etc/group` pass by every range of ids, unless the pod demands `Strict`
//! (KEP-3619).

use crate::json::{Quoted, Text, Value};
use crate::pod::Pod;
use crate::rule::{Entry, Findings, Rule, Spec};
use crate::schema::Shape;

pub(crate) const ENTRIES: &[Entry] = &[Entry {
    id: "supplementalGroupsPolicy",
    purpose: "Whether pods may run with the groups of their images.",
    shape: Some(Shape::OneOf(&["Merge", STRICT])),
    pod_fields: "`securityContext.supplementalGroupsPolicy`",
    mutates: "`Strict`: the pod's `supplementalGroupsPolicy: Strict`",
    default: "`Merge`: groups of the image are not looked at",
    ..Entry::USUAL
}];

const STRICT: &str = "Strict";

/// Demands `Strict`; a policy with `Merge` has no such rule.
pub(crate) struct Strict;

pub(super) fn load(spec: &mut Spec<'_, '_>) -> Option<Strict> {
    let policy = spec.get("supplementalGroupsPolicy").and_then(Value::text)?;
    (policy == STRICT).then_some(Strict)
}

impl Rule for Strict {
    fn mutate(&self, pod: &mut Pod<'_>) {
        if pod.spec.security_context.supplemental_groups_policy.is_none() && !pod.is_windows() {
            pod.spec.security_context.supplemental_groups_policy = Some(Text::Borrowed(STRICT));
        }
    }

    fn validate(&self, pod: &Pod<'_>, found: &mut Findings<'_>) {
        let field = "spec.securityContext.supplementalGroupsPolicy";
        match &pod.spec.security_context.supplemental_groups_policy {
            Some(policy) if policy == STRICT => return,
            Some(policy) => found.invalid(field, Quoted(policy), "must be Strict"),
            // The API server refuses the field there.
            None if pod.is_windows() => return,
            None => found.required(field, "must be Strict"),
        }
        found.wants(|| vec![Quoted(STRICT).to_string()]);
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use crate::testing::Outcome::{self, Admitted, Mutated, Rejected};
    use crate::testing::{judge_pod, problems, review_added, unfilled};

    fn strict() -> Value {
        json!({"supplementalGroupsPolicy": "Strict"})
    }

    #[rstest]
    #[case::without_the_key(json!({}), json!({"securityContext": {"supplementalGroupsPolicy": "Merge"}}), Admitted)]
    #[case::merge(json!({"supplementalGroupsPolicy": "Merge"}), json!({"securityContext": {"supplementalGroupsPolicy": "Strict"}}), Admitted)]
    #[case::merge_fills_nothing_in(json!({"supplementalGroupsPolicy": "Merge"}), json!({}), Admitted)]
    #[case::unset(strict(), json!({}), Mutated(json!({"securityContext": {"supplementalGroupsPolicy": "Strict"}})))]
    #[case::null(strict(), json!({"securityContext": {"supplementalGroupsPolicy": null, "fsGroup": 1}}),
        Mutated(json!({"securityContext": {"supplementalGroupsPolicy": "Strict"}})))]
    #[case::strict(strict(), json!({"securityContext": {"supplementalGroupsPolicy": "Strict"}}), Admitted)]
    #[case::refused(strict(), json!({"securityContext": {"supplementalGroupsPolicy": "Merge"}}), Rejected(
        "spec.securityContext.supplementalGroupsPolicy: Invalid value: \"Merge\": must be Strict"))]
    #[case::of_a_future_version(strict(), json!({"securityContext": {"supplementalGroupsPolicy": "Other"}}), Rejected(
        "spec.securityContext.supplementalGroupsPolicy: Invalid value: \"Other\": must be Strict"))]
    #[case::windows_has_no_groups(strict(), json!({"os": {"name": "windows"}}), Admitted)]
    fn judges(#[case] policy: Value, #[case] spec: Value, #[case] expected: Outcome) {
        judge_pod(policy, json!({"spec": spec}), expected);
    }

    #[test]
    fn is_demanded_where_nothing_is_written() {
        assert_eq!(
            unfilled("supplementalGroupsPolicy", strict(), json!({})),
            "spec.securityContext.supplementalGroupsPolicy: Required value: must be Strict"
        );
    }

    #[rstest]
    #[case::merged(json!({}), Some("would have to be changed: spec.securityContext.supplementalGroupsPolicy = \"Strict\""))]
    #[case::strict(json!({"securityContext": {"supplementalGroupsPolicy": "Strict"}}), None)]
    fn judges_what_an_added_container_gets(#[case] spec: Value, #[case] expected: Option<&str>) {
        let response = review_added(strict(), json!({"spec": spec}), json!({}));
        assert_eq!((response.rejection.as_deref(), response.mutated_object), (expected, None));
    }

    #[test]
    fn refuses_settings() {
        assert_eq!(
            problems(&json!({"supplementalGroupsPolicy": "strict"})),
            "supplementalGroupsPolicy: Unsupported value: \"strict\": supported values: \"Merge\", \"Strict\""
        );
    }
}
