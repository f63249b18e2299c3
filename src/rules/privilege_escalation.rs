//! Whether a process may gain more privileges than its parent: through set-uid programs, or file capabilities.
//!
//! The API server refuses `allowPrivilegeEscalation: false` in a container that is privileged or adds `CAP_SYS_ADMIN`
//! (`validateSecurityContext` in pkg/apis/core/validation), so it is never set in one. PodSecurityPolicy set it and
//! made such pods impossible. A default is just not set: the container is admitted without it if the rest of the policy
//! allows that. A policy that refuses escalation cannot be satisfied and rejects the container with the reason.

use crate::json::Value;
use crate::pod::{Container, Pod};
use crate::rule::{Demands, Entry, Findings, Rule, Spec};
use crate::rules::number;
use crate::schema::Shape;

pub(crate) const ENTRIES: &[Entry] = &[
    Entry {
        id: "defaultAllowPrivilegeEscalation",
        purpose: "Default for containers that leave `allowPrivilegeEscalation` unset.",
        shape: Some(Shape::Flag),
        reads: &["allowPrivilegeEscalation"],
        pod_fields: "containers' `securityContext.allowPrivilegeEscalation`, `privileged` and `capabilities.add`",
        mutates: "containers' `allowPrivilegeEscalation`, but no `false` into one that is privileged or adds `CAP_SYS_ADMIN`",
        default: "nothing is written",
        ..Entry::USUAL
    },
    Entry {
        id: "allowPrivilegeEscalation",
        purpose: "Whether containers may allow privilege escalation.",
        shape: Some(Shape::Flag),
        reads: &["privileged"],
        pod_fields: "containers' `securityContext.allowPrivilegeEscalation`, `privileged` and `capabilities.add`",
        mutates: "`false`: containers' `allowPrivilegeEscalation`, to `false`",
        default: "`true`: they may",
        ..Entry::USUAL
    },
];

const FIELD: &str = "securityContext.allowPrivilegeEscalation";

/// Sets the default of a policy.
pub(crate) struct Default(bool);

/// Refuses privilege escalation; a policy that allows it has no such rule.
pub(crate) struct Refused {
    /// Whether the policy allows privileged containers, so that no other rule rejects them.
    privileged: bool,
}

fn allowed(spec: &Spec<'_, '_>) -> bool {
    spec.get("allowPrivilegeEscalation").and_then(Value::flag).unwrap_or(true)
}

pub(super) fn load_default(spec: &mut Spec<'_, '_>) -> Option<Default> {
    let default = spec.get("defaultAllowPrivilegeEscalation").and_then(Value::flag)?;
    if default && !allowed(spec) {
        let reason = "Cannot set DefaultAllowPrivilegeEscalation to true without also setting AllowPrivilegeEscalation to true";
        spec.invalid("defaultAllowPrivilegeEscalation", true, reason);
    }
    Some(Default(default))
}

pub(super) fn load_allow(spec: &mut Spec<'_, '_>) -> Option<Refused> {
    if allowed(spec) { None } else { Some(Refused { privileged: spec.flag("privileged") }) }
}

/// The API server looks for this spelling only: `SYS_ADMIN`, which has the same effect, passes its validation.
fn adds_sys_admin(container: &Container<'_>) -> bool {
    container.security_context.capabilities.add.iter().any(|name| name == "CAP_SYS_ADMIN")
}

/// Sets `value` as the default, unless that makes a pod that the API server refuses.
fn fill(pod: &Pod<'_>, container: &mut Container<'_>, value: bool) {
    let open = container.security_context.allow_privilege_escalation.is_none() && !pod.is_windows();
    let refused = !value && (container.is_privileged() || adds_sys_admin(container));
    if open && !refused {
        container.security_context.allow_privilege_escalation = Some(value);
    }
}

