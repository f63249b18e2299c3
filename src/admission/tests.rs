use rstest::rstest;
use serde_json::{Value, json};

use super::*;
use crate::admission::cluster::Question;
use crate::admission::response::Cause;
use crate::admission::workload::TEMPLATES;
use crate::rule::ROOM;
use crate::testing::{NoCluster, policy, review as judged, review_added};

/// A cluster in which these users may use these policies.
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

fn ask(cluster: &dyn Cluster, settings: &Value, request: &Value) -> Response {
    review(&json!({"request": request, "settings": settings}).to_string(), cluster)
}

fn user_written(response: &Response) -> Value {
    let object: Value = serde_json::from_str(response.mutated_object.as_deref().unwrap_or("{}")).unwrap();
    object["spec"]["containers"][0]["securityContext"]["runAsUser"].clone()
}

#[rstest]
#[case::the_first_that_changes_nothing(&[("a", user(5)), ("z", json!({}))], "z", json!(null))]
#[case::else_the_first_by_name(&[("b", user(6)), ("a", user(5))], "a", json!(5))]
#[case::one_that_objects_is_passed_over(&[("a", json!({"runAsUser": {"rule": "RunAsAny"}, "allowedProcMountTypes": ["Unmasked"]})), ("b", user(6))], "b", json!(6))]
fn wins(#[case] policies: &[(&str, Value)], #[case] winner: &str, #[case] written: Value) {
    let response = judged(&listed("None", policies), &request("CREATE", pod(json!({}))));
    assert_eq!((response.rejection.as_deref(), response.policy.as_deref()), (None, Some(winner)));
    assert_eq!(user_written(&response), written);
    let object: Value = serde_json::from_str(&response.mutated_object.unwrap()).unwrap();
    assert_eq!(object["metadata"]["annotations"], json!({"kubernetes.io/psp": winner}));
}

#[test]
fn a_pod_that_names_its_policy_already_is_left_as_it_is() {
    let mut object = pod(json!({}));
    object["metadata"]["annotations"] = json!({"kubernetes.io/psp": "a"});
    let response = judged(&listed("None", &[("a", json!({}))]), &request("CREATE", object));
    assert_eq!(
        (response.policy.as_deref(), response.mutated_object, response.edits),
        (Some("a"), None, vec![])
    );
}

/// Where nothing else may be written, a rule that warns fills in an added container as one that denies does.
#[test]
fn tolerance_does_not_change_what_is_filled_in() {
    let filled = |rules: Value| {
        let fields = json!({"readOnlyRootFilesystem": true, "enforcement": {"rules": rules}});
        let old =
            pod(json!({"containers": [{"name": "c", "securityContext": {"readOnlyRootFilesystem": true}}]}));
        let response = review_added(fields, old, json!({}));
        assert_eq!(response.rejection, None);
        response.edits.iter().map(|edit| format!("{edit} = {}", edit.value)).collect::<Vec<_>>()
    };
    let expected = ["spec.ephemeralContainers[0].securityContext.readOnlyRootFilesystem = true"];
    assert_eq!(filled(json!({})), expected);
    assert_eq!(filled(json!({"readOnlyRootFilesystem": "Warn"})), expected);
}

#[rstest]
#[case::nothing_may_be_written(json!({"readOnlyRootFilesystem": true}), json!({}))]
#[case::what_is_exempt_is_chosen_last(json!({}), json!({"hostPID": true}))]
fn an_exemption_does_not_change_the_policy(#[case] first: Value, #[case] spec: Value) {
    let mut settings = listed("None", &[("a", first), ("b", json!({"hostPID": true, "hostIPC": true}))]);
    settings["exemptions"] = json!([{"name": "e", "match": {"namespaces": ["shop"]}, "rules": ["hostPID"]}]);
    settings["mutate"] = json!(false);
    let mut object = pod(spec);
    object["metadata"]["annotations"] = json!({"kubernetes.io/psp": "b"});
    let response = judged(&settings, &request("CREATE", object));
    assert_eq!((response.rejection.as_deref(), response.policy.as_deref()), (None, Some("b")));
}

#[test]
fn an_exemption_lets_nothing_be_written() {
    let mut settings = policy(&json!({"readOnlyRootFilesystem": true, "mutate": false}));
    let rejection =
        |settings: &Value| judged(settings, &request("CREATE", pod(json!({})))).rejection.unwrap();
    let without = rejection(&settings);
    assert!(
        without
            .contains("would be filled in: spec.containers[0].securityContext.readOnlyRootFilesystem = true"),
        "{without}"
    );
    settings["exemptions"] = json!([{"name": "e", "match": {"namespaces": ["shop"]}, "rules": ["hostPID"]}]);
    assert_eq!(rejection(&settings), without);
}

