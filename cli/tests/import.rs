//! Other engines' policies, migrated by the program and accepted by the module.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::needless_pass_by_value, missing_docs)]

mod common;
#[path = "../../tests/chart/crds.rs"]
mod crds;

use std::path::Path;
use std::sync::LazyLock;

use common::{data, run, run_in};
use policy_host::Policy;
use rstest::rstest;
use serde_json::{Value, json};

/// The API server accepts all that is written, and the module its settings.
fn assert_accepted(manifests: &[Value]) {
    // Made by `make policy.wasm`, and compiled once.
    static MODULE: LazyLock<Policy> = LazyLock::new(|| {
        Policy::from_file(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../policy.wasm")).unwrap()
    });
    for manifest in manifests {
        assert_eq!(crds::problems(manifest), Vec::<String>::new(), "{manifest:#}");
    }
    for manifest in
        manifests.iter().filter(|manifest| manifest["kind"].as_str().unwrap().ends_with("AdmissionPolicy"))
    {
        let host = std::sync::Arc::new(policy_host::Grants(|_: &policy_host::SubjectAccessReview| true));
        let settings = manifest["spec"]["settings"].to_string();
        let answer = MODULE.instance(host).unwrap().call("validate_settings", settings.as_bytes()).unwrap();
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        assert_eq!(answer, json!({"valid": true}), "{manifest:#}");
    }
}

fn written(stdout: &str) -> Vec<Value> {
    serde_saphyr::from_multiple(stdout).unwrap()
}

#[rstest]
#[case::kubewarden("kubewarden", &[])]
#[case::labels_of_namespaces("labels", &[])]
#[case::kyverno("kyverno", &[])]
#[case::gatekeeper("gatekeeper", &[])]
#[case::pod_security_admission("psa", &[])]
#[case::openshift("scc", &["--namespaces", "sources/namespaces.yaml"])]
fn a_source_is_migrated(#[case] source: &str, #[case] more: &[&str]) {
    let file = format!("sources/{source}.yaml");
    let ended = run(&[&["migrate", &*file], more].concat());
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_accepted(&written(&ended.stdout));
    insta::assert_snapshot!(source, format!("{}\n---- summary\n{}", ended.stdout, ended.stderr));
}

#[test]
fn what_the_corpus_becomes_is_accepted() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/import/kyverno/corpus/policies.yaml");
    let corpus = std::fs::read_to_string(corpus).unwrap();
    let policies: Vec<&str> = corpus.split("---\n").collect();
    let mut registrations = 0;
    for policy in &policies {
        let ended = run_in(&data(), &["migrate"], policy);
        assert_eq!(ended.code, Some(0), "{policy}{}", ended.stderr);
        let manifests = written(&ended.stdout);
        assert_accepted(&manifests);
        registrations += manifests.len();
    }
    assert!(registrations >= policies.len(), "{registrations} of {}", policies.len());
}

#[test]
fn what_is_inexact_fails_where_that_is_wanted() {
    for (file, expected) in [("sources/kubewarden.yaml", 1), ("sources/kubewarden-exact.yaml", 0)] {
        let folder = tempfile::tempdir().unwrap();
        let text = std::fs::read_to_string(data().join("sources/kubewarden.yaml")).unwrap();
        let documents: Vec<&str> = text.split("---\n").collect();
        let input = if file.contains("exact") { documents[0].to_owned() } else { text.clone() };
        let ended = run_in(folder.path(), &["migrate", "--strict", "--quiet"], &input);
        assert_eq!(ended.code, Some(expected), "{}", ended.stderr);
    }
}

#[test]
fn a_refused_object_stops_no_other() {
    let refused = "---\napiVersion: policies.kubewarden.io/v1\nkind: ClusterAdmissionPolicy\nmetadata: {name: bad}\nspec:\n  \
        module: x/pod-privileged:v1\n  settings: {skip_init_containers: 1}\n";
    let text = std::fs::read_to_string(data().join("sources/kubewarden.yaml")).unwrap() + refused;
    let ended = run_in(&data(), &["migrate"], &text);
    assert_eq!(ended.code, Some(2));
    assert_eq!(written(&ended.stdout).len(), 4);
    let expected = "ClusterAdmissionPolicy bad (pod-privileged): skip_init_containers is 1, not a boolean";
    assert!(ended.stderr.contains(expected), "{}", ended.stderr);
}

