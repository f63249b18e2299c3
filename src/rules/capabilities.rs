//! Capabilities split root's privileges: those of a container count, whatever its user.
//!
//! Names are compared as they are written: `ALL`, `all`, `NET_RAW` and `CAP_NET_RAW` are four of them. Two exceptions
//! follow container runtimes (`WithCapabilities` in containerd's internal/cri/opts reads `ALL` in any letter case and
//! puts `CAP_` before every other name):
//!
//! * `drop: [ALL]` satisfies every required drop, since nothing is left to be dropped, unless the container adds some of
//!   it again.
//! * `CAP_X` among the required drops is read as `X`: runtimes drop nothing for `CAP_X`.

use crate::json::{Listed, Quoted, Text};
use crate::pod::{Capabilities, Container, Pod};
use crate::rule::{Demands, Entry, Findings, Rule, Spec};
use crate::schema::Shape;
use std::collections::BinaryHeap;

pub(crate) const ENTRIES: &[Entry] = &[
    Entry {
        id: "defaultAddCapabilities",
        purpose: "The capabilities that every container gets unless it drops them.",
        shape: Some(Shape::List(&Shape::Text)),
        reads: &["requiredDropCapabilities"],
        pod_fields: "containers' `securityContext.capabilities.add`",
        mutates: "containers' `capabilities.add`",
        default: "none",
        ..Entry::USUAL
    },
    Entry {
        id: "requiredDropCapabilities",
        purpose: "The capabilities that every container must drop, by name or with `ALL`; `CAP_X` is read as `X`.",
        shape: Some(Shape::List(&Shape::Text)),
        reads: &["defaultAddCapabilities", "allowedCapabilities"],
        pod_fields: "containers' `securityContext.capabilities.drop`",
        mutates: "containers' `capabilities.drop`",
        default: "none",
        ..Entry::USUAL
    },
    Entry {
        id: "allowedCapabilities",
        purpose: "The capabilities that containers may add; `*` is any.",
        shape: Some(Shape::List(&Shape::Text)),
        reads: &["defaultAddCapabilities", "requiredDropCapabilities"],
        pod_fields: "containers' `securityContext.capabilities.add`",
        default: "none but those of `defaultAddCapabilities`",
        ..Entry::USUAL
    },
];

/// The spelling that the API server itself refuses with `allowPrivilegeEscalation: false`.
const CAP_SYS_ADMIN: &str = "CAP_SYS_ADMIN";

/// The kernel's prefix of each name, which Kubernetes leaves out.
const PREFIX: &str = "CAP_";

/// All capabilities, spelt as the Pod Security Standards demand.
const ALL: &str = "ALL";

/// Adds capabilities.
pub(crate) struct DefaultAdd<'s>(Vec<Text<'s>>);

/// Drops capabilities.
pub(crate) struct RequiredDrop<'s>(Vec<Text<'s>>);

/// Refuses capabilities that are neither added by default nor allowed.
pub(crate) struct Allowed<'s> {
    added: Vec<Text<'s>>,
    allowed: Vec<Text<'s>>,
}

pub(super) fn load_default_add<'s>(spec: &mut Spec<'_, 's>) -> Option<DefaultAdd<'s>> {
    let added = spec.texts("defaultAddCapabilities");
    report_contradictions(spec, "defaultAddCapabilities", &added);
    if added.is_empty() { None } else { Some(DefaultAdd(added)) }
}

pub(super) fn load_required_drop<'s>(spec: &mut Spec<'_, 's>) -> Option<RequiredDrop<'s>> {
    let mut dropped = spec.texts("requiredDropCapabilities");
    if dropped.iter().any(|name| name.starts_with(PREFIX)) {
        let mut permitted = spec.texts("defaultAddCapabilities");
        permitted.append(&mut spec.texts("allowedCapabilities"));
        for name in &mut dropped {
            // A policy that permits `X` cannot demand that it is dropped: PodSecurityPolicy's reading stays.
            let short = name.strip_prefix(PREFIX).filter(|short| !permitted.iter().any(|name| name == short));
            if let Some(short) = short.filter(|short| !short.is_empty()) {
                *name = Text::Owned(short.to_owned());
            }
        }
    }
    if dropped.is_empty() { None } else { Some(RequiredDrop(dropped)) }
}