#[test]
fn an_exemption_does_not_make_containers_judged_that_were_there_before() {
    let mut settings = listed("None", &[("a", json!({})), ("b", json!({"hostPID": true}))]);
    settings["exemptions"] = json!([{"name": "e", "match": {"namespaces": ["shop"]}, "rules": ["hostPID"]}]);
    let there = json!([{"name": "c", "securityContext": {"privileged": true}}]);
    let old = pod(json!({"hostPID": true, "containers": there}));
    let mut new = old.clone();
    new["spec"]["ephemeralContainers"] = json!([{"name": "debug"}]);
    let mut request = request("UPDATE", new);
    request["subResource"] = json!("ephemeralcontainers");
    request["oldObject"] = old;
    let response = judged(&settings, &request);
    assert_eq!((response.rejection.as_deref(), response.policy.as_deref()), (None, Some("b")));
}

#[test]
fn an_ignored_rule_demands_no_default_where_nothing_is_written() {
    let fields = json!({"readOnlyRootFilesystem": true, "mutate": false,
        "enforcement": {"rules": {"readOnlyRootFilesystem": "Ignore"}}});
    let response = judged(&policy(&fields), &request("CREATE", pod(json!({}))));
    assert_eq!(response, Response { policy: Some("default".to_owned()), ..Response::accepted() });
}

#[test]
fn a_container_that_is_added_names_no_policy() {
    let old = pod(json!({}));
    let new = pod(json!({"ephemeralContainers": [{"name": "debug"}]}));
    let mut request = request("UPDATE", new);
    request["subResource"] = json!("ephemeralcontainers");
    request["oldObject"] = old;
    let response = judged(&listed("None", &[("a", json!({}))]), &request);
    assert_eq!(
        (response.policy.as_deref(), response.mutated_object, response.edits),
        (Some("a"), None, vec![])
    );
}

/// A template is declared for a kind of a group.
#[rstest]
#[case::declared("example.com", "Robot", true)]
#[case::another_kind("example.com", "Machine", false)]
#[case::another_group("example.org", "Robot", false)]
fn only_declared_kinds_have_templates(#[case] group: &str, #[case] kind: &str, #[case] is_judged: bool) {
    let fields = json!({"workloads": "Deny", "podTemplates": [{"kind": "Robot", "apiGroup": "example.com", "path": "spec.pod"}]});
    let mut request = request("CREATE", json!({"spec": {"pod": pod(json!({"hostPID": true}))}}));
    request["kind"] = json!({"group": group, "kind": kind});
    let rejection = judged(&policy(&fields), &request).rejection.unwrap();
    let reason = "spec.pod.spec.hostPID: Invalid value: true: Host PID is not allowed to be used";
    assert_eq!(rejection.contains(reason), is_judged, "{rejection}");
}

#[rstest]
#[case::claims("resource.k8s.io", "ResourceClaim", "set `resourceClaims`")]
#[case::others_of_their_group("resource.k8s.io", "DeviceClass", "name further kinds in `podTemplates`")]
#[case::namespaces("", "Namespace", "set `namespaceLabels`")]
#[case::volumes("", "PersistentVolume", "set `persistentVolumes`")]
#[case::a_kind_of_that_name("example.com", "Namespace", "name further kinds in `podTemplates`")]
fn a_kind_that_is_not_judged_is_rejected_with_a_remedy(
    #[case] group: &str,
    #[case] kind: &str,
    #[case] remedy: &str,
) {
    let mut request = request("CREATE", json!({}));
    request["kind"] = json!({"group": group, "kind": kind});
    let rejection = judged(&policy(&json!({})), &request).rejection.unwrap();
    assert!(rejection.ends_with(&format!("register it for those, or {remedy}")), "{rejection}");
}

/// An object of a declared kind with so many templates whose pods are rejected.
fn with_templates(count: usize) -> Response {
    let fields = json!({"workloads": "Deny", "podTemplates": [{"kind": "Fleet", "apiGroup": "example.com", "path": "pods[*]"}]});
    let mut request = request("CREATE", json!({"pods": vec![pod(json!({"hostPID": true})); count]}));
    request["kind"] = json!({"group": "example.com", "kind": "Fleet"});
    judged(&policy(&fields), &request)
}

#[test]
fn templates_are_judged_while_there_is_room_for_reasons() {
    let named = |reason: &str| reason.matches("spec.hostPID: Invalid value").count();
    let reason = with_templates(TEMPLATES).rejection.unwrap();
    let judged = named(&reason);
    let left = TEMPLATES - judged;
    assert!(reason.ends_with(&format!("; and {left} more templates, which were not judged")), "{left}");
    assert!((ROOM - 512..ROOM).contains(&reason.len()), "{}", reason.len());
    let one_more = with_templates(judged + 1).rejection.unwrap();
    assert!(one_more.ends_with("; and 1 more template, which were not judged"));
    let all = with_templates(judged).rejection.unwrap();
    assert_eq!((named(&all), all.contains("which were not judged")), (judged, false));
}

#[test]
fn an_object_with_too_many_templates_is_rejected() {
    let response = with_templates(TEMPLATES + 1);
    let reason = format!(
        "the object holds {} pod templates, the first at pods[0]: more than {TEMPLATES} are not judged",
        TEMPLATES + 1
    );
    assert_eq!((response.error, response.rejection), (true, Some(reason)));
}

