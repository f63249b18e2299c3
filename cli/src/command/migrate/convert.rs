//! What is written for policies.

use serde_json::{Map, Value, json};

use super::Migrate;
use crate::error::{Fault, Faults, Outcome};
use crate::input::Object;
use crate::policies;
use crate::rbac::{Authority, Rbac, is_rbac};
use crate::registration::{self, CHOSEN, Form, Kind, NAMESPACE_NAME, Selection};

/// The manifests, and the policies for which there are none.
pub(super) struct Converted {
    pub(super) manifests: Vec<Value>,
    /// Policies that would judge nothing, by name, and why.
    pub(super) left_out: Vec<(String, String)>,
}

/// The annotations of a policy that say something; a cluster adds others.
const ANNOTATIONS: [&str; 4] = [
    "seccomp.security.alpha.kubernetes.io/allowedProfileNames",
    "seccomp.security.alpha.kubernetes.io/defaultProfileName",
    "apparmor.security.beta.kubernetes.io/allowedProfileNames",
    "apparmor.security.beta.kubernetes.io/defaultProfileName",
];

impl Migrate {
    pub(super) fn convert(&self, policies: &[Value], authority: &Authority) -> Converted {
        let form = Form {
            kind: self.kind,
            namespace: self.namespace.clone(),
            module: self.module.clone(),
            policy_server: self.policy_server.clone(),
            mode: self.mode,
            background_audit: self.background_audit,
        };
        let exempt: Vec<String> = self.exempt().map(str::to_owned).collect();
        let outside = Selection { key: NAMESPACE_NAME, wanted: false, values: exempt };
        let outside: Vec<Selection> =
            Some(outside).into_iter().filter(|one| !one.values.is_empty()).collect();
        let mut converted = Converted { manifests: Vec::new(), left_out: Vec::new() };
        if !self.per_policy {
            converted.manifests = registration::pair(&self.name, &all(policies), &outside, &form).into();
            return converted;
        }
        for policy in policies {
            let name = name_of(policy);
            let selection = match authority {
                Authority::Everybody => {
                    let chosen = Selection { key: CHOSEN, wanted: true, values: vec![name.to_owned()] };
                    outside.iter().cloned().chain([chosen]).collect()
                }
                Authority::Dump(rbac) => match self.places(rbac, name) {
                    Ok(None) => outside.clone(),
                    Ok(Some(values)) => vec![Selection { key: NAMESPACE_NAME, wanted: true, values }],
                    Err(why) => {
                        converted.left_out.push((name.to_owned(), why));
                        continue;
                    }
                },
            };
            let pair_name = format!("{}-{name}", self.name);
            converted.manifests.extend(registration::pair(&pair_name, &alone(policy), &selection, &form));
        }
        converted
    }

    /// The namespaces that are not judged.
    pub(super) fn exempt(&self) -> impl Iterator<Item = &str> {
        self.exempt_namespaces.iter().map(String::as_str).filter(|name| !name.is_empty())
    }

    /// The namespaces in which a policy is to judge, unless it is all; why there are none.
    pub(super) fn places(&self, rbac: &Rbac, policy: &str) -> Result<Option<Vec<String>>, String> {
        let granted = rbac.namespaces(policy);
        if let Some(own) = self.namespace.as_ref().filter(|_| self.kind == Kind::Namespace) {
            return match granted {
                Some(namespaces) if !namespaces.contains(own) => Err(format!("not granted in {own}")),
                _ => Ok(Some(vec![own.clone()])),
            };
        }
        let Some(namespaces) = granted else { return Ok(None) };
        if namespaces.is_empty() {
            return Err("granted to nobody who works in a namespace".to_owned());
        }
        let is_judged = |name: &&String| !self.exempt().any(|exempt| exempt == *name);
        let judged: Vec<String> = namespaces.iter().filter(is_judged).cloned().collect();
        if judged.is_empty() {
            return Err(format!("granted in {} alone, which is not judged", namespaces.join(" and ")));
        }
        Ok(Some(judged))
    }
}

/// The name of a policy.
pub(super) fn name_of(policy: &Value) -> &str {
    policy.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default()
}

/// The policies among the input, checked and without what the cluster has added.
///
/// # Errors
///
/// Everything that is no policy, and all that is wrong with the policies, with its place.
pub(crate) fn policies_of(objects: &[Object]) -> Outcome<Vec<Value>> {
    let mut faults = Vec::new();
    for object in objects.iter().filter(|object| object.kind != "PodSecurityPolicy") {
        let title = if object.kind.is_empty() { "this object, which has no kind," } else { &object.kind };
        let fault = Fault::at(object.start(), format_args!("{title} is no PodSecurityPolicy"));
        faults.push(if is_rbac(object) { fault.help("name dumps of RBAC with --rbac") } else { fault });
    }
    if objects.is_empty() {
        let fault = Fault::new("there is no PodSecurityPolicy in the input");
        faults.push(fault.help("kubectl get psp -o yaml, on a cluster older than 1.25"));
    }
    if !faults.is_empty() {
        return Err(Faults(faults));
    }
    policies::check_manifests(&objects.iter().collect::<Vec<_>>())?;
    Ok(objects.iter().map(|object| without_additions(&object.value())).collect())
}

/// What a policy says: its name, four annotations, its spec. The rest the cluster keeps for itself.
fn without_additions(policy: &Value) -> Value {
    let mut metadata = Map::new();
    metadata.insert("name".to_owned(), policy.pointer("/metadata/name").cloned().unwrap_or_default());
    let own = policy.pointer("/metadata/annotations").and_then(Value::as_object).into_iter().flatten();
    let own: Map<String, Value> = own
        .filter(|(key, _)| ANNOTATIONS.contains(&key.as_str()))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    if !own.is_empty() {
        metadata.insert("annotations".to_owned(), Value::Object(own));
    }
    let mut spec = policy.get("spec").cloned().unwrap_or_default();
    if let Value::Object(fields) = &mut spec {
        fields.retain(|_, value| !value.is_null());
    }
    json!({"apiVersion": policy.get("apiVersion"), "kind": "PodSecurityPolicy", "metadata": metadata, "spec": spec})
}

/// Settings in which all policies judge as they did in the cluster.
pub(crate) fn all(policies: &[Value]) -> Map<String, Value> {
    let mut settings = Map::new();
    settings.insert("authorization".to_owned(), "RBAC".into());
    settings.insert("policies".to_owned(), policies.into());
    settings
}

/// Settings in which a policy judges alone.
fn alone(policy: &Value) -> Map<String, Value> {
    policy.as_object().cloned().unwrap_or_default()
}
