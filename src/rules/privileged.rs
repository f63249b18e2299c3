//! Privileged containers share every device and capability of their node.
//!
//! A Windows `HostProcess` container is its like, and PodSecurityPolicy, older than it, never looked: it needs
//! `privileged: true` too.

use crate::pod::{Container, Pod};
use crate::rule::{Entry, Rule};
use crate::shape::Shape;
use crate::spec::Spec;
use crate::violation::Findings;

pub(crate) const ENTRIES: &[Entry] = &[Entry {
    id: "privileged",
    purpose: "Whether containers may be privileged.",
    shape: Some(Shape::Flag),
    annotations: &[],
    pod_fields: "containers' `securityContext.privileged`, `windowsOptions.hostProcess` of pod and containers",
    mutates: "nothing",
    default: "`false`: privileged containers are refused",
    load,
}];

const HOST_PROCESS: &str = "HostProcess containers are privileged, and Privileged containers are not allowed";

/// Refuses privileged containers; a policy with `privileged: true` has no such rule.
#[derive(Debug)]
struct Unprivileged;

fn load<'s>(spec: &mut Spec<'_, 's>) -> Option<Box<dyn Rule + 's>> {
    if spec.flag("privileged") { None } else { Some(Box::new(Unprivileged)) }
}

impl Rule for Unprivileged {
    fn validate(&self, pod: &Pod<'_>, found: &mut Findings<'_>) {
        if pod.spec.security_context.windows_options.host_process == Some(true) {
            found.invalid("spec.securityContext.windowsOptions.hostProcess", true, HOST_PROCESS);
        }
    }

    fn validate_container(&self, pod: &Pod<'_>, container: &Container<'_>, found: &mut Findings<'_>) {
        if container.security_context.privileged == Some(true) {
            found.invalid("securityContext.privileged", true, "Privileged containers are not allowed");
        }
        let inherited = pod.spec.security_context.windows_options.host_process;
        if container.security_context.windows_options.host_process.or(inherited) == Some(true) {
            found.invalid("securityContext.windowsOptions.hostProcess", true, HOST_PROCESS);
        }
    }
}
