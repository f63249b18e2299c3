//! The manifests written for policies.

use serde_json::{Map, Value};

use pod_security_policy::schema::subdomain_problem;

use super::manifests::{self, CHOSEN, Kind};
use super::options::Options;
use crate::error::{Error, Errors, Outcome};
use crate::import::{Reach, requirement};
use crate::rbac::{Authority, Rbac};

/// The manifests, and the policies without one.
pub(super) struct Converted {
    pub(super) manifests: Vec<Value>,
    /// Policies that would match nothing, by name, and why.
    pub(super) left_out: Vec<(String, String)>,
}

impl Options {
    /// The manifests for policies.
    ///
    /// # Errors
    ///
    /// If a name is too long for its place.
    pub(super) fn convert(&self, policies: &[Value], authority: &Authority) -> Outcome<Converted> {
        let exempt: Vec<String> = self.exempt().map(str::to_owned).collect();
        let mut outside = Reach::default();
        outside.not_in(&exempt);
        let mut converted = Converted { manifests: Vec::new(), left_out: Vec::new() };
        let mut errors = Vec::new();
        if policies.is_empty() {
            return Ok(converted);
        }
        if !self.per_policy {
            converted.manifests = manifests::pair(&self.name, &all(policies), &outside, &self.form).into();
            return Ok(converted);
        }
        for policy in policies {
            let name = name_of(policy);
            let mut reach = outside.clone();
            match authority {
                Authority::Everybody => {
                    if name.len() > LABEL && self.form.kind == Kind::Cluster {
                        errors.push(too_long(name));
                    }
                    reach.namespaces.push(requirement(CHOSEN, "In", &[name.to_owned()]));
                }
                Authority::Dump(rbac) => match self.places(rbac, name) {
                    Ok(None) => {}
                    Ok(Some(names)) => {
                        reach = Reach::default();
                        reach.only_in(&names);
                    }
                    Err(why) => {
                        converted.left_out.push((name.to_owned(), why));
                        continue;
                    }
                },
            }
            let pair_name = format!("{}-{name}", self.name);
            if let Some(problem) = subdomain_problem(&format!("{pair_name}-validating")) {
                let reason =
                    format_args!("{name}: its registrations would be called {pair_name}-…: {problem}");
                errors.push(
                    Error::new(reason).help("choose a shorter start with --name, or leave --per-policy out"),
                );
            }
            converted.manifests.extend(manifests::pair(&pair_name, &alone(policy), &reach, &self.form));
        }
        if errors.is_empty() { Ok(converted) } else { Err(Errors(errors)) }
    }

    /// The namespaces in which a policy applies, unless it is all; why there are none.
    pub(super) fn places(&self, rbac: &Rbac, policy: &str) -> Result<Option<Vec<String>>, String> {
        let granted = rbac.namespaces(policy);
        if let Some(own) = self.form.namespace.as_ref().filter(|_| self.form.kind == Kind::Namespace) {
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

/// The maximum length of a label value.
const LABEL: usize = 63;

fn too_long(name: &str) -> Error {
    let reason = format_args!(
        "{name}: a namespace would choose it by the label {CHOSEN}, and the value of a label has at most {LABEL} characters; this name has {}",
        name.len()
    );
    Error::new(reason).help("rename the policy, name the grants with --rbac, or leave --per-policy out")
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
