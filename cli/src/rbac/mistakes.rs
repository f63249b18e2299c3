//! Common mistakes in granting policies.

use super::{Grant, Rbac, Reach, Subject};

/// The controllers that create pods on behalf of any user.
const CONTROLLERS: &[&str] = &[
    "cronjob-controller",
    "daemon-set-controller",
    "deployment-controller",
    "job-controller",
    "replicaset-controller",
    "replication-controller",
    "statefulset-controller",
];

/// Mistakes in the grants of a policy, each with the objects involved.
pub(crate) fn mistakes(rbac: &Rbac, policy: &str) -> Vec<String> {
    let mut found = Vec::new();
    for grant in rbac.of_policy(policy) {
        for mistake in [to_everybody(grant), to_a_controller(grant), too_wide(grant)].into_iter().flatten() {
            if !found.contains(&mistake) {
                found.push(mistake);
            }
        }
    }
    found
}

fn to_everybody(grant: &Grant) -> Option<String> {
    let Grant { subject: Subject::Group(group), binding, namespace, .. } = grant else { return None };
    let reported = match (&**group, namespace) {
        ("system:serviceaccounts", None) => {
            "granted to all service accounts, so that every pod of the cluster may use it"
        }
        ("system:authenticated", _) => {
            "granted to system:authenticated, and so to everybody who creates pods, the controllers of all workloads among them"
        }
        ("system:unauthenticated", _) => {
            "granted to system:unauthenticated: to anyone who reaches the API server"
        }
        _ => return None,
    };
    Some(format!("{reported} ({binding})"))
}

fn to_a_controller(grant: &Grant) -> Option<String> {
    let account = match &grant.subject {
        Subject::ServiceAccount { namespace, name }
            if namespace == "kube-system" && CONTROLLERS.contains(&&**name) =>
        {
            name
        }
        Subject::User(name) if name == "system:kube-controller-manager" => name,
        Subject::Group(name) if name == "system:serviceaccounts:kube-system" && grant.namespace.is_none() => {
            return Some(format!(
                "granted in all namespaces to the accounts of kube-system, which are those of the controllers, so that anyone who may create workloads may use it ({})",
                grant.binding
            ));
        }
        _ => return None,
    };
    let binding = &grant.binding;
    Some(format!(
        "granted to the controller {account}, so that anyone who may create its workloads may use it ({binding})"
    ))
}

fn too_wide(grant: &Grant) -> Option<String> {
    let Grant { role, binding, .. } = grant;
    // Unrestricted access is the purpose of cluster-admin.
    if role == "ClusterRole cluster-admin" && grant.subject == Subject::Group("system:masters".to_owned()) {
        return None;
    }
    if grant.reach != Reach::Policies {
        return Some(format!(
            "granted by a wildcard of {role}, with everything else it stands for ({binding})"
        ));
    }
    let all = grant.policies.is_empty();
    all.then(|| format!("{role} names no policies, and so grants all of them ({binding})"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::input::Object;

    fn reported(rule: Value, subject: Value) -> Vec<String> {
        let role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "r"},
            "rules": [rule]});
        let binding = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
            "metadata": {"name": "b"}, "roleRef": {"kind": "ClusterRole", "name": "r"}, "subjects": [subject]});
        let rbac = Rbac::of(&[Object::of_value(&role), Object::of_value(&binding)], "default").unwrap();
        mistakes(&rbac, "p")
            .iter()
            .map(|mistake| mistake.split(' ').take(4).collect::<Vec<_>>().join(" "))
            .collect()
    }

    #[test]
    fn classic_mistakes_are_named() {
        let narrow = json!({"apiGroups": ["policy"], "resources": ["podsecuritypolicies"], "resourceNames": ["p"], "verbs": ["use"]});
        let group = |name: &str| json!({"kind": "Group", "name": name});
        let account = |namespace: &str, name: &str| json!({"kind": "ServiceAccount", "name": name, "namespace": namespace});
        assert_eq!(reported(narrow.clone(), group("system:serviceaccounts:shop")), Vec::<String>::new());
        assert_eq!(reported(narrow.clone(), group("system:serviceaccounts")), ["granted to all service"]);
        assert_eq!(
            reported(narrow.clone(), group("system:authenticated")),
            ["granted to system:authenticated, and"]
        );
        assert_eq!(
            reported(narrow, account("kube-system", "replicaset-controller")),
            ["granted to the controller"]
        );
        let narrow = json!({"apiGroups": ["policy"], "resources": ["podsecuritypolicies"], "resourceNames": ["p"], "verbs": ["use"]});
        assert_eq!(
            reported(narrow, group("system:serviceaccounts:kube-system")),
            ["granted in all namespaces"]
        );
        let any_verb = json!({"apiGroups": ["policy"], "resources": ["podsecuritypolicies"], "resourceNames": ["p"], "verbs": ["*"]});
        assert_eq!(reported(any_verb, account("shop", "web")), Vec::<String>::new());
        let wide = json!({"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]});
        assert_eq!(reported(wide, account("shop", "web")), ["granted by a wildcard"]);
        let all = json!({"apiGroups": ["policy"], "resources": ["podsecuritypolicies"], "verbs": ["use"]});
        assert_eq!(reported(all, account("shop", "web")), ["ClusterRole r names no"]);
    }
}
