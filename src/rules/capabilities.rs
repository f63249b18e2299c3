//! Capabilities are root in slices: what a container has of them counts, whoever it runs as.
//!
//! Names are compared as they are written: `ALL`, `all`, `NET_RAW` and `CAP_NET_RAW` are four of them.

use crate::json::{Quoted, Text};
use crate::pod::{Capabilities, Container, Pod};
use crate::prose::prose;
use crate::rule::{Entry, Rule};
use crate::shape::{Listed, Shape};
use crate::spec::Spec;
use crate::violation::Findings;
use std::collections::BinaryHeap;

pub(crate) const ENTRIES: &[Entry] = &[
    Entry {
        id: "defaultAddCapabilities",
        purpose: prose("The capabilities that every container gets unless it drops them."),
        shape: Some(Shape::List(&Shape::Text)),
        reads: &["requiredDropCapabilities"],
        annotations: &[],
        pod_fields: prose("containers' `securityContext.capabilities.add`"),
        mutates: prose("containers' `capabilities.add`"),
        default: prose("none"),
    },
    Entry {
        id: "requiredDropCapabilities",
        purpose: prose("The capabilities that every container must drop."),
        shape: Some(Shape::List(&Shape::Text)),
        reads: &[],
        annotations: &[],
        pod_fields: prose("containers' `securityContext.capabilities.drop`"),
        mutates: prose("containers' `capabilities.drop`"),
        default: prose("none"),
    },
    Entry {
        id: "allowedCapabilities",
        purpose: prose("The capabilities that containers may add; `*` is any."),
        shape: Some(Shape::List(&Shape::Text)),
        reads: &["defaultAddCapabilities", "requiredDropCapabilities"],
        annotations: &[],
        pod_fields: prose("containers' `securityContext.capabilities.add`"),
        mutates: prose("nothing"),
        default: prose("none but those of `defaultAddCapabilities`"),
    },
];

/// The spelling that the API server itself refuses beside `allowPrivilegeEscalation: false`.
const CAP_SYS_ADMIN: &str = "CAP_SYS_ADMIN";

/// Adds capabilities.
#[derive(Debug)]
pub(crate) struct DefaultAdd<'s>(Vec<Text<'s>>);

/// Drops capabilities.
#[derive(Debug)]
pub(crate) struct RequiredDrop<'s>(Vec<Text<'s>>);

/// Refuses capabilities that are neither added by default nor allowed.
#[derive(Debug)]
pub(crate) struct Allowed<'s> {
    added: Vec<Text<'s>>,
    allowed: Vec<Text<'s>>,
}

pub(super) fn load_default_add<'s>(spec: &mut Spec<'_, 's>) -> Option<DefaultAdd<'s>> {
    let added = spec.texts("defaultAddCapabilities");
    tell_contradictions(spec, "defaultAddCapabilities", &added);
    if added.is_empty() { None } else { Some(DefaultAdd(added)) }
}

pub(super) fn load_required_drop<'s>(spec: &mut Spec<'_, 's>) -> Option<RequiredDrop<'s>> {
    let dropped = spec.texts("requiredDropCapabilities");
    if dropped.is_empty() { None } else { Some(RequiredDrop(dropped)) }
}

pub(super) fn load_allowed<'s>(spec: &mut Spec<'_, 's>) -> Option<Allowed<'s>> {
    let allowed = spec.texts("allowedCapabilities");
    tell_contradictions(spec, "allowedCapabilities", &allowed);
    if !allowed.iter().any(|name| name == "*") {
        return Some(Allowed { added: spec.texts("defaultAddCapabilities"), allowed });
    }
    let dropped = spec.texts("requiredDropCapabilities");
    if !dropped.is_empty() {
        let names = Listed(&dropped);
        let reason = "must be empty when all capabilities are allowed by a wildcard";
        spec.problem("requiredDropCapabilities", format_args!("Invalid value: [{names}]: {reason}"));
    }
    None
}

