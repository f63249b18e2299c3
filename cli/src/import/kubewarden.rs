//! Kubewarden's own policies for pod security: sixteen modules, each for a field or two of `PodSecurityPolicy`.
//!
//! They are recognized by the last segment of their module's address, whatever the registry, the tag or the digest. What they
//! do is that of github.com/kubewarden/policies in August 2026.

#[cfg(test)]
mod corpus;
mod modules;
mod settings;
#[cfg(test)]
mod tests;

use serde_json::Value;

use super::piece::{Action, Piece};
use super::reach::{Reach, Subject, requirements};
use super::{Findings, Surroundings};
use crate::error::Error;
use crate::input::Object;
use modules::MODULES;
use settings::Keys;

/// This policy itself.
const OWN: &str = "pod-security-policy";

/// Whether an object registers policies with Kubewarden.
pub(super) fn recognizes(object: &Object) -> bool {
    object.group() == "policies.kubewarden.io"
        && matches!(
            &*object.kind,
            "ClusterAdmissionPolicy"
                | "AdmissionPolicy"
                | "ClusterAdmissionPolicyGroup"
                | "AdmissionPolicyGroup"
        )
}

pub(super) fn read(objects: &[Object], around: &Surroundings) -> Findings {
    let mut findings = Findings::default();
    for object in objects {
        let value = object.value();
        let spec = value.get("spec").unwrap_or(&Value::Null);
        if object.kind.ends_with("Group") {
            group(object, spec, &mut findings);
            continue;
        }
        let module = module(spec);
        let Some(known) = MODULES.iter().find(|known| known.name == module) else {
            let reason = match module {
                OWN => "already registers PodSecurityPolicies".to_owned(),
                "" => "has no module".to_owned(),
                other => format!("the module {other} is not one of those for pod security"),
            };
            findings.left_alone.push((object.title(), reason));
            continue;
        };
        let mut piece = Piece::new(object, reach(object, spec));
        piece.title = format!("{} ({module})", object.title());
        let is_monitored = spec.get("mode").is_some_and(|mode| mode == "monitor");
        if is_monitored {
            piece.action = Action::Audit;
        }
        // In monitor mode nothing is written either.
        piece.writes = spec.get("mutating") == Some(&Value::Bool(true)) && !is_monitored;
        let mut keys = Keys::new(spec.get("settings"));
        if let Err(problem) = (known.convert)(&mut keys, &mut piece, around) {
            let reason = format_args!("{}: {problem}", piece.title);
            findings.refused.push(Error::at(object.place("spec.settings"), reason));
            continue;
        }
        for key in keys.unread() {
            piece.differs(key, "passed over", "left out", format!("{module} does not know it"));
        }
        // A half that would write nothing is not needed.
        piece.writes &= piece.spec.keys().any(|field| WRITTEN.contains(&field.as_str()))
            || piece.reach.subject == Subject::Namespaces;
        if piece.is_empty() && piece.inexact.is_empty() {
            findings.left_alone.push((piece.title, "demands nothing".to_owned()));
        } else {
            findings.pieces.push(piece);
        }
    }
    findings
}

/// The fields whose rules fill something in.
const WRITTEN: [&str; 8] = [
    "allowPrivilegeEscalation",
    "defaultAddCapabilities",
    "fsGroup",
    "requiredDropCapabilities",
    "runAsGroup",
    "runAsUser",
    "seLinux",
    "supplementalGroups",
];

/// The expression of a group can be anything, while policies for pod security hold together.
fn group(object: &Object, spec: &Value, findings: &mut Findings) {
    let members = spec.get("policies").and_then(Value::as_object);
    let known = members.into_iter().flatten().filter(|(_, member)| {
        let module = module(member);
        MODULES.iter().any(|known| known.name == module)
    });
    let known: Vec<&str> = known.map(|(name, _)| name.as_str()).collect();
    if known.is_empty() {
        let reason = "none of its members is for pod security";
        findings.left_alone.push((object.title(), reason.to_owned()));
        return;
    }
    let reason = format_args!(
        "{}: its expression decides what its members {} mean together, which settings cannot say",
        object.title(),
        known.join(", ")
    );
    findings.refused.push(Error::at(object.place("spec.expression"), reason));
}

/// The last segment of the module's address, without tag and digest.
fn module(spec: &Value) -> &str {
    let address = spec.get("module").and_then(Value::as_str).unwrap_or_default();
    let name = address.rsplit('/').next().unwrap_or_default();
    let name = name.split(['@', ':']).next().unwrap_or_default();
    name.strip_suffix(".wasm").unwrap_or(name)
}

fn reach(object: &Object, spec: &Value) -> Reach {
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let is_in_a_namespace = object.kind == "AdmissionPolicy";
    let conditions = spec.get("matchConditions").and_then(Value::as_array).into_iter().flatten();
    let resources = spec.get("rules").and_then(Value::as_array).into_iter().flatten();
    let mut resources = resources.filter_map(|rule| rule.get("resources")?.as_array()).flatten();
    Reach {
        namespace: is_in_a_namespace
            .then(|| object.namespace.clone().unwrap_or_else(|| "default".to_owned())),
        policy_server: text(spec, "policyServer"),
        namespaces: requirements(spec.get("namespaceSelector")),
        objects: requirements(spec.get("objectSelector")),
        conditions: conditions
            .filter_map(|one| Some((text(one, "name")?, text(one, "expression")?)))
            .collect(),
        workloads: resources.any(|resource| resource == "deployments" || resource == "*"),
        ..Reach::default()
    }
}
