//! The primary group decides what a process may touch just as its user does.

use crate::pod::{Container, Pod};
use crate::rule::{Entry, Rule};
use crate::shape::{Field, Shape};
use crate::spec::{RANGES, Spec};
use crate::strategy::GroupStrategy;
use crate::value::Value;
use crate::violation::Findings;

pub(crate) const ENTRIES: &[Entry] = &[Entry {
    id: "runAsGroup",
    purpose: "The primary group that containers may run as.",
    shape: Some(Shape::Object(&[
        Field { name: "rule", shape: Shape::OneOf(STRATEGIES), doc: "What is demanded." },
        Field {
            name: "ranges",
            shape: RANGES,
            doc: "The allowed ids; the lowest of the first range is the default.",
        },
    ])),
    annotations: &[],
    pod_fields: "`securityContext.runAsGroup` of pod and containers",
    mutates: "`MustRunAs`: containers' `runAsGroup`",
    default: "`RunAsAny`: any group",
    load,
}];

/// In the order in which PodSecurityPolicy named them for this field alone.
const STRATEGIES: &[&str] = &["MustRunAs", "RunAsAny", "MayRunAs"];

/// What is demanded of the group; a policy with `RunAsAny` has no such rule.
#[derive(Debug)]
struct RunAsGroup(GroupStrategy);

fn load<'s>(spec: &mut Spec<'_, 's>) -> Option<Box<dyn Rule + 's>> {
    spec.get("runAsGroup")?;
    let rule = spec.strategy("runAsGroup", STRATEGIES)?;
    let ranges = spec.get("runAsGroup").and_then(|strategy| strategy.get("ranges")).map(Value::elements);
    if rule == "RunAsAny" {
        if ranges.is_some_and(|ranges| !ranges.is_empty()) {
            spec.problem("runAsGroup.ranges", "Forbidden: Ranges must be empty");
        }
        return None;
    }
    let strategy = GroupStrategy::of_rule(spec, "runAsGroup", Some(&rule))?;
    Some(Box::new(RunAsGroup(strategy)))
}

impl Rule for RunAsGroup {
    fn mutate_container(&self, pod: &Pod<'_>, container: &mut Container<'_>) {
        if container.run_as_group(pod).is_none() && !pod.is_windows() {
            container.security_context.run_as_group = self.0.default_id();
        }
    }

    fn validate_container(&self, pod: &Pod<'_>, container: &Container<'_>, found: &mut Findings<'_>) {
        let ranges = self.0.ranges();
        match container.run_as_group(pod) {
            Some(group) if !ranges.hold(group) => {
                let own = container.security_context.run_as_group.is_some();
                let inherited = if own { "" } else { " (inherited from the pod)" };
                let detail = format_args!("group {group} must be in the ranges: {ranges}{inherited}");
                found.invalid("securityContext.runAsGroup", group, detail);
            }
            None if self.0.default_id().is_some() && !pod.is_windows() => {
                found.required("securityContext.runAsGroup", format_args!("must be in the ranges: {ranges}"));
            }
            _ => {}
        }
    }
}
