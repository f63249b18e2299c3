//! The group that owns a pod's volumes: whoever has it reads what other pods left there.

use crate::pod::Pod;
use crate::rule::{Entry, Rule};
use crate::strategy::{GROUP_SHAPE, GroupStrategy};
use crate::violation::Findings;

pub(crate) const ENTRIES: &[Entry] = &[Entry {
    id: "fsGroup",
    purpose: "The group that may own a pod's volumes.",
    shape: Some(GROUP_SHAPE),
    annotations: &[],
    pod_fields: "`securityContext.fsGroup`",
    mutates: "`MustRunAs`: the pod's `fsGroup`",
    default: "must be given",
    load: |spec| {
        GroupStrategy::load(spec, "fsGroup").map(|strategy| Box::new(FsGroup(strategy)) as Box<dyn Rule>)
    },
}];

/// What is demanded of the group; a policy with `RunAsAny` has no such rule.
#[derive(Debug)]
struct FsGroup(GroupStrategy);

impl Rule for FsGroup {
    fn mutate(&self, pod: &mut Pod<'_>) {
        if pod.spec.security_context.fs_group.is_none() && !pod.is_windows() {
            pod.spec.security_context.fs_group = self.0.default_id();
        }
    }

    fn validate(&self, pod: &Pod<'_>, found: &mut Findings<'_>) {
        let field = "spec.securityContext.fsGroup";
        let ranges = self.0.ranges();
        match pod.spec.security_context.fs_group {
            Some(group) if !ranges.hold(group) => {
                found.invalid(field, group, format_args!("group {group} must be in the ranges: {ranges}"));
            }
            None if self.0.default_id().is_some() && !pod.is_windows() => {
                found.required(field, format_args!("must be in the ranges: {ranges}"));
            }
            _ => {}
        }
    }
}
