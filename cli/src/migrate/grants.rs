//! The grants of a cluster as manifests of their own: a chart that drops its PodSecurityPolicies deletes their roles, too.

use serde_json::{Value, json};

use crate::error::{Error, Outcome};
use crate::rbac::{Authority, Rbac};

const API: &str = "rbac.authorization.k8s.io";

/// ClusterRoles that allow the use of one policy each, and bindings to everyone who may use it today.
///
/// Who may use everything, such as cluster-admin, goes on to and gets no binding.
///
/// # Errors
///
/// If grants are not known.
pub(super) fn manifests(policies: &[&str], authority: &Authority, prefix: &str) -> Outcome<Vec<Value>> {
    let Authority::Dump(rbac) = authority else {
        let error = Error::new("--emit-rbac writes the grants of the cluster, and the input holds none");
        return Err(error
            .help("kubectl get clusterroles,roles,clusterrolebindings,rolebindings -A -o yaml > rbac.yaml, then --rbac rbac.yaml")
            .into());
    };
    Ok(policies.iter().flat_map(|policy| of_policy(policy, rbac, prefix)).collect())
}

fn of_policy(policy: &str, rbac: &Rbac, prefix: &str) -> Vec<Value> {
    let name = format!("{prefix}:{policy}");
    let places = rbac.subjects(policy);
    if places.is_empty() {
        return Vec::new();
    }
    let role = json!({
        "apiVersion": format!("{API}/v1"), "kind": "ClusterRole", "metadata": {"name": name},
        "rules": [{
            "apiGroups": ["policy"], "resources": ["podsecuritypolicies"], "resourceNames": [policy], "verbs": ["use"],
        }],
    });
    let bindings = places.into_iter().map(|(namespace, subjects)| {
        let (kind, metadata) = match namespace {
            Some(namespace) => ("RoleBinding", json!({"name": name, "namespace": namespace})),
            None => ("ClusterRoleBinding", json!({"name": name})),
        };
        json!({
            "apiVersion": format!("{API}/v1"), "kind": kind, "metadata": metadata,
            "roleRef": {"apiGroup": API, "kind": "ClusterRole", "name": name},
            "subjects": subjects,
        })
    });
    std::iter::once(role).chain(bindings).collect()
}
