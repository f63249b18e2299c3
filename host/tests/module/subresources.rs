//! Which requests are evaluated, and ephemeral containers.

use rstest::rstest;
use serde_json::{Value, json};

use crate::harness::{ask, create, debug, laid_over, pod, psp, secured, update, with_ephemeral};

const PRIVILEGED: &str =
    "securityContext.privileged: Invalid value: true: Privileged containers are not allowed";

fn privileged() -> Value {
    secured(json!({"privileged": true}))
}

#[rstest]
#[case::delete(json!({"operation": "DELETE", "object": null, "oldObject": privileged()}))]
#[case::delete_of_nothing(json!({"operation": "DELETE", "object": null}))]
#[case::connect(json!({"operation": "CONNECT", "subResource": "exec"}))]
#[case::s16_resize(json!({"operation": "UPDATE", "subResource": "resize"}))]
#[case::s16_status(json!({"operation": "UPDATE", "subResource": "status"}))]
#[case::s16_binding(json!({"subResource": "binding", "kind": {"group": "", "version": "v1", "kind": "Binding"}}))]
#[case::s16_eviction(json!({"subResource": "eviction", "kind": {"group": "policy", "version": "v1", "kind": "Eviction"}}))]
#[case::s16_scale(json!({"operation": "UPDATE", "subResource": "scale", "kind": {"group": "autoscaling", "version": "v1", "kind": "Scale"}}))]
#[case::of_a_workload(json!({"operation": "UPDATE", "subResource": "status", "kind": {"group": "apps", "version": "v1", "kind": "Deployment"}}))]
fn is_not_looked_at(#[case] change: Value) {
    let verdict = ask(&psp(json!({})), &laid_over(create(privileged()), &change));
    verdict.passes();
    assert_eq!((verdict.warnings, verdict.audit), (vec![], json!({})));
}

#[rstest]
#[case::status(json!({"status": {"phase": "Running"}}))]
#[case::nothing(json!({}))]
fn an_update_of_status_alone_is_not_looked_at(#[case] change: Value) {
    let old = laid_over(privileged(), &json!({"status": {"phase": "Pending"}}));
    ask(&psp(json!({})), &update(old, laid_over(privileged(), &change))).passes();
}

#[test]
fn an_update_of_metadata_and_scheduling_alone_is_not_looked_at() {
    let mut new = privileged();
    new["metadata"] = json!({"name": "p", "labels": {"a": "b"}, "annotations": {"c": "d"}, "finalizers": []});
    new["spec"]["tolerations"] = json!([{"operator": "Exists"}]);
    ask(&psp(json!({})), &update(privileged(), new.clone())).passes();
    new["spec"]["containers"][0]["image"] = json!("other");
    ask(&psp(json!({})), &update(privileged(), new)).is_rejected(&format!("spec.containers[0].{PRIVILEGED}"));
}

#[test]
fn a_subresource_newer_than_this_policy_is_judged_as_the_pod() {
    let mut new = privileged();
    new["spec"]["containers"][0]["image"] = json!("other");
    let change = json!({"subResource": "future"});
    let request = laid_over(update(privileged(), new), &change);
    ask(&psp(json!({})), &request).is_rejected(&format!("spec.containers[0].{PRIVILEGED}"));
    ask(&psp(json!({})), &laid_over(update(privileged(), privileged()), &change)).passes();
}

/// The API server ignores everything in such a request but the ephemeral containers.
#[test]
fn a_pod_forged_around_an_ephemeral_container_does_not_count() {
    let settings = psp(json!({"runAsUser": {"rule": "MustRunAsNonRoot"}, "volumes": ["emptyDir"]}));
    let old = pod(
        json!({"securityContext": {"runAsUser": 0}, "volumes": [{"name": "v", "hostPath": {"path": "/"}}]}),
    );
    let mount = json!([{"name": "e", "volumeMounts": [{"name": "v", "mountPath": "/v"}]}]);
    let forged = with_ephemeral(
        pod(json!({"securityContext": {"runAsNonRoot": true, "runAsUser": 5},
        "volumes": [{"name": "v", "emptyDir": {}}]})),
        mount,
    );
    ask(&settings, &debug(old, forged)).is_rejected(
        "spec.volumes[0]: Invalid value: \"hostPath\": hostPath volumes are not allowed to be used; \
         spec.ephemeralContainers[0].securityContext.runAsUser: Invalid value: 0: running with the root UID is forbidden (inherited from the pod)");
}

#[test]
fn a_violating_pod_may_be_debugged_by_a_container_that_conforms() {
    let old = laid_over(privileged(), &json!({}));
    ask(&psp(json!({})), &debug(old.clone(), with_ephemeral(old, json!([{"name": "e"}])))).passes();
}

#[test]
fn without_the_old_pod_all_ephemeral_containers_are_new() {
    let new = with_ephemeral(
        pod(json!({})),
        json!([{"name": "a", "securityContext": {"privileged": true}}, {"name": "b"}]),
    );
    let mut request = debug(json!(null), new);
    request["oldObject"] = json!(null);
    ask(&psp(json!({})), &request).is_rejected(&format!("spec.ephemeralContainers[0].{PRIVILEGED}"));
}

#[test]
fn what_a_new_container_lacks_is_named_where_nothing_is_written() {
    let settings = laid_over(psp(json!({"readOnlyRootFilesystem": true})), &json!({"mutate": false}));
    let old = pod(json!({}));
    ask(&settings, &debug(old.clone(), with_ephemeral(old, json!([{"name": "e"}])))).is_rejected(
        "would be filled in: spec.ephemeralContainers[0].securityContext.readOnlyRootFilesystem = true",
    );
}

/// A request of the audit scanner: the live object, with status and token, and without a user.
#[test]
fn an_audit_is_judged_like_any_request() {
    let live = |context: Value| {
        let mut live = pod(json!({
            "containers": [{"name": "c", "securityContext": context, "volumeMounts": [
                {"name": "kube-api-access-x", "readOnly": true, "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}]}],
            "volumes": [{"name": "kube-api-access-x", "projected": {"sources": [
                {"serviceAccountToken": {"path": "token", "expirationSeconds": 3607}},
                {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
                {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]}}]}}],
        }));
        live["status"] = json!({"phase": "Running", "containerStatuses": []});
        laid_over(create(live), &json!({"userInfo": {}}))
    };
    let settings = laid_over(psp(json!({"volumes": ["secret"]})), &json!({"mutate": false}));
    ask(&settings, &live(json!({}))).passes();
    ask(&settings, &live(json!({"privileged": true})))
        .is_rejected(&format!("spec.containers[0].{PRIVILEGED}"));
}