/// Tools say which field is to blame, and the reason without its path.
#[rstest]
#[case::none_at_all(json!(null), "request.object: Required value: there is no object to review", "request.object", "Required value: there is no object to review", false)]
#[case::a_number_for_a_text(json!({"metadata": {"name": "p"}, "spec": {"containers": [{"name": 1}]}}),
    "the object cannot be read: spec.containers[0].name: must be a string, not 1", "spec.containers[0].name", "must be a string, not 1", true)]
#[case::a_text_for_a_list(json!({"metadata": {"name": "p"}, "spec": {"containers": "c"}}),
    "the object cannot be read: spec.containers: must be a list, not the string \"c\"", "spec.containers", "must be a list, not the string \"c\"", false)]
fn an_object_that_cannot_be_reviewed_is_rejected(
    #[case] object: Value,
    #[case] rejection: &str,
    #[case] path: &str,
    #[case] problem: &str,
    #[case] wants_string: bool,
) {
    let response = judged(&policy(&json!({})), &request("CREATE", object));
    let cause = Cause { path: path.to_owned(), problem: problem.to_owned(), wants_string };
    assert_eq!((response.rejection.as_deref(), response.cause), (Some(rejection), Some(cause)));
}

#[test]
fn a_request_that_cannot_be_read_is_rejected() {
    let response = review("[]", &NoCluster);
    let reason = "the request cannot be read: must be an object, not a list";
    assert_eq!((response.error, response.rejection.as_deref()), (true, Some(reason)));
}