pub(super) fn load_allowed<'s>(spec: &mut Spec<'_, 's>) -> Option<Allowed<'s>> {
    let allowed = spec.texts("allowedCapabilities");
    report_contradictions(spec, "allowedCapabilities", &allowed);
    if !allowed.iter().any(|name| name == "*") {
        return Some(Allowed { added: spec.texts("defaultAddCapabilities"), allowed });
    }
    let dropped = spec.texts("requiredDropCapabilities");
    if !dropped.is_empty() {
        let reason = "must be empty when all capabilities are allowed by a wildcard";
        spec.invalid("requiredDropCapabilities", format_args!("[{}]", Listed(&dropped)), reason);
    }
    None
}

fn report_contradictions(spec: &mut Spec<'_, '_>, field: &str, names: &[Text<'_>]) {
    if names.is_empty() {
        return;
    }
    let dropped = spec.texts("requiredDropCapabilities");
    let reason = format_args!("capability is listed in {field} and requiredDropCapabilities");
    for (index, name) in names.iter().enumerate().filter(|(_, name)| dropped.contains(name)) {
        spec.invalid(format_args!("{field}[{index}]"), Quoted(name), reason);
    }
}

/// Sorts both lists and removes duplicates, as PodSecurityPolicy did once it had changed either.
fn settle(capabilities: &mut Capabilities<'_>) {
    for list in [&mut capabilities.add, &mut capabilities.drop] {
        if !list.is_sorted() {
            // A heap sorts as well as `sort_unstable` does and is a twentieth of its code.
            *list = BinaryHeap::from(std::mem::take(list)).into_sorted_vec();
        }
        list.dedup();
    }
}

impl DefaultAdd<'_> {
    /// The capabilities that the container neither adds nor drops.
    fn open(&self, container: &Container<'_>) -> Vec<Text<'static>> {
        let Capabilities { add, drop } = &container.security_context.capabilities;
        let known = |name: &Text<'_>| add.iter().chain(drop).any(|known| known == name);
        self.0.iter().filter(|name| !known(name)).map(|name| Text::Owned(name.to_string())).collect()
    }

    /// Whether the API server would refuse the container with these capabilities.
    fn impossible(open: &[Text<'_>], container: &Container<'_>) -> bool {
        container.security_context.allow_privilege_escalation == Some(false)
            && open.iter().any(|name| name == CAP_SYS_ADMIN)
    }
}

impl Rule for DefaultAdd<'_> {
    fn mutate_container(&self, pod: &Pod<'_>, container: &mut Container<'_>, _: Demands) {
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
                "the policy adds CAP_SYS_ADMIN, which Kubernetes rejects together with allowPrivilegeEscalation: false; drop it here or allow escalation",
            );
        }
    }
}

/// The name without its prefix, to be compared case-insensitively.
fn unprefixed(name: &str) -> &str {
    match name.split_at_checked(PREFIX.len()) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case(PREFIX) => rest,
        _ => name,
    }
}

impl RequiredDrop<'_> {
    /// The capabilities that the container drops neither by name nor with all others.
    fn missing<'n>(&'n self, container: &'n Container<'_>) -> impl Iterator<Item = &'n Text<'n>> {
        let Capabilities { add, drop } = &container.security_context.capabilities;
        // With `drop: [ALL]`, runtimes keep added capabilities, whatever their spelling.
        let is_required = |added: &str| {
            let mut names = self.0.iter().map(|name| unprefixed(name));
            added.eq_ignore_ascii_case(ALL) || names.any(|name| added.eq_ignore_ascii_case(name))
        };
        let drops_all =
            drop.iter().any(|name| name == ALL) && !add.iter().any(|added| is_required(unprefixed(added)));
        let names: &[Text<'_>] = if drops_all { &[] } else { &self.0 };
        names.iter().filter(|name| !drop.iter().any(|dropped| dropped == *name))
    }
}

