//! Privileged containers share every device and capability of their node.
//!
//! A Windows `HostProcess` container is the equivalent. PodSecurityPolicy, which is older, did not check it: here it
//! needs `privileged: true` too, unless `windowsOptions.hostProcess` decides.

use crate::pod::{Container, Pod};
use crate::rule::{Entry, Findings, Rule, Spec};
use crate::schema::Shape;

pub(crate) const ENTRIES: &[Entry] = &[Entry {
    id: "privileged",
    purpose: "Whether containers may be privileged.",
    shape: Some(Shape::Flag),
    reads: &["windowsOptions"],
    pod_fields: "containers' `securityContext.privileged`, `windowsOptions.hostProcess` of pod and containers",
    default: "`false`: privileged containers are refused",
    ..Entry::USUAL
}];

const HOST_PROCESS: &str = "HostProcess containers are privileged, and Privileged containers are not allowed";

/// Refuses privileged containers; a policy with `privileged: true` has no such rule.
pub(crate) struct Unprivileged {
    /// Whether that includes `HostProcess` containers.
    host_processes: bool,
}

pub(super) fn load(spec: &mut Spec<'_, '_>) -> Option<Unprivileged> {
    if spec.flag("privileged") {
        return None;
    }
    let decided = spec.get("windowsOptions").and_then(|options| options.get("hostProcess"));
    Some(Unprivileged { host_processes: decided.is_none() })
}

impl Rule for Unprivileged {
    fn validate(&self, pod: &Pod<'_>, found: &mut Findings<'_>) {
        if self.host_processes && pod.spec.security_context.windows_options.host_process == Some(true) {
            found.invalid("spec.securityContext.windowsOptions.hostProcess", true, HOST_PROCESS);
        }
    }

    fn validate_container(&self, pod: &Pod<'_>, container: &Container<'_>, found: &mut Findings<'_>) {
        if container.is_privileged() {
            found.invalid("securityContext.privileged", true, "Privileged containers are not allowed");
        }
        if self.host_processes && container.is_host_process(pod) {
            found.invalid("securityContext.windowsOptions.hostProcess", true, HOST_PROCESS);
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use crate::testing::Outcome::{self, Admitted, Objected, Rejected};
    use crate::testing::{judge, judge_within};

    #[rstest]
    #[case::unset(json!({}), json!({}), Admitted)]
    #[case::without_a_security_context(json!({}), json!(null), Admitted)]
    #[case::null(json!({}), json!({"privileged": null}), Admitted)]
    #[case::switched_off(json!({}), json!({"privileged": false}), Admitted)]
    #[case::switched_on(json!({}), json!({"privileged": true}),
        Rejected("securityContext.privileged: Invalid value: true: Privileged containers are not allowed"))]
    #[case::refused_by_name(json!({"privileged": false}), json!({"privileged": true}),
        Rejected("securityContext.privileged: Invalid value: true: Privileged containers are not allowed"))]
    #[case::allowed(json!({"privileged": true}), json!({"privileged": true}), Admitted)]
    #[case::null_in_the_policy_is_the_default(json!({"privileged": null}), json!({"privileged": true}),
        Rejected("securityContext.privileged: Invalid value: true: Privileged containers are not allowed"))]
    #[case::host_process(json!({}), json!({"windowsOptions": {"hostProcess": true}}),
        Rejected("securityContext.windowsOptions.hostProcess: Invalid value: true: HostProcess containers are privileged, and Privileged containers are not allowed"))]
    #[case::host_process_switched_off(json!({}), json!({"windowsOptions": {"hostProcess": false}}), Admitted)]
    #[case::host_process_allowed(json!({"privileged": true}), json!({"windowsOptions": {"hostProcess": true}}), Admitted)]
    fn judges(#[case] policy: Value, #[case] security_context: Value, #[case] expected: Outcome) {
        judge(policy, json!({"securityContext": security_context}), expected);
    }

    #[rstest]
    #[case::counts_for_the_pod_and_its_containers(json!({}), Objected(&[
        "spec.securityContext.windowsOptions.hostProcess: Invalid value: true: HostProcess containers are privileged, and Privileged containers are not allowed",
        "securityContext.windowsOptions.hostProcess: Invalid value: true: HostProcess containers are privileged, and Privileged containers are not allowed",
    ]))]
    #[case::of_the_pod_alone_where_the_container_differs(json!({"windowsOptions": {"hostProcess": false}}), Rejected(
        "spec.securityContext.windowsOptions.hostProcess: Invalid value: true: HostProcess containers are privileged, and Privileged containers are not allowed",
    ))]
    fn host_process_of_the_pod(#[case] security_context: Value, #[case] expected: Outcome) {
        let pod = json!({"spec": {"os": {"name": "windows"}, "securityContext": {"windowsOptions": {"hostProcess": true}}}});
        judge_within(pod, json!({}), json!({"securityContext": security_context}), expected);
    }
}