#[test]
fn a_fault_of_no_field_names_none() {
    let text = request("CREATE", json!("@")).to_string().replace("\"@\"", "[]");
    let response =
        review(&format!(r#"{{"request": {text}, "settings": {}}}"#, policy(&json!({}))), &NoCluster);
    assert_eq!((response.is_accepted(), response.cause), (false, None), "{:?}", response.rejection);
}

#[test]
fn what_a_pod_says_of_its_policy_is_no_hint_when_it_is_created() {
    let mut object = pod(json!({}));
    object["metadata"]["annotations"] = json!({"kubernetes.io/psp": "b", "other": "stays"});
    let response = judged(&listed("None", &[("a", user(5)), ("b", user(6))]), &request("CREATE", object));
    let mutated: Value = serde_json::from_str(&response.mutated_object.unwrap()).unwrap();
    assert_eq!(mutated["metadata"]["annotations"], json!({"kubernetes.io/psp": "a", "other": "stays"}));
}

#[test]
fn a_policy_that_is_no_list_leaves_no_mark() {
    let response = judged(&policy(&json!({})), &request("CREATE", pod(json!({}))));
    assert_eq!((response.mutated_object, response.policy.as_deref()), (None, Some("default")));
}

#[rstest]
#[case::the_hinted(json!({"kubernetes.io/psp": "z"}), "z")]
#[case::the_first_where_the_hint_is_unknown(json!({"kubernetes.io/psp": "x"}), "a")]
#[case::the_first_without_a_hint(json!(null), "a")]
fn wins_an_update(#[case] annotations: Value, #[case] winner: &str) {
    let mut object = pod(json!({}));
    object["metadata"]["annotations"] = annotations;
    let response = judged(&listed("None", &[("a", json!({})), ("z", json!({}))]), &request("UPDATE", object));
    assert_eq!((response.mutated_object, response.policy.as_deref()), (None, Some(winner)));
}

#[test]
fn an_update_is_never_mutated() {
    let response =
        judged(&listed("None", &[("a", user(5)), ("b", user(6))]), &request("UPDATE", pod(json!({}))));
    assert_eq!(
        response.rejection.unwrap(),
        "no PodSecurityPolicy admits this pod: \
         \"a\": would have to be changed: spec.containers[0].securityContext.runAsUser = 5; \
         \"b\": would have to be changed: spec.containers[0].securityContext.runAsUser = 6"
    );
}

#[rstest]
#[case::finalizers(json!({"finalizers": ["f"], "ownerReferences": [{}]}), json!({}), true)]
#[case::a_label(json!({"labels": {"a": "b"}}), json!({}), true)]
#[case::a_toleration(json!({}), json!({"tolerations": [{"operator": "Exists"}]}), true)]
#[case::an_annotation_that_a_rule_reads(json!({"annotations": {"container.apparmor.security.beta.kubernetes.io/c": "unconfined"}}), json!({}), false)]
#[case::an_image(json!({}), json!({"containers": [{"name": "c", "image": "other"}]}), false)]
#[case::a_field_newer_than_this_policy(json!({}), json!({"hostMoons": true}), false)]
#[case::the_deletion_of_a_pod_changes_nothing(json!({"deletionTimestamp": "now"}), json!({"hostPID": false}), false)]
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
    let response = judged(&policy(&user(5)), &request);
    assert_eq!(response.is_accepted(), accepted, "{response:?}");
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
    assert_eq!(judged(&policy(&json!({})), &request), Response::accepted());
}

#[rstest]
#[case::of_the_service_account(&[(WEB, "a")], Some("a"))]
#[case::of_all_service_accounts_of_the_namespace(&[("system:serviceaccounts:shop", "a")], Some("a"))]
#[case::of_the_user(&[("alice", "b")], Some("b"))]
#[case::of_the_users_group(&[("system:authenticated", "b")], Some("b"))]
#[case::of_somebody_else(&[("system:serviceaccount:other:web", "a")], None)]
fn grants(#[case] granted: &'static [(&'static str, &'static str)], #[case] winner: Option<&str>) {
    let settings = listed("RBAC", &[("a", user(5)), ("b", user(6))]);
    let response = ask(&Granting(granted), &settings, &request("CREATE", pod(json!({}))));
    assert_eq!(response.policy.as_deref(), winner);
    if winner.is_none() {
        assert_eq!(
            response.rejection.unwrap(),
            "no PodSecurityPolicy admits this pod: none may be used by user \"alice\" or service account \"shop/web\" in namespace \"shop\""
        );
    }
}

#[test]
fn only_policies_that_may_be_used_are_named() {
    let settings = listed("RBAC", &[("a", json!({})), ("b", json!({"hostPID": true}))]);
    let response = ask(
        &Granting(&[(WEB, "b")]),
        &settings,
        &request("CREATE", pod(json!({"hostPID": true, "hostIPC": true}))),
    );
    let reason = "no PodSecurityPolicy admits this pod: \"b\": spec.hostIPC: Invalid value: true: Host IPC is not allowed to be used";
    assert_eq!(response.rejection.as_deref(), Some(reason));
}

#[test]
fn nobody_at_all_may_use_none() {
    let settings = listed("RBAC", &[("a", json!({}))]);
    let mut request = request("CREATE", pod(json!({"serviceAccountName": null})));
    request["userInfo"] = json!(null);
    let response = ask(&Granting(&[]), &settings, &request);
    let reason = "no PodSecurityPolicy admits this pod: none may be used by anybody (the pod names no service account and the request no user) in namespace \"shop\"";
    assert_eq!(response.rejection.as_deref(), Some(reason));
}

#[test]
fn a_cluster_that_does_not_answer_admits_nothing() {
    let response =
        ask(&Granting(&[]), &listed("RBAC", &[("asleep", json!({}))]), &request("CREATE", pod(json!({}))));
    let reason = "cannot determine who may use which policy: it is asleep";
    assert_eq!(response.rejection.as_deref(), Some(reason));
}

/// A cluster that reports a failure as some hosts do.
struct Failing(&'static str);

impl Cluster for Failing {
    fn may_use(&self, _: &Question<'_>) -> Result<bool, String> {
        Err(self.0.to_owned())
    }
}

#[rstest]
#[case::a_debug_print(
    "the cluster could not be asked: Api(Status { code: 500 }).\n  0: anyhow::error\n  1: tokio",
    "the cluster could not be asked: Api(Status { code: 500 })"
)]
#[case::sentences("the server is gone. Stack: a, b. More.", "the server is gone")]
#[case::an_empty_line("\n\n connection refused\nat 10", "connection refused")]
#[case::nothing("", "the host gives no reason")]
fn a_failing_access_review_is_one_sentence(#[case] cause: &'static str, #[case] expected: &str) {
    let response =
        ask(&Failing(cause), &listed("RBAC", &[("a", json!({}))]), &request("CREATE", pod(json!({}))));
    assert_eq!(response.rejection.unwrap(), format!("cannot determine who may use which policy: {expected}"));
    assert!(response.error);
}

/// The driver of Spark and the like: the service account itself requests a pod that runs as it.
fn requested_by_its_account(groups: &[&str]) -> Value {
    let mut request = request("CREATE", pod(json!({})));
    request["userInfo"] = json!({"username": WEB, "groups": groups});
    request
}

#[rstest]
#[case::a_group_that_only_the_user_has(&["system:serviceaccounts", "system:authenticated"], &[("system:authenticated", "a")], Some("a"))]
#[case::a_group_of_impersonation(&["deployers"], &[("deployers", "a")], Some("a"))]
#[case::the_groups_of_the_account(&[], &[("system:serviceaccounts:shop", "a")], Some("a"))]
#[case::the_name_itself(&["system:authenticated"], &[(WEB, "a")], Some("a"))]
#[case::the_group_of_others(&["system:serviceaccounts"], &[("system:authenticated", "a")], None)]
fn a_requester_that_is_the_pods_own_account_is_asked_about_as_a_user_too(
    #[case] groups: &[&str],
    #[case] granted: &'static [(&'static str, &'static str)],
    #[case] winner: Option<&str>,
) {
    let settings = listed("RBAC", &[("a", json!({}))]);
    let response = ask(&Granting(granted), &settings, &requested_by_its_account(groups));
    assert_eq!(response.policy.as_deref(), winner);
    if winner.is_none() {
        assert_eq!(
            response.rejection.unwrap(),
            "no PodSecurityPolicy admits this pod: none may be used by service account \"shop/web\" in namespace \"shop\""
        );
    }
}

