use serde_json::{Value, json};

use super::*;

/// The constraints that a new cluster gives to everybody, shortened.
fn restricted(name: &str) -> Value {
    json!({"apiVersion": "security.openshift.io/v1", "kind": "SecurityContextConstraints", "metadata": {"name": name},
        "allowHostDirVolumePlugin": false, "allowHostIPC": false, "allowHostNetwork": false, "allowHostPID": false,
        "allowHostPorts": false, "allowPrivilegeEscalation": false, "allowPrivilegedContainer": false,
        "allowedCapabilities": ["NET_BIND_SERVICE"], "requiredDropCapabilities": ["ALL"], "defaultAddCapabilities": null,
        "fsGroup": {"type": "MustRunAs"}, "supplementalGroups": {"type": "RunAsAny"},
        "runAsUser": {"type": "MustRunAsRange"}, "seLinuxContext": {"type": "MustRunAs"},
        "seccompProfiles": ["runtime/default"], "readOnlyRootFilesystem": false,
        "volumes": ["configMap", "csi", "emptyDir", "vsphere"], "groups": ["system:authenticated"], "users": []})
}

fn anyuid() -> Value {
    let mut value = restricted("anyuid");
    for (field, own) in [
        ("priority", json!(10)),
        ("runAsUser", json!({"type": "RunAsAny"})),
        ("fsGroup", json!({"type": "RunAsAny"})),
        ("seLinuxContext", json!({"type": "MustRunAs", "seLinuxOptions": {"level": "s0:c1"}})),
        ("groups", json!(["system:cluster-admins"])),
        ("users", json!(["system:serviceaccount:shop:web"])),
    ] {
        value[field] = own;
    }
    value
}

fn around(rbac: &[Value]) -> Surroundings {
    let mut around = Surroundings::default();
    around.keep(&Object::of_value(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "annotations": {
        "openshift.io/sa.scc.uid-range": "1000620000/10000", "openshift.io/sa.scc.supplemental-groups": "1000620000/10000",
        "openshift.io/sa.scc.mcs": "s0:c25,c10"}}})));
    around.keep(&Object::of_value(
        &json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "plain"}}),
    ));
    around.rbac = rbac.iter().map(Object::of_value).collect();
    around
}

fn objects(values: &[Value]) -> Vec<Object> {
    values.iter().map(Object::of_value).collect()
}

#[test]
fn converts_with_the_ranges_of_each_namespace_in_openshifts_order() {
    let findings = read(&objects(&[restricted("restricted-v2"), anyuid()]), &around(&[]));
    let policies: Vec<&Value> = findings.listed.iter().map(|listed| &listed.policy).collect();
    let seccomp = json!({"seccomp.security.alpha.kubernetes.io/allowedProfileNames": "runtime/default",
        "seccomp.security.alpha.kubernetes.io/defaultProfileName": "runtime/default"});
    let expected = json!([
        {"apiVersion": "policy/v1beta1", "kind": "PodSecurityPolicy", "metadata": {"name": "00-anyuid", "annotations": seccomp},
         "spec": {"privileged": false, "hostNetwork": false, "hostPID": false, "hostIPC": false, "hostPorts": [],
            "allowPrivilegeEscalation": false, "allowedCapabilities": ["NET_BIND_SERVICE"], "requiredDropCapabilities": ["ALL"],
            "volumes": ["configMap", "csi", "emptyDir", "vsphereVolume"], "runAsUser": {"rule": "RunAsAny"},
            "seLinux": {"rule": "MustRunAs", "seLinuxOptions": {"level": "s0:c1"}},
            "fsGroup": {"rule": "RunAsAny"}, "supplementalGroups": {"rule": "RunAsAny"}}},
        {"apiVersion": "policy/v1beta1", "kind": "PodSecurityPolicy", "metadata": {"name": "01-restricted-v2-shop", "annotations": seccomp},
         "spec": {"privileged": false, "hostNetwork": false, "hostPID": false, "hostIPC": false, "hostPorts": [],
            "allowPrivilegeEscalation": false, "allowedCapabilities": ["NET_BIND_SERVICE"], "requiredDropCapabilities": ["ALL"],
            "volumes": ["configMap", "csi", "emptyDir", "vsphereVolume"],
            "runAsUser": {"rule": "MustRunAs", "ranges": [{"min": 1_000_620_000, "max": 1_000_629_999}]},
            "seLinux": {"rule": "MustRunAs", "seLinuxOptions": {"level": "s0:c25,c10"}},
            "fsGroup": {"rule": "MustRunAs", "ranges": [{"min": 1_000_620_000, "max": 1_000_620_000}]},
            "supplementalGroups": {"rule": "RunAsAny"}}}]);
    assert_eq!(json!(policies), expected);
    assert!(findings.refused.is_empty());
}

