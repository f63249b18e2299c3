//! The primary group decides about a process's access just as its user does.

use crate::pod::{Container, Pod};
use crate::rule::spec::RANGES;
use crate::rule::strategy::IdStrategy;
use crate::rule::{Demands, Entry, Findings, Rule, Spec, note_inherited};
use crate::schema::{Field, Shape};

pub(crate) const ENTRIES: &[Entry] = &[Entry {
    id: "runAsGroup",
    purpose: "The primary group that containers may run as.",
    shape: Some(Shape::Object(&[
        Field::new("rule", Shape::OneOf(STRATEGIES), "What is demanded."),
        Field::new("ranges", RANGES, "The allowed ids; the lowest of the first range is the default."),
    ])),
    pod_fields: "`securityContext.runAsGroup` of pod and containers",
    mutates: "`MustRunAs`: containers' `runAsGroup`",
    default: "`RunAsAny`: any group",
    ..Entry::USUAL
}];

/// In the order in which PodSecurityPolicy named them for this field alone.
const STRATEGIES: &[&str] = &["MustRunAs", "RunAsAny", "MayRunAs"];

/// The strategy for the group; a policy with `RunAsAny` has no such rule.
pub(crate) struct RunAsGroup(IdStrategy);

pub(super) fn load(spec: &mut Spec<'_, '_>) -> Option<RunAsGroup> {
    let strategy = spec.get("runAsGroup")?;
    let rule = spec.strategy("runAsGroup", STRATEGIES)?;
    if rule == "RunAsAny" {
        if strategy.get("ranges").is_some_and(|ranges| ranges.elements().next().is_some()) {
            spec.problem("runAsGroup.ranges", "Forbidden: Ranges must be empty");
        }
        return None;
    }
    IdStrategy::load(spec, "runAsGroup", Some(&rule)).map(RunAsGroup)
}

impl Rule for RunAsGroup {
    fn mutate_container(&self, pod: &Pod<'_>, container: &mut Container<'_>, _: Demands) {
        if container.run_as_group(pod).is_none() && !pod.is_windows() {
            container.security_context.run_as_group = self.0.default_id(pod);
        }
    }

