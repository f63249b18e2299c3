//! Capabilities are root in slices: what a container has of them counts, whoever it runs as.
//!
//! Names are compared as they are written: `ALL`, `all`, `NET_RAW` and `CAP_NET_RAW` are four of them.

use crate::json::{Quoted, Text};
use crate::pod::{Capabilities, Container, Pod};
use crate::rule::{Entry, Rule};
use crate::shape::{Listed, Shape};
use crate::spec::Spec;
use crate::violation::Findings;

pub(crate) const ENTRIES: &[Entry] = &[
    Entry {
        id: "defaultAddCapabilities",
        purpose: "The capabilities that every container gets unless it drops them.",
        shape: Some(Shape::List(&Shape::Text)),
        annotations: &[],
        pod_fields: "containers' `securityContext.capabilities.add`",
        mutates: "containers' `capabilities.add`",
        default: "none",
        load: load_default_add,
    },
    Entry {
        id: "requiredDropCapabilities",
        purpose: "The capabilities that every container must drop.",
        shape: Some(Shape::List(&Shape::Text)),
        annotations: &[],
        pod_fields: "containers' `securityContext.capabilities.drop`",
        mutates: "containers' `capabilities.drop`",
        default: "none",
        load: load_required_drop,
    },
    Entry {
        id: "allowedCapabilities",
        purpose: "The capabilities that containers may add; `*` is any.",
        shape: Some(Shape::List(&Shape::Text)),
        annotations: &[],
        pod_fields: "containers' `securityContext.capabilities.add`",
        mutates: "nothing",
        default: "none but those of `defaultAddCapabilities`",
        load: load_allowed,
    },
];

/// The spelling that the API server itself refuses beside `allowPrivilegeEscalation: false`.
const CAP_SYS_ADMIN: &str = "CAP_SYS_ADMIN";

/// Adds capabilities.
#[derive(Debug)]
struct DefaultAdd<'s>(Vec<Text<'s>>);

/// Drops capabilities.
#[derive(Debug)]
struct RequiredDrop<'s>(Vec<Text<'s>>);

/// Refuses capabilities that are neither added by default nor allowed.
#[derive(Debug)]
struct Allowed<'s> {
    added: Vec<Text<'s>>,
    allowed: Vec<Text<'s>>,
}

fn load_default_add<'s>(spec: &mut Spec<'_, 's>) -> Option<Box<dyn Rule + 's>> {
    let added = spec.texts("defaultAddCapabilities");
    tell_contradictions(spec, "defaultAddCapabilities", &added);
    if added.is_empty() { None } else { Some(Box::new(DefaultAdd(added))) }
}

fn load_required_drop<'s>(spec: &mut Spec<'_, 's>) -> Option<Box<dyn Rule + 's>> {
    let dropped = spec.texts("requiredDropCapabilities");
    if dropped.is_empty() { None } else { Some(Box::new(RequiredDrop(dropped))) }
}

fn load_allowed<'s>(spec: &mut Spec<'_, 's>) -> Option<Box<dyn Rule + 's>> {
    let allowed = spec.texts("allowedCapabilities");
    tell_contradictions(spec, "allowedCapabilities", &allowed);
    if !allowed.iter().any(|name| name == "*") {
        return Some(Box::new(Allowed { added: spec.texts("defaultAddCapabilities"), allowed }));
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
        list.sort_unstable();
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