#[test]
fn grants_stay_and_those_of_a_namespace_are_for_its_policy() {
    let role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "use-anyuid"},
        "rules": [{"apiGroups": ["security.openshift.io"], "resources": ["securitycontextconstraints"], "resourceNames": ["anyuid"], "verbs": ["use"]}]});
    let binding = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "b", "namespace": "blog"},
        "roleRef": {"kind": "ClusterRole", "name": "use-anyuid"}, "subjects": [{"kind": "ServiceAccount", "name": "blog", "namespace": "blog"}]});
    let findings = read(&objects(&[restricted("restricted-v2"), anyuid()]), &around(&[role, binding]));
    let bound: Vec<Value> = findings
        .grants
        .iter()
        .filter(|grant| grant["kind"] != "ClusterRole")
        .map(|grant| json!([grant["kind"], grant["metadata"], grant["subjects"]]))
        .collect();
    let api = "rbac.authorization.k8s.io";
    let expected = json!([
        ["ClusterRoleBinding", {"name": "psp:00-anyuid"}, [{"kind": "ServiceAccount", "namespace": "shop", "name": "web"},
            {"apiGroup": api, "kind": "Group", "name": "system:cluster-admins"}]],
        ["RoleBinding", {"name": "psp:00-anyuid", "namespace": "blog"}, [{"kind": "ServiceAccount", "name": "blog", "namespace": "blog"}]],
        ["RoleBinding", {"name": "psp:01-restricted-v2-shop", "namespace": "shop"},
            [{"apiGroup": api, "kind": "Group", "name": "system:authenticated"}]]]);
    assert_eq!(json!(bound), expected);
}

#[test]
fn ranges_of_namespaces_need_namespaces() {
    let findings = read(&objects(&[restricted("restricted-v2")]), &Surroundings::default());
    assert_eq!(
        findings.refused.iter().map(|error| &*error.reason).collect::<Vec<_>>(),
        [
            "SecurityContextConstraints restricted-v2: its ranges are those of each namespace's annotations openshift.io/sa.scc.*: give the namespaces in the input or with --namespaces"
        ]
    );
}

#[test]
fn the_more_restrictive_ones_come_first() {
    let mut nonroot = anyuid();
    nonroot["metadata"]["name"] = "nonroot".into();
    nonroot["runAsUser"] = json!({"type": "MustRunAsNonRoot"});
    nonroot["priority"] = Value::Null;
    let mut privileged = anyuid();
    privileged["metadata"]["name"] = "a-privileged".into();
    privileged["allowPrivilegedContainer"] = true.into();
    privileged["priority"] = Value::Null;
    let findings = read(&objects(&[privileged, nonroot, anyuid()]), &Surroundings::default());
    let names: Vec<&str> =
        findings.listed.iter().filter_map(|listed| listed.policy["metadata"]["name"].as_str()).collect();
    assert_eq!(names, ["00-anyuid", "01-nonroot", "02-a-privileged"]);
    let inexact: Vec<&str> =
        findings.listed.iter().flat_map(|listed| &listed.inexact).map(|one| &*one.key).collect();
    assert_eq!(inexact, ["runAsUser"]);
}
