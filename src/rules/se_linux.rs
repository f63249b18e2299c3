//! The SELinux context confines a container where everything else has failed.

use crate::json::{Quoted, Text, Value};
use crate::pod::diff::se_linux_options;
use crate::pod::{Container, Pod, SeLinuxOptions};
use crate::rule::{Demands, Entry, Findings, Rule, Spec, note_inherited};
use crate::schema::{Field, Shape};
use std::collections::BinaryHeap;
use std::fmt::{self, Display};

pub(crate) const ENTRIES: &[Entry] = &[Entry {
    id: "seLinux",
    purpose: "The SELinux context that pods must run in.",
    shape: Some(Shape::Object(&[
        Field::new("rule", Shape::OneOf(STRATEGIES), "What is demanded."),
        Field::new(
            "seLinuxOptions",
            Shape::Object(&[
                Field::new("user", Shape::Text, "The SELinux user; absent is empty."),
                Field::new("role", Shape::Text, "The SELinux role; absent is empty."),
                Field::new("type", Shape::Text, "The SELinux type; absent is empty."),
                Field::new("level", Shape::Text, "The SELinux level; absent is empty."),
            ]),
            "The context, demanded as a whole: what it leaves out must be left out.",
        ),
        Field::new(
            CHANGE_POLICY,
            Shape::OneOf(&["MountOption", "Recursive"]),
            "The `seLinuxChangePolicy` of pods that set none and get the level of the policy; since Kubernetes 1.37 a level changes how volumes are mounted.",
        ),
    ])),
    pod_fields: "`securityContext.seLinuxOptions` of pod and containers",
    mutates: "`MustRunAs`: the options, where the pod has none, and with a level the `changePolicy`",
    default: "must be given",
    ..Entry::USUAL
}];

const CHANGE_POLICY: &str = "changePolicy";

const STRATEGIES: &[&str] = &["MustRunAs", "RunAsAny"];

/// Demands one context; a policy with `RunAsAny` has no such rule.
pub(crate) struct MustRunAs<'s> {
    options: SeLinuxOptions<'s>,
    /// How volumes get the level, where it is filled in.
    change_policy: Option<Text<'s>>,
}

pub(super) fn load<'s>(spec: &mut Spec<'_, 's>) -> Option<MustRunAs<'s>> {
    let rule = spec.strategy("seLinux", STRATEGIES)?;
    if rule != "MustRunAs" {
        return None;
    }
    let strategy = spec.get("seLinux")?;
    let Some(options) = strategy.get("seLinuxOptions") else {
        spec.required("seLinux.seLinuxOptions", "MustRunAs needs the options to demand; `{}` demands none");
        return None;
    };
    let change_policy = strategy.get(CHANGE_POLICY).and_then(Value::text);
    let text = |key| options.get(key).and_then(Value::text).unwrap_or_default();
    let options =
        SeLinuxOptions { user: text("user"), role: text("role"), kind: text("type"), level: text("level") };
    let change_policy = change_policy.filter(|_| !options.level.is_empty());
    Some(MustRunAs { options, change_policy })
}

impl MustRunAs<'_> {
    fn default(&self) -> SeLinuxOptions<'static> {
        let own = |text: &Text<'_>| Text::Owned(text.to_string());
        let SeLinuxOptions { user, role, kind, level } = &self.options;
        SeLinuxOptions { user: own(user), role: own(role), kind: own(kind), level: own(level) }
    }

    /// Reports the absence of options, for which no pod is excused that has to set them, or those that differ.
    fn judge(
        &self,
        actual: Option<&SeLinuxOptions<'_>>,
        excused: bool,
        root: &str,
        inherited: &str,
        found: &mut Findings<'_>,
    ) {
        let expected = &self.options;
        let Some(actual) = actual else {
            if !excused {
                found.required(root, format_args!("must be {}", demand(expected)));
                found.wants(|| vec![se_linux_options(expected)]);
            }
            return;
        };
        for (field, actual, expected, equal) in [
            ("level", &actual.level, &expected.level, same_level(&actual.level, &expected.level)),
            ("role", &actual.role, &expected.role, actual.role == expected.role),
            ("type", &actual.kind, &expected.kind, actual.kind == expected.kind),
            ("user", &actual.user, &expected.user, actual.user == expected.user),
        ] {
            if !equal {
                found.invalid(
                    format_args!("{root}.{field}"),
                    Quoted(actual),
                    format_args!("must be {expected}{inherited}"),
                );
            }
        }
    }
}

