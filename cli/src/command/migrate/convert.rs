//! The manifests written for policies.

use serde_json::{Map, Value, json};

use pod_security_policy::schema::names::subdomain_problem;

use super::Migrate;
use super::annotations::ANNOTATIONS;
use super::rewrite::{Rewrite, Rewritten, rewrite};
use crate::error::{Error, Errors, Outcome};
use crate::input::Object;
use crate::policies::{self, Misfit};
use crate::rbac::{Authority, Rbac, is_rbac};
use crate::registration::{self, CHOSEN, Form, Kind, NAMESPACE_NAME, Selection};

/// The manifests, and the policies without one.
pub(super) struct Converted {
    pub(super) manifests: Vec<Value>,
    /// Policies that would match nothing, by name, and why.
    pub(super) left_out: Vec<(String, String)>,
}

impl Migrate {
    /// The manifests for policies.
    ///
    /// # Errors
    ///
    /// If a name is too long for its place.
    pub(super) fn convert(&self, policies: &[Value], authority: &Authority) -> Outcome<Converted> {
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
        let mut errors = Vec::new();
        if !self.per_policy {
            converted.manifests = registration::pair(&self.name, &all(policies), &outside, &form).into();
            return Ok(converted);
        }
        for policy in policies {
            let name = name_of(policy);
            let selection = match authority {
                Authority::Everybody => {
                    if name.len() > LABEL && self.kind == Kind::Cluster {
                        errors.push(too_long(name));
                    }
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
            if let Some(problem) = subdomain_problem(&format!("{pair_name}-validating")) {
                let reason =
                    format_args!("{name}: its registrations would be called {pair_name}-…: {problem}");
                errors.push(
                    Error::new(reason).help("choose a shorter start with --name, or leave --per-policy out"),
                );
            }
            converted.manifests.extend(registration::pair(&pair_name, &alone(policy), &selection, &form));
        }
        if errors.is_empty() { Ok(converted) } else { Err(Errors(errors)) }
    }

    /// The excluded namespaces.
    pub(super) fn exempt(&self) -> impl Iterator<Item = &str> {
        self.exempt_namespaces.iter().map(String::as_str).filter(|name| !name.is_empty())
    }

    /// The namespaces in which a policy applies, unless it is all; why there are none.
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
            return Err("granted to no subject in a namespace".to_owned());
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

/// Which objects of the input are RBAC objects, and which are ignored.
#[derive(Default)]
pub(super) struct Surroundings {
    pub(super) rbac: Vec<Object>,
    /// The number of ServiceAccounts.
    pub(super) accounts: usize,
}

/// Separates policies from the other objects of a dump or a chart.
///
/// # Errors
///
/// If there is no policy, or an object that cannot be migrated.
pub(super) fn sorted(objects: Vec<Object>) -> Outcome<(Vec<Object>, Surroundings)> {
    let mut surroundings = Surroundings::default();
    let (mut policies, mut errors) = (Vec::new(), Vec::new());
    for object in objects {
        if object.kind == "PodSecurityPolicy" {
            policies.push(object);
        } else if is_rbac(&object) {
            surroundings.rbac.push(object);
        } else if object.kind == "ServiceAccount" && object.group().is_empty() {
            surroundings.accounts += 1;
        } else {
            let found = if object.kind.is_empty() { "an object without `kind`" } else { &object.kind };
            errors
                .push(Error::at(object.start(), format_args!("expected a PodSecurityPolicy, found {found}")));
        }
    }
    if policies.is_empty() && errors.is_empty() {
        let error = Error::new("there is no PodSecurityPolicy in the input");
        errors.push(error.help("kubectl get psp -o yaml, on a cluster older than 1.25"));
    }
    if errors.is_empty() { Ok((policies, surroundings)) } else { Err(Errors(errors)) }
}

/// Policies ready for registration.
#[derive(Debug, Default)]
pub(crate) struct Policies {
    /// The manifests, without fields that the cluster added.
    pub(crate) manifests: Vec<Value>,
    /// Rewritten values, by the name of the policy.
    pub(crate) rewrites: Vec<(String, Rewrite)>,
    /// Policies that never admitted a pod, by name, with each path and reason.
    pub(crate) skipped: Vec<(String, Vec<String>)>,
}

/// The policies among objects, validated, rewritten to the behaviour of PodSecurityPolicy.
///
/// # Errors
///
/// All errors in the policies, with their positions; that none of them ever admitted a pod.
pub(crate) fn policies_of(objects: &[Object]) -> Outcome<Policies> {
    let mut done = Policies::default();
    let mut values: Vec<Value> = objects.iter().map(Object::value).collect();
    let mut skipped: Vec<Vec<Error>> = objects.iter().map(|_| Vec::new()).collect();
    for ((object, value), places) in objects.iter().zip(&mut values).zip(&mut skipped) {
        let Rewritten { rewrites, useless } = rewrite(value);
        done.rewrites.extend(rewrites.into_iter().map(|rewrite| (object.name.clone(), rewrite)));
        places.extend(useless.map(|(path, why)| {
            Error::at(object.place(&path), format_args!("{}: {path}: {why}", object.name))
        }));
    }
    let mut errors = Vec::new();
    for Misfit { nth, path, reason, error } in policies::misfits(objects, &values) {
        match nth.and_then(|nth| skipped.get_mut(nth)) {
            Some(places) if was_skipped(&path, &reason) => places.push(error),
            // Errors after a reason to skip add nothing.
            Some(places) if places.iter().any(|known| known.reason.contains(&path)) => {}
            _ => errors.push(error),
        }
    }
    if !errors.is_empty() {
        return Err(Errors(errors));
    }
    if skipped.iter().all(|places| !places.is_empty()) {
        let help = "PodSecurityPolicy skipped such a policy, as if it were not there";
        return Err(Errors(skipped.into_iter().flatten().map(|error| error.help(help)).collect()));
    }
    for ((object, value), places) in objects.iter().zip(&values).zip(skipped) {
        if places.is_empty() {
            done.manifests.push(without_additions(value));
        } else {
            let places = places.iter().map(ToString::to_string).collect();
            done.skipped.push((object.name.clone(), places));
        }
    }
    done.rewrites.retain(|(name, _)| done.skipped.iter().all(|(skipped, _)| skipped != name));
    Ok(done)
}

/// Whether PodSecurityPolicy accepted such a policy, and skipped it for every pod: its strategies could not be created.
fn was_skipped(path: &str, reason: &str) -> bool {
    let strategies = ["runAsUser.ranges", "runAsGroup.ranges", "supplementalGroups.ranges", "fsGroup.ranges"];
    let field = path.strip_prefix("spec.").unwrap_or_default();
    let demanded = strategies.contains(&field) || field == "seLinux.seLinuxOptions";
    demanded && reason.starts_with("Required value: ")
}

/// The maximum length of a label value.
const LABEL: usize = 63;

fn too_long(name: &str) -> Error {
    let reason = format_args!(
        "{name}: a namespace would choose it by the label {CHOSEN}, and the value of a label has at most {LABEL} characters; this name has {}",
        name.len()
    );
    Error::new(reason).help("rename the policy, name the grants with --rbac, or leave --per-policy out")
}

/// The relevant parts of a policy: its name, four annotations, its spec. The cluster maintains the rest.
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

/// Settings in which all policies apply as they did in the cluster.
pub(crate) fn all(policies: &[Value]) -> Map<String, Value> {
    let mut settings = Map::new();
    settings.insert("authorization".to_owned(), "RBAC".into());
    settings.insert("policies".to_owned(), policies.into());
    settings
}

/// Settings with a single policy.
fn alone(policy: &Value) -> Map<String, Value> {
    policy.as_object().cloned().unwrap_or_default()
}
