use rstest::rstest;
use serde_json::{Value, json};

use crate::admission::cluster::{Cluster, Question};
use crate::admission::response::{Cause, Response};
use crate::admission::review;
use crate::settings::Settings;
use crate::testing::{NoCluster, policy};

fn volume(spec: Value) -> Value {
    json!({"operation": "CREATE", "kind": {"group": "", "kind": "PersistentVolume"}, "name": "pv",
        "userInfo": {"username": "alice", "groups": ["devs"]}, "object": {"metadata": {"name": "pv"}, "spec": spec}})
}

fn over(mut base: Value, over: Value) -> Value {
    for (key, value) in over.as_object().unwrap() {
        base[key] = value.clone();
    }
    base
}

fn denying(fields: Value) -> Value {
    over(policy(&json!({"persistentVolumes": "Deny"})), fields)
}

fn ask(cluster: &dyn Cluster, settings: &Value, request: &Value) -> Response {
    review(&json!({"request": request, "settings": settings}).to_string(), cluster)
}

fn host_path(path: &str) -> Value {
    json!({"capacity": {"storage": "1Gi"}, "hostPath": {"path": path}})
}

const NO_PATHS: &str =
    "spec.hostPath: Invalid value: \"hostPath\": hostPath volumes are not allowed to be used";

#[rstest]
#[case::csi(json!({}), json!({"csi": {"driver": "d", "volumeHandle": "h"}}), None)]
#[case::nfs(json!({}), json!({"nfs": {"server": "s", "path": "/"}}), None)]
#[case::null(json!({}), json!({"hostPath": null, "csi": {}}), None)]
#[case::host_path(json!({}), host_path("/"), Some(NO_PATHS))]
#[case::empty_host_path(json!({}), json!({"hostPath": {}}), Some(NO_PATHS))]
#[case::local(json!({}), json!({"local": {"path": "/mnt/ssd"}}),
    Some("spec.local: Invalid value: \"hostPath\": hostPath volumes are not allowed to be used"))]
#[case::flex_volume(json!({}), json!({"flexVolume": {"driver": "d"}}),
    Some("spec.flexVolume: Invalid value: \"flexVolume\": flexVolume volumes are not allowed to be used"))]
#[case::allowed(json!({"volumes": ["hostPath"]}), host_path("/"), None)]
#[case::everything_allowed(json!({"volumes": ["*"]}), json!({"local": {"path": "/mnt/ssd"}}), None)]
#[case::allowed_prefix(json!({"volumes": ["hostPath"], "allowedHostPaths": [{"pathPrefix": "/mnt"}]}), host_path("/mnt/ssd/"), None)]
#[case::another_prefix(json!({"volumes": ["hostPath"], "allowedHostPaths": [{"pathPrefix": "/mnt"}]}), host_path("/mnt-evil"),
    Some("spec.hostPath.path: Invalid value: \"/mnt-evil\": is not allowed to be used"))]
#[case::another_local_prefix(json!({"volumes": ["hostPath"], "allowedHostPaths": [{"pathPrefix": "/mnt"}]}), json!({"local": {"path": "/etc"}}),
    Some("spec.local.path: Invalid value: \"/etc\": is not allowed to be used"))]
#[case::climbing(json!({"volumes": ["*"]}), host_path("/mnt/../etc"),
    Some("spec.hostPath.path: Invalid value: \"/mnt/../etc\": must not contain '..'"))]
#[case::read_only_prefix(json!({"volumes": ["hostPath"], "allowedHostPaths": [{"pathPrefix": "/mnt", "readOnly": true}]}), host_path("/mnt"),
    Some("spec.hostPath: Forbidden: the path is allowed for reading alone, and nothing keeps pods from writing to a PersistentVolume"))]
#[case::allowed_driver(json!({"volumes": ["flexVolume"], "allowedFlexVolumes": [{"driver": "d"}]}), json!({"flexVolume": {"driver": "d"}}), None)]
#[case::another_driver(json!({"volumes": ["flexVolume"], "allowedFlexVolumes": [{"driver": "d"}]}), json!({"flexVolume": {"driver": "e"}}),
    Some("spec.flexVolume.driver: Invalid value: \"e\": Flexvolume driver is not allowed to be used"))]
#[case::whatever_else_the_policy_demands(json!({"volumes": ["*"], "readOnlyRootFilesystem": true, "runAsUser": {"rule": "MustRunAsNonRoot"}}),
    host_path("/"), None)]
fn judges(#[case] fields: Value, #[case] spec: Value, #[case] expected: Option<&str>) {
    let response = ask(&NoCluster, &denying(fields), &volume(spec));
    assert_eq!((response.rejection.as_deref(), response.mutated_object), (expected, None));
}

