//! Resources: what the API server calls the objects of a kind.

use serde_json::Value;

/// A resource, and its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Resource {
    group: String,
    version: String,
    /// `deployments`
    plural: String,
    /// `Deployment`
    pub(super) kind: String,
    pub(super) is_namespaced: bool,
}

impl Resource {
    fn new(group: &str, version: &str, plural: &str, kind: &str) -> Self {
        let [group, version, plural, kind] = [group, version, plural, kind].map(str::to_owned);
        Resource { group, version, plural, kind, is_namespaced: true }
    }

    fn of_cluster(self) -> Self {
        Resource { is_namespaced: false, ..self }
    }

    /// Pods, and what Kubernetes itself makes them from.
    pub(super) fn of_pods() -> Vec<Self> {
        [
            ("", "pods", "Pod"),
            ("apps", "deployments", "Deployment"),
            ("apps", "statefulsets", "StatefulSet"),
            ("apps", "daemonsets", "DaemonSet"),
            ("apps", "replicasets", "ReplicaSet"),
            ("batch", "cronjobs", "CronJob"),
            ("batch", "jobs", "Job"),
            ("", "replicationcontrollers", "ReplicationController"),
            ("", "podtemplates", "PodTemplate"),
        ]
        .map(|(group, plural, kind)| Resource::new(group, "v1", plural, kind))
        .into()
    }

    /// Namespaces.
    pub(super) fn of_namespaces() -> Self {
        Resource::new("", "v1", "namespaces", "Namespace").of_cluster()
    }

    /// Kubewarden's registrations.
    pub(super) fn of_registrations() -> Vec<Self> {
        let of = |plural, kind| Resource::new("policies.kubewarden.io", "v1", plural, kind);
        vec![
            of("clusteradmissionpolicies", "ClusterAdmissionPolicy").of_cluster(),
            of("admissionpolicies", "AdmissionPolicy"),
        ]
    }

    /// Roles and bindings.
    pub(super) fn of_rbac() -> Vec<Self> {
        let of = |plural, kind| Resource::new("rbac.authorization.k8s.io", "v1", plural, kind);
        vec![
            of("clusterroles", "ClusterRole").of_cluster(),
            of("roles", "Role"),
            of("clusterrolebindings", "ClusterRoleBinding").of_cluster(),
            of("rolebindings", "RoleBinding"),
        ]
    }

    /// The resource of a kind in an `APIResourceList`.
    pub(super) fn in_list(list: &Value, kind: &str) -> Option<Self> {
        let group_version = list.get("groupVersion")?.as_str()?;
        let (group, version) = group_version.split_once('/').unwrap_or(("", group_version));
        let resources = list.get("resources")?.as_array()?;
        let text = |resource: &Value, key: &str| {
            resource.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        // A name with a slash is a subresource.
        let found = resources
            .iter()
            .find(|resource| text(resource, "kind") == kind && !text(resource, "name").contains('/'))?;
        let is_namespaced = found.get("namespaced") == Some(&Value::Bool(true));
        Some(Resource { is_namespaced, ..Resource::new(group, version, &text(found, "name"), kind) })
    }

    /// The path of the list, in one namespace or in all.
    pub(super) fn path(&self, namespace: Option<&str>) -> String {
        let Resource { group, version, plural, .. } = self;
        let root =
            if group.is_empty() { format!("/api/{version}") } else { format!("/apis/{group}/{version}") };
        match namespace.filter(|_| self.is_namespaced) {
            Some(namespace) => format!("{root}/namespaces/{namespace}/{plural}"),
            None => format!("{root}/{plural}"),
        }
    }

    /// As `kubectl auth can-i` takes it: `deployments.apps`
    pub(super) fn name(&self) -> String {
        if self.group.is_empty() { self.plural.clone() } else { format!("{}.{}", self.plural, self.group) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_are_those_of_the_api() {
        let [pods, deployments] = [&Resource::of_pods()[0], &Resource::of_pods()[1]];
        assert_eq!(pods.path(None), "/api/v1/pods");
        assert_eq!(pods.path(Some("shop")), "/api/v1/namespaces/shop/pods");
        assert_eq!(deployments.path(Some("shop")), "/apis/apps/v1/namespaces/shop/deployments");
        assert_eq!(deployments.name(), "deployments.apps");
        let registrations = &Resource::of_registrations()[0];
        assert_eq!(
            registrations.path(Some("shop")),
            "/apis/policies.kubewarden.io/v1/clusteradmissionpolicies"
        );
    }

    #[test]
    fn kinds_are_found_in_lists_of_resources() {
        let list = json!({"groupVersion": "argoproj.io/v1alpha1", "resources": [
            {"name": "rollouts/status", "kind": "Rollout", "namespaced": true},
            {"name": "rollouts", "kind": "Rollout", "namespaced": true}]});
        assert_eq!(
            Resource::in_list(&list, "Rollout"),
            Some(Resource::new("argoproj.io", "v1alpha1", "rollouts", "Rollout"))
        );
        assert_eq!(Resource::in_list(&list, "Rolloud"), None);
    }
}