impl Rule for MustRunAs<'_> {
    fn mutate(&self, pod: &mut Pod<'_>) {
        if pod.spec.security_context.se_linux_options.is_none() && !pod.is_windows() && !pod.gains_containers
        {
            pod.spec.security_context.se_linux_options = Some(self.default());
            let change_policy = &mut pod.spec.security_context.se_linux_change_policy;
            if change_policy.is_none() {
                *change_policy = self.change_policy.as_ref().map(|policy| Text::Owned(policy.to_string()));
            }
        }
    }

    fn mutate_container(&self, pod: &Pod<'_>, container: &mut Container<'_>, _: Demands) {
        if container.se_linux_options(pod).is_none() && !pod.is_windows() {
            container.security_context.se_linux_options = Some(self.default());
        }
    }

    fn validate(&self, pod: &Pod<'_>, found: &mut Findings<'_>) {
        let options = pod.spec.security_context.se_linux_options.as_ref();
        let excused = pod.is_windows() || pod.gains_containers;
        self.judge(options, excused, "spec.securityContext.seLinuxOptions", "", found);
    }

    fn validate_container(&self, pod: &Pod<'_>, container: &Container<'_>, found: &mut Findings<'_>) {
        let options = container.se_linux_options(pod);
        let inherited = note_inherited(container.security_context.se_linux_options.is_some());
        self.judge(options, pod.is_windows(), "securityContext.seLinuxOptions", inherited, found);
    }
}

/// The demanded options, printed: `{level: "s0", type: "t"}`.
fn demand(options: &SeLinuxOptions<'_>) -> impl Display {
    let SeLinuxOptions { user, role, kind, level } = options;
    fmt::from_fn(move |f| {
        let mut before = "{";
        for (key, value) in [("level", level), ("role", role), ("type", kind), ("user", user)] {
            if !value.is_empty() {
                write!(f, "{before}{key}: {}", Quoted(value))?;
                before = ", ";
            }
        }
        f.write_str(if before == "{" { "{}" } else { "}" })
    })
}

