//! Whether a process may gain more privileges than its parent: through set-uid programs, or file capabilities.

use crate::pod::{Container, Pod};
use crate::prose::prose;
use crate::rule::{Entry, Rule};
use crate::shape::Shape;
use crate::spec::Spec;
use crate::value::Value;
use crate::violation::Findings;

pub(crate) const ENTRIES: &[Entry] = &[
    Entry {
        id: "defaultAllowPrivilegeEscalation",
        purpose: prose("What containers that do not say get."),
        shape: Some(Shape::Flag),
        reads: &["allowPrivilegeEscalation"],
        annotations: &[],
        pod_fields: prose("containers' `securityContext.allowPrivilegeEscalation`"),
        mutates: prose("containers' `allowPrivilegeEscalation`"),
        default: prose("nothing is written"),
    },
    Entry {
        id: "allowPrivilegeEscalation",
        purpose: prose("Whether containers may allow privilege escalation."),
        shape: Some(Shape::Flag),
        reads: &[],
        annotations: &[],
        pod_fields: prose("containers' `securityContext.allowPrivilegeEscalation`"),
        mutates: prose("`false`: containers' `allowPrivilegeEscalation`, to `false`"),
        default: prose("`true`: they may"),
    },
];

const FIELD: &str = "securityContext.allowPrivilegeEscalation";

/// Writes what a policy wants of containers that do not say.
#[derive(Debug)]
pub(crate) struct Default {
    value: bool,
    /// Whether the policy allows escalation, so that no other rule demands the same.
    alone: bool,
}

/// Refuses privilege escalation; a policy that allows it has no such rule.
#[derive(Debug)]
pub(crate) struct Refused;

fn allowed(spec: &Spec<'_, '_>) -> bool {
    spec.get("allowPrivilegeEscalation").and_then(Value::flag).unwrap_or(true)
}

pub(super) fn load_default(spec: &mut Spec<'_, '_>) -> Option<Default> {
    let default = spec.get("defaultAllowPrivilegeEscalation").and_then(Value::flag)?;
    if default && !allowed(spec) {
        let reason = "Cannot set DefaultAllowPrivilegeEscalation to true without also setting AllowPrivilegeEscalation to true";
        spec.problem("defaultAllowPrivilegeEscalation", format_args!("Invalid value: true: {reason}"));
    }
    Some(Default { value: default, alone: allowed(spec) })
}

pub(super) fn load_allow(spec: &mut Spec<'_, '_>) -> Option<Refused> {
    if allowed(spec) { None } else { Some(Refused) }
}

/// What the container asks for that the API server refuses beside `allowPrivilegeEscalation: false`.
fn contradiction(container: &Container<'_>) -> Option<&'static str> {
    let own = &container.security_context;
    if own.privileged == Some(true) {
        return Some("privileged: true");
    }
    // Only this spelling: the API server does not look for SYS_ADMIN.
    own.capabilities
        .add
        .iter()
        .any(|name| name == "CAP_SYS_ADMIN")
        .then_some("the added capability CAP_SYS_ADMIN")
}

/// Writes `value` where the container is silent, unless that makes a pod that the API server then refuses.
fn fill(pod: &Pod<'_>, container: &mut Container<'_>, value: bool) {
    let open = container.security_context.allow_privilege_escalation.is_none() && !pod.is_windows();
    if open && (value || contradiction(container).is_none()) {
        container.security_context.allow_privilege_escalation = Some(value);
    }
}

fn tell_contradiction(container: &Container<'_>, found: &mut Findings<'_>) {
    let Some(contradiction) = contradiction(container) else { return };
    found.required(
        FIELD,
        format_args!("the policy sets false, which Kubernetes refuses beside {contradiction}; such a container needs a policy that allows privilege escalation by default"),
    );
}

impl Rule for Default {
    fn mutate_container(&self, pod: &Pod<'_>, container: &mut Container<'_>) {
        fill(pod, container, self.value);
    }

    fn validate_container(&self, pod: &Pod<'_>, container: &Container<'_>, found: &mut Findings<'_>) {
        let silent = container.security_context.allow_privilege_escalation.is_none() && !pod.is_windows();
        if silent && !self.value && (self.alone || !found.denies("allowPrivilegeEscalation")) {
            tell_contradiction(container, found);
        }
    }
}

impl Rule for Refused {
    fn mutate_container(&self, pod: &Pod<'_>, container: &mut Container<'_>) {
        fill(pod, container, false);
    }

    fn validate_container(&self, pod: &Pod<'_>, container: &Container<'_>, found: &mut Findings<'_>) {
        let detail = "Allowing privilege escalation for containers is not allowed";
        match container.security_context.allow_privilege_escalation {
            Some(true) => found.invalid(FIELD, true, detail),
            None if pod.is_windows() => {}
            None if contradiction(container).is_some() => tell_contradiction(container, found),
            None => found.required(FIELD, detail),
            Some(false) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use crate::testing::Outcome::{self, Admitted, Mutated, Rejected};
    use crate::testing::{judge, judge_within, problems, unfilled};

    /// The table of spec 4.10.
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

    /// Kubernetes refuses `allowPrivilegeEscalation: false` beside these.
    #[rstest]
    #[case::privileged(json!({"privileged": true}),
        Rejected("securityContext.allowPrivilegeEscalation: Required value: the policy sets false, which Kubernetes refuses beside privileged: true; such a container needs a policy that allows privilege escalation by default"))]
    #[case::sys_admin(json!({"capabilities": {"add": ["CAP_SYS_ADMIN"]}}),
        Rejected("securityContext.allowPrivilegeEscalation: Required value: the policy sets false, which Kubernetes refuses beside the added capability CAP_SYS_ADMIN; such a container needs a policy that allows privilege escalation by default"))]
    #[case::the_other_spelling_is_no_matter(json!({"capabilities": {"add": ["SYS_ADMIN"]}}),
        Mutated(json!({"capabilities": {"add": ["SYS_ADMIN"]}, "allowPrivilegeEscalation": false})))]
    #[case::the_author_said_so(json!({"privileged": true, "allowPrivilegeEscalation": false}), Admitted)]
    fn makes_no_pod_that_kubernetes_refuses(#[case] security_context: Value, #[case] expected: Outcome) {
        for policy in [
            json!({"allowPrivilegeEscalation": false}),
            json!({"defaultAllowPrivilegeEscalation": false}),
            json!({"defaultAllowPrivilegeEscalation": false, "allowPrivilegeEscalation": false}),
        ] {
            let mut policy = policy;
            policy["privileged"] = json!(true);
            policy["allowedCapabilities"] = json!(["*"]);
            judge(policy, json!({"securityContext": security_context}), expected.clone());
        }
    }

    #[rstest]
    #[case::to_silence(json!({}), "linux",
        "spec.containers[0].securityContext.allowPrivilegeEscalation: Required value: Allowing privilege escalation for containers is not allowed")]
    #[case::to_silence_that_cannot_be_filled(json!({"privileged": true}), "linux",
        "spec.containers[0].securityContext.allowPrivilegeEscalation: Required value: the policy sets false, which Kubernetes refuses beside privileged: true; such a container needs a policy that allows privilege escalation by default")]
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