/// The roles of a dump are those of the cluster, wherever it is named.
#[test]
fn grants_of_constraints_come_from_the_dump_of_roles() {
    let folder = tempfile::tempdir().unwrap();
    let role = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: use-anyuid}\nrules:\n- \
        {apiGroups: [security.openshift.io], resources: [securitycontextconstraints], resourceNames: [anyuid], verbs: [use]}\n";
    let binding = "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: b, namespace: blog}\n\
        roleRef: {kind: ClusterRole, name: use-anyuid}\nsubjects: [{kind: ServiceAccount, name: writer, namespace: blog}]\n";
    std::fs::write(folder.path().join("rbac.yaml"), format!("{role}---\n{binding}")).unwrap();
    for name in ["scc.yaml", "namespaces.yaml"] {
        std::fs::copy(data().join("sources").join(name), folder.path().join(name)).unwrap();
    }
    let arguments = ["migrate", "--namespaces", "namespaces.yaml", "--rbac", "rbac.yaml", "scc.yaml"];
    let ended = run_in(folder.path(), &arguments, "");
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let objects = written(&ended.stdout);
    let binding = objects
        .iter()
        .find(|object| object["kind"] == "RoleBinding" && object["metadata"]["name"] == "psp:00-anyuid-blog");
    let writer = json!({"kind": "ServiceAccount", "name": "writer", "namespace": "blog"});
    assert!(binding.unwrap()["subjects"].as_array().unwrap().contains(&writer), "{}", ended.stdout);
    assert!(
        ended.stderr.contains("note: the policy server must be allowed to create SubjectAccessReviews"),
        "{}",
        ended.stderr
    );
}

#[test]
fn a_policy_of_a_namespace_selects_none() {
    let ended = run(&["migrate", "--kind", "AdmissionPolicy", "-n", "shop", "sources/kubewarden.yaml"]);
    assert_eq!((ended.code, &*ended.stdout), (Some(2), ""));
    assert!(
        ended.stderr.contains("selects namespaces, and an AdmissionPolicy has its own alone"),
        "{}",
        ended.stderr
    );
}

#[test]
fn only_the_wanted_sources_are_migrated() {
    let ended =
        run(&["migrate", "--from", "psa", "-o", "json", "sources/kubewarden.yaml", "sources/psa.yaml"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let list: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(list["items"].as_array().unwrap().len(), 2);
    assert!(ended.stderr.contains("note: left alone: 5 ClusterAdmissionPolicy\n"), "{}", ended.stderr);
}

#[test]
fn pods_are_counted_by_what_becomes_of_them() {
    let ended = run(&["migrate", "--pods", "manifests", "--pods", "pod.yaml", "sources/kubewarden.yaml"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let lines: Vec<&str> = ended.stderr.lines().filter(|line| line.contains("would be")).take(3).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[rstest]
#[case::by_a_dump(&["--rbac", "rbac.yaml"], "note: of 3 pods and workloads, 0 would be admitted unchanged, 2 changed, 1 rejected")]
#[case::without_one(&[], "note: of 3 pods and workloads, if everybody may use every policy, 3 would be admitted unchanged, 0 changed, 0 rejected")]
fn pods_are_counted_by_the_grants(#[case] grants: &[&str], #[case] expected: &str) {
    let ended = run(&[&["migrate", "--pods", "manifests", "psp/cluster.yaml"], grants].concat());
    assert!(ended.stderr.lines().any(|line| line == expected), "{}", ended.stderr);
}

#[test]
fn the_same_reach_leaves_workloads_out() {
    let ended = run(&["migrate", "--same-reach", "-o", "json", "sources/kubewarden.yaml"]);
    let list: Value = serde_json::from_str(&ended.stdout).unwrap();
    for manifest in list["items"].as_array().unwrap().iter().filter(|one| one["spec"]["mutating"] == false) {
        let rules = json!([{"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE", "UPDATE"]}]);
        assert_eq!(manifest["spec"]["rules"], rules);
    }
}