impl Rule for Default {
    fn mutate_container(&self, pod: &Pod<'_>, container: &mut Container<'_>, _: Demands) {
        fill(pod, container, self.0);
    }
}

impl Rule for Refused {
    fn mutate_container(&self, pod: &Pod<'_>, container: &mut Container<'_>, _: Demands) {
        fill(pod, container, false);
    }

    fn validate_container(&self, pod: &Pod<'_>, container: &Container<'_>, found: &mut Findings<'_>) {
        let detail = "Allowing privilege escalation for containers is not allowed";
        match container.security_context.allow_privilege_escalation {
            Some(true) => return found.invalid(FIELD, true, detail),
            Some(false) => return,
            None if pod.is_windows() => return,
            None => {}
        }
        let cause = match (container.is_privileged(), adds_sys_admin(container)) {
            (false, false) => return found.required(FIELD, detail),
            (_, true) => "the added capability CAP_SYS_ADMIN",
            // The container is rejected as privileged: once that is fixed, the default is set.
            (true, false) if !self.privileged && found.denies(const { number("privileged") }) => return,
            (true, false) => "privileged: true",
        };
        found.required(
            FIELD,
            format_args!("the policy demands false, which Kubernetes refuses together with {cause}; such a container needs a policy with allowPrivilegeEscalation: true"),
        );
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use crate::testing::Outcome::{self, Admitted, Mutated, Objected, Rejected};
    use crate::testing::{judge, judge_within, policy, problems, review, unfilled};

    /// Both settings of a policy against the field of a container.
    #[rstest]
    #[case::allowed_and_unset(json!({"allowPrivilegeEscalation": true}), json!({}), Admitted)]
    #[case::allowed_by_default(json!({}), json!({"allowPrivilegeEscalation": true}), Admitted)]
    #[case::allowed_and_false(json!({}), json!({"allowPrivilegeEscalation": false}), Admitted)]
    #[case::default_false_and_unset(json!({"defaultAllowPrivilegeEscalation": false}), json!({}),
        Mutated(json!({"allowPrivilegeEscalation": false})))]
    #[case::default_false_and_true(json!({"defaultAllowPrivilegeEscalation": false}), json!({"allowPrivilegeEscalation": true}), Admitted)]
    #[case::default_true_and_unset(json!({"defaultAllowPrivilegeEscalation": true}), json!({}),
        Mutated(json!({"allowPrivilegeEscalation": true})))]
    #[case::default_true_and_false(json!({"defaultAllowPrivilegeEscalation": true}), json!({"allowPrivilegeEscalation": false}), Admitted)]
    #[case::refused_and_unset(json!({"allowPrivilegeEscalation": false}), json!({}), Mutated(json!({"allowPrivilegeEscalation": false})))]
    #[case::refused_and_null(json!({"allowPrivilegeEscalation": false}), json!({"allowPrivilegeEscalation": null}),
        Mutated(json!({"allowPrivilegeEscalation": false})))]
    #[case::refused_with_the_same_default(json!({"allowPrivilegeEscalation": false, "defaultAllowPrivilegeEscalation": false}), json!({}),
        Mutated(json!({"allowPrivilegeEscalation": false})))]
    #[case::refused_and_false(json!({"allowPrivilegeEscalation": false}), json!({"allowPrivilegeEscalation": false}), Admitted)]
    #[case::refused_and_true(json!({"allowPrivilegeEscalation": false}), json!({"allowPrivilegeEscalation": true}),
        Rejected("securityContext.allowPrivilegeEscalation: Invalid value: true: Allowing privilege escalation for containers is not allowed"))]
    fn judges(#[case] policy: Value, #[case] security_context: Value, #[case] expected: Outcome) {
        judge(policy, json!({"securityContext": security_context}), expected);
    }

    /// A policy that allows all else that the container asks for.
    fn open(mut fields: Value) -> Value {
        fields["privileged"] = json!(true);
        fields["allowedCapabilities"] = json!(["*"]);
        fields
    }

    const WITH_PRIVILEGED: &str = "securityContext.allowPrivilegeEscalation: Required value: the policy demands false, which Kubernetes refuses together with privileged: true; such a container needs a policy with allowPrivilegeEscalation: true";
    const WITH_SYS_ADMIN: &str = "securityContext.allowPrivilegeEscalation: Required value: the policy demands false, which Kubernetes refuses together with the added capability CAP_SYS_ADMIN; such a container needs a policy with allowPrivilegeEscalation: true";

    /// Kubernetes refuses `allowPrivilegeEscalation: false` together with the first three.
    #[rstest]
    #[case::privileged(json!({"privileged": true}), Admitted, Rejected(WITH_PRIVILEGED))]
    #[case::sys_admin(json!({"capabilities": {"add": ["KILL", "CAP_SYS_ADMIN"]}}), Admitted, Rejected(WITH_SYS_ADMIN))]
    #[case::both(json!({"privileged": true, "capabilities": {"add": ["CAP_SYS_ADMIN"]}}), Admitted, Rejected(WITH_SYS_ADMIN))]
    #[case::the_other_spelling_is_no_matter(json!({"capabilities": {"add": ["SYS_ADMIN"]}}),
        Mutated(json!({"capabilities": {"add": ["SYS_ADMIN"]}, "allowPrivilegeEscalation": false})),
        Mutated(json!({"capabilities": {"add": ["SYS_ADMIN"]}, "allowPrivilegeEscalation": false})))]
    #[case::nor_is_lower_case(json!({"capabilities": {"add": ["cap_sys_admin"]}}),
        Mutated(json!({"capabilities": {"add": ["cap_sys_admin"]}, "allowPrivilegeEscalation": false})),
        Mutated(json!({"capabilities": {"add": ["cap_sys_admin"]}, "allowPrivilegeEscalation": false})))]
    #[case::dropping_it_is_no_matter(json!({"capabilities": {"drop": ["CAP_SYS_ADMIN"]}}),
        Mutated(json!({"capabilities": {"drop": ["CAP_SYS_ADMIN"]}, "allowPrivilegeEscalation": false})),
        Mutated(json!({"capabilities": {"drop": ["CAP_SYS_ADMIN"]}, "allowPrivilegeEscalation": false})))]
    #[case::not_privileged(json!({"privileged": false}),
        Mutated(json!({"privileged": false, "allowPrivilegeEscalation": false})),
        Mutated(json!({"privileged": false, "allowPrivilegeEscalation": false})))]
    #[case::the_author_said_so(json!({"privileged": true, "allowPrivilegeEscalation": false}), Admitted, Admitted)]
    #[case::the_author_said_the_opposite(json!({"privileged": true, "allowPrivilegeEscalation": true}), Admitted,
        Rejected("securityContext.allowPrivilegeEscalation: Invalid value: true: Allowing privilege escalation for containers is not allowed"))]
    fn makes_no_pod_that_kubernetes_refuses(
        #[case] security_context: Value,
        #[case] where_it_is_the_default: Outcome,
        #[case] where_it_is_demanded: Outcome,
    ) {
        let container = json!({"securityContext": security_context});
        let default = open(json!({"defaultAllowPrivilegeEscalation": false}));
        judge(default, container.clone(), where_it_is_the_default);
        for demanded in [
            json!({"allowPrivilegeEscalation": false}),
            json!({"defaultAllowPrivilegeEscalation": false, "allowPrivilegeEscalation": false}),
        ] {
            judge(open(demanded), container.clone(), where_it_is_demanded.clone());
        }
    }

    /// The fix for the first would fix the second as well.
    #[rstest]
    #[case::refused_anyway(json!({"allowPrivilegeEscalation": false}), json!({"privileged": true}),
        Rejected("securityContext.privileged: Invalid value: true: Privileged containers are not allowed"))]
    #[case::sys_admin_is_a_cause_of_its_own(json!({"allowPrivilegeEscalation": false, "allowedCapabilities": ["*"]}),
        json!({"privileged": true, "capabilities": {"add": ["CAP_SYS_ADMIN"]}}),
        Objected(&["securityContext.privileged: Invalid value: true: Privileged containers are not allowed", WITH_SYS_ADMIN]))]
    #[case::by_a_default(json!({"defaultAllowPrivilegeEscalation": false}), json!({"privileged": true}),
        Rejected("securityContext.privileged: Invalid value: true: Privileged containers are not allowed"))]
    fn a_refusal_of_privileged_containers_says_it_all(
        #[case] policy: Value,
        #[case] security_context: Value,
        #[case] expected: Outcome,
    ) {
        judge(policy, json!({"securityContext": security_context}), expected);
    }

    /// Otherwise a container that neither rule rejects would run with escalation.
    #[rstest]
    #[case::warned_of("Warn")]
    #[case::audited("Audit")]
    fn a_refusal_of_privileged_containers_that_does_not_deny_changes_nothing(#[case] action: &str) {
        let mut settings = policy(&json!({"allowPrivilegeEscalation": false}));
        settings["enforcement"] = json!({"rules": {"privileged": action}});
        let pod = json!({"spec": {"containers": [{"name": "c", "securityContext": {"privileged": true}}],
            "automountServiceAccountToken": false}});
        let request = json!({"operation": "CREATE", "kind": {"version": "v1", "kind": "Pod"}, "object": pod});
        let response = review(&settings, &request);
        assert_eq!(response.rejection, Some(format!("spec.containers[0].{WITH_PRIVILEGED}")));
    }

    #[rstest]
    #[case::to_an_open_container(json!({}), "linux",
        "spec.containers[0].securityContext.allowPrivilegeEscalation: Required value: Allowing privilege escalation for containers is not allowed")]
    #[case::to_one_that_cannot_be_filled_in(json!({"privileged": true}), "linux",
        "spec.containers[0].securityContext.allowPrivilegeEscalation: Required value: the policy demands false, which Kubernetes refuses together with privileged: true; such a container needs a policy with allowPrivilegeEscalation: true")]
    #[case::but_not_of_windows(json!({}), "windows", "")]
    fn objects_where_it_may_not_fill_in(
        #[case] security_context: Value,
        #[case] os: &str,
        #[case] expected: &str,
    ) {
        let policy = json!({"privileged": true, "allowPrivilegeEscalation": false});
        let container = json!({"name": "c", "securityContext": security_context});
        let pod = json!({"spec": {"os": {"name": os}, "containers": [container]}});
        assert_eq!(unfilled("allowPrivilegeEscalation", policy, pod), expected);
    }

    #[test]
    fn a_default_of_true_fits_a_privileged_container() {
        let policy = json!({"privileged": true, "defaultAllowPrivilegeEscalation": true});
        let mutated = json!({"privileged": true, "allowPrivilegeEscalation": true});
        judge(policy, json!({"securityContext": {"privileged": true}}), Mutated(mutated));
    }

    #[rstest]
    #[case::by_the_default(json!({"defaultAllowPrivilegeEscalation": false}))]
    #[case::by_the_refusal(json!({"allowPrivilegeEscalation": false}))]
    fn windows_pods_are_left_alone(#[case] policy: Value) {
        judge_within(json!({"spec": {"os": {"name": "windows"}}}), policy, json!({}), Admitted);
    }

    #[test]
    fn refuses_settings() {
        assert_eq!(
            problems(&json!({"allowPrivilegeEscalation": false, "defaultAllowPrivilegeEscalation": true})),
            "defaultAllowPrivilegeEscalation: Invalid value: true: Cannot set DefaultAllowPrivilegeEscalation to true without also setting AllowPrivilegeEscalation to true"
        );
    }
}
