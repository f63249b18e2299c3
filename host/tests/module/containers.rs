//! Edge cases: every list of containers, and updates.

use rstest::rstest;
use serde_json::{Value, json};

use crate::harness::{
    annotated, ask, ask_granting, create, debug, listed, pod, problem, psp, secured, update, with_ephemeral,
};

const PRIVILEGED: &str =
    "securityContext.privileged: Invalid value: true: Privileged containers are not allowed";

fn privileged(name: &str) -> Value {
    json!({"name": name, "securityContext": {"privileged": true}})
}

#[test]
fn s11_an_ephemeral_container_is_judged_when_it_is_added() {
    let old = pod(json!({}));
    let request = debug(old.clone(), with_ephemeral(old, json!([privileged("e")])));
    ask(&psp(json!({})), &request).is_rejected(&format!("spec.ephemeralContainers[0].{PRIVILEGED}"));
}

#[test]
fn s11_defaults_are_written_into_new_ephemeral_containers_only() {
    let old = with_ephemeral(pod(json!({})), json!([{"name": "old"}]));
    let new = with_ephemeral(old.clone(), json!([{"name": "old"}, {"name": "new"}]));
    ask(&psp(json!({"readOnlyRootFilesystem": true})), &debug(old, new)).writes(json!([
        {"op": "add", "path": "/spec/ephemeralContainers/1/securityContext", "value": {"readOnlyRootFilesystem": true}}]));
}

#[rstest]
#[case::init("initContainers", json!([privileged("i")]))]
#[case::sidecar("initContainers", json!([{"name": "s", "restartPolicy": "Always", "securityContext": {"privileged": true}}]))]
#[case::regular("containers", json!([privileged("c")]))]
#[case::ephemeral("ephemeralContainers", json!([privileged("e")]))]
fn s12_all_lists_count(#[case] list: &str, #[case] containers: Value) {
    let request = create(pod(json!({list: containers})));
    ask(&psp(json!({})), &request).is_rejected(&format!("spec.{list}[0].{PRIVILEGED}"));
}

#[test]
fn s12_all_lists_are_filled_in() {
    let settings = psp(json!({"readOnlyRootFilesystem": true}));
    let request =
        create(pod(json!({"initContainers": [{"name": "i"}, {"name": "s", "restartPolicy": "Always"}]})));
    let value = json!({"readOnlyRootFilesystem": true});
    ask(&settings, &request).writes(json!([
        {"op": "add", "path": "/spec/containers/0/securityContext", "value": value},
        {"op": "add", "path": "/spec/initContainers/0/securityContext", "value": value},
        {"op": "add", "path": "/spec/initContainers/1/securityContext", "value": value}]));
}

