//! Whether a process may gain more privileges than its parent: through set-uid programs, or file capabilities.

use crate::pod::{Container, Pod};
use crate::rule::{Entry, Rule};
use crate::shape::Shape;
use crate::spec::Spec;
use crate::value::Value;
use crate::violation::Findings;

pub(crate) const ENTRIES: &[Entry] = &[
    Entry {
        id: "defaultAllowPrivilegeEscalation",
        purpose: "What containers that do not say get.",
        shape: Some(Shape::Flag),
        annotations: &[],
        pod_fields: "containers' `securityContext.allowPrivilegeEscalation`",
        mutates: "containers' `allowPrivilegeEscalation`",
        default: "nothing is written",
        load: load_default,
    },
    Entry {
        id: "allowPrivilegeEscalation",
        purpose: "Whether containers may allow privilege escalation.",
        shape: Some(Shape::Flag),
        annotations: &[],
        pod_fields: "containers' `securityContext.allowPrivilegeEscalation`",
        mutates: "`false`: containers' `allowPrivilegeEscalation`, to `false`",
        default: "`true`: they may",
        load: load_allow,
    },
];

const FIELD: &str = "securityContext.allowPrivilegeEscalation";

/// Writes what a policy wants of containers that do not say.
#[derive(Debug)]
struct Default {
    value: bool,
    /// Whether the policy allows escalation, so that no other rule demands the same.
    alone: bool,
}

/// Refuses privilege escalation; a policy that allows it has no such rule.
#[derive(Debug)]
struct Refused;

fn allowed(spec: &Spec<'_, '_>) -> bool {
    spec.get("allowPrivilegeEscalation").and_then(Value::flag).unwrap_or(true)
}

fn load_default<'s>(spec: &mut Spec<'_, 's>) -> Option<Box<dyn Rule + 's>> {
    let default = spec.get("defaultAllowPrivilegeEscalation").and_then(Value::flag)?;
    if default && !allowed(spec) {
        let reason = "Cannot set DefaultAllowPrivilegeEscalation to true without also setting AllowPrivilegeEscalation to true";
        spec.problem("defaultAllowPrivilegeEscalation", format_args!("Invalid value: true: {reason}"));
    }
    Some(Box::new(Default { value: default, alone: allowed(spec) }))
}

fn load_allow<'s>(spec: &mut Spec<'_, 's>) -> Option<Box<dyn Rule + 's>> {
    if allowed(spec) { None } else { Some(Box::new(Refused)) }
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
