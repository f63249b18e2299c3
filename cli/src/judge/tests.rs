//! The verdict on a workload is that on its pods.

use rstest::rstest;
use serde_json::{Value, json};

use super::*;
use crate::rbac::{Authority, Rbac};

fn policies(objects: &[Value], levels: &[&str], authority: Authority) -> Policies {
    let objects: Vec<Object> = objects.iter().map(Object::of_value).collect();
    let levels: Vec<_> = levels.iter().map(|level| level.parse().unwrap()).collect();
    crate::policies::of_objects(&objects, &levels, &crate::policies::Modules::default(), authority).unwrap()
}

fn spec(over: Value) -> Value {
    let any = json!({"rule": "RunAsAny"});
    let mut spec = json!({"runAsUser": any, "seLinux": any, "supplementalGroups": any, "fsGroup": any,
        "volumes": ["*"], "privileged": true});
    spec.as_object_mut().unwrap().extend(over.as_object().unwrap().clone());
    spec
}

fn policy(name: &str, over: Value) -> Value {
    json!({"apiVersion": "policy/v1beta1", "kind": "PodSecurityPolicy", "metadata": {"name": name}, "spec": spec(over)})
}

fn deployment(context: Value) -> Object {
    let template = json!({"spec": {"containers": [{"name": "c", "securityContext": context}]}});
    Object::of_value(
        &json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d", "namespace": "shop"},
        "spec": {"template": template}}),
    )
}

fn verdict(policies: &Policies, object: &Object) -> (Verdict, Vec<String>, Vec<String>) {
    let judged = judge(policies, object, &Requester::default());
    let violations =
        judged.violations.iter().map(|found| format!("{}: {}", found.rule, found.path)).collect();
    (judged.verdict, violations, judged.warnings)
}

/// All fields that restricted requires and the author left unset.
fn restricting() -> Value {
    json!({"allowPrivilegeEscalation": false, "requiredDropCapabilities": ["ALL"], "runAsUser": {"rule": "MustRunAsNonRoot"}})
}

#[test]
fn a_level_judges_the_pods_that_policies_make_of_a_template() {
    let mut restricted = policy("p", restricting());
    restricted["metadata"]["annotations"] = json!({
        "seccomp.security.alpha.kubernetes.io/allowedProfileNames": "runtime/default",
        "seccomp.security.alpha.kubernetes.io/defaultProfileName": "runtime/default"});
    let both = policies(&[restricted.clone()], &["restricted"], Authority::Everybody);
    assert_eq!(verdict(&both, &deployment(json!({}))), (Verdict::Changed, vec![], vec![]));
    // A registration that is part of a pair fills in defaults at pods only.
    let rules = json!([{"apiGroups": [""], "resources": ["pods"], "operations": ["CREATE"]}]);
    let half = json!({"apiVersion": "policies.kubewarden.io/v1", "kind": "ClusterAdmissionPolicy", "metadata": {"name": "m"},
        "spec": {"mutating": true, "rules": rules, "settings": restricted}});
    let registered = policies(&[half], &["restricted"], Authority::Everybody);
    assert_eq!(verdict(&registered, &deployment(json!({}))), (Verdict::Changed, vec![], vec![]));
    let loose = policies(&[policy("p", json!({}))], &["restricted"], Authority::Everybody);
    let (rejected, violations, _) = verdict(&loose, &deployment(json!({})));
    assert_eq!((rejected, violations.len()), (Verdict::Rejected, 4), "{violations:?}");
}

/// A dump that grants one policy to one service account.
fn granting(policy: &str, namespace: &str, account: &str) -> Authority {
    let group = "rbac.authorization.k8s.io/v1";
    let rule = json!({"apiGroups": ["policy"], "resources": ["podsecuritypolicies"], "resourceNames": [policy], "verbs": ["use"]});
    let role =
        json!({"apiVersion": group, "kind": "ClusterRole", "metadata": {"name": "r"}, "rules": [rule]});
    let binding = json!({"apiVersion": group, "kind": "ClusterRoleBinding", "metadata": {"name": "b"},
        "roleRef": {"kind": "ClusterRole", "name": "r"},
        "subjects": [{"kind": "ServiceAccount", "namespace": namespace, "name": account}]});
    Authority::Dump(Rbac::of(&[Object::of_value(&role), Object::of_value(&binding)], "default").unwrap())
}