impl Rule for RequiredDrop<'_> {
    fn mutate_container(&self, pod: &Pod<'_>, container: &mut Container<'_>, _: Demands) {
        if pod.is_windows() {
            return;
        }
        let missing: Vec<_> = self.missing(container).map(|name| Text::Owned(name.to_string())).collect();
        if !missing.is_empty() {
            let capabilities = &mut container.security_context.capabilities;
            capabilities.drop.extend(missing);
            settle(capabilities);
        }
    }

    fn validate_container(&self, pod: &Pod<'_>, container: &Container<'_>, found: &mut Findings<'_>) {
        if pod.is_windows() {
            return;
        }
        let own = &container.security_context.capabilities.drop;
        for name in self.missing(container) {
            let detail = format_args!("{name} is required to be dropped but was not found");
            found.invalid("securityContext.capabilities.drop", format_args!("[{}]", Listed(own)), detail);
            found.wants(|| vec![Quoted(name).to_string()]);
        }
    }
}

impl Rule for Allowed<'_> {
    fn validate_container(&self, _pod: &Pod<'_>, container: &Container<'_>, found: &mut Findings<'_>) {
        for name in &container.security_context.capabilities.add {
            if !self.added.iter().chain(&self.allowed).any(|allowed| allowed == name) {
                let detail = "capability may not be added";
                found.invalid("securityContext.capabilities.add", Quoted(name), detail);
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
    #[case::sorted_and_each_once(json!({"requiredDropCapabilities": ["NET_RAW", "CHOWN"]}), caps(&[], &["all", "All", "all"]),
        Mutated(caps(&[], &["All", "CHOWN", "NET_RAW", "all"])))]
    #[case::dropped_already_order_and_duplicates_stay(
        json!({"requiredDropCapabilities": ["X"], "allowedCapabilities": ["A", "B"]}), caps(&["B", "B", "A"], &["Y", "X", "Y"]), Admitted)]
    #[case::both_lists_are_settled_when_one_changes(
        json!({"requiredDropCapabilities": ["X"], "allowedCapabilities": ["A", "B"]}), caps(&["B", "B", "A"], &["Y"]),
        Mutated(caps(&["A", "B"], &["X", "Y"])))]
    #[case::the_other_spelling_is_another_name(json!({"requiredDropCapabilities": ["NET_RAW"]}), caps(&[], &["CAP_NET_RAW"]),
        Mutated(caps(&[], &["CAP_NET_RAW", "NET_RAW"])))]
    #[case::added_and_to_be_dropped_fails_as_added(json!({"requiredDropCapabilities": ["X"]}), caps(&["X"], &[]),
        Rejected("securityContext.capabilities.add: Invalid value: \"X\": capability may not be added"))]
    #[case::a_policy_that_names_one_twice(json!({"requiredDropCapabilities": ["X", "X"]}), json!({}), Mutated(caps(&[], &["X"])))]
    fn drops(#[case] policy: Value, #[case] security_context: Value, #[case] expected: Outcome) {
        judge(policy, json!({"securityContext": security_context}), expected);
    }

    #[rstest]
    #[case::alone(caps(&[], &["ALL"]), Admitted)]
    #[case::among_others_which_stay_as_they_are(caps(&[], &["X", "ALL", "A"]), Admitted)]
    #[case::and_adds_what_need_not_be_dropped(caps(&["NET_BIND_SERVICE", "CHOWN", "CHOWN"], &["ALL"]), Admitted)]
    #[case::and_adds_what_only_starts_alike(caps(&["KILLER", "CAP_", "ééé"], &["ALL"]), Admitted)]
    #[case::in_lower_case_it_is_a_name(caps(&[], &["all"]), Mutated(caps(&[], &["KILL", "NET_RAW", "all"])))]
    #[case::with_a_prefix_it_is_a_name(caps(&[], &["CAP_ALL"]), Mutated(caps(&[], &["CAP_ALL", "KILL", "NET_RAW"])))]
    #[case::but_adds_all(caps(&["ALL"], &["ALL"]), Mutated(caps(&["ALL"], &["ALL", "KILL", "NET_RAW"])))]
    #[case::but_adds_all_in_lower_case(caps(&["all"], &["ALL"]), Mutated(caps(&["all"], &["ALL", "KILL", "NET_RAW"])))]
    #[case::but_adds_one(caps(&["NET_RAW"], &["ALL"]), Mutated(caps(&["NET_RAW"], &["ALL", "KILL", "NET_RAW"])))]
    #[case::but_adds_one_in_mixed_case(caps(&["Net_Raw"], &["ALL"]), Mutated(caps(&["Net_Raw"], &["ALL", "KILL", "NET_RAW"])))]
    #[case::but_adds_one_with_its_prefix(caps(&["CAP_KILL"], &["ALL"]), Mutated(caps(&["CAP_KILL"], &["ALL", "KILL", "NET_RAW"])))]
    #[case::but_adds_one_with_a_prefix_in_lower_case(caps(&["cap_kill"], &["ALL"]),
        Mutated(caps(&["cap_kill"], &["ALL", "KILL", "NET_RAW"])))]
    #[case::but_adds_one_among_others(caps(&["A", "KILL"], &["KILL", "ALL"]), Mutated(caps(&["A", "KILL"], &["ALL", "KILL", "NET_RAW"])))]
    #[case::but_adds_one_and_drops_each(caps(&["NET_RAW"], &["ALL", "NET_RAW", "KILL"]), Admitted)]
    fn a_container_drops_all(#[case] security_context: Value, #[case] expected: Outcome) {
        // A policy cannot allow a capability that it requires to be dropped, but it can let it pass.
        let policy = json!({"requiredDropCapabilities": ["KILL", "NET_RAW"],
            "enforcement": {"rules": {"allowedCapabilities": "Audit"}}});
        judge(policy, json!({"securityContext": security_context}), expected);
    }

    /// A capability that a policy adds by default is added again as well.
    #[test]
    fn a_container_drops_all_and_gets_one_by_default() {
        let policy = json!({"requiredDropCapabilities": ["NET_RAW"], "defaultAddCapabilities": ["net_raw"]});
        let expected = Mutated(caps(&["net_raw"], &["ALL", "NET_RAW"]));
        judge(policy, json!({"securityContext": caps(&[], &["ALL"])}), expected);
    }

    #[rstest]
    #[case::is_read_without_it(json!({"requiredDropCapabilities": ["CAP_NET_RAW", "CHOWN"]}), json!({}), Mutated(caps(&[], &["CHOWN", "NET_RAW"])))]
    #[case::dropped_by_its_name(json!({"requiredDropCapabilities": ["CAP_NET_RAW"]}), caps(&[], &["NET_RAW"]), Admitted)]
    #[case::dropped_with_all(json!({"requiredDropCapabilities": ["CAP_NET_RAW"]}), caps(&[], &["ALL"]), Admitted)]
    #[case::the_pods_spelling_is_kept(json!({"requiredDropCapabilities": ["CAP_NET_RAW"]}), caps(&[], &["CAP_NET_RAW"]),
        Mutated(caps(&[], &["CAP_NET_RAW", "NET_RAW"])))]
    #[case::named_twice(json!({"requiredDropCapabilities": ["CAP_NET_RAW", "NET_RAW"]}), json!({}), Mutated(caps(&[], &["NET_RAW"])))]
    #[case::all(json!({"requiredDropCapabilities": ["CAP_ALL"]}), json!({}), Mutated(caps(&[], &["ALL"])))]
    #[case::nothing_behind_it(json!({"requiredDropCapabilities": ["CAP_"]}), json!({}), Mutated(caps(&[], &["CAP_"])))]
    #[case::once_is_enough(json!({"requiredDropCapabilities": ["CAP_CAP_KILL"]}), json!({}), Mutated(caps(&[], &["CAP_KILL"])))]
    #[case::in_lower_case_it_is_a_name(json!({"requiredDropCapabilities": ["cap_kill"]}), json!({}), Mutated(caps(&[], &["cap_kill"])))]
    #[case::allowed_by_the_same_policy(json!({"requiredDropCapabilities": ["CAP_KILL"], "allowedCapabilities": ["KILL"]}),
        caps(&["KILL"], &[]), Mutated(caps(&["KILL"], &["CAP_KILL"])))]
    #[case::added_by_the_same_policy(json!({"requiredDropCapabilities": ["CAP_KILL"], "defaultAddCapabilities": ["KILL"]}),
        json!({}), Mutated(caps(&["KILL"], &["CAP_KILL"])))]
    #[case::allowed_in_another_spelling(json!({"requiredDropCapabilities": ["CAP_KILL"], "allowedCapabilities": ["kill"]}),
        json!({}), Mutated(caps(&[], &["KILL"])))]
    #[case::another_is_allowed(json!({"requiredDropCapabilities": ["CAP_KILL"], "allowedCapabilities": ["CHOWN"]}),
        json!({}), Mutated(caps(&[], &["KILL"])))]
    fn a_required_drop_with_a_prefix(
        #[case] policy: Value,
        #[case] security_context: Value,
        #[case] expected: Outcome,
    ) {
        judge(policy, json!({"securityContext": security_context}), expected);
    }

    #[test]
    fn names_what_must_be_dropped_without_its_prefix() {
        let pod =
            json!({"spec": {"containers": [{"name": "c", "securityContext": caps(&[], &["CAP_KILL"])}]}});
        assert_eq!(
            unfilled("requiredDropCapabilities", json!({"requiredDropCapabilities": ["CAP_KILL"]}), pod),
            "spec.containers[0].securityContext.capabilities.drop: Invalid value: [\"CAP_KILL\"]: KILL is required to be dropped but was not found"
        );
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
    #[case::a_privileged_container_is_not_exempt(json!({"privileged": true}), json!({"privileged": true, "capabilities": {"add": ["X"]}}),
        Rejected("securityContext.capabilities.add: Invalid value: \"X\": capability may not be added"))]
    fn allows(#[case] policy: Value, #[case] security_context: Value, #[case] expected: Outcome) {
        judge(policy, json!({"securityContext": security_context}), expected);
    }

    #[rstest]
    #[case::open(json!({"allowPrivilegeEscalation": false}),
        Rejected("securityContext.capabilities.add: Required value: the policy adds CAP_SYS_ADMIN, which Kubernetes rejects together with allowPrivilegeEscalation: false; drop it here or allow escalation"))]
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
    fn a_default_of_no_escalation_is_not_written_where_the_policy_adds_it() {
        let policy =
            json!({"defaultAddCapabilities": ["CAP_SYS_ADMIN"], "defaultAllowPrivilegeEscalation": false});
        judge(policy, json!({}), Mutated(caps(&["CAP_SYS_ADMIN"], &[])));
    }

    #[test]
    fn a_policy_that_adds_it_and_refuses_escalation_admits_no_silent_container() {
        let policy = json!({"defaultAddCapabilities": ["CAP_SYS_ADMIN"], "allowPrivilegeEscalation": false});
        judge(
            policy,
            json!({}),
            Rejected(
                "securityContext.allowPrivilegeEscalation: Required value: the policy demands false, which Kubernetes refuses together with the added capability CAP_SYS_ADMIN; such a container needs a policy with allowPrivilegeEscalation: true",
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
