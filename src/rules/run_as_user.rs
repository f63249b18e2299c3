//! Root inside a container is root on the node, but for what else confines it.

use crate::pod::{Container, Pod};
use crate::ranges::IdRanges;
use crate::rule::{Entry, Rule};
use crate::shape::{Field, Shape};
use crate::spec::{RANGES, Spec};
use crate::violation::Findings;

pub(crate) const ENTRIES: &[Entry] = &[Entry {
    id: "runAsUser",
    purpose: "The user that containers may run as.",
    shape: Some(Shape::Object(&[
        Field { name: "rule", shape: Shape::OneOf(STRATEGIES), doc: "What is demanded." },
        Field {
            name: "ranges",
            shape: RANGES,
            doc: "The allowed ids; the lowest of the first range is the default.",
        },
    ])),
    annotations: &[],
    pod_fields: "`securityContext.runAsUser` and `runAsNonRoot` of pod and containers",
    mutates: "`MustRunAs`: containers' `runAsUser`; `MustRunAsNonRoot`: containers' `runAsNonRoot`",
    default: "must be given",
    load,
}];

const STRATEGIES: &[&str] = &["MustRunAs", "MustRunAsNonRoot", "RunAsAny"];

/// What is demanded of the user; a policy with `RunAsAny` has no such rule.
#[derive(Debug)]
enum RunAsUser {
    MustRunAs(IdRanges),
    MustRunAsNonRoot,
}

fn load<'s>(spec: &mut Spec<'_, 's>) -> Option<Box<dyn Rule + 's>> {
    let rule = spec.strategy("runAsUser", STRATEGIES);
    let rule = rule.as_deref();
    let ranges = spec.ranges("runAsUser", rule == Some("MustRunAs"));
    match rule {
        Some("MustRunAs") => Some(Box::new(RunAsUser::MustRunAs(ranges?))),
        Some("MustRunAsNonRoot") => Some(Box::new(RunAsUser::MustRunAsNonRoot)),
        _ => None,
    }
}

impl Rule for RunAsUser {
    fn mutate_container(&self, pod: &Pod<'_>, container: &mut Container<'_>) {
        if container.run_as_user(pod).is_some() {
            return;
        }
        match self {
            // Windows knows users by name: the API server refuses an id there.
            RunAsUser::MustRunAs(_) if pod.is_windows() => {}
            RunAsUser::MustRunAs(ranges) => {
                container.security_context.run_as_user = Some(ranges.default_id());
            }
            RunAsUser::MustRunAsNonRoot if container.run_as_non_root(pod).is_some() => {}
            RunAsUser::MustRunAsNonRoot => container.security_context.run_as_non_root = Some(true),
        }
    }

    fn validate_container(&self, pod: &Pod<'_>, container: &Container<'_>, found: &mut Findings<'_>) {
        let inherited = |own: bool| if own { "" } else { " (inherited from the pod)" };
        let user_inherited = inherited(container.security_context.run_as_user.is_some());
        let user = container.run_as_user(pod);
        match self {
            RunAsUser::MustRunAs(ranges) => match user {
                Some(user) if !ranges.hold(user) => {
                    let detail = format_args!("must be in the ranges: {ranges}{user_inherited}");
                    found.invalid("securityContext.runAsUser", user, detail);
                }
                None if !pod.is_windows() => {
                    found.required(
                        "securityContext.runAsUser",
                        format_args!("must be in the ranges: {ranges}"),
                    );
                }
                _ => {}
            },
            RunAsUser::MustRunAsNonRoot => match (container.run_as_non_root(pod), user) {
                (None, None) => found.required("securityContext.runAsNonRoot", "must be true"),
                (Some(false), _) => {
                    let inherited = inherited(container.security_context.run_as_non_root.is_some());
                    found.invalid(
                        "securityContext.runAsNonRoot",
                        false,
                        format_args!("must be true{inherited}"),
                    );
                }
                (_, Some(0)) => {
                    let detail = format_args!("running with the root UID is forbidden{user_inherited}");
                    found.invalid("securityContext.runAsUser", 0, detail);
                }
                _ => {}
            },
        }
    }
}