#[rstest]
#[case::to_its_account(granting("p", "shop", "default"), Verdict::Allowed, &[], &[])]
#[case::to_the_controller(granting("p", "kube-system", "replicaset-controller"), Verdict::Allowed, &[], &[])]
#[case::to_another_controller(granting("p", "kube-system", "job-controller"), Verdict::Rejected,
    &["authorization: spec.template.spec.serviceAccountName"],
    &["the Deployment itself is admitted: its pods are what is rejected"])]
#[case::of_another_policy(granting("q", "shop", "default"), Verdict::Rejected,
    &["authorization: spec.template.spec.serviceAccountName"],
    &["the Deployment itself is admitted: its pods are what is rejected"])]
fn a_workload_whose_pods_may_use_nothing_is_rejected(
    #[case] authority: Authority,
    #[case] expected: Verdict,
    #[case] violations: &[&str],
    #[case] warnings: &[&str],
) {
    let policies = policies(&[policy("p", json!({}))], &[], authority);
    let (verdict, found, warned) = verdict(&policies, &deployment(json!({})));
    assert_eq!((verdict, found, warned), (expected, owned(violations), owned(warnings)));
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// The text of the warning in the cluster when the workload is applied.
#[test]
fn a_missing_grant_is_reported_in_the_words_of_the_cluster() {
    let policies = policies(&[policy("p", json!({}))], &[], granting("q", "shop", "default"));
    let judged = judge(&policies, &deployment(json!({})), &Requester::default());
    let reported: Vec<&str> = judged.violations.iter().map(|found| &*found.problem).collect();
    let settings = json!({"authorization": "RBAC", "policies": [policy("p", json!({}))]}).to_string();
    let object = deployment(json!({})).json;
    let request = json!({"kind": {"group": "apps", "kind": "Deployment"}, "operation": "CREATE", "namespace": "shop",
        "userInfo": {"username": "alice"}, "object": serde_json::from_str::<Value>(&object).unwrap()});
    let settings: Value = serde_json::from_str(&settings).unwrap();
    let payload = json!({"request": request, "settings": settings}).to_string();
    let response = pod_security_policy::admission::review(&payload, &policies.authority);
    assert_eq!((response.rejection, response.warnings), (None, owned(&reported)));
    let mut audit = json!({"request": request, "settings": settings});
    audit["request"]["userInfo"] = json!({});
    let response = pod_security_policy::admission::review(&audit.to_string(), &policies.authority);
    assert_eq!(response.rejection.as_deref(), reported.first().copied());
}

/// The pods of a workload are admitted by the first policy that admits them unchanged and that one of their accounts
/// may use, not by the first that their service account may use.
#[test]
fn a_policy_of_the_controller_comes_before_a_change_by_one_of_the_account() {
    let group = "rbac.authorization.k8s.io/v1";
    let granted = |policy: &str, subject: Value| {
        let rule = json!({"apiGroups": ["policy"], "resources": ["podsecuritypolicies"], "resourceNames": [policy], "verbs": ["use"]});
        [
            json!({"apiVersion": group, "kind": "ClusterRole", "metadata": {"name": policy}, "rules": [rule]}),
            json!({"apiVersion": group, "kind": "ClusterRoleBinding", "metadata": {"name": policy},
                "roleRef": {"kind": "ClusterRole", "name": policy}, "subjects": [subject]}),
        ]
    };
    let account = json!({"kind": "ServiceAccount", "name": "default", "namespace": "shop"});
    // As in every EKS cluster.
    let everybody = json!({"kind": "Group", "name": "system:authenticated"});
    let objects = [granted("a", account), granted("eks.privileged", everybody)].concat();
    let objects: Vec<Object> = objects.iter().map(Object::of_value).collect();
    let authority = Authority::Dump(Rbac::of(&objects, "default").unwrap());
    let listed = [policy("a", json!({"readOnlyRootFilesystem": true})), policy("eks.privileged", json!({}))];
    let policies = policies(&listed, &[], authority);
    let judged = judge(&policies, &deployment(json!({})), &Requester::default());
    assert_eq!((judged.verdict, judged.policy.as_deref()), (Verdict::Allowed, Some("eks.privileged")));
    assert_eq!(judged.warnings, Vec::<String>::new());
}

/// A requester with the name of the pod's service account has groups that the service account lacks.
#[test]
fn the_pods_own_account_may_create_it() {
    let group = "rbac.authorization.k8s.io/v1";
    let rule = json!({"apiGroups": ["policy"], "resources": ["podsecuritypolicies"], "resourceNames": ["p"], "verbs": ["use"]});
    let role =
        json!({"apiVersion": group, "kind": "ClusterRole", "metadata": {"name": "r"}, "rules": [rule]});
    let binding = json!({"apiVersion": group, "kind": "ClusterRoleBinding", "metadata": {"name": "b"},
        "roleRef": {"kind": "ClusterRole", "name": "r"}, "subjects": [{"kind": "Group", "name": "system:authenticated"}]});
    let rbac = Rbac::of(&[Object::of_value(&role), Object::of_value(&binding)], "default").unwrap();
    let policies = policies(&[policy("p", json!({}))], &[], Authority::Dump(rbac));
    let pod = Object::of_value(
        &json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "ci"},
        "spec": {"serviceAccountName": "runner", "containers": [{"name": "c"}]}}),
    );
    let user = "system:serviceaccount:ci:runner".to_owned();
    let groups = with_implied(&user, &[]);
    let requester = Requester { user, groups, namespace: "default".to_owned() };
    assert_eq!(judge(&policies, &pod, &requester).verdict, Verdict::Allowed);
    assert_eq!(judge(&policies, &pod, &Requester::default()).verdict, Verdict::Rejected);
}