    fn validate_container(&self, pod: &Pod<'_>, container: &Container<'_>, found: &mut Findings<'_>) {
        let field = "securityContext.runAsGroup";
        let note = note_inherited(container.security_context.run_as_group.is_some());
        match container.run_as_group(pod) {
            Some(group) => self.0.judge(field, group, format_args!("group {group} "), note, found),
            None => self.0.judge_unset(field, pod, found),
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use crate::testing::Outcome::{self, Admitted, Mutated, Rejected};
    use crate::testing::{judge, judge_within, problems, unfilled};

    fn ranges(rule: &str) -> Value {
        json!({"runAsGroup": {"rule": rule, "ranges": [{"min": 10, "max": 20}, {"min": 5, "max": 5}]}})
    }

    #[rstest]
    #[case::any_by_default(json!({}), json!({"runAsGroup": 0}), Admitted)]
    #[case::any_by_name(json!({"runAsGroup": {"rule": "RunAsAny"}}), json!({}), Admitted)]
    #[case::empty_ranges_beside_any(json!({"runAsGroup": {"rule": "RunAsAny", "ranges": []}}), json!({"runAsGroup": 0}), Admitted)]
    #[case::unset_gets_the_first(ranges("MustRunAs"), json!({}), Mutated(json!({"runAsGroup": 10})))]
    #[case::inside(ranges("MustRunAs"), json!({"runAsGroup": 5}), Admitted)]
    #[case::outside(ranges("MustRunAs"), json!({"runAsGroup": 21}),
        Rejected("securityContext.runAsGroup: Invalid value: 21: group 21 must be in the ranges: [{10 20} {5 5}]"))]
    #[case::may_be_unset(ranges("MayRunAs"), json!({}), Admitted)]
    #[case::may_be_inside(ranges("MayRunAs"), json!({"runAsGroup": 20}), Admitted)]
    #[case::may_not_be_outside(ranges("MayRunAs"), json!({"runAsGroup": 0}),
        Rejected("securityContext.runAsGroup: Invalid value: 0: group 0 must be in the ranges: [{10 20} {5 5}]"))]
    fn judges(#[case] policy: Value, #[case] security_context: Value, #[case] expected: Outcome) {
        judge(policy, json!({"securityContext": security_context}), expected);
    }

    #[rstest]
    #[case::group_is_enough(json!({}), 15, Admitted)]
    #[case::group_is_judged_where_it_is_inherited(json!({}), 0,
        Rejected("securityContext.runAsGroup: Invalid value: 0: group 0 must be in the ranges: [{10 20} {5 5}] (inherited from the pod)"))]
    #[case::group_is_harmless_where_it_is_overridden(json!({"runAsGroup": 10}), 0, Admitted)]
    fn judges_with_what_the_pod_says(
        #[case] security_context: Value,
        #[case] of_pod: i64,
        #[case] expected: Outcome,
    ) {
        let pod = json!({"spec": {"securityContext": {"runAsGroup": of_pod}}});
        judge_within(pod, ranges("MustRunAs"), json!({"securityContext": security_context}), expected);
    }

    #[rstest]
    #[case::to_none(
        "MustRunAs",
        "linux",
        "spec.containers[0].securityContext.runAsGroup: Required value: must be in the ranges: [{10 20} {5 5}]"
    )]
    #[case::to_none_of_windows("MustRunAs", "windows", "")]
    #[case::to_none_that_may_be_unset("MayRunAs", "linux", "")]
    fn objects_where_it_may_not_fill_in(#[case] rule: &str, #[case] os: &str, #[case] expected: &str) {
        assert_eq!(unfilled("runAsGroup", ranges(rule), json!({"spec": {"os": {"name": os}}})), expected);
    }

    /// A container whose id is not mapped into the pod's user namespace does not start.
    #[rstest]
    #[case::a_group_that_exists("MustRunAs", 65_535, json!(false), Mutated(json!({"runAsGroup": 65_535})))]
    #[case::a_group_that_does_not("MustRunAs", 1_000_650_000, json!(false),
        Rejected("securityContext.runAsGroup: Required value: must be in the ranges: [{1000650000 1000659999}]; the default 1000650000 is not filled in, because pods with hostUsers: false have no ids above 65535"))]
    #[case::groups_of_the_node("MustRunAs", 1_000_650_000, json!(true), Mutated(json!({"runAsGroup": 1_000_650_000})))]
    #[case::none_is_demanded("MayRunAs", 1_000_650_000, json!(false), Admitted)]
    fn fills_in_no_group_that_a_user_namespace_lacks(
        #[case] rule: &str,
        #[case] min: i64,
        #[case] host_users: Value,
        #[case] expected: Outcome,
    ) {
        let policy = json!({"runAsGroup": {"rule": rule, "ranges": [{"min": min, "max": 1_000_659_999}]}});
        judge_within(json!({"spec": {"hostUsers": host_users}}), policy, json!({}), expected);
    }

    #[test]
    fn windows_pods_get_no_group() {
        judge_within(json!({"spec": {"os": {"name": "windows"}}}), ranges("MustRunAs"), json!({}), Admitted);
    }

    #[rstest]
    #[case::no_rule(json!({}), "runAsGroup.rule: Required value: supported values: \"MustRunAs\", \"RunAsAny\", \"MayRunAs\"")]
    #[case::unknown_rule(json!({"rule": "MustRunAsNonRoot"}),
        "runAsGroup.rule: Unsupported value: \"MustRunAsNonRoot\": supported values: \"MustRunAs\", \"RunAsAny\", \"MayRunAs\"")]
    #[case::ranges_beside_any(json!({"rule": "RunAsAny", "ranges": [{"min": 1, "max": 2}]}),
        "runAsGroup.ranges: Forbidden: Ranges must be empty")]
    #[case::must_without_ranges(json!({"rule": "MustRunAs"}), "runAsGroup.ranges: Required value: must provide at least one range")]
    #[case::may_without_ranges(json!({"rule": "MayRunAs", "ranges": []}), "runAsGroup.ranges: Required value: must provide at least one range")]
    #[case::upside_down(json!({"rule": "MayRunAs", "ranges": [{"min": 2, "max": 1}]}),
        "runAsGroup.ranges[0].min: Invalid value: 2: min cannot be greater than max")]
    fn refuses_settings(#[case] strategy: Value, #[case] expected: &str) {
        assert_eq!(problems(&json!({"runAsGroup": strategy})), expected);
    }
}
