//! Who may use the policies: those who might use the constraints.

use serde_json::{Value, json};

use super::Policy;
use crate::input::Object;

const API: &str = "rbac.authorization.k8s.io";

/// Subjects who may use some constraints, in one namespace or in all.
struct Grant {
    /// The names of the constraints; `None` for all.
    names: Option<Vec<String>>,
    namespace: Option<String>,
    subjects: Vec<Value>,
}

/// Roles that allow the use of one policy each, and their bindings.
pub(super) fn of(policies: &[Policy], constraints: &[(&Object, Value)], rbac: &[Object]) -> Vec<Value> {
    let mut grants: Vec<Grant> = constraints.iter().map(|(object, value)| own(object, value)).collect();
    let values: Vec<(&Object, Value)> = rbac.iter().map(|object| (object, object.value())).collect();
    for (object, value) in values.iter().filter(|(object, _)| object.kind.ends_with("Binding")) {
        let text = |path: &str| value.pointer(path).and_then(Value::as_str).unwrap_or_default();
        let (kind, name) = (text("/roleRef/kind"), text("/roleRef/name"));
        let role = values.iter().find(|(role, _)| {
            role.kind == kind
                && role.name == name
                && (kind == "ClusterRole" || role.namespace == object.namespace)
        });
        let Some(names) = role.and_then(|(_, role)| usable(role)) else { continue };
        let subjects = value.get("subjects").and_then(Value::as_array).cloned().unwrap_or_default();
        grants.push(Grant { names, namespace: object.namespace.clone(), subjects });
    }
    policies.iter().flat_map(|policy| manifests(policy, &grants)).collect()
}

/// The users and groups that constraints name themselves.
fn own(object: &Object, value: &Value) -> Grant {
    let names = |field: &str| {
        value.get(field).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
    };
    let subject = |kind: &str, name: &str| json!({"apiGroup": API, "kind": kind, "name": name});
    let users = names("users").map(|name| {
        match name.strip_prefix("system:serviceaccount:").and_then(|rest| rest.split_once(':')) {
            Some((namespace, name)) => {
                json!({"kind": "ServiceAccount", "namespace": namespace, "name": name})
            }
            None => subject("User", name),
        }
    });
    let groups = names("groups").map(|name| subject("Group", name));
    Grant { names: Some(vec![object.name.clone()]), namespace: None, subjects: users.chain(groups).collect() }
}

/// The constraints that a role allows the use of; `Some(None)` for all of them. Who may use everything goes on to.
fn usable(role: &Value) -> Option<Option<Vec<String>>> {
    let rules = role.get("rules").and_then(Value::as_array)?;
    let mut names: Vec<String> = Vec::new();
    let mut is_granted = false;
    for rule in rules {
        let has = |field: &str, wanted: &str| {
            let list = rule.get(field).and_then(Value::as_array).into_iter().flatten();
            list.filter_map(Value::as_str).any(|name| name == wanted || name == "*")
        };
        if !has("apiGroups", "security.openshift.io")
            || !has("resources", "securitycontextconstraints")
            || !has("verbs", "use")
        {
            continue;
        }
        if has("apiGroups", "policy") && has("resources", "podsecuritypolicies") {
            continue;
        }
        let own: Vec<&str> = rule
            .get("resourceNames")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        if own.is_empty() {
            return Some(None);
        }
        is_granted = true;
        names.extend(own.into_iter().map(str::to_owned));
    }
    is_granted.then_some(Some(names))
}

/// The role of a policy and a binding for each place where it is granted.
fn manifests(policy: &Policy, grants: &[Grant]) -> Vec<Value> {
    let mut places: Vec<(Option<&String>, Vec<&Value>)> = Vec::new();
    for grant in grants {
        let names_it = grant.names.as_ref().is_none_or(|names| names.contains(&policy.of));
        let place = match (&grant.namespace, &policy.namespace) {
            (Some(granted), Some(own)) if granted != own => continue,
            (granted, own) => granted.as_ref().or(own.as_ref()),
        };
        if !names_it || grant.subjects.is_empty() {
            continue;
        }
        match places.iter_mut().find(|(known, _)| *known == place) {
            Some((_, subjects)) => {
                let more =
                    grant.subjects.iter().filter(|subject| !subjects.contains(subject)).collect::<Vec<_>>();
                subjects.extend(more);
            }
            None => places.push((place, grant.subjects.iter().collect())),
        }
    }
    if places.is_empty() {
        return Vec::new();
    }
    let name = format!("psp:{}", policy.name);
    let role = json!({
        "apiVersion": format!("{API}/v1"), "kind": "ClusterRole", "metadata": {"name": name},
        "rules": [{"apiGroups": ["policy"], "resources": ["podsecuritypolicies"], "resourceNames": [policy.name], "verbs": ["use"]}],
    });
    let bindings = places.into_iter().map(|(namespace, subjects)| {
        let (kind, metadata) = match namespace {
            Some(namespace) => ("RoleBinding", json!({"name": name, "namespace": namespace})),
            None => ("ClusterRoleBinding", json!({"name": name})),
        };
        json!({"apiVersion": format!("{API}/v1"), "kind": kind, "metadata": metadata,
            "roleRef": {"apiGroup": API, "kind": "ClusterRole", "name": name}, "subjects": subjects})
    });
    std::iter::once(role).chain(bindings).collect()
}