/// Only the objections of policies that the controller may use are reported.
#[test]
fn what_the_controller_may_use_objects() {
    let listed = [policy("a", json!({"privileged": false})), policy("b", json!({"privileged": false}))];
    let policies = policies(&listed, &[], granting("b", "kube-system", "replicaset-controller"));
    let judged = judge(&policies, &deployment(json!({"privileged": true})), &Requester::default());
    let reported: Vec<_> = judged.violations.iter().map(|found| (&*found.policy, &*found.rule)).collect();
    assert_eq!(reported, [("b", "privileged")]);
}

/// An account that may use only the rejecting policy gets its objections, and the missing grant of the admitting one.
#[test]
fn what_may_be_used_objects_and_what_would_admit_may_not() {
    let listed = [policy("a", json!({"privileged": false})), policy("b", json!({}))];
    let policies = policies(&listed, &[], granting("a", "shop", "default"));
    let (verdict, found, _) = verdict(&policies, &deployment(json!({"privileged": true})));
    let expected = [
        "authorization: spec.template.spec.serviceAccountName",
        "privileged: spec.template.spec.containers[0].securityContext.privileged",
    ];
    assert_eq!((verdict, found), (Verdict::Rejected, owned(&expected)));
}

#[rstest]
#[case::denied("Deny", &[])]
#[case::warned("Warn", &["the Deployment itself is admitted: its pods are what is rejected"])]
#[case::ignored("Ignore", &["the Deployment itself is admitted: its pods are what is rejected"])]
fn pods_are_rejected_whatever_becomes_of_the_workload(#[case] workloads: &str, #[case] warnings: &[&str]) {
    let mut settings = spec(json!({"privileged": false}));
    settings["workloads"] = workloads.into();
    let policies = policies(&[settings], &[], Authority::Everybody);
    let (verdict, found, warned) = verdict(&policies, &deployment(json!({"privileged": true})));
    assert_eq!(verdict, Verdict::Rejected);
    assert_eq!(found, ["privileged: spec.template.spec.containers[0].securityContext.privileged"]);
    assert_eq!(warned, owned(warnings));
}

#[test]
fn an_enforced_standard_rejects_the_pods_of_a_workload() {
    let settings = json!({"podSecurityStandards": {"enforce": "baseline"}});
    let policies = policies(&[settings], &[], Authority::Everybody);
    let (verdict, found, warned) = verdict(&policies, &deployment(json!({"privileged": true})));
    assert_eq!(
        (verdict, found),
        (Verdict::Rejected, owned(&["pss/privileged: spec.template.spec.containers[0]"]))
    );
    assert_eq!(warned, ["the Deployment itself is admitted: its pods are what is rejected"]);
}

/// The halves of a pair have the same objections.
#[test]
fn an_objection_of_both_halves_is_reported_once() {
    let rules =
        json!([{"apiGroups": ["", "apps"], "resources": ["pods", "deployments"], "operations": ["CREATE"]}]);
    let half = |name: &str, mutating: bool| {
        let mut settings = policy("p", json!({"privileged": false}));
        settings["mutate"] = mutating.into();
        json!({"apiVersion": "policies.kubewarden.io/v1", "kind": "ClusterAdmissionPolicy", "metadata": {"name": name},
            "spec": {"mutating": mutating, "rules": rules, "settings": settings}})
    };
    let pair = policies(&[half("m", true), half("v", false)], &[], Authority::Everybody);
    let (verdict, found, _) = verdict(&pair, &deployment(json!({"privileged": true})));
    let expected = ["privileged: spec.template.spec.containers[0].securityContext.privileged"];
    assert_eq!((verdict, found), (Verdict::Rejected, owned(&expected)));
}

