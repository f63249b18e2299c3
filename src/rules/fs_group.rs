//! The group that owns a pod's volumes: its members can read the data of other pods there.

use crate::pod::Pod;
use crate::rule::strategy::{GROUP_SHAPE, GROUP_STRATEGIES, IdStrategy};
use crate::rule::{Entry, Findings, Rule, Spec};

pub(crate) const ENTRIES: &[Entry] = &[Entry {
    id: "fsGroup",
    purpose: "The group that may own a pod's volumes.",
    shape: Some(GROUP_SHAPE),
    pod_fields: "`securityContext.fsGroup`",
    mutates: "`MustRunAs`: the pod's `fsGroup`",
    default: "must be given",
    ..Entry::USUAL
}];

/// The strategy for the group; a policy with `RunAsAny` has no such rule.
pub(crate) struct FsGroup(IdStrategy);

pub(super) fn load(spec: &mut Spec<'_, '_>) -> Option<FsGroup> {
    let rule = spec.strategy("fsGroup", GROUP_STRATEGIES);
    IdStrategy::load(spec, "fsGroup", rule.as_deref()).map(FsGroup)
}

impl Rule for FsGroup {
    fn mutate(&self, pod: &mut Pod<'_>) {
        if pod.spec.security_context.fs_group.is_none() && !pod.is_windows() {
            pod.spec.security_context.fs_group = self.0.default_id(pod);
        }
    }

    fn validate(&self, pod: &Pod<'_>, found: &mut Findings<'_>) {
        let field = "spec.securityContext.fsGroup";
        match pod.spec.security_context.fs_group {
            Some(group) => self.0.judge(field, group, format_args!("group {group} "), "", found),
            None => self.0.judge_unset(field, pod, found),
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use crate::testing::Outcome::{self, Admitted, Mutated, Rejected};
    use crate::testing::{judge_pod, problems, unfilled};

    fn ranges(rule: &str) -> Value {
        json!({"fsGroup": {"rule": rule, "ranges": [{"min": 2, "max": 3}, {"min": 0, "max": 1}]}})
    }

    #[rstest]
    #[case::any(json!({}), json!({"fsGroup": 0}), Admitted)]
    #[case::any_writes_nothing(json!({}), json!(null), Admitted)]
    #[case::unset_gets_the_lowest_of_the_first_range(ranges("MustRunAs"), json!({}), Mutated(json!({"securityContext": {"fsGroup": 2}})))]
    #[case::other_fields_stay(ranges("MustRunAs"), json!({"runAsUser": 1, "fsGroup": null, "fsGroupChangePolicy": "Always"}),
        Mutated(json!({"securityContext": {"fsGroup": 2}})))]
    #[case::missing_security_context_is_made(ranges("MustRunAs"), json!(null), Mutated(json!({"securityContext": {"fsGroup": 2}})))]
    #[case::second_range(ranges("MustRunAs"), json!({"fsGroup": 0}), Admitted)]
    #[case::outside(ranges("MustRunAs"), json!({"fsGroup": 9}),
        Rejected("spec.securityContext.fsGroup: Invalid value: 9: group 9 must be in the ranges: [{2 3} {0 1}]"))]
    #[case::may_be_unset(ranges("MayRunAs"), json!({}), Admitted)]
    #[case::may_be_inside(ranges("MayRunAs"), json!({"fsGroup": 3}), Admitted)]
    #[case::may_not_be_outside(ranges("MayRunAs"), json!({"fsGroup": 4}),
        Rejected("spec.securityContext.fsGroup: Invalid value: 4: group 4 must be in the ranges: [{2 3} {0 1}]"))]
    fn judges(#[case] policy: Value, #[case] security_context: Value, #[case] expected: Outcome) {
        judge_pod(policy, json!({"spec": {"securityContext": security_context}}), expected);
    }

    #[rstest]
    #[case::to_none(
        "MustRunAs",
        "linux",
        "spec.securityContext.fsGroup: Required value: must be in the ranges: [{2 3} {0 1}]"
    )]
    #[case::to_none_of_windows("MustRunAs", "windows", "")]
    #[case::to_none_that_may_be_unset("MayRunAs", "linux", "")]
    fn objects_where_it_may_not_fill_in(#[case] rule: &str, #[case] os: &str, #[case] expected: &str) {
        assert_eq!(unfilled("fsGroup", ranges(rule), json!({"spec": {"os": {"name": os}}})), expected);
    }

    /// A pod whose id is not mapped into its user namespace does not start.
    #[rstest]
    #[case::a_group_that_exists("MustRunAs", 65_535, json!(false), Mutated(json!({"securityContext": {"fsGroup": 65_535}})))]
    #[case::a_group_that_does_not("MustRunAs", 65_536, json!(false),
        Rejected("spec.securityContext.fsGroup: Required value: must be in the ranges: [{65536 70000}]; the default 65536 is not filled in, because pods with hostUsers: false have no ids above 65535"))]
    #[case::groups_of_the_node("MustRunAs", 65_536, json!(null), Mutated(json!({"securityContext": {"fsGroup": 65_536}})))]
    #[case::none_is_demanded("MayRunAs", 65_536, json!(false), Admitted)]
    fn fills_in_no_group_that_a_user_namespace_lacks(
        #[case] rule: &str,
        #[case] min: i64,
        #[case] host_users: Value,
        #[case] expected: Outcome,
    ) {
        let policy = json!({"fsGroup": {"rule": rule, "ranges": [{"min": min, "max": 70_000}]}});
        judge_pod(policy, json!({"spec": {"hostUsers": host_users}}), expected);
    }

    #[test]
    fn windows_pods_get_no_group() {
        judge_pod(ranges("MustRunAs"), json!({"spec": {"os": {"name": "windows"}}}), Admitted);
    }

    #[rstest]
    #[case::missing(json!(null), "fsGroup.rule: Required value: supported values: \"MayRunAs\", \"MustRunAs\", \"RunAsAny\"")]
    #[case::unknown(json!({"rule": "MustRunAsNonRoot"}),
        "fsGroup.rule: Unsupported value: \"MustRunAsNonRoot\": supported values: \"MayRunAs\", \"MustRunAs\", \"RunAsAny\"")]
    #[case::must_without_ranges(json!({"rule": "MustRunAs"}), "fsGroup.ranges: Required value: must provide at least one range")]
    #[case::may_without_ranges(json!({"rule": "MayRunAs"}), "fsGroup.ranges: Required value: must provide at least one range")]
    #[case::wrong_type(json!({"rule": "RunAsAny", "ranges": [{"min": "1", "max": 2}]}), "fsGroup.ranges[0].min: must be a whole number, not the string \"1\"")]
    fn refuses_settings(#[case] strategy: Value, #[case] expected: &str) {
        assert_eq!(problems(&json!({"fsGroup": strategy})), expected);
    }
}