/// Whether two levels are the same but for the order of their categories: `s0:c0,c1` is `s0:c1,c0`.
fn same_level(one: &str, other: &str) -> bool {
    if one == other {
        return true;
    }
    let (Some((sensitivity, one)), Some((other_sensitivity, other))) =
        (one.split_once(':'), other.split_once(':'))
    else {
        return false;
    };
    // A heap sorts as well as `sort_unstable` does and is a twentieth of its code.
    let sorted = |categories| BinaryHeap::from_iter(str::split(categories, ',')).into_sorted_vec();
    sensitivity == other_sensitivity && sorted(one) == sorted(other)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::same_level;
    use crate::testing::Outcome::{self, Admitted, Mutated, Objected, Rejected};
    use crate::testing::{judge_pod, judge_within, problems, review_added, unfilled};

    fn must(options: Value) -> Value {
        json!({"seLinux": {"rule": "MustRunAs", "seLinuxOptions": options}})
    }

    fn changing(options: Value) -> Value {
        json!({"seLinux": {"rule": "MustRunAs", "changePolicy": "Recursive", "seLinuxOptions": options}})
    }

    #[rstest]
    #[case::with_the_level(changing(json!({"level": "s0"})), json!({}), Mutated(json!({"securityContext":
        {"seLinuxOptions": {"level": "s0"}, "seLinuxChangePolicy": "Recursive"}})))]
    #[case::without_a_level(changing(json!({"type": "t"})), json!({}), Mutated(json!({"securityContext": {"seLinuxOptions": {"type": "t"}}})))]
    #[case::not_where_the_level_is_given(changing(json!({"level": "s0"})), json!({"seLinuxOptions": {"level": "s0"}}), Admitted)]
    #[case::not_over_another(changing(json!({"level": "s0"})), json!({"seLinuxChangePolicy": "MountOption"}),
        Mutated(json!({"securityContext": {"seLinuxOptions": {"level": "s0"}}})))]
    #[case::none_is_demanded(changing(json!({"level": "s0"})),
        json!({"seLinuxOptions": {"level": "s0"}, "seLinuxChangePolicy": "MountOption"}), Admitted)]
    #[case::without_the_key(must(json!({"level": "s0"})), json!({}), Mutated(json!({"securityContext": {"seLinuxOptions": {"level": "s0"}}})))]
    #[case::any(json!({"seLinux": {"rule": "RunAsAny", "changePolicy": "Recursive"}}), json!({}), Admitted)]
    fn a_level_brings_how_volumes_get_it(
        #[case] policy: Value,
        #[case] context: Value,
        #[case] expected: Outcome,
    ) {
        judge_pod(policy, json!({"spec": {"securityContext": context}}), expected);
    }

    #[test]
    fn refuses_an_unknown_change_policy() {
        assert_eq!(
            problems(&json!({"seLinux": {"rule": "RunAsAny", "changePolicy": "Mount"}})),
            "seLinux.changePolicy: Unsupported value: \"Mount\": supported values: \"MountOption\", \"Recursive\""
        );
    }

    #[rstest]
    #[case::any(json!({}), json!({"seLinuxOptions": {"type": "spc_t"}}), Admitted)]
    #[case::options_beside_any_are_ignored(json!({"seLinux": {"rule": "RunAsAny", "seLinuxOptions": {"level": "s0"}}}), json!({}), Admitted)]
    #[case::unset_gets_the_options(must(json!({"level": "s0", "user": "u"})), json!({}),
        Mutated(json!({"securityContext": {"seLinuxOptions": {"level": "s0", "user": "u"}}})))]
    #[case::unset_gets_empty_options(must(json!({})), json!(null), Mutated(json!({"securityContext": {"seLinuxOptions": {}}})))]
    #[case::empty_is_not_unset(must(json!({"level": "s0"})), json!({"seLinuxOptions": {}}), Objected(&[
        "spec.securityContext.seLinuxOptions.level: Invalid value: \"\": must be s0",
        "securityContext.seLinuxOptions.level: Invalid value: \"\": must be s0 (inherited from the pod)",
    ]))]
    #[case::the_same(must(json!({"level": "s0", "user": "u", "role": "r", "type": "t"})),
        json!({"seLinuxOptions": {"level": "s0", "user": "u", "role": "r", "type": "t"}}), Admitted)]
    #[case::all_differ_in_the_order_of_the_original(must(json!({"level": "s0", "user": "u", "role": "r"})),
        json!({"seLinuxOptions": {"level": "s1", "user": "U", "role": "R", "type": "T"}}), Objected(&[
        "spec.securityContext.seLinuxOptions.level: Invalid value: \"s1\": must be s0",
        "spec.securityContext.seLinuxOptions.role: Invalid value: \"R\": must be r",
        "spec.securityContext.seLinuxOptions.type: Invalid value: \"T\": must be ",
        "spec.securityContext.seLinuxOptions.user: Invalid value: \"U\": must be u",
        "securityContext.seLinuxOptions.level: Invalid value: \"s1\": must be s0 (inherited from the pod)",
        "securityContext.seLinuxOptions.role: Invalid value: \"R\": must be r (inherited from the pod)",
        "securityContext.seLinuxOptions.type: Invalid value: \"T\": must be  (inherited from the pod)",
        "securityContext.seLinuxOptions.user: Invalid value: \"U\": must be u (inherited from the pod)",
    ]))]
    #[case::a_level_where_none_is_expected(must(json!({})), json!({"seLinuxOptions": {"level": "s0"}}), Objected(&[
        "spec.securityContext.seLinuxOptions.level: Invalid value: \"s0\": must be ",
        "securityContext.seLinuxOptions.level: Invalid value: \"s0\": must be  (inherited from the pod)",
    ]))]
    fn judges_the_pod(#[case] policy: Value, #[case] security_context: Value, #[case] expected: Outcome) {
        judge_pod(policy, json!({"spec": {"securityContext": security_context}}), expected);
    }

    #[rstest]
    #[case::other_order_of_categories(json!({"level": "s0:c2,c1"}), json!({"level": "s0:c1,c2"}), Admitted)]
    #[case::other_level(json!({"level": "s1:c1,c2"}), json!({"level": "s0:c1,c2"}),
        Rejected("securityContext.seLinuxOptions.level: Invalid value: \"s1:c1,c2\": must be s0:c1,c2"))]
    #[case::user_is_not_inherited(json!({"level": "s0"}), json!({"level": "s0", "user": "u"}),
        Rejected("securityContext.seLinuxOptions.user: Invalid value: \"\": must be u"))]
    fn judges_a_container(#[case] own: Value, #[case] wanted: Value, #[case] expected: Outcome) {
        let pod = json!({"spec": {"securityContext": {"seLinuxOptions": wanted}}});
        judge_within(pod, must(wanted), json!({"securityContext": {"seLinuxOptions": own}}), expected);
    }

    #[test]
    fn a_wrong_pod_counts_even_if_every_container_is_right() {
        let pod = json!({"spec": {"securityContext": {"seLinuxOptions": {"level": "s1"}}}});
        let container = json!({"securityContext": {"seLinuxOptions": {"level": "s0"}}});
        let objection = "spec.securityContext.seLinuxOptions.level: Invalid value: \"s1\": must be s0";
        judge_within(pod, must(json!({"level": "s0"})), container, Rejected(objection));
    }

    #[test]
    fn a_right_container_keeps_its_options_and_the_pod_gets_the_policys() {
        let container = json!({"name": "c", "securityContext": {"seLinuxOptions": {"level": "s0:c2,c1"}}});
        let mutated = json!({"securityContext": {"seLinuxOptions": {"level": "s0:c1,c2"}}});
        judge_pod(
            must(json!({"level": "s0:c1,c2"})),
            json!({"spec": {"containers": [container]}}),
            Mutated(mutated),
        );
    }

    #[rstest]
    #[case::in_a_pod_that_has_none(json!({"containers": [{"name": "c"}]}), Some(json!({"seLinuxOptions": {"level": "s0"}})))]
    #[case::but_not_in_a_pod_that_has_them(json!({"securityContext": {"seLinuxOptions": {"level": "s0"}}}), None)]
    #[case::nor_in_a_pod_of_windows(json!({"os": {"name": "windows"}}), None)]
    fn an_added_container_gets_options(#[case] spec: Value, #[case] expected: Option<Value>) {
        let response = review_added(must(json!({"level": "s0"})), json!({"spec": spec}), json!({}));
        let expected = expected.map(|context| {
            let mut pod = json!({"spec": spec});
            pod["spec"]["ephemeralContainers"] = json!([{"name": "e", "securityContext": context}]);
            pod
        });
        let mutated = response.mutated_object.map(|object| serde_json::from_str(&object).unwrap());
        assert_eq!((response.rejection, mutated), (None, expected));
    }

    #[rstest]
    #[case::silent(json!({"level": "s0", "type": "t"}), json!({}),
        "spec.securityContext.seLinuxOptions: Required value: must be {level: \"s0\", type: \"t\"}; spec.containers[0].securityContext.seLinuxOptions: Required value: must be {level: \"s0\", type: \"t\"}")]
    #[case::none_are_demanded(json!({}), json!({}), "spec.securityContext.seLinuxOptions: Required value: must be {}; spec.containers[0].securityContext.seLinuxOptions: Required value: must be {}")]
    #[case::only_the_containers_say(json!({"level": "s0"}), json!({"containers": [{"name": "c", "securityContext": {"seLinuxOptions": {"level": "s0"}}}]}),
        "spec.securityContext.seLinuxOptions: Required value: must be {level: \"s0\"}")]
    #[case::windows(json!({"level": "s0"}), json!({"os": {"name": "windows"}}), "")]
    fn where_nothing_may_be_filled_in(#[case] options: Value, #[case] spec: Value, #[case] expected: &str) {
        assert_eq!(unfilled("seLinux", must(options), json!({"spec": spec})), expected);
    }

    #[test]
    fn windows_pods_get_no_options() {
        judge_pod(must(json!({"level": "s0"})), json!({"spec": {"os": {"name": "windows"}}}), Admitted);
    }

    #[rstest]
    #[case::identical("s0", "s0", true)]
    #[case::without_categories("s0", "s1", false)]
    #[case::only_one_has_categories("s0", "s0:c1", false)]
    #[case::sorted_differently("s0:c0,c1", "s0:c1,c0", true)]
    #[case::repeated("s0:c1,c1", "s0:c1", false)]
    #[case::other_sensitivity("s0:c1", "s1:c1", false)]
    #[case::split_at_the_first_colon("s0-s1:c0:c1", "s0-s1:c0:c1", true)]
    #[case::ranges_are_not_expanded("s0:c0.c2", "s0:c0,c1,c2", false)]
    fn compares_levels(#[case] one: &str, #[case] other: &str, #[case] expected: bool) {
        assert_eq!((same_level(one, other), same_level(other, one)), (expected, expected));
    }

    #[rstest]
    #[case::missing(json!(null), "seLinux.rule: Required value: supported values: \"MustRunAs\", \"RunAsAny\"")]
    #[case::unknown(json!({"rule": "MayRunAs"}), "seLinux.rule: Unsupported value: \"MayRunAs\": supported values: \"MustRunAs\", \"RunAsAny\"")]
    #[case::without_options(json!({"rule": "MustRunAs"}), "seLinux.seLinuxOptions: Required value: MustRunAs needs the options to demand; `{}` demands none")]
    #[case::misspelt_option(json!({"rule": "MustRunAs", "seLinuxOptions": {"Level": "s0"}}),
        "seLinux.seLinuxOptions.Level: unknown field; did you mean \"level\"?")]
    fn refuses_settings(#[case] strategy: Value, #[case] expected: &str) {
        assert_eq!(problems(&json!({"seLinux": strategy})), expected);
    }
}
