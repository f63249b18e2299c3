//! Further groups of a pod's processes: a group of the node opens its files to them.

use std::fmt::{self, Display};

use crate::pod::Pod;
use crate::rule::{Entry, Rule};
use crate::strategy::{GROUP_SHAPE, GroupStrategy};
use crate::violation::Findings;

pub(crate) const ENTRIES: &[Entry] = &[Entry {
    id: "supplementalGroups",
    purpose: "The further groups that pods may run with.",
    shape: Some(GROUP_SHAPE),
    annotations: &[],
    pod_fields: "`securityContext.supplementalGroups`",
    mutates: "`MustRunAs`: the pod's `supplementalGroups`",
    default: "must be given",
    load: |spec| {
        GroupStrategy::load(spec, "supplementalGroups")
            .map(|strategy| Box::new(SupplementalGroups(strategy)) as Box<dyn Rule>)
    },
}];

/// What is demanded of the groups; a policy with `RunAsAny` has no such rule.
#[derive(Debug)]
struct SupplementalGroups(GroupStrategy);

impl Rule for SupplementalGroups {
    fn mutate(&self, pod: &mut Pod<'_>) {
        // An empty list is a choice of the author, and not overridden.
        if pod.spec.security_context.supplemental_groups.is_none() && !pod.is_windows() {
            pod.spec.security_context.supplemental_groups = self.0.default_id().map(|id| vec![id]);
        }
    }

    fn validate(&self, pod: &Pod<'_>, found: &mut Findings<'_>) {
        let field = "spec.securityContext.supplementalGroups";
        let ranges = self.0.ranges();
        let groups = pod.spec.security_context.supplemental_groups.as_deref().unwrap_or_default();
        if groups.is_empty() && self.0.default_id().is_some() && !pod.is_windows() {
            found.invalid(field, Groups(groups), "unable to validate empty groups against required ranges");
        }
        for group in groups.iter().filter(|group| !ranges.hold(**group)) {
            let detail = format_args!("group {group} must be in the ranges: {ranges}");
            found.invalid(field, Groups(groups), detail);
        }
    }
}

/// Groups as the author wrote them.
struct Groups<'g>(&'g [i64]);

impl Display for Groups<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0).finish()
    }
}
