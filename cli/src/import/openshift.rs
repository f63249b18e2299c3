//! SecurityContextConstraints of OpenShift, the living relative of `PodSecurityPolicy`.
//!
//! They become one list of policies, of which a pod needs one that it may use, as there. OpenShift tries them by priority, then the
//! more restrictive ones first, then by name; policies are tried by name, so that each name begins with its place in that order.
//! Ranges that the namespace's annotations state become a policy for each namespace, granted in that namespace alone.

mod grants;
mod spec;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value, json};

use pod_security_policy::settings::Settings;

use super::{Findings, Listed, Surroundings};
use crate::error::Error;
use crate::input::Object;
use spec::{Ranges, convert, points};

/// Whether an object is a SecurityContextConstraints.
pub(super) fn recognizes(object: &Object) -> bool {
    object.kind == "SecurityContextConstraints"
}

/// A policy, and the namespace that it is for.
struct Policy {
    name: String,
    /// The name of the constraints.
    of: String,
    namespace: Option<String>,
}

pub(super) fn read(objects: &[Object], around: &Surroundings) -> Findings {
    let mut findings = Findings::default();
    let mut all: Vec<(&Object, Value)> = objects.iter().map(|object| (object, object.value())).collect();
    let priority = |value: &Value| value.get("priority").and_then(Value::as_i64).unwrap_or_default();
    all.sort_by(|(a, x), (b, y)| {
        priority(y)
            .cmp(&priority(x))
            .then_with(|| points(x).cmp(&points(y)))
            .then_with(|| a.name.cmp(&b.name))
    });
    // Names are compared as texts, so that all places have the same number of digits.
    let digits = all.len().to_string().len().max(2);
    let mut policies = Vec::new();
    for (nth, (object, value)) in all.iter().enumerate() {
        let name = format!("{nth:0digits$}-{}", object.name);
        match of_constraints(object, value, &name, around) {
            Ok(converted) => {
                for (listed, namespace) in converted {
                    let name =
                        listed.policy.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
                    policies.push(Policy { name: name.to_owned(), of: object.name.clone(), namespace });
                    findings.listed.push(listed);
                }
            }
            Err(reason) => {
                let reason = format_args!("{}: {reason}", object.title());
                findings.refused.push(Error::at(object.start(), reason));
            }
        }
    }
    findings.grants = grants::of(&policies, &all, &around.rbac);
    findings
}

/// The policies that constraints become, each with its namespace.
fn of_constraints(
    object: &Object,
    value: &Value,
    name: &str,
    around: &Surroundings,
) -> Result<Vec<(Listed, Option<String>)>, String> {
    let mut converted = Vec::new();
    if !spec::needs_ranges(value) {
        converted.push((listed(object, value, name, &Ranges::default())?, None));
        return Ok(converted);
    }
    for namespace in &around.namespaces {
        let Some(ranges) = Ranges::of(&namespace.value()) else { continue };
        let name = format!("{name}-{}", namespace.name);
        converted.push((listed(object, value, &name, &ranges)?, Some(namespace.name.clone())));
    }
    if converted.is_empty() {
        return Err("its ranges are those of each namespace's annotations openshift.io/sa.scc.*: give the namespaces in the input or with --namespaces".to_owned());
    }
    Ok(converted)
}

fn listed(object: &Object, value: &Value, name: &str, ranges: &Ranges) -> Result<Listed, String> {
    let mut inexact = Vec::new();
    let (spec, annotations) = convert(value, ranges, &mut inexact)?;
    let mut metadata = Map::from_iter([("name".to_owned(), name.into())]);
    if !annotations.is_empty() {
        metadata.insert("annotations".to_owned(), Value::Object(annotations));
    }
    let policy = json!({"apiVersion": "policy/v1beta1", "kind": "PodSecurityPolicy", "metadata": metadata, "spec": spec});
    Settings::parse(&policy.to_string()).map_err(|problems| problems.to_string())?;
    Ok(Listed { title: object.title(), policy, inexact })
}