const REPLICA_SETS: &str = "system:serviceaccount:kube-system:replicaset-controller";

fn workload(group: &str, kind: &str, spec: Value) -> Value {
    let mut template = pod(json!({"automountServiceAccountToken": false}));
    for (key, value) in spec.as_object().unwrap() {
        template["spec"][key] = value.clone();
    }
    let object = match kind {
        "PodTemplate" => json!({ "template": template }),
        _ => json!({"spec": {"template": template}}),
    };
    let mut request = request("CREATE", object);
    request["kind"] = json!({"group": group, "kind": kind});
    request
}

#[rstest]
#[case::to_its_account(&[(WEB, "a")])]
#[case::to_the_controller(&[(REPLICA_SETS, "a")])]
#[case::to_all_accounts_of_the_system(&[("system:serviceaccounts:kube-system", "a")])]
#[case::to_everybody_as_eks_does(&[("system:authenticated", "a")])]
#[case::to_the_controller_manager(&[("system:kube-controller-manager", "a")])]
fn a_workload_with_a_grant_passes_without_a_word(#[case] granted: &'static [(&'static str, &'static str)]) {
    let response = ask(
        &Granting(granted),
        &listed("RBAC", &[("a", json!({}))]),
        &workload("apps", "Deployment", json!({})),
    );
    assert_eq!(
        (response.rejection, response.warnings, response.policy.as_deref()),
        (None, vec![], Some("a"))
    );
}

const NO_GRANT: &str = "no role lets service account \"shop/web\", service account \"kube-system/replicaset-controller\" or user \"system:kube-controller-manager\" use PodSecurityPolicy \"a\", which admits these pods";

#[rstest]
// A grant of the requester does not help the pods of a workload.
#[case::of_the_requester(&[("alice", "a")])]
#[case::of_a_controller_of_other_kinds(&[("system:serviceaccount:kube-system:job-controller", "a")])]
fn a_workload_without_a_grant_is_warned_of_and_fails_an_audit(
    #[case] granted: &'static [(&'static str, &'static str)],
) {
    let settings = listed("RBAC", &[("a", json!({}))]);
    let mut request = workload("apps", "Deployment", json!({}));
    let response = ask(&Granting(granted), &settings, &request);
    assert_eq!((response.rejection, response.mutated_object), (None, None));
    assert_eq!(response.warnings, [NO_GRANT]);
    request["userInfo"] = json!({"username": "", "groups": []});
    let response = ask(&Granting(granted), &settings, &request);
    assert_eq!((response.rejection.as_deref(), response.warnings), (Some(NO_GRANT), vec![]));
}

#[rstest]
#[case::asked_for("alice")]
#[case::audited("")]
fn a_grant_that_cannot_be_known_to_lack_is_a_warning(#[case] username: &str) {
    let mut request = workload("", "PodTemplate", json!({}));
    request["userInfo"]["username"] = json!(username);
    let response = ask(&Granting(&[]), &listed("RBAC", &[("a", json!({}))]), &request);
    assert_eq!(response.rejection, None);
    assert_eq!(
        response.warnings,
        [
            "no role lets service account \"shop/web\" use PodSecurityPolicy \"a\", which admits these pods; whether the account that creates the pods may use it is not known"
        ]
    );
}

#[test]
fn an_exemption_for_a_controller_holds_for_the_workload_and_one_for_the_requester_does_not() {
    let exempt = |conditions: Value| {
        let mut settings = policy(&json!({}));
        let mut conditions = conditions;
        conditions["namespaces"] = json!(["shop"]);
        settings["exemptions"] = json!([{"name": "e", "match": conditions, "rules": ["hostPID"]}]);
        judged(&settings, &workload("apps", "Deployment", json!({"hostPID": true}))).is_accepted()
    };
    assert!(exempt(json!({"usernames": [REPLICA_SETS]})));
    assert!(exempt(json!({"groups": ["system:serviceaccounts:kube-system"]})));
    assert!(!exempt(json!({"usernames": ["alice"]})));
    assert!(!exempt(
        json!({"usernames": ["system:kube-controller-manager"], "groups": ["system:serviceaccounts:kube-system"]})
    ));
}

#[rstest]
#[case::denying(json!({}))]
#[case::warning(json!({"enforcement": {"default": "Warn"}}))]
#[case::auditing(json!({"enforcement": {"default": "Audit"}}))]
#[case::exempt(json!({"exemptions": [{"name": "e", "match": {"namespaces": ["shop"]}, "rules": ["hostPID", "hostNetwork"]}]}))]
fn tolerance_does_not_change_which_policy_wins(#[case] options: Value) {
    let lax = json!({"hostPID": true, "runAsUser": {"rule": "MustRunAs", "ranges": [{"min": 7, "max": 7}]}});
    let mut settings = listed("None", &[("a", user(5)), ("b", lax)]);
    for (key, value) in options.as_object().unwrap() {
        settings[key] = value.clone();
    }
    let response = judged(&settings, &request("CREATE", pod(json!({"hostPID": true}))));
    assert_eq!((response.rejection.as_deref(), response.policy.as_deref()), (None, Some("b")));
    assert_eq!(user_written(&response), json!(7));
    assert_eq!((response.tolerated, response.exemptions), (vec![], Vec::<String>::new()));
}

