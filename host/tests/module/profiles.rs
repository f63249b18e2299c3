//! The shipped profiles, the published policies of the same names, and the registrations around the pod.

use std::collections::BTreeSet;

use rstest::rstest;
use serde_json::{Value, json};

use crate::harness::{ask, create, pod, problem, secured};
use crate::manifests::{read, registered};

#[rstest]
#[case::privileged("privileged", [None, None])]
#[case::baseline("baseline", [None, Some(r#"violates PodSecurity "baseline:v1.37": host namespaces (hostPID=true)"#)])]
#[case::restricted("restricted", [
    Some(r#"violates PodSecurity "restricted:v1.37": allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")"#),
    Some(r#"violates PodSecurity "restricted:v1.37": host namespaces (hostPID=true), allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")"#),
])]
fn a_profile_holds_pods_to_its_level(#[case] level: &str, #[case] expected: [Option<&str>; 2]) {
    let manifest = read(&format!("manifests/profiles/{level}.yaml"));
    let settings = &manifest["spec"]["settings"];
    // A pinned version: a newer release of the policy requires nothing more of users of the profile.
    let pinned =
        json!({"kubernetesVersion": "1.37", "podSecurityStandards": {"enforce": format!("{level}:v1.37")}});
    assert_eq!((problem(settings), settings), (None, &pinned));
    let pods = [pod(json!({})), pod(json!({"hostPID": true}))];
    for (pod, expected) in pods.into_iter().zip(expected) {
        let verdict = ask(settings, &create(pod));
        assert_eq!((verdict.rejection.as_deref(), &verdict.patch), (expected, &json!([])));
    }
}

#[test]
fn a_profile_is_registered_as_the_validating_policy_is() {
    let validating = read("manifests/validating.yaml");
    for level in ["privileged", "baseline", "restricted"] {
        let manifest = read(&format!("manifests/profiles/{level}.yaml"));
        assert_eq!(manifest["metadata"]["name"], format!("pod-security-{level}"));
        for same in [
            "module",
            "policyServer",
            "mode",
            "mutating",
            "failurePolicy",
            "backgroundAudit",
            "timeoutSeconds",
            "contextAwareResources",
            "namespaceSelector",
            "rules",
        ] {
            assert_eq!(manifest["spec"][same], validating["spec"][same], "{level}: {same}");
        }
    }
}

#[rstest]
// The API server keeps labels that are sent to either subresource.
#[case::namespaces("namespaces", true,
    &["/namespaces CREATE", "/namespaces UPDATE", "/namespaces/finalize UPDATE", "/namespaces/status UPDATE"])]
#[case::volumes("persistent-volumes", false, &["/persistentvolumes CREATE", "/persistentvolumes UPDATE"])]
#[case::claims("resource-claims", false, &["resource.k8s.io/resourceclaims CREATE", "resource.k8s.io/resourceclaims UPDATE",
    "resource.k8s.io/resourceclaimtemplates CREATE", "resource.k8s.io/resourceclaimtemplates UPDATE"])]
fn what_surrounds_the_pod_has_registrations_of_its_own(
    #[case] name: &str,
    #[case] mutating: bool,
    #[case] rules: &[&str],
) {
    let manifest = read(&format!("manifests/{name}.yaml"));
    let spec = &manifest["spec"];
    assert_eq!(problem(&spec["settings"]), None);
    assert_eq!(
        registered(&spec["rules"]),
        rules.iter().map(|rule| (*rule).to_owned()).collect::<BTreeSet<_>>()
    );
    assert_eq!(
        (&spec["mutating"], &spec["failurePolicy"], &spec["backgroundAudit"]),
        (&json!(mutating), &json!("Ignore"), &json!(false))
    );
    assert_eq!(spec["module"], read("manifests/validating.yaml")["spec"]["module"]);
}

#[test]
fn volumes_are_judged_by_the_policies_of_the_pair() {
    let (volumes, pair) = (read("manifests/persistent-volumes.yaml"), read("manifests/validating.yaml"));
    assert_eq!(volumes["spec"]["settings"]["policies"], pair["spec"]["settings"]["policies"]);
}

#[test]
fn new_namespaces_get_the_labels_of_the_manifest() {
    let manifest = read("manifests/namespaces.yaml");
    let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}});
    let labels = json!({
        "pod-security.kubernetes.io/enforce": "baseline",
        "pod-security.kubernetes.io/warn": "restricted",
        "pod-security.kubernetes.io/audit": "restricted",
    });
    ask(&manifest["spec"]["settings"], &create(object))
        .writes(json!([{"op": "add", "path": "/metadata/labels", "value": labels}]));
}