/// The controller of a pod in a dump counts as its requester.
#[rstest]
#[case::of_a_controller(json!([{"kind": "ReplicaSet", "controller": true}]), Verdict::Allowed)]
#[case::of_another_one(json!([{"kind": "StatefulSet", "controller": true}]), Verdict::Rejected)]
#[case::of_nobody(json!(null), Verdict::Rejected)]
fn a_live_pod_was_made_by_its_controller(#[case] owners: Value, #[case] expected: Verdict) {
    let policies =
        policies(&[policy("p", json!({}))], &[], granting("p", "kube-system", "replicaset-controller"));
    let metadata = json!({"name": "a", "namespace": "shop", "ownerReferences": owners});
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata,
        "spec": {"serviceAccountName": "web", "containers": [{"name": "c"}]}});
    assert_eq!(verdict(&policies, &Object::of_value(&pod)).0, expected);
}

/// The API server mounts a token into a pod at creation, whether it names its service account or not.
#[rstest]
#[case::names_none(json!({}), json!({}), true)]
#[case::names_one(json!({}), json!({"serviceAccountName": "app"}), true)]
#[case::wants_none(json!({}), json!({"serviceAccountName": "app", "automountServiceAccountToken": false}), false)]
#[case::mounts_its_own(json!({}), json!({"containers": [{"name": "c", "volumeMounts": [{"name": "t", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}]}]}), false)]
#[case::is_live(json!({"uid": "1"}), json!({"serviceAccountName": "app"}), false)]
#[case::is_live_and_has_none(json!({"creationTimestamp": "2026-01-01T00:00:00Z"}), json!({}), false)]
#[case::has_no_time_yet(json!({"creationTimestamp": null}), json!({"serviceAccountName": "app"}), true)]
fn a_pod_that_was_never_sent_gets_a_token(
    #[case] metadata: Value,
    #[case] over: Value,
    #[case] mounted: bool,
) {
    let mut pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [{"name": "c"}]}});
    pod["spec"].as_object_mut().unwrap().extend(over.as_object().unwrap().clone());
    let object = Object::of_value(&pod);
    let without = policies(&[policy("p", json!({"volumes": []}))], &[], Authority::Everybody);
    let refused = vec!["volumes: spec.automountServiceAccountToken".to_owned()];
    let expected = if mounted { (Verdict::Rejected, refused) } else { (Verdict::Allowed, vec![]) };
    let (verdict, violations, _) = verdict(&without, &object);
    assert_eq!((verdict, violations), expected);
    let volumes = pods(&object, &object.json).unwrap().remove(0).1.spec.volumes.len();
    assert_eq!(volumes, usize::from(mounted), "to suggest");
}

#[rstest]
#[case::none("", "v1", Some("an object without `kind` is not judged"))]
#[case::in_small_letters("pod", "v1", Some("kind: `pod` is not known, and not judged; did you mean `Pod`?"))]
#[case::misspelt(
    "Deploymnt",
    "apps/v1",
    Some("kind: `Deploymnt` is not known, and not judged; did you mean `Deployment`?")
)]
#[case::of_somebody_else("Deploymnt", "example.com/v1", None)]
#[case::holds_no_pods("Service", "v1", None)]
fn kinds_that_no_api_server_knows_are_doubted(
    #[case] kind: &str,
    #[case] version: &str,
    #[case] expected: Option<&str>,
) {
    let object = Object::of_value(&json!({"apiVersion": version, "kind": kind, "metadata": {"name": "x"}}));
    assert_eq!(doubt(&object), expected.map(|text| format!("{}: {text}", object.start())));
}

/// Charts from the time of PodSecurityPolicy spell them so.
#[rstest]
#[case::daemon_set("DaemonSet", true)]
#[case::deployment("Deployment", true)]
#[case::ingress("Ingress", false)]
fn workloads_of_the_group_extensions_are_judged(#[case] kind: &str, #[case] expected: bool) {
    let object = Object::of_value(
        &json!({"apiVersion": "extensions/v1beta1", "kind": kind, "metadata": {"name": "x"}}),
    );
    let any = policies(&[policy("p", json!({}))], &[], Authority::Everybody);
    assert_eq!(is_judged(&object, &any), expected);
}