#[test]
fn what_is_tolerated_counts_where_no_policy_admits_without() {
    let mut settings = listed("None", &[("a", user(5)), ("b", user(6))]);
    settings["enforcement"] = json!({"rules": {"hostPID": "Warn"}});
    let response = judged(&settings, &request("CREATE", pod(json!({"hostPID": true}))));
    assert_eq!((response.rejection.as_deref(), response.policy.as_deref()), (None, Some("a")));
    assert_eq!(response.warnings, ["spec.hostPID: Invalid value: true: Host PID is not allowed to be used"]);
    assert_eq!(user_written(&response), json!(5));
}

#[test]
fn an_exempt_rule_fills_nothing_in_although_its_policy_wins_without_the_exemption() {
    let mut settings = listed("None", &[("a", user(5))]);
    settings["exemptions"] =
        json!([{"name": "e", "match": {"namespaces": ["shop"]}, "rules": ["runAsUser"]}]);
    let response = judged(&settings, &request("CREATE", pod(json!({}))));
    assert_eq!((response.rejection.as_deref(), response.policy.as_deref()), (None, Some("a")));
    assert_eq!(user_written(&response), json!(null));
    assert_eq!(response.exemptions, ["e"]);
}

#[test]
fn an_objection_to_the_token_that_pods_will_probably_get_is_a_warning() {
    let mut request = workload("apps", "Deployment", json!({}));
    request["object"]["spec"]["template"]["spec"]["automountServiceAccountToken"] = json!(null);
    let token = "spec.template.spec.automountServiceAccountToken: projected volumes are not allowed to be used; the token volume is one;…";
    let response = judged(&policy(&json!({"volumes": ["configMap"]})), &request);
    assert_eq!((response.rejection.as_deref(), &*response.warnings), (None, &[token.to_owned()][..]));
    // A policy that allows it comes first.
    let settings = listed("None", &[("a", json!({})), ("b", json!({"volumes": ["projected"]}))]);
    let response = judged(&settings, &request);
    assert_eq!((response.policy.as_deref(), response.warnings), (Some("b"), vec![]));
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
#[case::what_it_shares_with_the_pod_is_judged(running(json!(null)), json!([{"name": "new"}]),
    Some("spec.hostPID: Invalid value: true: Host PID is not allowed to be used"))]
fn ephemeral_containers(
    #[case] old: Option<Value>,
    #[case] ephemeral: Value,
    #[case] expected: Option<&str>,
) {
    let mut request = debugged(old, &ephemeral);
    let allowed = json!({"hostPID": expected.is_none_or(|reason| !reason.contains("Host PID"))});
    assert_eq!(judged(&policy(&allowed), &request).rejection.as_deref(), expected);
    // The API server does not keep the rest of the pod in the request.
    request["object"]["spec"]["hostIPC"] = json!(true);
    if !request["oldObject"].is_null() {
        assert_eq!(judged(&policy(&allowed), &request).rejection.as_deref(), expected);
    }
}

/// A debug container in a pod that has run with another container, `app`.
fn joining(pod: Value, app: Value, own: Value) -> Value {
    let mut old = json!({"metadata": {"name": "p"}, "spec": pod});
    let mut container = json!({"name": "app"});
    for (key, value) in app.as_object().unwrap() {
        container[key] = value.clone();
    }
    old["spec"]["containers"] = json!([container, {"name": "other"}]);
    let mut new = json!({"name": "debug"});
    for (key, value) in own.as_object().unwrap() {
        new[key] = value.clone();
    }
    let mut object = old.clone();
    object["spec"]["ephemeralContainers"] = json!([new]);
    let mut request = request("UPDATE", object);
    request["subResource"] = json!("ephemeralcontainers");
    request["oldObject"] = old;
    request
}

const PRIVILEGED: &str = "spec.containers[0].securityContext.privileged: Invalid value: true: Privileged containers are not allowed";
const NFS: &str = "spec.volumes[0]: Invalid value: \"nfs\": nfs volumes are not allowed to be used";

#[rstest]
#[case::host_network(json!({"hostNetwork": true}), json!({}), json!({}),
    Some("spec.hostNetwork: Invalid value: true: Host network is not allowed to be used"))]
#[case::sysctls(json!({"securityContext": {"sysctls": [{"name": "kernel.msgmax", "value": "1"}]}}), json!({}), json!({}),
    Some("spec.securityContext.sysctls[0]: Forbidden: unsafe sysctl \"kernel.msgmax\" is not allowed"))]
