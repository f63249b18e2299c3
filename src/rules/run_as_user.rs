//! Root inside a container is root on the node, unless something else confines it.
//!
//! A default user comes with `runAsNonRoot: true` where the Pod Security Standard `restricted` is enforced: its check
//! `runAsNonRoot` does not accept a user instead, so it would reject every pod whose user `MustRunAs` sets.

use crate::pod::{Container, Pod};
use crate::rule::spec::RANGES;
use crate::rule::strategy::IdStrategy;
use crate::rule::{Demands, Entry, Findings, Rule, Spec, note_inherited};
use crate::schema::{Field, Shape};

pub(crate) const ENTRIES: &[Entry] = &[Entry {
    id: "runAsUser",
    purpose: "The user that containers may run as.",
    shape: Some(Shape::Object(&[
        Field::new("rule", Shape::OneOf(STRATEGIES), "What is demanded."),
        Field::new(
            "ranges",
            RANGES,
            "The allowed ids; the lowest of the first range is the default of `MustRunAs`.",
        ),
    ])),
    pod_fields: "`securityContext.runAsUser` and `runAsNonRoot` of pod and containers",
    mutates: "`MustRunAs`: containers' `runAsUser`, and `runAsNonRoot` where `restricted` is enforced; `MustRunAsNonRoot`: containers' `runAsNonRoot`",
    default: "must be given",
    ..Entry::USUAL
}];

const STRATEGIES: &[&str] = &["MayRunAs", "MustRunAs", "MustRunAsNonRoot", "RunAsAny"];

/// The strategy for the user; a policy with `RunAsAny` has no such rule.
pub(crate) enum RunAsUser {
    /// `MustRunAs`, or `MayRunAs`, where images may bring any user.
    InRanges(IdStrategy),
    MustRunAsNonRoot,
}

pub(super) fn load(spec: &mut Spec<'_, '_>) -> Option<RunAsUser> {
    let rule = spec.strategy("runAsUser", STRATEGIES);
    let strategy = IdStrategy::load(spec, "runAsUser", rule.as_deref());
    match rule.as_deref() {
        Some("MustRunAsNonRoot") => Some(RunAsUser::MustRunAsNonRoot),
        _ => strategy.map(RunAsUser::InRanges),
    }
}

impl Rule for RunAsUser {
    fn mutate_container(&self, pod: &Pod<'_>, container: &mut Container<'_>, demands: Demands) {
        if container.run_as_user(pod).is_some() {
            return;
        }
        let non_root = match self {
            // Windows knows users by name: the API server refuses an id there.
            RunAsUser::InRanges(_) if pod.is_windows() => false,
            RunAsUser::InRanges(strategy) => {
                let user = strategy.default_id(pod);
                container.security_context.run_as_user = user;
                demands.non_root && user.is_some_and(|user| user > 0)
            }
            RunAsUser::MustRunAsNonRoot => true,
        };
        if non_root && container.run_as_non_root(pod).is_none() {
            container.security_context.run_as_non_root = Some(true);
        }
    }

    fn validate_container(&self, pod: &Pod<'_>, container: &Container<'_>, found: &mut Findings<'_>) {
        let field = "securityContext.runAsUser";
        let own = &container.security_context;
        let inherited = note_inherited(own.run_as_user.is_some());
        match (self, container.run_as_user(pod), container.run_as_non_root(pod)) {
            (RunAsUser::InRanges(strategy), Some(user), _) => {
                strategy.judge(field, user, "", inherited, found);
            }
            (RunAsUser::InRanges(strategy), None, _) => strategy.judge_unset(field, pod, found),
            (RunAsUser::MustRunAsNonRoot, None, None) => {
                found.required("securityContext.runAsNonRoot", "must be true");
                found.wants(|| vec![true.to_string()]);
            }
            (RunAsUser::MustRunAsNonRoot, _, Some(false)) => {
                let inherited = note_inherited(own.run_as_non_root.is_some());
                let detail = format_args!("must be true{inherited}");
                found.invalid("securityContext.runAsNonRoot", false, detail);
            }
            (RunAsUser::MustRunAsNonRoot, Some(0), _) => {
                let detail = format_args!("running with the root UID is forbidden{inherited}");
                found.invalid(field, 0, detail);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use crate::testing::Outcome::{self, Admitted, Mutated, Rejected};
    use crate::testing::{judge, judge_within, problems, unfilled};

    fn must_run_as() -> Value {
        json!({"runAsUser": {"rule": "MustRunAs", "ranges": [{"min": 1000, "max": 2000}, {"min": 5, "max": 5}]}})
    }

    fn non_root() -> Value {
        json!({"runAsUser": {"rule": "MustRunAsNonRoot"}})
    }

    fn may_run_as() -> Value {
        json!({"runAsUser": {"rule": "MayRunAs", "ranges": [{"min": 1000, "max": 2000}, {"min": 5, "max": 5}]}})
    }

    #[rstest]
    #[case::none(json!({}), Admitted)]
    #[case::in_a_range(json!({"runAsUser": 5}), Admitted)]
    #[case::in_none(json!({"runAsUser": 0}), Rejected(
        "securityContext.runAsUser: Invalid value: 0: must be in the ranges: [{1000 2000} {5 5}]"))]
    #[case::non_root_is_not_looked_at(json!({"runAsNonRoot": false}), Admitted)]
    fn a_user_may_be_given(#[case] security_context: Value, #[case] expected: Outcome) {
        judge(may_run_as(), json!({"securityContext": security_context}), expected);
    }

