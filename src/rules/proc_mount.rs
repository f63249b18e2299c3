//! An unmasked `/proc` shows the node's kernel to a container.

use crate::json::{Quoted, Text};
use crate::pod::{Container, Pod};
use crate::rule::{Entry, Rule};
use crate::shape::Shape;
use crate::spec::Spec;
use crate::violation::Findings;

pub(crate) const ENTRIES: &[Entry] = &[Entry {
    id: "allowedProcMountTypes",
    purpose: "The ways in which `/proc` may be mounted.",
    shape: Some(Shape::List(&Shape::OneOf(&["Default", "Unmasked"]))),
    annotations: &[],
    pod_fields: "containers' `securityContext.procMount`; absent reads as `Default`",
    mutates: "nothing",
    default: "only `Default`",
    load,
}];

/// Refuses types that are not listed.
#[derive(Debug)]
struct ProcMount<'s>(Vec<Text<'s>>);

fn load<'s>(spec: &mut Spec<'_, 's>) -> Option<Box<dyn Rule + 's>> {
    let mut allowed = spec.texts("allowedProcMountTypes");
    if allowed.is_empty() {
        allowed.push("Default".into());
    }
    Some(Box::new(ProcMount(allowed)))
}

impl Rule for ProcMount<'_> {
    fn validate_container(&self, pod: &Pod<'_>, container: &Container<'_>, found: &mut Findings<'_>) {
        let own = container.security_context.proc_mount.as_deref();
        if own.is_none() && pod.is_windows() {
            return;
        }
        let actual = own.unwrap_or("Default");
        if !self.0.iter().any(|allowed| allowed == actual) {
            found.invalid("securityContext.procMount", Quoted(actual), "ProcMountType is not allowed");
        }
    }
}