/// A pod that no policy would admit now, being deleted.
fn violating() -> Value {
    let mut pod = secured(json!({"privileged": true}));
    pod["metadata"]["finalizers"] = json!(["a", "b"]);
    pod["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    pod
}

#[test]
fn s13_a_finalizer_can_be_removed_from_any_pod() {
    let mut new = violating();
    new["metadata"]["finalizers"] = json!(["b"]);
    new["metadata"]["ownerReferences"] = json!([{"name": "o"}]);
    new["metadata"]["managedFields"] = json!([{"manager": "m"}]);
    ask(&psp(json!({})), &update(violating(), new)).passes();
}

#[test]
fn s13_a_deletion_that_has_begun_excuses_nothing() {
    let mut new = violating();
    new["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    new["spec"]["containers"][0]["image"] = json!("other");
    ask(&psp(json!({})), &update(violating(), new)).is_rejected(&format!("spec.containers[0].{PRIVILEGED}"));
}

#[test]
fn s14_an_update_is_never_mutated_but_reported_what_is_missing() {
    let mut new = pod(json!({}));
    new["spec"]["containers"][0]["image"] = json!("j");
    ask(
        &psp(json!({"readOnlyRootFilesystem": true, "requiredDropCapabilities": ["ALL"]})),
        &update(pod(json!({})), new),
    )
    .is_rejected(
        "would have to be changed: spec.containers[0].securityContext.capabilities.drop = [\"ALL\"]; \
         would have to be changed: spec.containers[0].securityContext.readOnlyRootFilesystem = true",
    );
}

#[rstest]
#[case::image(json!({"image": "j"}), json!({}))]
#[case::annotation(json!({}), json!({"container.apparmor.security.beta.kubernetes.io/c": "unconfined"}))]
fn s14_what_may_change_on_an_update_is_judged(#[case] container: Value, #[case] annotations: Value) {
    let old = secured(json!({"privileged": true}));
    let mut new = annotated(old.clone(), annotations);
    new["spec"]["containers"][0]["image"] = container["image"].clone();
    ask(&psp(json!({})), &update(old, new)).is_rejected(&format!("spec.containers[0].{PRIVILEGED}"));
}

#[test]
fn s15_the_winners_name_is_overwritten_on_create_and_a_hint_on_update() {
    let settings = listed("None", &[("a", json!({})), ("b", json!({"privileged": true}))]);
    let spoofed =
        |name: &str| annotated(secured(json!({"privileged": true})), json!({"kubernetes.io/psp": name}));
    let created = ask(&settings, &create(spoofed("a")));
    created
        .writes(json!([{"op": "replace", "path": "/metadata/annotations/kubernetes.io~1psp", "value": "b"}]));
    assert_eq!(created.winner(), "b");
    // It refers to a policy, and grants nothing.
    let mut new = spoofed("a");
    new["spec"]["containers"][0]["image"] = json!("other");
    let updated = ask(&settings, &update(spoofed("b"), new));
    updated.passes();
    assert_eq!(updated.winner(), "b");
}

#[test]
fn s15_nothing_is_written_without_a_list() {
    ask(&psp(json!({})), &create(annotated(pod(json!({})), json!({"kubernetes.io/psp": "x"})))).passes();
}

#[rstest]
#[case::deadline(json!({"activeDeadlineSeconds": 5}))]
#[case::tolerations(json!({"tolerations": [{"operator": "Exists"}]}))]
#[case::gates(json!({"schedulingGates": []}))]
fn s17_a_pod_that_conforms_may_change_what_is_not_governed(#[case] change: Value) {
    ask(&psp(json!({})), &update(pod(json!({})), pod(change))).passes();
}

#[test]
fn s38_a_mirror_pod_is_judged_as_any_other() {
    let settings = listed("RBAC", &[("a", json!({"hostNetwork": true}))]);
    let mut mirror = annotated(
        pod(json!({"hostNetwork": true})),
        json!({"kubernetes.io/config.mirror": "x", "kubernetes.io/psp": "a"}),
    );
    mirror["spec"]["serviceAccountName"] = json!("");
    let mut request = create(mirror);
    request["userInfo"] = json!({"username": "system:node:n1", "groups": ["system:nodes"]});
    let (verdict, asked) = ask_granting(&[("system:nodes", "a")], &settings, &request);
    verdict.passes();
    assert_eq!(asked, ["system:node:n1 policy a"]);
    let (verdict, _) = ask_granting(&[], &settings, &request);
    verdict.is_rejected("no PodSecurityPolicy admits this pod: none may be used by user \"system:node:n1\" in namespace \"shop\"");
}

#[test]
fn a_shared_process_namespace_is_no_field_of_the_policy() {
    ask(&psp(json!({})), &create(pod(json!({"shareProcessNamespace": true})))).passes();
}

#[rstest]
#[case::regular("containers")]
#[case::init("initContainers")]
fn on_the_host_network_every_port_is_one_of_the_host(#[case] list: &str) {
    let request = create(pod(
        json!({"hostNetwork": true, list: [{"name": "c", "ports": [{"containerPort": 80, "hostPort": 0}]}]}),
    ));
    let settings = psp(json!({"hostNetwork": true, "hostPorts": [{"min": 8000, "max": 9000}]}));
    ask(&settings, &request).is_rejected(&format!(
        "spec.{list}[0].ports[0].hostPort: Invalid value: 80: Host port 80 is not allowed to be used. Allowed ports: [8000-9000]"));
}

#[test]
fn the_ports_of_an_ephemeral_container_count() {
    let old = pod(json!({}));
    let request = debug(
        old.clone(),
        with_ephemeral(old, json!([{"name": "e", "ports": [{"containerPort": 80, "hostPort": 80}]}])),
    );
    ask(&psp(json!({})), &request).is_rejected(
        "spec.ephemeralContainers[0].ports[0].hostPort: Invalid value: 80: Host port 80 is not allowed to be used. Allowed ports: []");
}

#[test]
fn ranges_may_overlap_but_not_run_backwards() {
    let ranges = |ranges: Value| psp(json!({"hostPorts": ranges}));
    assert_eq!(problem(&ranges(json!([{"min": 1, "max": 5}, {"min": 3, "max": 9}]))), None);
    let message = problem(&ranges(json!([{"min": 5, "max": 1}]))).unwrap();
    assert!(message.starts_with("hostPorts[0]"), "{message}");
}
