//! What `migrate` does so that a rollout cannot stop a cluster.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;

use common::{data, run, run_in};
use rstest::rstest;
use serde_json::{Value, json};

/// The objects that are written, and the summary.
fn migrated(arguments: &[&str]) -> (Vec<Value>, String) {
    let ended = run(&[&["migrate", "-o", "json"], arguments].concat());
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let list: Value = serde_json::from_str(&ended.stdout).unwrap();
    (list["items"].as_array().unwrap().clone(), ended.stderr)
}

#[rstest]
#[case::by_default(&[], ["monitor", "Ignore"])]
#[case::to_protect(&["--mode", "protect"], ["protect", "Fail"])]
fn manifests_stop_nothing_unless_told_to(#[case] arguments: &[&str], #[case] expected: [&str; 2]) {
    let (manifests, _) = migrated(&[arguments, &["psp.yaml"]].concat());
    for manifest in manifests {
        let spec = &manifest["spec"];
        assert_eq!([&spec["mode"], &spec["failurePolicy"]], expected, "{manifest}");
    }
}

#[test]
fn the_summary_ends_with_the_commands_in_their_order() {
    let (_, summary) = migrated(&["--name", "psp", "psp.yaml"]);
    let wait = |name: &str| {
        format!(
            "kubectl wait clusteradmissionpolicy {name} --for=jsonpath='{{.status.mode}}'=protect --timeout=5m && \
             kubectl wait clusteradmissionpolicy {name} --for=condition=PolicyUniquelyReachable --timeout=5m"
        )
    };
    let protect = |name: &str| {
        format!(
            "kubectl patch clusteradmissionpolicy {name} --type merge --patch '{{\"spec\":{{\"mode\":\"protect\"}}}}'"
        )
    };
    let expected = [
        format!("note: 1. fill in defaults: {}", protect("psp-mutating")),
        format!("note: 2. wait until the policy server does so: {}", wait("psp-mutating")),
        format!("note: 3. reject: {}", protect("psp-validating")),
        format!("note: 4. wait until the policy server does so: {}", wait("psp-validating")),
        "note: 5. also reject while the policy server is down: then no pod starts: kubectl patch clusteradmissionpolicy \
         psp-mutating psp-validating --type merge --patch '{\"spec\":{\"failurePolicy\":\"Fail\"}}'"
            .to_owned(),
        "note: undo, at any time, without a policy server: kubectl delete clusteradmissionpolicy \
         psp-validating --ignore-not-found && kubectl delete clusteradmissionpolicy psp-mutating --ignore-not-found"
            .to_owned(),
    ];
    let lines: Vec<&str> = summary.lines().collect();
    assert_eq!(lines[lines.len() - 6..], expected);
}

#[test]
fn without_grants_it_says_what_would_be_rejected() {
    let unknown = "warning: no grants are in the input: in protect mode a pod is rejected outside of kube-system unless its \
                   account or its author may use one of these policies; where the roles went with PodSecurityPolicy, that \
                   is every pod: see them with --rbac, keep them with --emit-rbac, or start from manifests/rbac.yaml\n";
    let none = "warning: no subject may use any of these policies: in protect mode every pod is rejected outside of \
                kube-system; manifests/rbac.yaml shows what to grant\n";
    let (_, summary) = migrated(&["psp.yaml"]);
    assert!(summary.contains(unknown) && !summary.contains(none), "{summary}");
    let (_, summary) = migrated(&["psp/cluster.yaml", "--rbac", "rbac.yaml"]);
    assert!(!summary.contains(unknown) && !summary.contains(none), "{summary}");
    let role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "r"}});
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("role.json"), role.to_string()).unwrap();
    let file = data().join("psp.yaml").display().to_string();
    let ended = run_in(folder.path(), &["migrate", "--rbac", "role.json", &file], "");
    assert!(ended.stderr.contains(none), "{}", ended.stderr);
}