fn tell_contradictions(spec: &mut Spec<'_, '_>, field: &str, names: &[Text<'_>]) {
    if names.is_empty() {
        return;
    }
    let dropped = spec.texts("requiredDropCapabilities");
    for (index, name) in
        names.iter().enumerate().filter(|(_, name)| dropped.iter().any(|other| other == *name))
    {
        let reason = format!("capability is listed in {field} and requiredDropCapabilities");
        spec.problem(
            format_args!("{field}[{index}]"),
            format_args!("Invalid value: {}: {reason}", Quoted(name)),
        );
    }
}

/// The names that `list` lacks, as they would be written into it.
fn missing<'n>(names: &'n [Text<'_>], list: &'n [Text<'_>]) -> impl Iterator<Item = Text<'static>> + 'n {
    names.iter().filter(|name| !list.iter().any(|own| own == *name)).map(|name| Text::Owned(name.to_string()))
}

/// Both lists as PodSecurityPolicy left them once it had changed either: sorted, each name once.
fn settle(capabilities: &mut Capabilities<'_>) {
    for list in [&mut capabilities.add, &mut capabilities.drop] {
        // A heap sorts as well as `sort_unstable` does and is a twentieth of its code.
        *list = BinaryHeap::from(std::mem::take(list)).into_sorted_vec();
        list.dedup();
    }
}

impl DefaultAdd<'_> {
    /// The capabilities that the container neither has nor drops.
    fn open(&self, container: &Container<'_>) -> Vec<Text<'static>> {
        let Capabilities { add, drop } = &container.security_context.capabilities;
        missing(&self.0, add).filter(|name| !drop.iter().any(|dropped| dropped == name)).collect()
    }

    /// Whether the API server would refuse the container with these capabilities.
    fn impossible(open: &[Text<'_>], container: &Container<'_>) -> bool {
        container.security_context.allow_privilege_escalation == Some(false)
            && open.iter().any(|name| name == CAP_SYS_ADMIN)
    }
}

impl Rule for DefaultAdd<'_> {
    fn mutate_container(&self, pod: &Pod<'_>, container: &mut Container<'_>) {
        let open = self.open(container);
        if open.is_empty() || pod.is_windows() || Self::impossible(&open, container) {
            return;
        }
        let capabilities = &mut container.security_context.capabilities;
        capabilities.add.extend(open);
        settle(capabilities);
    }

    fn validate_container(&self, pod: &Pod<'_>, container: &Container<'_>, found: &mut Findings<'_>) {
        let open = self.open(container);
        if !pod.is_windows() && Self::impossible(&open, container) {
            found.required(
                "securityContext.capabilities.add",
                "the policy adds CAP_SYS_ADMIN, which Kubernetes refuses beside allowPrivilegeEscalation: false; drop it here or allow escalation",
            );
        }
    }
}

impl Rule for RequiredDrop<'_> {
    fn mutate_container(&self, pod: &Pod<'_>, container: &mut Container<'_>) {
        let capabilities = &mut container.security_context.capabilities;
        let open: Vec<_> = missing(&self.0, &capabilities.drop).collect();
        if !open.is_empty() && !pod.is_windows() {
            capabilities.drop.extend(open);
            settle(capabilities);
        }
    }

    fn validate_container(&self, pod: &Pod<'_>, container: &Container<'_>, found: &mut Findings<'_>) {
        let own = &container.security_context.capabilities.drop;
        if pod.is_windows() {
            return;
        }
        for name in self.0.iter().filter(|name| !own.iter().any(|dropped| dropped == *name)) {
            let detail = format_args!("{name} is required to be dropped but was not found");
            found.invalid("securityContext.capabilities.drop", format_args!("[{}]", Listed(own)), detail);
        }
    }
}

impl Rule for Allowed<'_> {
    fn validate_container(&self, _pod: &Pod<'_>, container: &Container<'_>, found: &mut Findings<'_>) {
        for name in &container.security_context.capabilities.add {
            if !self.added.iter().chain(&self.allowed).any(|allowed| allowed == name) {
                found.invalid(
                    "securityContext.capabilities.add",
                    Quoted(name),
                    "capability may not be added",
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use crate::testing::Outcome::{self, Admitted, Mutated, Objected, Rejected};
    use crate::testing::{judge, judge_within, problems, unfilled};

    fn caps(add: &[&str], drop: &[&str]) -> Value {
        let mut capabilities = json!({});
        for (key, list) in [("add", add), ("drop", drop)] {
            if !list.is_empty() {
                capabilities[key] = json!(list);
            }
        }
        json!({"capabilities": capabilities})
    }

    #[rstest]
    #[case::absent(json!({"requiredDropCapabilities": ["X"]}), json!({}), Mutated(caps(&[], &["X"])))]
    #[case::null(json!({"requiredDropCapabilities": ["X"]}), json!({"capabilities": null}), Mutated(caps(&[], &["X"])))]
    #[case::without_a_security_context(json!({"requiredDropCapabilities": ["X"]}), json!(null), Mutated(caps(&[], &["X"])))]
    #[case::sorted_and_each_once(json!({"requiredDropCapabilities": ["NET_RAW", "CHOWN"]}), caps(&[], &["all", "ALL", "all"]),
        Mutated(caps(&[], &["ALL", "CHOWN", "NET_RAW", "all"])))]
    #[case::dropped_already_order_and_duplicates_stay(
        json!({"requiredDropCapabilities": ["X"], "allowedCapabilities": ["A", "B"]}), caps(&["B", "B", "A"], &["Y", "X", "Y"]), Admitted)]
    #[case::both_lists_are_settled_when_one_changes(
        json!({"requiredDropCapabilities": ["X"], "allowedCapabilities": ["A", "B"]}), caps(&["B", "B", "A"], &["Y"]),
        Mutated(caps(&["A", "B"], &["X", "Y"])))]
    #[case::dropping_all_is_not_dropping_each(json!({"requiredDropCapabilities": ["X"]}), caps(&[], &["ALL"]),
        Mutated(caps(&[], &["ALL", "X"])))]
    #[case::the_other_spelling_is_another_name(json!({"requiredDropCapabilities": ["NET_RAW"]}), caps(&[], &["CAP_NET_RAW"]),
        Mutated(caps(&[], &["CAP_NET_RAW", "NET_RAW"])))]
    #[case::added_and_to_be_dropped_fails_as_added(json!({"requiredDropCapabilities": ["X"]}), caps(&["X"], &[]),
        Rejected("securityContext.capabilities.add: Invalid value: \"X\": capability may not be added"))]
    #[case::a_policy_that_names_one_twice(json!({"requiredDropCapabilities": ["X", "X"]}), json!({}), Mutated(caps(&[], &["X"])))]
    fn drops(#[case] policy: Value, #[case] security_context: Value, #[case] expected: Outcome) {
        judge(policy, json!({"securityContext": security_context}), expected);
    }

    #[rstest]
    #[case::absent(json!({"defaultAddCapabilities": ["Y", "X"]}), json!({}), Mutated(caps(&["X", "Y"], &[])))]
    #[case::what_is_dropped_is_not_added(json!({"defaultAddCapabilities": ["X", "Y"]}), caps(&[], &["X"]), Mutated(caps(&["Y"], &["X"])))]
    #[case::everything_is_dropped_by_name(json!({"defaultAddCapabilities": ["X"]}), caps(&[], &["X"]), Admitted)]
    #[case::added_already(json!({"defaultAddCapabilities": ["X"]}), caps(&["X"], &[]), Admitted)]
    #[case::implicitly_allowed(json!({"defaultAddCapabilities": ["X"]}), caps(&["X", "X"], &[]), Admitted)]
    #[case::adds_and_drops(json!({"defaultAddCapabilities": ["X"], "requiredDropCapabilities": ["Y"]}), json!({}), Mutated(caps(&["X"], &["Y"])))]
    #[case::beside_what_the_author_adds(json!({"defaultAddCapabilities": ["X"], "allowedCapabilities": ["A"]}), caps(&["A"], &[]),
        Mutated(caps(&["A", "X"], &[])))]
    fn adds(#[case] policy: Value, #[case] security_context: Value, #[case] expected: Outcome) {
        judge(policy, json!({"securityContext": security_context}), expected);
    }

    #[rstest]
    #[case::none_to_add(json!({}), caps(&[], &["ALL"]), Admitted)]
    #[case::not_allowed(json!({}), caps(&["X"], &[]),
        Rejected("securityContext.capabilities.add: Invalid value: \"X\": capability may not be added"))]
    #[case::allowed(json!({"allowedCapabilities": ["X"]}), caps(&["X"], &[]), Admitted)]
    #[case::each_time_it_is_named(json!({"allowedCapabilities": ["X"]}), caps(&["Y", "X", "Y"], &[]), Objected(&[
        "securityContext.capabilities.add: Invalid value: \"Y\": capability may not be added",
        "securityContext.capabilities.add: Invalid value: \"Y\": capability may not be added",
    ]))]
    #[case::all_is_a_name(json!({"allowedCapabilities": ["NET_ADMIN"]}), caps(&["ALL"], &[]),
        Rejected("securityContext.capabilities.add: Invalid value: \"ALL\": capability may not be added"))]
    #[case::the_other_spelling_is_another_name(json!({"allowedCapabilities": ["NET_ADMIN"]}), caps(&["CAP_NET_ADMIN"], &[]),
        Rejected("securityContext.capabilities.add: Invalid value: \"CAP_NET_ADMIN\": capability may not be added"))]
    #[case::allowing_all_by_name_allows_that_name(json!({"allowedCapabilities": ["ALL"]}), caps(&["NET_ADMIN"], &[]),
        Rejected("securityContext.capabilities.add: Invalid value: \"NET_ADMIN\": capability may not be added"))]
    #[case::any(json!({"allowedCapabilities": ["*"]}), caps(&["ALL", "sys_admin"], &[]), Admitted)]
    #[case::any_among_others(json!({"allowedCapabilities": ["A", "*"]}), caps(&["B"], &[]), Admitted)]
    #[case::a_privileged_container_is_not_excused(json!({"privileged": true}), json!({"privileged": true, "capabilities": {"add": ["X"]}}),
        Rejected("securityContext.capabilities.add: Invalid value: \"X\": capability may not be added"))]
    fn allows(#[case] policy: Value, #[case] security_context: Value, #[case] expected: Outcome) {
        judge(policy, json!({"securityContext": security_context}), expected);
    }

    #[rstest]
    #[case::open(json!({"allowPrivilegeEscalation": false}),
        Rejected("securityContext.capabilities.add: Required value: the policy adds CAP_SYS_ADMIN, which Kubernetes refuses beside allowPrivilegeEscalation: false; drop it here or allow escalation"))]
    #[case::dropped(json!({"allowPrivilegeEscalation": false, "capabilities": {"drop": ["CAP_SYS_ADMIN"]}}), Admitted)]
    #[case::escalation_allowed(json!({"allowPrivilegeEscalation": true}),
        Mutated(json!({"allowPrivilegeEscalation": true, "capabilities": {"add": ["CAP_SYS_ADMIN"]}})))]
    fn adds_no_capability_that_kubernetes_refuses(
        #[case] security_context: Value,
        #[case] expected: Outcome,
    ) {
        let policy = json!({"defaultAddCapabilities": ["CAP_SYS_ADMIN"]});
        judge(policy, json!({"securityContext": security_context}), expected);
    }

    #[test]
    fn a_policy_that_adds_it_and_refuses_escalation_admits_no_silent_container() {
        let policy = json!({"defaultAddCapabilities": ["CAP_SYS_ADMIN"], "allowPrivilegeEscalation": false});
        judge(
            policy,
            json!({}),
            Rejected(
                "securityContext.allowPrivilegeEscalation: Required value: the policy sets false, which Kubernetes refuses beside the added capability CAP_SYS_ADMIN; such a container needs a policy that allows privilege escalation by default",
            ),
        );
    }

    #[rstest]
    #[case::nothing_is_written(json!({}), Admitted)]
    #[case::what_is_added_is_judged(caps(&["Z"], &[]),
        Rejected("securityContext.capabilities.add: Invalid value: \"Z\": capability may not be added"))]
    fn windows_pods(#[case] security_context: Value, #[case] expected: Outcome) {
        let policy = json!({"defaultAddCapabilities": ["X"], "requiredDropCapabilities": ["Y"]});
        let pod = json!({"spec": {"os": {"name": "windows"}}});
        judge_within(pod, policy, json!({"securityContext": security_context}), expected);
    }

    #[rstest]
    #[case::each_that_is_not_dropped(json!({}),
        "spec.containers[0].securityContext.capabilities.drop: Invalid value: []: X is required to be dropped but was not found; \
         spec.containers[0].securityContext.capabilities.drop: Invalid value: []: Y is required to be dropped but was not found")]
    #[case::but_those_that_are(caps(&[], &["A", "Y"]),
        "spec.containers[0].securityContext.capabilities.drop: Invalid value: [\"A\", \"Y\"]: X is required to be dropped but was not found")]
    fn objects_where_it_may_not_drop(#[case] security_context: Value, #[case] expected: &str) {
        let policy = json!({"requiredDropCapabilities": ["X", "Y"]});
        let container = json!({"name": "c", "securityContext": security_context});
        let pod = |os| json!({"spec": {"os": {"name": os}, "containers": [container]}});
        assert_eq!(unfilled("requiredDropCapabilities", policy.clone(), pod("linux")), expected);
        assert_eq!(unfilled("requiredDropCapabilities", policy, pod("windows")), "");
    }

    #[rstest]
    #[case::wildcard_and_drops(json!({"allowedCapabilities": ["*"], "requiredDropCapabilities": ["A", "B"]}),
        "requiredDropCapabilities: Invalid value: [\"A\", \"B\"]: must be empty when all capabilities are allowed by a wildcard")]
    #[case::added_and_dropped(json!({"defaultAddCapabilities": ["A", "B"], "requiredDropCapabilities": ["B"]}),
        "defaultAddCapabilities[1]: Invalid value: \"B\": capability is listed in defaultAddCapabilities and requiredDropCapabilities")]
    #[case::allowed_and_dropped(json!({"allowedCapabilities": ["B"], "requiredDropCapabilities": ["B"]}),
        "allowedCapabilities[0]: Invalid value: \"B\": capability is listed in allowedCapabilities and requiredDropCapabilities")]
    #[case::no_list(json!({"allowedCapabilities": "*"}), "allowedCapabilities: must be a list, not the string \"*\"")]
    #[case::no_string(json!({"requiredDropCapabilities": [1, null]}),
        "requiredDropCapabilities[0]: must be a string, not 1; requiredDropCapabilities[1]: must not be null")]
    fn refuses_settings(#[case] policy: Value, #[case] expected: &str) {
        assert_eq!(problems(&policy), expected);
    }
}
