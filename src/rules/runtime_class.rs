//! The runtime class chooses the sandbox that a pod runs in, and some are no sandbox at all.

use crate::json::{Quoted, Text};
use crate::names::subdomain_problem;
use crate::pod::Pod;
use crate::rule::{Entry, Rule};
use crate::shape::{Field, Listed, Shape};
use crate::spec::{Spec, texts};
use crate::value::Value;
use crate::violation::Findings;

pub(crate) const ENTRIES: &[Entry] = &[Entry {
    id: "runtimeClass",
    purpose: "The runtime classes that pods may name.",
    shape: Some(Shape::Object(&[
        Field {
            name: "allowedRuntimeClassNames",
            shape: Shape::List(&Shape::Text),
            doc: "The allowed names; `*` is any; empty allows none to be named.",
        },
        Field {
            name: "defaultRuntimeClassName",
            shape: Shape::Text,
            doc: "The class of pods that name none.",
        },
    ])),
    annotations: &[],
    pod_fields: "`runtimeClassName`",
    mutates: "the pod's `runtimeClassName`",
    default: "any runtime class",
    load,
}];

const ALLOWED: &str = "runtimeClass.allowedRuntimeClassNames";

/// Refuses classes that are not listed, and names one where the pod names none.
#[derive(Debug)]
struct RuntimeClass<'s> {
    allowed: Vec<Text<'s>>,
    default: Option<Text<'s>>,
}

fn load<'s>(spec: &mut Spec<'_, 's>) -> Option<Box<dyn Rule + 's>> {
    let settings = spec.get("runtimeClass")?;
    let allowed = settings.get("allowedRuntimeClassNames").map(texts).unwrap_or_default();
    let default = settings.get("defaultRuntimeClassName").and_then(Value::text).cloned();
    for (index, name) in allowed.iter().enumerate() {
        let path = format_args!("{ALLOWED}[{index}]");
        if let Some(problem) = subdomain_problem(name).filter(|_| name != "*") {
            spec.problem(path, format_args!("Invalid value: {}: {problem}", Quoted(name)));
        }
        if allowed.iter().take(index).any(|earlier| earlier == name) {
            spec.problem(path, format_args!("Duplicate value: {}", Quoted(name)));
        }
    }
    let any = allowed.iter().any(|name| name == "*");
    if let Some(default) = &default {
        if let Some(problem) = subdomain_problem(default) {
            let path = "runtimeClass.defaultRuntimeClassName";
            spec.problem(path, format_args!("Invalid value: {}: {problem}", Quoted(default)));
        }
        if !any && !allowed.contains(default) {
            spec.problem(
                ALLOWED,
                format_args!("Required value: default {} must be allowed", Quoted(default)),
            );
        }
    }
    if any && allowed.len() > 1 {
        let names = Listed(&allowed);
        let reason = "if '*' is present, must not specify other RuntimeClass names";
        spec.problem(ALLOWED, format_args!("Invalid value: [{names}]: {reason}"));
    }
    Some(Box::new(RuntimeClass { allowed, default }))
}

impl Rule for RuntimeClass<'_> {
    fn mutate(&self, pod: &mut Pod<'_>) {
        if pod.spec.runtime_class_name.is_none() {
            pod.spec.runtime_class_name = self.default.as_ref().map(|name| Text::Owned(name.to_string()));
        }
    }

    fn validate(&self, pod: &Pod<'_>, found: &mut Findings<'_>) {
        let Some(name) = &pod.spec.runtime_class_name else { return };
        if !self.allowed.iter().any(|allowed| allowed == "*" || allowed == name) {
            found.invalid_value("spec.runtimeClassName", Quoted(name));
        }
    }
}