#[test]
fn the_reasons_of_all_policies_are_given() {
    let named = |name: &str, spec: Value| json!({"metadata": {"name": name}, "spec": policy(&spec)});
    let settings = json!({"persistentVolumes": "Deny", "authorization": "None", "policies": [
        named("a", json!({})),
        named("b", json!({"volumes": ["hostPath"], "allowedHostPaths": [{"pathPrefix": "/mnt"}]})),
    ]});
    let response = ask(&NoCluster, &settings, &volume(host_path("/etc")));
    let reason = format!(
        "no PodSecurityPolicy admits this volume: \"a\": {NO_PATHS}; \"b\": spec.hostPath.path: Invalid value: \"/etc\": is not allowed to be used"
    );
    assert_eq!((response.rejection, response.cause), (Some(reason), None));
}

#[test]
fn one_policy_names_the_field_to_blame() {
    let response = ask(&NoCluster, &denying(json!({})), &volume(host_path("/etc")));
    let problem = "Invalid value: \"hostPath\": hostPath volumes are not allowed to be used".to_owned();
    let cause = Cause { path: "spec.hostPath".to_owned(), problem, wants_string: false };
    assert_eq!(response.cause, Some(cause));
}

#[test]
fn every_source_is_judged() {
    let spec = json!({"csi": {}, "hostPath": {"path": "/etc"}, "local": {"path": "/var"}});
    let settings = denying(json!({"volumes": ["hostPath"], "allowedHostPaths": [{"pathPrefix": "/etc"}]}));
    let response = ask(&NoCluster, &settings, &volume(spec));
    assert_eq!(
        response.rejection.unwrap(),
        "spec.local.path: Invalid value: \"/var\": is not allowed to be used"
    );
}

#[test]
fn warn_lets_it_pass() {
    let settings = denying(json!({"persistentVolumes": "Warn"}));
    let response = ask(&NoCluster, &settings, &volume(host_path("/")));
    let expected = format!("this PersistentVolume would be rejected: {NO_PATHS}");
    assert_eq!((response.rejection, response.warnings), (None, vec![expected]));
}

#[test]
fn ignore_does_not_look() {
    let settings = denying(json!({"persistentVolumes": "Ignore"}));
    assert_eq!(ask(&NoCluster, &settings, &volume(json!({"hostPath": 1}))), Response::accepted());
}

/// A policy that is registered for volumes must not leave them unguarded.
#[test]
fn without_the_option_volumes_are_not_judged() {
    let response = ask(&NoCluster, &policy(&json!({"volumes": ["*"]})), &volume(json!({"csi": {}})));
    assert_eq!(
        (response.rejection.unwrap(), response.error),
        ("request.kind: \"PersistentVolume\" is not judged by this policy; judged are: Pod, Deployment, ReplicaSet, StatefulSet, DaemonSet, ReplicationController, Job, CronJob, PodTemplate; register it for those, or set `persistentVolumes`".to_owned(), true)
    );
}

#[test]
fn the_status_of_a_volume_is_not_judged() {
    let mut request = volume(host_path("/"));
    request["operation"] = json!("UPDATE");
    request["subResource"] = json!("status");
    assert_eq!(ask(&NoCluster, &denying(json!({})), &request), Response::accepted());
}

/// A cluster that does not respond.
struct Away;

impl Cluster for Away {
    fn may_use(&self, _: &Question<'_>) -> Result<bool, String> {
        Err("the API server is asleep".to_owned())
    }
}

#[rstest]
#[case::deny("Deny")]
#[case::warn("Warn")]
fn where_the_cluster_does_not_answer_a_volume_cannot_be_judged(#[case] on_volumes: &str) {
    let settings = over(listed(), json!({ "persistentVolumes": on_volumes }));
    let expected = "cannot determine who may use which policy: the API server is asleep";
    assert_eq!(ask(&Away, &settings, &volume(host_path("/"))), Response::error(expected));
}

#[test]
fn an_exemption_from_the_option_frees_from_all_of_it() {
    let exempt = |rules: Value| json!({"exemptions": [{"name": "e", "match": {"usernames": ["alice"]}, "rules": rules}]});
    let limited = json!({"volumes": ["hostPath"], "allowedHostPaths": [{"pathPrefix": "/mnt"}]});
    let settings = over(denying(limited), exempt(json!(["persistentVolumes"])));
    for spec in [host_path("/etc"), json!({"flexVolume": {"driver": "d"}})] {
        let response = ask(&NoCluster, &settings, &volume(spec));
        assert_eq!((response.rejection, response.exemptions), (None, vec!["e".to_owned()]));
    }
    // The other rules of the exemption do not concern volumes.
    let settings = over(denying(json!({})), exempt(json!(["namespaceLabels", "privileged", "pss/*"])));
    let response = ask(&NoCluster, &settings, &volume(host_path("/")));
    assert_eq!((response.rejection.as_deref(), response.exemptions), (Some(NO_PATHS), vec![]));
}

