use rstest::rstest;
use serde_json::{Value, json};

use super::*;
use crate::cluster::Question;
use crate::testing::{policy, review as judged};

/// A cluster in which these may use these policies.
struct Granting(&'static [(&'static str, &'static str)]);

impl Cluster for Granting {
    fn may_use(&self, question: &Question<'_>) -> Result<bool, String> {
        assert_eq!(question.namespace, "shop");
        if question.policy == "asleep" {
            return Err("it is asleep".to_owned());
        }
        let named =
            |subject: &str| question.user == subject || question.groups.iter().any(|group| group == subject);
        Ok(question.api_group == "policy"
            && self.0.iter().any(|(who, what)| named(who) && *what == question.policy))
    }
}

const WEB: &str = "system:serviceaccount:shop:web";

fn user(id: i64) -> Value {
    json!({"runAsUser": {"rule": "MustRunAs", "ranges": [{"min": id, "max": id}]}})
}

/// A list of policies, by name.
fn listed(authorization: &str, policies: &[(&str, Value)]) -> Value {
    let manifests: Vec<_> = policies
        .iter()
        .map(|(name, spec)| json!({"metadata": {"name": name}, "spec": policy(spec)}))
        .collect();
    json!({"policies": manifests, "authorization": authorization})
}

fn pod(over: Value) -> Value {
    let mut pod = json!({"metadata": {"name": "p"}, "spec": {"serviceAccountName": "web", "containers": [{"name": "c"}]}});
    for (key, value) in over.as_object().unwrap() {
        pod["spec"][key] = value.clone();
    }
    pod
}

fn request(operation: &str, object: Value) -> Value {
    json!({"operation": operation, "kind": {"group": "", "kind": "Pod"}, "namespace": "shop", "object": object,
        "userInfo": {"username": "alice", "groups": ["system:authenticated"]}})
}

fn ask(cluster: &dyn Cluster, settings: &Value, request: &Value) -> Answer {
    review(&json!({"request": request, "settings": settings}).to_string(), cluster)
}

fn user_written(answer: &Answer) -> Value {
    let object: Value = serde_json::from_str(answer.mutated_object.as_deref().unwrap_or("{}")).unwrap();
    object["spec"]["containers"][0]["securityContext"]["runAsUser"].clone()
}

#[rstest]
#[case::the_first_that_changes_nothing(&[("a", user(5)), ("z", json!({}))], "z", json!(null))]
#[case::else_the_first_by_name(&[("b", user(6)), ("a", user(5))], "a", json!(5))]
#[case::one_that_objects_is_passed_over(&[("a", json!({"runAsUser": {"rule": "RunAsAny"}, "allowedProcMountTypes": ["Unmasked"]})), ("b", user(6))], "b", json!(6))]
fn wins(#[case] policies: &[(&str, Value)], #[case] winner: &str, #[case] written: Value) {
    let answer = judged(&listed("None", policies), &request("CREATE", pod(json!({}))));
    assert_eq!((answer.rejection.as_deref(), answer.policy.as_deref()), (None, Some(winner)));
    assert_eq!(user_written(&answer), written);
    let object: Value = serde_json::from_str(&answer.mutated_object.unwrap()).unwrap();
    assert_eq!(object["metadata"]["annotations"], json!({"kubernetes.io/psp": winner}));
}

#[test]
fn what_a_pod_says_of_its_policy_is_no_hint_when_it_is_created() {
    let mut object = pod(json!({}));
    object["metadata"]["annotations"] = json!({"kubernetes.io/psp": "b", "other": "stays"});
    let answer = judged(&listed("None", &[("a", user(5)), ("b", user(6))]), &request("CREATE", object));
    let mutated: Value = serde_json::from_str(&answer.mutated_object.unwrap()).unwrap();
    assert_eq!(mutated["metadata"]["annotations"], json!({"kubernetes.io/psp": "a", "other": "stays"}));
}

#[test]
fn a_policy_that_is_no_list_leaves_no_mark() {
    let answer = judged(&policy(&json!({})), &request("CREATE", pod(json!({}))));
    assert_eq!((answer.mutated_object, answer.policy.as_deref()), (None, Some("default")));
}

#[rstest]
#[case::the_hinted(json!({"kubernetes.io/psp": "z"}), "z")]
#[case::the_first_where_the_hint_is_unknown(json!({"kubernetes.io/psp": "x"}), "a")]
#[case::the_first_without_a_hint(json!(null), "a")]
fn wins_an_update(#[case] annotations: Value, #[case] winner: &str) {
    let mut object = pod(json!({}));
    object["metadata"]["annotations"] = annotations;
    let answer = judged(&listed("None", &[("a", json!({})), ("z", json!({}))]), &request("UPDATE", object));
    assert_eq!((answer.mutated_object, answer.policy.as_deref()), (None, Some(winner)));
}

#[test]
fn an_update_is_never_mutated() {
    let answer =
        judged(&listed("None", &[("a", user(5)), ("b", user(6))]), &request("UPDATE", pod(json!({}))));
    assert_eq!(
        answer.rejection.unwrap(),
        "no PodSecurityPolicy admits this pod: \
         \"a\": would have to be changed: spec.containers[0].securityContext.runAsUser = 5; \
         \"b\": would have to be changed: spec.containers[0].securityContext.runAsUser = 6"
    );
}

#[rstest]
#[case::finalizers(json!({"finalizers": ["f"], "ownerReferences": [{}]}), json!({}), true)]
#[case::a_label(json!({"labels": {"a": "b"}}), json!({}), false)]
#[case::the_deletion_of_a_pod_is_no_excuse(json!({"deletionTimestamp": "now"}), json!({"hostPID": false}), false)]
fn an_update_that_nobody_judges(#[case] metadata: Value, #[case] spec: Value, #[case] accepted: bool) {
    let old = pod(json!({"hostPID": true}));
    let mut object = pod(json!({"hostPID": true, "hostIPC": true}));
    object["spec"] = old["spec"].clone();
    for (key, value) in spec.as_object().unwrap() {
        object["spec"][key] = value.clone();
    }
    for (key, value) in metadata.as_object().unwrap() {
        object["metadata"][key] = value.clone();
    }
    let mut request = request("UPDATE", object);
    request["oldObject"] = old;
    let answer = judged(&policy(&user(5)), &request);
    assert_eq!(answer.is_accepted(), accepted, "{answer:?}");
}

#[rstest]
#[case::delete("DELETE", "")]
#[case::connect("CONNECT", "exec")]
#[case::status("UPDATE", "status")]
#[case::binding("CREATE", "binding")]
#[case::resize("UPDATE", "resize")]
#[case::eviction("CREATE", "eviction")]
fn passes_before_the_kind_is_looked_at(#[case] operation: &str, #[case] sub_resource: &str) {
    let request = json!({"operation": operation, "subResource": sub_resource, "kind": {"kind": "Whatever"}, "object": "x"});
    assert_eq!(judged(&policy(&json!({})), &request), Answer::accepted());
}

#[rstest]
#[case::of_the_service_account(&[(WEB, "a")], Some("a"))]
#[case::of_all_service_accounts_of_the_namespace(&[("system:serviceaccounts:shop", "a")], Some("a"))]
#[case::of_the_user(&[("alice", "b")], Some("b"))]
#[case::of_the_users_group(&[("system:authenticated", "b")], Some("b"))]
#[case::of_somebody_else(&[("system:serviceaccount:other:web", "a")], None)]
fn grants(#[case] granted: &'static [(&'static str, &'static str)], #[case] winner: Option<&str>) {
    let settings = listed("RBAC", &[("a", user(5)), ("b", user(6))]);
    let answer = ask(&Granting(granted), &settings, &request("CREATE", pod(json!({}))));
    assert_eq!(answer.policy.as_deref(), winner);
    if winner.is_none() {
        assert_eq!(
            answer.rejection.unwrap(),
            "no PodSecurityPolicy admits this pod: none may be used by user \"alice\" or service account \"shop/web\" in namespace \"shop\""
        );
    }
}

#[test]
fn only_policies_that_may_be_used_are_named() {
    let settings = listed("RBAC", &[("a", json!({})), ("b", json!({"hostPID": true}))]);
    let answer = ask(
        &Granting(&[(WEB, "b")]),
        &settings,
        &request("CREATE", pod(json!({"hostPID": true, "hostIPC": true}))),
    );
    let reason = "no PodSecurityPolicy admits this pod: \"b\": spec.hostIPC: Invalid value: true: Host IPC is not allowed to be used";
    assert_eq!(answer.rejection.as_deref(), Some(reason));
}

#[test]
fn nobody_at_all_may_use_none() {
    let settings = listed("RBAC", &[("a", json!({}))]);
    let mut request = request("CREATE", pod(json!({"serviceAccountName": null})));
    request["userInfo"] = json!(null);
    let answer = ask(&Granting(&[]), &settings, &request);
    let reason = "no PodSecurityPolicy admits this pod: none may be used by anybody (the pod names no service account and the request no user) in namespace \"shop\"";
    assert_eq!(answer.rejection.as_deref(), Some(reason));
}

#[test]
fn a_cluster_that_does_not_answer_admits_nothing() {
    let answer =
        ask(&Granting(&[]), &listed("RBAC", &[("asleep", json!({}))]), &request("CREATE", pod(json!({}))));
    let reason = "who may use which policy cannot be told, because it is asleep";
    assert_eq!(answer.rejection.as_deref(), Some(reason));
}

#[test]
fn a_template_without_a_grant_is_warned_about() {
    let template = json!({"spec": {"containers": [{"name": "c"}], "automountServiceAccountToken": false}});
    let mut request = request("CREATE", json!({"spec": {"template": template}}));
    request["kind"] = json!({"group": "apps", "kind": "Deployment"});
    // What the user holds does not help the pods to come.
    let answer = ask(&Granting(&[("alice", "a")]), &listed("RBAC", &[("a", json!({}))]), &request);
    assert_eq!((answer.rejection, answer.mutated_object), (None, None));
    assert_eq!(
        answer.warnings,
        ["service account \"default\" may use no policy that admits its pods, such as \"a\""]
    );
}

fn debugged(old: Option<Value>, ephemeral: &Value) -> Value {
    let mut object = pod(
        json!({"hostPID": true, "volumes": [{"name": "v", "hostPath": {"path": "/"}}, {"name": "w", "nfs": {}}]}),
    );
    object["spec"]["ephemeralContainers"] = ephemeral.clone();
    let mut request = request("UPDATE", object);
    request["subResource"] = json!("ephemeralcontainers");
    request["oldObject"] = old.unwrap_or_default();
    request
}

fn running(ephemeral: Value) -> Option<Value> {
    let mut old = pod(
        json!({"hostPID": true, "volumes": [{"name": "v", "hostPath": {"path": "/"}}, {"name": "w", "nfs": {}}]}),
    );
    old["spec"]["ephemeralContainers"] = ephemeral;
    Some(old)
}

#[rstest]
#[case::none_is_new(running(json!([{"name": "old", "securityContext": {"privileged": true}}])), json!([{"name": "old", "securityContext": {"privileged": true}}]), None)]
#[case::only_the_new_one_is_judged(running(json!([{"name": "old", "securityContext": {"privileged": true}}])),
    json!([{"name": "old", "securityContext": {"privileged": true}}, {"name": "new", "securityContext": {"privileged": true}}]),
    Some("spec.ephemeralContainers[1].securityContext.privileged: Invalid value: true: Privileged containers are not allowed"))]