#[case::runtime_class(json!({"runtimeClassName": "other"}), json!({}), json!({}),
    Some("spec.runtimeClassName: Invalid value: \"other\""))]
#[case::another_container(json!({}), json!({"securityContext": {"privileged": true}}), json!({}), None)]
#[case::its_target(json!({}), json!({"securityContext": {"privileged": true}}), json!({"targetContainerName": "app"}), Some(PRIVILEGED))]
#[case::another_target(json!({}), json!({"securityContext": {"privileged": true}}), json!({"targetContainerName": "other"}), None)]
#[case::a_target_without_a_name(json!({}), json!({"name": "", "securityContext": {"privileged": true}}), json!({"targetContainerName": ""}), None)]
#[case::all_processes(json!({"shareProcessNamespace": true}), json!({"securityContext": {"privileged": true}}), json!({}), Some(PRIVILEGED))]
#[case::volumes_of_another_container(json!({"volumes": [{"name": "v", "nfs": {}}]}), json!({"volumeMounts": [{"name": "v"}]}), json!({}), None)]
#[case::volumes_of_its_target(json!({"volumes": [{"name": "v", "nfs": {}}]}), json!({"volumeMounts": [{"name": "v"}]}),
    json!({"targetContainerName": "app"}), Some(NFS))]
#[case::volumes_of_all(json!({"shareProcessNamespace": true, "volumes": [{"name": "v", "nfs": {}}]}),
    json!({"volumeDevices": [{"name": "v"}]}), json!({}), Some(NFS))]
#[case::a_volume_that_no_container_reaches(json!({"shareProcessNamespace": true, "volumes": [{"name": "v", "nfs": {}}]}), json!({}), json!({}), None)]
fn a_new_container_is_judged_with_all_that_it_shares(
    #[case] pod: Value,
    #[case] app: Value,
    #[case] own: Value,
    #[case] expected: Option<&str>,
) {
    let policy = policy(&json!({"runtimeClass": {"allowedRuntimeClassNames": ["kata"]}}));
    assert_eq!(judged(&policy, &joining(pod, app, own)).rejection.as_deref(), expected);
}

#[test]
fn two_policies_cannot_be_combined_through_a_debug_container() {
    let node = json!({"hostPID": true, "runAsUser": {"rule": "MustRunAsNonRoot"}});
    let settings = listed("RBAC", &[("baseline", json!({})), ("node", node)]);
    let root = json!({"securityContext": {"runAsUser": 0}, "targetContainerName": "app"});
    let pod = json!({"serviceAccountName": "web", "hostPID": true});
    let app = json!({"securityContext": {"runAsNonRoot": true}});
    let cluster = Granting(&[("alice", "baseline"), (WEB, "node")]);
    assert_eq!(
        ask(&cluster, &settings, &joining(pod.clone(), app.clone(), root)).rejection.unwrap(),
        "no PodSecurityPolicy admits this pod: \
         \"baseline\": spec.hostPID: Invalid value: true: Host PID is not allowed to be used; \
         \"node\": spec.ephemeralContainers[0].securityContext.runAsUser: Invalid value: 0: running with the root UID is forbidden"
    );
    let as_user = json!({"securityContext": {"runAsUser": 9}, "targetContainerName": "app"});
    assert_eq!(ask(&cluster, &settings, &joining(pod, app, as_user)).policy.as_deref(), Some("node"));
}

#[rstest]
#[case::of_the_pod(json!({"fsGroup": {"rule": "MustRunAs", "ranges": [{"min": 5, "max": 5}]}}), json!({}),
    Err("would have to be changed: spec.securityContext.fsGroup = 5"))]
#[case::of_the_pod_without_an_objection(json!({"runtimeClass": {"allowedRuntimeClassNames": ["kata"], "defaultRuntimeClassName": "kata"}}), json!({}),
    Err("would have to be changed: spec.runtimeClassName = \"kata\""))]
#[case::of_its_target(json!({"readOnlyRootFilesystem": true}), json!({"targetContainerName": "app"}),
    Err("would have to be changed: spec.containers[0].securityContext.readOnlyRootFilesystem = true"))]
#[case::of_other_containers(json!({"readOnlyRootFilesystem": true}), json!({}), Ok(json!({"readOnlyRootFilesystem": true})))]
#[case::inherited_and_its_own(json!({"seLinux": {"rule": "MustRunAs", "seLinuxOptions": {"level": "s0"}}}), json!({}),
    Ok(json!({"seLinuxOptions": {"level": "s0"}})))]
fn defaults_go_into_the_new_container_alone(
    #[case] fields: Value,
    #[case] own: Value,
    #[case] expected: Result<Value, &str>,
) {
    let request = joining(json!({}), json!({}), own);
    let response = judged(&policy(&fields), &request);
    match expected {
        Err(reason) => assert_eq!(response.rejection.as_deref(), Some(reason)),
        Ok(written) => {
            let mut object = request["object"].clone();
            object["spec"]["ephemeralContainers"][0]["securityContext"] = written;
            let mutated = response.mutated_object.unwrap();
            assert_eq!(serde_json::from_str::<Value>(&mutated).unwrap(), object);
        }
    }
}

