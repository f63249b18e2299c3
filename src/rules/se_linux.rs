//! The SELinux context confines a container where everything else has failed.

use crate::json::{Quoted, Text};
use crate::pod::{Container, Pod, SeLinuxOptions};
use crate::rule::{Entry, Rule};
use crate::shape::{Field, Shape};
use crate::spec::Spec;
use crate::value::Value;
use crate::violation::Findings;

pub(crate) const ENTRIES: &[Entry] = &[Entry {
    id: "seLinux",
    purpose: "The SELinux context that pods must run in.",
    shape: Some(Shape::Object(&[
        Field { name: "rule", shape: Shape::OneOf(STRATEGIES), doc: "What is demanded." },
        Field {
            name: "seLinuxOptions",
            shape: Shape::Object(&[
                Field { name: "user", shape: Shape::Text, doc: "The SELinux user; absent is empty." },
                Field { name: "role", shape: Shape::Text, doc: "The SELinux role; absent is empty." },
                Field { name: "type", shape: Shape::Text, doc: "The SELinux type; absent is empty." },
                Field { name: "level", shape: Shape::Text, doc: "The SELinux level; absent is empty." },
            ]),
            doc: "The context, demanded as a whole: what it leaves out must be left out.",
        },
    ])),
    annotations: &[],
    pod_fields: "`securityContext.seLinuxOptions` of pod and containers",
    mutates: "`MustRunAs`: the options, where the pod has none",
    default: "must be given",
    load,
}];

const STRATEGIES: &[&str] = &["MustRunAs", "RunAsAny"];

/// Demands one context; a policy with `RunAsAny` has no such rule.
#[derive(Debug)]
struct MustRunAs<'s> {
    options: SeLinuxOptions<'s>,
}

fn load<'s>(spec: &mut Spec<'_, 's>) -> Option<Box<dyn Rule + 's>> {
    let rule = spec.strategy("seLinux", STRATEGIES)?;
    if rule != "MustRunAs" {
        return None;
    }
    let Some(options) = spec.get("seLinux").and_then(|strategy| strategy.get("seLinuxOptions")) else {
        spec.problem(
            "seLinux.seLinuxOptions",
            "Required value: MustRunAs needs the options to demand; `{}` demands none",
        );
        return None;
    };
    let text = |key| options.get(key).and_then(Value::text).cloned().unwrap_or_default();
    let options =
        SeLinuxOptions { user: text("user"), role: text("role"), kind: text("type"), level: text("level") };
    Some(Box::new(MustRunAs { options }))
}

impl MustRunAs<'_> {
    fn default(&self) -> SeLinuxOptions<'static> {
        let own = |text: &Text<'_>| Text::Owned(text.to_string());
        let SeLinuxOptions { user, role, kind, level } = &self.options;
        SeLinuxOptions { user: own(user), role: own(role), kind: own(kind), level: own(level) }
    }

    fn compare(&self, actual: &SeLinuxOptions<'_>, root: &str, inherited: &str, found: &mut Findings<'_>) {
        let expected = &self.options;
        for (field, actual, expected, equal) in [
            ("level", &actual.level, &expected.level, same_level(&actual.level, &expected.level)),
            ("role", &actual.role, &expected.role, actual.role == expected.role),
            ("type", &actual.kind, &expected.kind, actual.kind == expected.kind),
            ("user", &actual.user, &expected.user, actual.user == expected.user),
        ] {
            if !equal {
                found.invalid(
                    format_args!("{root}.{field}"),
                    Quoted(actual),
                    format_args!("must be {expected}{inherited}"),
                );
            }
        }
    }
}

impl Rule for MustRunAs<'_> {
    fn mutate(&self, pod: &mut Pod<'_>) {
        if pod.spec.security_context.se_linux_options.is_none() && !pod.is_windows() {
            pod.spec.security_context.se_linux_options = Some(self.default());
        }
    }

    fn mutate_container(&self, pod: &Pod<'_>, container: &mut Container<'_>) {
        if container.se_linux_options(pod).is_none() && !pod.is_windows() {
            container.security_context.se_linux_options = Some(self.default());
        }
    }

    fn validate(&self, pod: &Pod<'_>, found: &mut Findings<'_>) {
        if let Some(options) = &pod.spec.security_context.se_linux_options {
            self.compare(options, "spec.securityContext.seLinuxOptions", "", found);
        }
    }

    fn validate_container(&self, pod: &Pod<'_>, container: &Container<'_>, found: &mut Findings<'_>) {
        if let Some(options) = container.se_linux_options(pod) {
            let inherited = if container.security_context.se_linux_options.is_some() {
                ""
            } else {
                " (inherited from the pod)"
            };
            self.compare(options, "securityContext.seLinuxOptions", inherited, found);
        }
    }
}

/// Whether two levels are the same but for the order of their categories: `s0:c0,c1` is `s0:c1,c0`.
fn same_level(one: &str, other: &str) -> bool {
    if one == other {
        return true;
    }
    let (Some((sensitivity, one)), Some((other_sensitivity, other))) =
        (one.split_once(':'), other.split_once(':'))
    else {
        return false;
    };
    let sorted = |categories: &str| {
        let mut categories: Vec<String> = categories.split(',').map(str::to_owned).collect();
        categories.sort_unstable();
        categories
    };
    sensitivity == other_sensitivity && sorted(one) == sorted(other)
}