    #[rstest]
    #[case::none(json!({}), json!({}), Admitted)]
    #[case::of_the_pod(json!({"runAsUser": 4}), json!({}), Rejected(
        "securityContext.runAsUser: Invalid value: 4: must be in the ranges: [{1000 2000} {5 5}] (inherited from the pod)"))]
    #[case::of_the_container(json!({"runAsUser": 4}), json!({"runAsUser": 1500}), Admitted)]
    fn a_user_of_the_pod_may_be_given(#[case] pod: Value, #[case] own: Value, #[case] expected: Outcome) {
        let pod = json!({"spec": {"securityContext": pod}});
        judge_within(pod, may_run_as(), json!({"securityContext": own}), expected);
    }

    #[rstest]
    #[case::any_user(json!({"runAsUser": {"rule": "RunAsAny"}}), json!({"runAsUser": 0}), Admitted)]
    #[case::any_user_and_none_is_written(json!({"runAsUser": {"rule": "RunAsAny"}}), json!({}), Admitted)]
    #[case::ranges_beside_run_as_any_are_ignored(
        json!({"runAsUser": {"rule": "RunAsAny", "ranges": [{"min": 1, "max": 1}]}}), json!({"runAsUser": 7}), Admitted)]
    #[case::unset_gets_the_lowest_of_the_first_range(must_run_as(), json!({}), Mutated(json!({"runAsUser": 1000})))]
    #[case::null_gets_it_too(must_run_as(), json!({"runAsUser": null}), Mutated(json!({"runAsUser": 1000})))]
    #[case::the_first_range_counts_not_the_lowest(
        json!({"runAsUser": {"rule": "MustRunAs", "ranges": [{"min": 2, "max": 3}, {"min": 0, "max": 1}]}}), json!({}),
        Mutated(json!({"runAsUser": 2})))]
    #[case::absent_security_context_is_made(must_run_as(), json!(null), Mutated(json!({"runAsUser": 1000})))]
    #[case::first_of_a_range(must_run_as(), json!({"runAsUser": 1000}), Admitted)]
    #[case::last_of_a_range(must_run_as(), json!({"runAsUser": 2000}), Admitted)]
    #[case::second_range(must_run_as(), json!({"runAsUser": 5}), Admitted)]
    #[case::above(must_run_as(), json!({"runAsUser": 2001}),
        Rejected("securityContext.runAsUser: Invalid value: 2001: must be in the ranges: [{1000 2000} {5 5}]"))]
    #[case::root_below(must_run_as(), json!({"runAsUser": 0}),
        Rejected("securityContext.runAsUser: Invalid value: 0: must be in the ranges: [{1000 2000} {5 5}]"))]
    #[case::negative(must_run_as(), json!({"runAsUser": -1}),
        Rejected("securityContext.runAsUser: Invalid value: -1: must be in the ranges: [{1000 2000} {5 5}]"))]
    #[case::huge_does_not_wrap(must_run_as(), json!({"runAsUser": 4_294_968_296_i64}),
        Rejected("securityContext.runAsUser: Invalid value: 4294968296: must be in the ranges: [{1000 2000} {5 5}]"))]
    #[case::non_root_unset(non_root(), json!({}), Mutated(json!({"runAsNonRoot": true})))]
    #[case::non_root_null(non_root(), json!({"runAsNonRoot": null}), Mutated(json!({"runAsNonRoot": true})))]
    #[case::non_root_said(non_root(), json!({"runAsNonRoot": true}), Admitted)]
    #[case::non_root_by_user(non_root(), json!({"runAsUser": 5}), Admitted)]
    #[case::root_user(non_root(), json!({"runAsUser": 0}),
        Rejected("securityContext.runAsUser: Invalid value: 0: running with the root UID is forbidden"))]
    #[case::root_user_that_says_non_root(non_root(), json!({"runAsNonRoot": true, "runAsUser": 0}),
        Rejected("securityContext.runAsUser: Invalid value: 0: running with the root UID is forbidden"))]
    #[case::said_not_to_be_non_root(non_root(), json!({"runAsNonRoot": false, "runAsUser": 5}),
        Rejected("securityContext.runAsNonRoot: Invalid value: false: must be true"))]
    #[case::said_not_to_be_non_root_without_a_user(non_root(), json!({"runAsNonRoot": false}),
        Rejected("securityContext.runAsNonRoot: Invalid value: false: must be true"))]
    fn judges(#[case] policy: Value, #[case] security_context: Value, #[case] expected: Outcome) {
        judge(policy, json!({"securityContext": security_context}), expected);
    }

    #[rstest]
    #[case::user_is_enough(must_run_as(), json!({"runAsUser": 1500}), json!({}), Admitted)]
    #[case::user_is_judged_where_it_is_inherited(must_run_as(), json!({"runAsUser": 0}), json!({}),
        Rejected("securityContext.runAsUser: Invalid value: 0: must be in the ranges: [{1000 2000} {5 5}] (inherited from the pod)"))]
    #[case::user_is_harmless_where_it_is_overridden(must_run_as(), json!({"runAsUser": 0}), json!({"runAsUser": 1000}), Admitted)]
    #[case::user_does_not_help_a_container_of_its_own(must_run_as(), json!({"runAsUser": 1500}), json!({"runAsUser": 0}),
        Rejected("securityContext.runAsUser: Invalid value: 0: must be in the ranges: [{1000 2000} {5 5}]"))]
    #[case::non_root_is_enough(non_root(), json!({"runAsNonRoot": true}), json!({}), Admitted)]
    #[case::user_is_non_root_enough(non_root(), json!({"runAsUser": 5}), json!({}), Admitted)]
    #[case::non_root_is_denied_even_with_a_user(non_root(), json!({"runAsNonRoot": false, "runAsUser": 5}), json!({}),
        Rejected("securityContext.runAsNonRoot: Invalid value: false: must be true (inherited from the pod)"))]
    #[case::container_overrides_non_root(non_root(), json!({"runAsNonRoot": true}), json!({"runAsNonRoot": false}),
        Rejected("securityContext.runAsNonRoot: Invalid value: false: must be true"))]
    #[case::container_makes_up_for_it(non_root(), json!({"runAsNonRoot": false}), json!({"runAsNonRoot": true}), Admitted)]
    #[case::root_is_inherited(non_root(), json!({"runAsUser": 0}), json!({"runAsNonRoot": true}),
        Rejected("securityContext.runAsUser: Invalid value: 0: running with the root UID is forbidden (inherited from the pod)"))]
    fn judges_with_what_the_pod_says(
        #[case] policy: Value,
        #[case] of_pod: Value,
        #[case] security_context: Value,
        #[case] expected: Outcome,
    ) {
        let pod = json!({"spec": {"securityContext": of_pod}});
        judge_within(pod, policy, json!({"securityContext": security_context}), expected);
    }

    #[rstest]
    #[case::to_no_user(
        must_run_as(),
        "linux",
        "spec.containers[0].securityContext.runAsUser: Required value: must be in the ranges: [{1000 2000} {5 5}]"
    )]
    #[case::to_no_user_of_windows(must_run_as(), "windows", "")]
    #[case::to_silence(
        non_root(),
        "linux",
        "spec.containers[0].securityContext.runAsNonRoot: Required value: must be true"
    )]
    #[case::to_silence_of_windows(
        non_root(),
        "windows",
        "spec.containers[0].securityContext.runAsNonRoot: Required value: must be true"
    )]
    fn objects_where_it_may_not_fill_in(#[case] policy: Value, #[case] os: &str, #[case] expected: &str) {
        assert_eq!(unfilled("runAsUser", policy, json!({"spec": {"os": {"name": os}}})), expected);
    }

    /// A container whose id is not mapped into the pod's user namespace does not start.
    #[rstest]
    #[case::an_id_that_exists(json!(false), 65_535, json!({}), Mutated(json!({"runAsUser": 65_535})))]
    #[case::an_id_that_does_not(json!(false), 65_536, json!({}),
        Rejected("securityContext.runAsUser: Required value: must be in the ranges: [{65536 70000} {5 5}]; the default 65536 is not filled in, because pods with hostUsers: false have no ids above 65535"))]
    #[case::the_author_picks_one(json!(false), 65_536, json!({"runAsUser": 5}), Admitted)]
    #[case::the_author_picks_another(json!(false), 65_536, json!({"runAsUser": 65_536}), Admitted)]
    #[case::users_of_the_node(json!(true), 65_536, json!({}), Mutated(json!({"runAsUser": 65_536})))]
    #[case::unset(json!(null), 65_536, json!({}), Mutated(json!({"runAsUser": 65_536})))]
    fn fills_in_no_id_that_a_user_namespace_lacks(
        #[case] host_users: Value,
        #[case] min: i64,
        #[case] security_context: Value,
        #[case] expected: Outcome,
    ) {
        let ranges = json!([{"min": min, "max": 70_000}, {"min": 5, "max": 5}]);
        let policy = json!({"runAsUser": {"rule": "MustRunAs", "ranges": ranges}});
        let pod = json!({"spec": {"hostUsers": host_users}});
        judge_within(pod, policy, json!({"securityContext": security_context}), expected);
    }

    #[rstest]
    #[case::no_id_is_written(must_run_as(), json!({}), Admitted)]
    #[case::an_id_is_judged(must_run_as(), json!({"runAsUser": 1}),
        Rejected("securityContext.runAsUser: Invalid value: 1: must be in the ranges: [{1000 2000} {5 5}]"))]
    #[case::non_root_is_not_of_linux_alone(non_root(), json!({}), Mutated(json!({"runAsNonRoot": true})))]
    fn judges_windows_pods(
        #[case] policy: Value,
        #[case] security_context: Value,
        #[case] expected: Outcome,
    ) {
        let pod = json!({"spec": {"os": {"name": "windows"}}});
        judge_within(pod, policy, json!({"securityContext": security_context}), expected);
    }

    #[rstest]
    #[case::missing(json!(null), "runAsUser.rule: Required value: supported values: \"MayRunAs\", \"MustRunAs\", \"MustRunAsNonRoot\", \"RunAsAny\"")]
    #[case::empty(json!({}), "runAsUser.rule: Required value: supported values: \"MayRunAs\", \"MustRunAs\", \"MustRunAsNonRoot\", \"RunAsAny\"")]
    #[case::unknown(json!({"rule": "RunAs"}), "runAsUser.rule: Unsupported value: \"RunAs\": supported values: \"MayRunAs\", \"MustRunAs\", \"MustRunAsNonRoot\", \"RunAsAny\"")]
    #[case::without_ranges(json!({"rule": "MustRunAs"}), "runAsUser.ranges: Required value: must provide at least one range")]
    #[case::with_no_range(json!({"rule": "MustRunAs", "ranges": []}), "runAsUser.ranges: Required value: must provide at least one range")]
    #[case::all_that_is_wrong_with_a_range(json!({"rule": "MustRunAs", "ranges": [{"min": -1, "max": -2}]}),
        "runAsUser.ranges[0].min: Invalid value: -1: min cannot be negative; \
         runAsUser.ranges[0].max: Invalid value: -2: max cannot be negative; \
         runAsUser.ranges[0].min: Invalid value: -1: min cannot be greater than max")]
    #[case::ranges_are_checked_even_where_they_do_not_count(json!({"rule": "RunAsAny", "ranges": [{"min": 2, "max": 1}]}),
        "runAsUser.ranges[0].min: Invalid value: 2: min cannot be greater than max")]
    #[case::misspelt(json!({"rule": "RunAsAny", "range": []}), "runAsUser.range: unknown field; did you mean \"ranges\"?")]
    fn refuses_settings(#[case] strategy: Value, #[case] expected: &str) {
        assert_eq!(problems(&json!({"runAsUser": strategy})), expected);
    }
}