#[test]
fn an_exemption_replaces_no_grant() {
    let exemption = json!([{"name": "e", "match": {"usernames": ["alice"]}, "rules": ["persistentVolumes"]}]);
    let settings = over(listed(), json!({ "exemptions": exemption }));
    let response = ask(&Granting(&[("b", "shop")]), &settings, &volume(host_path("/")));
    assert_eq!(
        response.rejection.unwrap(),
        "no PodSecurityPolicy admits this volume: none may be used by user \"alice\" in all namespaces"
    );
    let response = ask(&Granting(&[("a", "")]), &settings, &volume(host_path("/")));
    assert_eq!((response.rejection, response.exemptions), (None, vec!["e".to_owned()]));
}

#[test]
fn an_update_that_leaves_the_source_alone_passes() {
    let mut request = volume(host_path("/"));
    request["operation"] = json!("UPDATE");
    request["oldObject"] = json!({"spec": {"hostPath": {"path": "/"}, "claimRef": {"name": "c"}}});
    assert_eq!(ask(&NoCluster, &denying(json!({})), &request).rejection, None);
    request["oldObject"] = json!({"spec": {"hostPath": {"path": "/mnt"}}});
    assert_eq!(ask(&NoCluster, &denying(json!({})), &request).rejection.as_deref(), Some(NO_PATHS));
}

#[test]
fn what_cannot_be_read_is_rejected() {
    let response = ask(&NoCluster, &denying(json!({})), &volume(json!({"local": {"path": 1}})));
    assert_eq!(
        response.rejection.unwrap(),
        "the object cannot be read: spec.local.path: must be a string, not 1"
    );
}

#[test]
fn rules_may_warn() {
    let settings = denying(json!({"enforcement": {"rules": {"volumes": "Warn"}}}));
    let response = ask(&NoCluster, &settings, &volume(host_path("/")));
    assert_eq!((response.rejection, response.warnings), (None, vec![NO_PATHS.to_owned()]));
}

#[test]
fn users_may_be_exempt_and_namespaces_are_not_asked() {
    let exemption = |grounds| json!([{"name": "e", "match": grounds, "rules": ["volumes"]}]);
    let settings = denying(json!({"exemptions": exemption(json!({"groups": ["devs"]}))}));
    let response = ask(&NoCluster, &settings, &volume(host_path("/")));
    assert_eq!((response.rejection, response.exemptions), (None, vec!["e".to_owned()]));
    let settings = denying(json!({"exemptions": exemption(json!({"namespaces": ["shop"]}))}));
    let mut request = volume(host_path("/"));
    request["object"]["metadata"]["namespace"] = json!("shop");
    assert_eq!(ask(&NoCluster, &settings, &request).rejection.as_deref(), Some(NO_PATHS));
}

/// A cluster in which alice may use some policies, in all namespaces or in one.
struct Granting(&'static [(&'static str, &'static str)]);

impl Cluster for Granting {
    fn may_use(&self, question: &Question<'_>) -> Result<bool, String> {
        assert_eq!(question.user, "alice");
        Ok(question.api_group == "policy" && self.0.contains(&(question.policy, question.namespace)))
    }
}

fn listed() -> Value {
    let named = |name: &str, fields: Value| json!({"metadata": {"name": name}, "spec": policy(&fields)});
    let policies = json!([named("a", json!({})), named("b", json!({"volumes": ["*"]}))]);
    json!({"policies": policies, "authorization": "RBAC", "persistentVolumes": "Deny"})
}

#[rstest]
#[case::of_all_namespaces(&[("b", "")], None)]
#[case::of_one_namespace(&[("b", "shop")],
    Some("no PodSecurityPolicy admits this volume: none may be used by user \"alice\" in all namespaces"))]
#[case::of_a_policy_that_allows_no_paths(&[("a", "")],
    Some("no PodSecurityPolicy admits this volume: \"a\": spec.hostPath: Invalid value: \"hostPath\": hostPath volumes are not allowed to be used"))]
fn the_grant_counts(
    #[case] granted: &'static [(&'static str, &'static str)],
    #[case] expected: Option<&str>,
) {
    let response = ask(&Granting(granted), &listed(), &volume(host_path("/")));
    assert_eq!(response.rejection.as_deref(), expected);
    assert_eq!(response.policy.as_deref(), expected.is_none().then_some("b"));
}

#[test]
fn an_unknown_user_may_use_nothing() {
    let mut request = volume(host_path("/"));
    request["userInfo"] = json!({});
    let response = ask(&Granting(&[("b", "")]), &listed(), &request);
    assert!(
        response
            .rejection
            .unwrap()
            .starts_with("no PodSecurityPolicy admits this volume: none may be used by")
    );
}

#[test]
fn a_standard_alone_says_nothing_of_volumes() {
    let settings = json!({"podSecurityStandards": {"enforce": "baseline"}, "persistentVolumes": "Deny"});
    assert_eq!(
        Settings::parse(&settings.to_string()).unwrap_err().to_string(),
        "persistentVolumes: needs a policy: no other could allow a volume"
    );
}
