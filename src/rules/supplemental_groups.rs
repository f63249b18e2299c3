//! Further groups of a pod's processes: a group of the node opens its files to them.

use crate::pod::Pod;
use crate::rule::strategy::{GROUP_SHAPE, GROUP_STRATEGIES, IdStrategy};
use crate::rule::{Entry, Findings, Rule, Spec};

pub(crate) const ENTRIES: &[Entry] = &[Entry {
    id: "supplementalGroups",
    purpose: "The further groups that pods may run with.",
    shape: Some(GROUP_SHAPE),
    pod_fields: "`securityContext.supplementalGroups`",
    mutates: "`MustRunAs`: the pod's `supplementalGroups`",
    default: "must be given",
    ..Entry::USUAL
}];

/// The strategy for the groups; a policy with `RunAsAny` has no such rule.
pub(crate) struct SupplementalGroups(IdStrategy);

pub(super) fn load(spec: &mut Spec<'_, '_>) -> Option<SupplementalGroups> {
    let rule = spec.strategy("supplementalGroups", GROUP_STRATEGIES);
    IdStrategy::load(spec, "supplementalGroups", rule.as_deref()).map(SupplementalGroups)
}

impl Rule for SupplementalGroups {
    fn mutate(&self, pod: &mut Pod<'_>) {
        // An empty list is a choice of the author, and is not overridden.
        if pod.spec.security_context.supplemental_groups.is_none() && !pod.is_windows() {
            pod.spec.security_context.supplemental_groups = self.0.default_id(pod).map(|id| vec![id]);
        }
    }

    fn validate(&self, pod: &Pod<'_>, found: &mut Findings<'_>) {
        let field = "spec.securityContext.supplementalGroups";
        let ranges = &self.0.ranges;
        let written = pod.spec.security_context.supplemental_groups.as_deref();
        let groups = written.unwrap_or_default();
        if groups.is_empty() && self.0.is_demanded && !pod.is_windows() {
            let detail = "unable to validate empty groups against required ranges";
            match written {
                Some(_) => found.invalid(field, "[]", detail),
                None => found.invalid(field, "[]", format_args!("{detail}{}", self.0.not_filled(pod))),
            }
        }
        for group in groups.iter().filter(|group| !ranges.allow(**group)) {
            let detail = format_args!("group {group} must be in the ranges: {ranges}");
            found.invalid(field, format_args!("{groups:?}"), detail);
            found.wants(|| vec![format!("[{}]", ranges.default_id)]);
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use crate::testing::Outcome::{self, Admitted, Mutated, Objected, Rejected};
    use crate::testing::{judge_pod, problems};

    fn ranges(rule: &str) -> Value {
        json!({"supplementalGroups": {"rule": rule, "ranges": [{"min": 5, "max": 9}, {"min": 1, "max": 2}]}})
    }

    #[rstest]
    #[case::any(json!({}), json!({"supplementalGroups": [0]}), Admitted)]
    #[case::unset_gets_the_lowest_of_the_first_range(ranges("MustRunAs"), json!({}),
        Mutated(json!({"securityContext": {"supplementalGroups": [5]}})))]
    #[case::null_too(ranges("MustRunAs"), json!({"supplementalGroups": null, "supplementalGroupsPolicy": "Strict"}),
        Mutated(json!({"securityContext": {"supplementalGroups": [5]}})))]
    #[case::an_empty_list_is_a_choice(ranges("MustRunAs"), json!({"supplementalGroups": []}),
        Rejected("spec.securityContext.supplementalGroups: Invalid value: []: unable to validate empty groups against required ranges"))]
    #[case::all_inside(ranges("MustRunAs"), json!({"supplementalGroups": [9, 1]}), Admitted)]
    #[case::one_objection_for_each_outside(ranges("MustRunAs"), json!({"supplementalGroups": [1, 3, 30]}), Objected(&[
        "spec.securityContext.supplementalGroups: Invalid value: [1, 3, 30]: group 3 must be in the ranges: [{5 9} {1 2}]",
        "spec.securityContext.supplementalGroups: Invalid value: [1, 3, 30]: group 30 must be in the ranges: [{5 9} {1 2}]",
    ]))]
    #[case::may_be_unset(ranges("MayRunAs"), json!({}), Admitted)]
    #[case::may_be_empty(ranges("MayRunAs"), json!({"supplementalGroups": []}), Admitted)]
    #[case::may_not_be_outside(ranges("MayRunAs"), json!({"supplementalGroups": [0]}),
        Rejected("spec.securityContext.supplementalGroups: Invalid value: [0]: group 0 must be in the ranges: [{5 9} {1 2}]"))]
    fn judges(#[case] policy: Value, #[case] security_context: Value, #[case] expected: Outcome) {
        judge_pod(policy, json!({"spec": {"securityContext": security_context}}), expected);
    }

    /// A pod whose id is not mapped into its user namespace does not start.
    #[rstest]
    #[case::a_group_that_exists("MustRunAs", 65_535, json!(false), Mutated(json!({"securityContext": {"supplementalGroups": [65_535]}})))]
    #[case::a_group_that_does_not("MustRunAs", 65_536, json!(false),
        Rejected("spec.securityContext.supplementalGroups: Invalid value: []: unable to validate empty groups against required ranges; the default 65536 is not filled in, because pods with hostUsers: false have no ids above 65535"))]
    #[case::groups_of_the_node("MustRunAs", 65_536, json!(null), Mutated(json!({"securityContext": {"supplementalGroups": [65_536]}})))]
    #[case::none_is_demanded("MayRunAs", 65_536, json!(false), Admitted)]
    fn fills_in_no_group_that_a_user_namespace_lacks(
        #[case] rule: &str,
        #[case] min: i64,
        #[case] host_users: Value,
        #[case] expected: Outcome,
    ) {
        let policy = json!({"supplementalGroups": {"rule": rule, "ranges": [{"min": min, "max": 70_000}]}});
        judge_pod(policy, json!({"spec": {"hostUsers": host_users}}), expected);
    }

    #[test]
    fn windows_pods_get_no_group() {
        judge_pod(ranges("MustRunAs"), json!({"spec": {"os": {"name": "windows"}}}), Admitted);
    }

    #[rstest]
    #[case::missing(json!(null), "supplementalGroups.rule: Required value: supported values: \"MayRunAs\", \"MustRunAs\", \"RunAsAny\"")]
    #[case::must_without_ranges(json!({"rule": "MustRunAs"}), "supplementalGroups.ranges: Required value: must provide at least one range")]
    #[case::may_without_ranges(json!({"rule": "MayRunAs"}), "supplementalGroups.ranges: Required value: must provide at least one range")]
    fn refuses_settings(#[case] strategy: Value, #[case] expected: &str) {
        assert_eq!(problems(&json!({"supplementalGroups": strategy})), expected);
    }
}