#[case::without_the_old_pod_all_are_new(None, json!([{"name": "old", "securityContext": {"privileged": true}}]),
    Some("spec.ephemeralContainers[0].securityContext.privileged: Invalid value: true: Privileged containers are not allowed"))]
#[case::the_volumes_it_mounts_are_judged(running(json!(null)), json!([{"name": "new", "volumeMounts": [{"name": "w"}]}]),
    Some("spec.volumes[1]: Invalid value: \"nfs\": nfs volumes are not allowed to be used"))]
#[case::the_pod_is_not(running(json!(null)), json!([{"name": "new"}]), None)]
fn ephemeral_containers(
    #[case] old: Option<Value>,
    #[case] ephemeral: Value,
    #[case] expected: Option<&str>,
) {
    assert_eq!(judged(&policy(&json!({})), &debugged(old, &ephemeral)).rejection.as_deref(), expected);
}

#[test]
fn only_new_ephemeral_containers_are_filled_in() {
    let ephemeral = json!([{"name": "old"}, {"name": "new"}]);
    let request = debugged(running(json!([{"name": "old"}])), &ephemeral);
    let answer = judged(&policy(&json!({"readOnlyRootFilesystem": true, "volumes": []})), &request);
    let mut expected = request["object"].clone();
    expected["spec"]["ephemeralContainers"][1]["securityContext"] = json!({"readOnlyRootFilesystem": true});
    assert_eq!(serde_json::from_str::<Value>(&answer.mutated_object.unwrap()).unwrap(), expected);
}

#[test]
fn what_a_new_container_inherits_comes_from_the_pod_that_is_there() {
    let mut request = debugged(running(json!(null)), &json!([{"name": "new"}]));
    request["object"]["spec"]["securityContext"] = json!({"runAsUser": 5});
    request["oldObject"]["spec"]["securityContext"] = json!({"runAsUser": 0});
    let reason = "spec.ephemeralContainers[0].securityContext.runAsUser: Invalid value: 0: must be in the ranges: [{5 5}] (inherited from the pod)";
    assert_eq!(judged(&policy(&user(5)), &request).rejection.as_deref(), Some(reason));
}

#[rstest]
#[case::of_another_kind("apps", "Deployment")]
#[case::of_a_pod_of_another_group("a.b", "Pod")]
fn ephemeral_containers_of_what_is_no_pod_are_a_subresource_like_any_other(
    #[case] group: &str,
    #[case] kind: &str,
) {
    let mut request = debugged(None, &json!([{"name": "new", "securityContext": {"privileged": true}}]));
    request["kind"] = json!({"group": group, "kind": kind});
    assert_eq!(judged(&policy(&json!({})), &request), Answer::accepted());
}
