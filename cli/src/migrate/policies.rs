//! The policies of the input: validated, rewritten, and without what the cluster added.

use std::collections::BTreeMap;

use pod_security_policy::schema::ProblemKind;
use serde_json::{Map, Value, json};

use super::annotations::ANNOTATIONS;
use super::rewrite::{Rewrite, Rewritten, rewrite};
use crate::error::{Error, Errors, Outcome};
use crate::import::{Source, Surroundings};
use crate::input::Object;
use crate::policies::{self, Misfit};
use crate::rbac::is_rbac;

/// The objects of a dump or a chart.
#[derive(Clone, Debug, Default)]
pub struct Sorted {
    /// The PodSecurityPolicies.
    pub policies: Vec<Object>,
    /// The number of ServiceAccounts, which are ignored.
    pub accounts: usize,
    /// Policies of other engines.
    pub(crate) foreign: Vec<Object>,
    /// What conversions may look up.
    pub around: Surroundings,
    /// All other objects: their number by kind.
    pub(crate) others: BTreeMap<String, usize>,
}

/// Separates policies from the other objects of a dump or a chart. Only policies of the given sources are converted; all, if
/// none is given.
///
/// # Errors
///
/// If there is no policy, or an object without `kind`.
pub fn sorted(objects: Vec<Object>, from: &[Source]) -> Outcome<Sorted> {
    let mut sorted = Sorted::default();
    let mut errors = Vec::new();
    let wanted = |source: Source| from.is_empty() || from.contains(&source);
    for object in objects {
        sorted.around.keep(&object);
        if object.kind == "PodSecurityPolicy" && wanted(Source::PodSecurityPolicy) {
            sorted.policies.push(object);
        } else if is_rbac(&object) {
            sorted.around.rbac.push(object);
        } else if object.kind == "ServiceAccount" && object.group().is_empty() {
            sorted.accounts += 1;
        } else if Source::of(&object).is_some_and(wanted) {
            sorted.foreign.push(object);
        } else if object.kind.is_empty() {
            let found = "expected a policy, found an object without `kind`";
            errors.push(Error::at(object.start(), found));
        } else {
            *sorted.others.entry(object.kind).or_default() += 1;
        }
    }
    if sorted.policies.is_empty() && sorted.foreign.is_empty() && errors.is_empty() {
        let kinds: Vec<&str> = sorted.others.keys().map(String::as_str).collect();
        let found = if kinds.is_empty() { String::new() } else { format!(", only {}", kinds.join(", ")) };
        let error = Error::new(format_args!("there is no policy in the input that can be migrated{found}"));
        errors.push(
            error.help(
                "kubectl get psp -o yaml, on a cluster older than 1.25; --help names what else is read",
            ),
        );
    }
    if errors.is_empty() { Ok(sorted) } else { Err(Errors(errors)) }
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
    if objects.is_empty() {
        return Ok(done);
    }
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
    for Misfit { nth, path, kind, error, .. } in policies::misfits(objects, &values) {
        match nth.and_then(|nth| skipped.get_mut(nth)) {
            Some(places) if was_skipped(&path, kind) => places.push(error),
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
fn was_skipped(path: &str, kind: ProblemKind) -> bool {
    let strategies = ["runAsUser.ranges", "runAsGroup.ranges", "supplementalGroups.ranges", "fsGroup.ranges"];
    let field = path.strip_prefix("spec.").unwrap_or_default();
    let demanded = strategies.contains(&field) || field == "seLinux.seLinuxOptions";
    demanded && kind == ProblemKind::Required
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