/// The roles and bindings of the dump, for the policies that they grant, and without those who may use everything.
fn grants() -> Value {
    const API: &str = "rbac.authorization.k8s.io";
    let role = |policy: &str| {
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
            "metadata": {"name": format!("pod-security-policy:{policy}")}, "rules": [{"apiGroups": ["policy"],
            "resources": ["podsecuritypolicies"], "resourceNames": [policy], "verbs": ["use"]}]})
    };
    let refers = |policy: &str| json!({"apiGroup": API, "kind": "ClusterRole", "name": format!("pod-security-policy:{policy}")});
    json!([
        role("baseline"),
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
            "metadata": {"name": "pod-security-policy:baseline"}, "roleRef": refers("baseline"),
            "subjects": [{"apiGroup": API, "kind": "Group", "name": "system:serviceaccounts"}]},
        role("privileged"),
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
            "metadata": {"name": "pod-security-policy:privileged", "namespace": "kube-system"},
            "roleRef": refers("privileged"), "subjects": [
                {"apiGroup": API, "kind": "Group", "name": "system:serviceaccounts:kube-system"},
                {"kind": "ServiceAccount", "name": "daemon-set-controller", "namespace": "kube-system"},
                {"apiGroup": API, "kind": "User", "name": "alice"}]},
    ])
}

#[test]
fn grants_become_manifests_of_their_own_that_come_first() {
    let (all, _) = migrated(&["--rbac", "rbac.yaml", "--emit-rbac", "psp/cluster.yaml"]);
    let (alone, _) = migrated(&["--rbac", "rbac.yaml", "psp/cluster.yaml"]);
    let expected: Vec<Value> = grants().as_array().unwrap().iter().chain(&alone).cloned().collect();
    assert_eq!(all, expected);
}

#[test]
fn grants_are_one_file_of_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let at = |file: &str| data().join(file).display().to_string();
    let (dump, policies) = (at("rbac.yaml"), at("psp/cluster.yaml"));
    let arguments = ["migrate", "--rbac", &dump, "--emit-rbac", "--output-dir", "out", &policies];
    let ended = run_in(folder.path(), &arguments, "");
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let text = fs::read_to_string(folder.path().join("out/pod-security-policy-rbac.yaml")).unwrap();
    let written: Vec<Value> = serde_saphyr::from_multiple(&text).unwrap();
    assert_eq!(json!(written), grants());
    assert_eq!(fs::read_dir(folder.path().join("out")).unwrap().count(), 3);
}

#[test]
fn grants_that_are_not_known_cannot_be_written() {
    let ended = run(&["migrate", "--emit-rbac", "psp.yaml"]);
    assert_eq!((ended.code, &*ended.stdout), (Some(2), ""));
    let expected = "error: --emit-rbac writes the grants of the cluster, and the input holds none\n";
    assert!(ended.stderr.starts_with(expected), "{}", ended.stderr);
}

#[test]
fn distributions_stand_for_their_namespaces() {
    let (manifests, summary) = migrated(&["--exempt-namespaces", "@eks,shop,kube-system", "psp.yaml"]);
    let names = ["amazon-cloudwatch", "amazon-guardduty", "kube-system", "shop"];
    for manifest in manifests {
        assert_eq!(manifest["spec"]["namespaceSelector"]["matchExpressions"][0]["values"], json!(names));
    }
    assert!(summary.contains(&format!("note: not judged: {}, so that", names.join(", "))), "{summary}");
    let ended = run(&["migrate", "--exempt-namespaces", "@k3s", "psp.yaml"]);
    let expected = "error: invalid value '@k3s' for '--exempt-namespaces <NAMES>': there is no list @k3s; there are @kubeadm, @rke2, @rancher, @eks, @gke, @aks";
    assert!(ended.stderr.starts_with(expected), "{}", ended.stderr);
}

#[test]
fn kubewardens_namespace_is_included_by_the_validating_half() {
    let (manifests, _) = migrated(&["--include-kubewarden-namespace", "psp.yaml"]);
    let included: Vec<&Value> = manifests
        .iter()
        .map(|manifest| &manifest["spec"]["allowInsideAdmissionControllerNamespace"])
        .collect();
    assert_eq!(included, [&Value::Null, &json!(true)]);
}