#[test]
fn a_default_that_only_warns_does_not_keep_a_debug_container_out() {
    let mut settings = policy(&json!({"fsGroup": {"rule": "MustRunAs", "ranges": [{"min": 5, "max": 5}]}}));
    settings["enforcement"] = json!({"rules": {"fsGroup": "Warn"}});
    let response = judged(&settings, &joining(json!({}), json!({}), json!({})));
    assert_eq!((response.rejection, response.mutated_object), (None, None));
    assert_eq!(
        response.warnings,
        ["spec.securityContext.fsGroup: Required value: must be in the ranges: [{5 5}]"]
    );
}

/// An update of a pod in which an administrator has left a privileged debug container.
fn updated_around(debug: Value) -> Response {
    let mut old = pod(json!({"containers": [{"name": "c", "image": "old"}]}));
    old["spec"]["ephemeralContainers"] =
        json!([{"name": "admin", "image": "i", "securityContext": {"privileged": true}}]);
    let mut object = old.clone();
    object["spec"]["containers"][0]["image"] = json!("new");
    object["spec"]["ephemeralContainers"] = debug;
    let mut request = request("UPDATE", object);
    request["oldObject"] = old;
    judged(&policy(&json!({"readOnlyRootFilesystem": false})), &request)
}

#[test]
fn a_debug_container_that_an_update_leaves_alone_is_no_objection_to_it() {
    let kept = json!([{"image": "i", "securityContext": {"privileged": true}, "name": "admin"}]);
    assert_eq!(updated_around(kept).rejection, None);
    let changed = json!([{"image": "j", "securityContext": {"privileged": true}, "name": "admin"}]);
    assert_eq!(
        updated_around(changed).rejection.unwrap(),
        "spec.ephemeralContainers[0].securityContext.privileged: Invalid value: true: Privileged containers are not allowed"
    );
}

#[test]
fn a_subresource_of_pods_that_is_not_known_is_judged_as_an_update() {
    let mut request = request("CREATE", pod(json!({"hostPID": true})));
    request["subResource"] = json!("future");
    let hint = "spec.hostPID: Invalid value: true: Host PID is not allowed to be used";
    assert_eq!(judged(&policy(&json!({})), &request).rejection.as_deref(), Some(hint));
    // No default is set.
    let response = judged(&policy(&json!({"hostPID": true, "readOnlyRootFilesystem": true})), &request);
    let reason = "would have to be changed: spec.containers[0].securityContext.readOnlyRootFilesystem = true";
    assert_eq!((response.rejection.as_deref(), response.mutated_object), (Some(reason), None));
}

#[test]
fn only_new_ephemeral_containers_are_filled_in() {
    let ephemeral = json!([{"name": "old"}, {"name": "new"}]);
    let request = debugged(running(json!([{"name": "old"}])), &ephemeral);
    let response = judged(&policy(&json!({"readOnlyRootFilesystem": true, "hostPID": true})), &request);
    let mut expected = request["object"].clone();
    expected["spec"]["ephemeralContainers"][1]["securityContext"] = json!({"readOnlyRootFilesystem": true});
    assert_eq!(serde_json::from_str::<Value>(&response.mutated_object.unwrap()).unwrap(), expected);
}

#[test]
fn what_a_new_container_inherits_comes_from_the_pod_that_is_there() {
    let mut request = debugged(running(json!(null)), &json!([{"name": "new"}]));
    request["oldObject"]["spec"]["hostPID"] = json!(false);
    request["object"]["spec"]["securityContext"] = json!({"runAsUser": 5});
    request["oldObject"]["spec"]["securityContext"] = json!({"runAsUser": 0});
    let reason = "spec.ephemeralContainers[0].securityContext.runAsUser: Invalid value: 0: must be in the ranges: [{5 5}] (inherited from the pod)";
    assert_eq!(judged(&policy(&user(5)), &request).rejection.as_deref(), Some(reason));
}

#[test]
fn subresources_of_what_is_no_pod_are_judged_as_their_object_unless_they_are_known() {
    let mut request = workload("apps", "Deployment", json!({"hostPID": true}));
    request["subResource"] = json!("scale");
    assert_eq!(judged(&policy(&json!({})), &request), Response::accepted());
    request["subResource"] = json!("ephemeralcontainers");
    let reason = "spec.template.spec.hostPID: Invalid value: true: Host PID is not allowed to be used";
    assert_eq!(judged(&policy(&json!({})), &request).rejection.as_deref(), Some(reason));
    request["kind"] = json!({"group": "a.b", "kind": "Pod"});
    assert!(
        judged(&policy(&json!({})), &request)
            .rejection
            .unwrap()
            .starts_with("request.kind: \"Pod\" of the API group \"a.b\"")
    );
}