/// Requests without a compared change are never sent.
#[test]
fn namespaces_are_sent_where_a_label_that_counts_differs() {
    let spec = &read("manifests/namespaces.yaml")["spec"];
    let condition = spec["matchConditions"][0]["expression"].as_str().unwrap();
    let settings = &spec["settings"]["namespaceLabels"];
    let guarded =
        settings["guard"].as_array().unwrap().iter().map(|label| label.as_str().unwrap().to_owned());
    let modes = ["enforce", "warn", "audit"].into_iter().flat_map(|mode| {
        let label = format!("pod-security.kubernetes.io/{mode}");
        [format!("{label}-version"), label]
    });
    for label in modes.chain(guarded) {
        assert!(condition.contains(&format!("'{label}'")), "{label}");
    }
}

#[test]
fn administrators_alone_give_access_to_the_devices_of_others() {
    let settings = &read("manifests/namespaces.yaml")["spec"]["settings"];
    let labels = json!({"pod-security.kubernetes.io/enforce": "baseline", "pod-security.kubernetes.io/warn": "restricted",
        "pod-security.kubernetes.io/audit": "restricted", "resource.kubernetes.io/admin-access": "true"});
    let mut request = create(
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "gpu", "labels": labels}}),
    );
    let rejection = ask(settings, &request).rejection.unwrap();
    assert!(
        rejection.starts_with("metadata.labels[resource.kubernetes.io/admin-access]: Forbidden: "),
        "{rejection}"
    );
    request["userInfo"] = json!({"username": "root", "groups": ["system:masters"]});
    ask(settings, &request).passes();
}

fn published(name: &str) -> Value {
    let settings = read(&format!("examples/psp/{name}.yaml"));
    assert_eq!((problem(&settings), &settings["metadata"]["name"]), (None, &json!(name)));
    settings
}

#[test]
fn the_published_policy_privileged_lets_everything_pass() {
    let spec = json!({"hostPID": true, "hostNetwork": true, "volumes": [{"name": "v", "hostPath": {"path": "/"}}],
        "containers": [{"name": "c", "securityContext": {"privileged": true, "capabilities": {"add": ["SYS_ADMIN"]}}}]});
    let verdict = ask(&published("privileged"), &create(pod(spec)));
    verdict.passes();
    assert_eq!(verdict.winner(), "privileged");
}

#[test]
fn the_published_policy_baseline_adds_a_profile_and_refuses_privileges() {
    let profile = json!({"appArmorProfile": {"type": "RuntimeDefault"}});
    ask(&published("baseline"), &create(pod(json!({}))))
        .writes(json!([{"op": "add", "path": "/spec/containers/0/securityContext", "value": profile}]));
    ask(&published("baseline"), &create(secured(json!({"privileged": true})))).is_rejected(
        "spec.containers[0].securityContext.privileged: Invalid value: true: Privileged containers are not allowed",
    );
}

#[test]
fn the_published_policy_restricted_fills_in_what_it_demands() {
    let container = json!({
        "allowPrivilegeEscalation": false, "appArmorProfile": {"type": "RuntimeDefault"},
        "capabilities": {"drop": ["ALL"]}, "runAsNonRoot": true,
    });
    let context =
        json!({"fsGroup": 1, "seccompProfile": {"type": "RuntimeDefault"}, "supplementalGroups": [1]});
    ask(&published("restricted"), &create(pod(json!({})))).writes(json!([
        {"op": "add", "path": "/spec/containers/0/securityContext", "value": container},
        {"op": "add", "path": "/spec/securityContext", "value": context},
    ]));
    ask(&published("restricted"), &create(secured(json!({"runAsUser": 0})))).is_rejected(
        "spec.containers[0].securityContext.runAsUser: Invalid value: 0: running with the root UID is forbidden",
    );
}

/// A pod that one of the published policies admits need not satisfy the level of that name.
#[test]
fn a_published_policy_and_the_level_of_its_name_differ() {
    let host_process =
        json!({"capabilities": {"add": ["NET_RAW"]}, "appArmorProfile": {"type": "RuntimeDefault"}});
    ask(&published("baseline"), &create(secured(host_process.clone()))).passes();
    ask(&json!({"podSecurityStandards": {"enforce": "baseline"}}), &create(secured(host_process))).is_rejected(
        r#"violates PodSecurity "baseline:latest": non-default capabilities (container "c" must not include "NET_RAW" in securityContext.capabilities.add)"#,
    );
    let port = json!({"allowPrivilegeEscalation": false, "runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"},
        "capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}});
    ask(&json!({"podSecurityStandards": {"enforce": "restricted"}}), &create(secured(port.clone()))).passes();
    let verdict = ask(&published("restricted"), &create(secured(port)));
    assert_eq!(
        verdict.rejection.as_deref(),
        Some(
            "spec.containers[0].securityContext.capabilities.add: Invalid value: \"NET_BIND_SERVICE\": capability may not be added"
        )
    );
}
