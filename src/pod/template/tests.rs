use rstest::rstest;
use serde_json::{Value, json};

use super::*;
use crate::testing::{policy, review};

fn key(key: &str) -> PathSegment<'_> {
    PathSegment::Key(key.into())
}

#[rstest]
#[case::one_key("template", Some(vec![key("template")]))]
#[case::keys("spec.template", Some(vec![key("spec"), key("template")]))]
#[case::each("spec.templates[*].pod", Some(vec![key("spec"), key("templates"), PathSegment::Each, key("pod")]))]
#[case::each_of_each("a[*][*]", Some(vec![key("a"), PathSegment::Each, PathSegment::Each]))]
#[case::empty("", None)]
#[case::empty_key("a..b", None)]
#[case::dot_at_the_end("a.", None)]
#[case::each_of_nothing("[*].a", None)]
#[case::an_index("a[0]", None)]
#[case::half_a_step("a[*", None)]
#[case::a_step_within_a_key("a[*]b", None)]
fn parses_paths(#[case] text: &str, #[case] expected: Option<Vec<PathSegment<'_>>>) {
    assert_eq!(parse_path(text), expected);
}

#[rstest]
#[case::there("spec.template", r#"{"spec": {"template": {"spec": {}} }}"#, &[("spec.template", r#"{"spec": {}}"#)])]
#[case::in_a_list("spec.t[*].pod", r#"{"spec": {"t": [{"pod": 1}, {}, {"pod": null}, {"pod": {"spec": 2}}]}}"#, &[("spec.t[0].pod", "1"), ("spec.t[3].pod", r#"{"spec": 2}"#)])]
#[case::in_a_map("spec.t[*].pod", r#"{"spec": {"t": {"worker": {"pod": {"spec": 1}}, "x": {}, "a.b/c": {"pod": {"spec": 2}}}}}"#,
    &[("spec.t.worker.pod", r#"{"spec": 1}"#), ("spec.t[a.b/c].pod", r#"{"spec": 2}"#)])]
#[case::in_lists_of_maps("t[*][*]", r#"{"t": [{"a": {"spec": 1}}, [{"spec": 2}]]}"#, &[("t[0].a", r#"{"spec": 1}"#), ("t[1][0]", r#"{"spec": 2}"#)])]
#[case::in_an_empty_map("spec.t[*]", r#"{"spec": {"t": {}}}"#, &[])]
#[case::without_a_spec("t[*]", r#"{"t": [{}, {"metadata": {"labels": {"a": "b"}}}, {"spec": null}, null, {"spec": [], "spec": null}]}"#,
    &[("t[4]", r#"{"spec": [], "spec": null}"#)])]
#[case::absent("spec.template", r#"{"spec": {}}"#, &[])]
#[case::absent_early("spec.template", "{}", &[])]
#[case::null("spec.template", r#"{"spec": null}"#, &[])]
#[case::null_document("spec.template", "null", &[])]
fn finds(#[case] path: &str, #[case] document: &str, #[case] expected: &[(&str, &str)]) {
    let found = templates(document, &parse_path(path).unwrap()).unwrap();
    let found: Vec<_> = found.iter().map(|template| (template.path.as_str(), template.text)).collect();
    assert_eq!(found, expected);
}

#[rstest]
#[case::a_string("spec.template", r#"{"spec": "x"}"#, "spec: must be an object, not the string \"x\"")]
#[case::no_list("spec.t[*]", r#"{"spec": {"t": "x"}}"#, "spec.t: must be a list, not the string \"x\"")]
#[case::in_a_map("t[*].a.b", r#"{"t": {"x": {}, "y.z": {"a": 1}}}"#, "t[y.z].a: must be an object, not 1")]
#[case::in_a_list("t[*].a.b", r#"{"t": [{}, {"a": 1}]}"#, "t[1].a: must be an object, not 1")]
#[case::twice(
    "spec.template",
    r#"{"spec": {"template": {}, "template": {}}}"#,
    "spec.template: duplicate key"
)]
#[case::twice_as_null("spec.template", r#"{"spec": null, "spec": {}}"#, "spec: duplicate key")]
#[case::not_json(
    "spec.template",
    r#"{"spec": {"template": [}"#,
    "spec: is not JSON: a comma or a closing bracket must come here (byte 24)"
)]
fn reports_where_it_cannot_search(#[case] path: &str, #[case] document: &str, #[case] expected: &str) {
    let error = find(document, &parse_path(path).unwrap()).unwrap_err();
    assert_eq!(error.to_string(), expected);
}

#[test]
fn knows_eight_kinds() {
    for (group, name, path) in BUILT_IN {
        let kind = Kind { group: (*group).into(), kind: (*name).into() };
        assert_eq!(built_in(&kind), parse_path(&path.join(".")));
        assert_eq!(built_in(&Kind { group: "other".into(), ..kind }), None);
    }
    let names: Vec<_> = built_in_kinds().collect();
    let expected = [
        "Deployment",
        "ReplicaSet",
        "StatefulSet",
        "DaemonSet",
        "ReplicationController",
        "Job",
        "CronJob",
        "PodTemplate",
    ];
    assert_eq!(names, expected);
}

fn dry_run(fields: &Value, group: &str, kind: &str, object: &Value) -> Result<(), String> {
    let request = json!({"operation": "CREATE", "kind": {"group": group, "kind": kind}, "object": object});
    review(&policy(fields), &request).rejection.map_or(Ok(()), Err)
}

fn template(group: &str, kind: &str, pod: &Value) -> Result<(), String> {
    let object = match kind {
        "PodTemplate" => json!({"template": {"spec": pod}}),
        "CronJob" => json!({"spec": {"jobTemplate": {"spec": {"template": {"spec": pod}}}}}),
        _ => json!({"spec": {"template": {"spec": pod}}}),
    };
    dry_run(&json!({}), group, kind, &object)
}

#[rstest]
#[case::deployment("apps", "Deployment", "spec.template.")]
#[case::replica_set("apps", "ReplicaSet", "spec.template.")]
#[case::stateful_set("apps", "StatefulSet", "spec.template.")]
#[case::daemon_set("apps", "DaemonSet", "spec.template.")]
#[case::replication_controller("", "ReplicationController", "spec.template.")]
#[case::job("batch", "Job", "spec.template.")]
#[case::cron_job("batch", "CronJob", "spec.jobTemplate.spec.template.")]
#[case::pod_template("", "PodTemplate", "template.")]
fn every_kind_is_judged_where_it_keeps_its_pod(#[case] group: &str, #[case] kind: &str, #[case] root: &str) {
    let mut pod =
        json!({"hostPID": true, "automountServiceAccountToken": false, "containers": [{"name": "c"}]});
    let objection = format!("{root}spec.hostPID: Invalid value: true: Host PID is not allowed to be used");
    assert_eq!(template(group, kind, &pod), Err(objection));
    pod["containers"][0]["securityContext"] = json!({"runAsUser": "0"});
    let error = format!(
        "the object cannot be read: {root}spec.containers[0].securityContext.runAsUser: must be a whole number, not the string \"0\""
    );
    assert_eq!(template(group, kind, &pod), Err(error));
}

#[rstest]
#[case::a_string(json!({"spec": {"template": "x"}}), "the object cannot be read: spec.template: must be an object, not the string \"x\"")]
#[case::a_list(json!({"spec": {"template": []}}), "the object cannot be read: spec.template: must be an object, not a list")]
#[case::a_spec_that_is_a_string(json!({"spec": {"template": {"spec": "x"}}}), "the object cannot be read: spec.template.spec: must be an object, not the string \"x\"")]
#[case::a_spec_that_stands_twice(json!({"spec": {"template": "@"}}), "the object cannot be read: spec.template.spec: duplicate key")]
fn a_template_that_cannot_be_read_is_rejected(#[case] object: Value, #[case] expected: &str) {
    let request =
        json!({"operation": "CREATE", "kind": {"group": "apps", "kind": "Deployment"}, "object": object});
    let request = request.to_string().replace("\"@\"", r#"{"spec": {"hostPID": true}, "spec": null}"#);
    let payload = format!(r#"{{"request": {request}, "settings": {}}}"#, policy(&json!({})));
    let response = crate::admission::review(&payload, &crate::testing::NoCluster);
    assert_eq!((response.rejection.as_deref(), response.error), (Some(expected), true));
}

/// Operators complete such templates; in Kubernetes' own kinds the API server refuses them.
#[rstest]
#[case::no_template(json!({"spec": {}}))]
#[case::null_template(json!({"spec": {"template": null}}))]
#[case::empty_template(json!({"spec": {"template": {}}}))]
#[case::null_spec(json!({"spec": {"template": {"spec": null}}}))]
#[case::metadata_alone(json!({"spec": {"template": {"metadata": {"annotations": {"sidecar.istio.io/inject": "false"}}}}}))]
fn a_template_without_a_spec_holds_nothing_to_judge(#[case] object: Value) {
    let fields = json!({"readOnlyRootFilesystem": true, "fsGroup": {"rule": "MustRunAs", "ranges": [{"min": 5, "max": 9}]},
        "podTemplates": [{"apiGroup": "search.example.org", "kind": "Cluster", "path": "spec.template"}]});
    for (group, kind) in [("apps", "Deployment"), ("apps", "StatefulSet"), ("search.example.org", "Cluster")]
    {
        let request =
            json!({"operation": "CREATE", "kind": {"group": group, "kind": kind}, "object": object});
        assert_eq!(
            review(&policy(&fields), &request),
            crate::admission::response::Response::accepted(),
            "{kind}"
        );
        let mut update = request;
        update["operation"] = json!("UPDATE");
        update["oldObject"] = json!({"spec": {"template": {"spec": {"hostPID": true}}}});
        assert_eq!(
            review(&policy(&fields), &update),
            crate::admission::response::Response::accepted(),
            "{kind}"
        );
    }
}

/// Values that were left to the operator and are now set, are evaluated.
#[test]
fn a_spec_that_an_update_brings_is_judged() {
    let object = json!({"spec": {"templates": [{"pod": {"spec": {"hostPID": true, "automountServiceAccountToken": false}}}]}});
    let old = json!({"spec": {"templates": [{"pod": {"metadata": {"labels": {"a": "b"}}}}]}});
    let response = rollout(json!({}), json!({"operation": "UPDATE", "object": object, "oldObject": old}));
    assert_eq!(
        response.rejection.unwrap(),
        "spec.templates[0].pod.spec.hostPID: Invalid value: true: Host PID is not allowed to be used"
    );
}

/// Kubeflow keeps one template per role, and its users choose the roles, which are keys.
#[test]
fn templates_in_a_map_are_judged_under_their_keys() {
    let pod = |spec: Value| {
        let mut spec = spec;
        spec["automountServiceAccountToken"] = json!(false);
        json!({"replicas": 1, "template": {"metadata": {"labels": {"a": "b"}}, "spec": spec}})
    };
    let specs = json!({"Chief": pod(json!({})), "PS.v2": pod(json!({"hostIPC": true})), "Evaluator": pod(json!({"hostPID": true})), "Idle": null});
    let mut fields = policy(&json!({}));
    fields["podTemplates"] = json!([{"apiGroup": "train.example.org", "kind": "Training", "path": "spec.replicaSpecs[*].template"}]);
    let request = json!({"operation": "CREATE", "kind": {"group": "train.example.org", "kind": "Training"},
        "object": {"spec": {"replicaSpecs": specs}}});
    assert_eq!(
        review(&fields, &request).rejection.unwrap(),
        "spec.replicaSpecs[PS.v2].template.spec.hostIPC: Invalid value: true: Host IPC is not allowed to be used; \
         spec.replicaSpecs.Evaluator.template.spec.hostPID: Invalid value: true: Host PID is not allowed to be used"
    );
}

/// Each template has its path: a key that the author chose must not be repeated in full in all of them.
#[test]
fn a_long_key_is_cut_in_paths() {
    let key = "k".repeat(5_000);
    let document = format!(r#"{{"t": {{"{key}": [{{"spec": 1}}, {{"spec": 2}}]}}}}"#);
    let found = find(&document, &parse_path("t[*][*]").unwrap()).unwrap();
    let paths: Vec<_> = found.iter().map(|template| template.path.clone()).collect();
    assert_eq!(paths, [0, 1].map(|index| format!("t.{}…[{index}]", "k".repeat(100))));
}

const TOKEN: &str = "spec.template.spec.automountServiceAccountToken: projected volumes are not allowed to be used; the token volume is one;…";

fn mounting(path: &str) -> Value {
    json!({"name": "c", "volumeMounts": [{"name": "t", "mountPath": path}]})
}

#[rstest]
#[case::by_default(json!({"containers": [{"name": "c"}]}), json!([]), Err(TOKEN))]
#[case::switched_on(json!({"containers": [{"name": "c"}], "automountServiceAccountToken": true}), json!(["configMap"]), Err(TOKEN))]
#[case::switched_off(json!({"containers": [{"name": "c"}], "automountServiceAccountToken": false}), json!([]), Ok(()))]
#[case::as_a_secret(json!({"containers": [{"name": "c"}]}), json!(["secret"]), Ok(()))]
#[case::as_a_projected_volume(json!({"containers": [{"name": "c"}]}), json!(["projected"]), Ok(()))]
#[case::as_any(json!({"containers": [{"name": "c"}]}), json!(["*"]), Ok(()))]
#[case::mounted_by_hand(json!({"containers": [mounting(TOKEN_PATH)]}), json!([]), Ok(()))]
#[case::mounted_elsewhere(json!({"containers": [mounting("/token")]}), json!([]), Err(TOKEN))]
#[case::not_in_every_container(json!({"containers": [mounting(TOKEN_PATH), {"name": "d"}]}), json!([]), Err(TOKEN))]
#[case::not_in_every_init_container(json!({"containers": [mounting(TOKEN_PATH)], "initContainers": [{"name": "d"}]}), json!([]), Err(TOKEN))]
fn the_token_of_the_service_account(
    #[case] pod: Value,
    #[case] types: Value,
    #[case] expected: Result<(), &str>,
) {
    let object = json!({"spec": {"template": {"spec": pod}}});
    let request =
        json!({"operation": "CREATE", "kind": {"group": "apps", "kind": "Deployment"}, "object": object});
    let response = review(&policy(&json!({"volumes": types})), &request);
    // The account can still switch the token off, so that this alone is not a reason to reject.
    assert_eq!(
        (response.rejection, response.warnings),
        (None, expected.err().map(str::to_owned).into_iter().collect())
    );
}

#[rstest]
#[case::are_volumes(json!([]), json!([]), "spec.volumeClaimTemplates[0]: Invalid value: \"persistentVolumeClaim\": persistentVolumeClaim volumes are not allowed to be used")]
#[case::take_the_place_of_volumes_of_the_same_name(json!([{"name": "data", "hostPath": {"path": "/"}}, {"name": "v", "emptyDir": {}}]), json!(["emptyDir"]),
    "spec.volumeClaimTemplates[0]: Invalid value: \"persistentVolumeClaim\": persistentVolumeClaim volumes are not allowed to be used")]
#[case::leave_the_others_where_they_are(json!([{"name": "data", "hostPath": {"path": "/"}}, {"name": "v", "emptyDir": {}}]), json!(["persistentVolumeClaim"]),
    "spec.template.spec.volumes[1]: Invalid value: \"emptyDir\": emptyDir volumes are not allowed to be used")]
fn claims_of_a_stateful_set(#[case] volumes: Value, #[case] types: Value, #[case] expected: &str) {
    let object = json!({"spec": {
        "template": {"spec": {"automountServiceAccountToken": false, "containers": [{"name": "c"}], "volumes": volumes}},
        "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {}}],
    }});
    let fields = json!({"volumes": types});
    assert_eq!(dry_run(&fields, "apps", "StatefulSet", &object), Err(expected.to_owned()));
}

#[test]
fn claims_of_another_kind_are_nothing() {
    let object = json!({"spec": {
        "template": {"spec": {"automountServiceAccountToken": false}},
        "volumeClaimTemplates": "whatever",
    }});
    assert_eq!(dry_run(&json!({}), "apps", "Deployment", &object), Ok(()));
    let error =
        "the object cannot be read: spec.volumeClaimTemplates: must be a list, not the string \"whatever\"";
    assert_eq!(dry_run(&json!({}), "apps", "StatefulSet", &object), Err(error.to_owned()));
}

#[test]
fn a_claim_that_cannot_be_read_is_named() {
    let object =
        json!({"spec": {"template": {"spec": {}}, "volumeClaimTemplates": [{}, {"metadata": {"name": 5}}]}});
    let error =
        "the object cannot be read: spec.volumeClaimTemplates[1].metadata.name: must be a string, not 5";
    assert_eq!(dry_run(&json!({}), "apps", "StatefulSet", &object), Err(error.to_owned()));
}

#[test]
fn ports_on_the_host_network_are_host_ports() {
    let object = json!({"spec": {"template": {"spec": {
        "hostNetwork": true, "automountServiceAccountToken": false,
        "containers": [{"name": "c", "ports": [{"containerPort": 80}, {"containerPort": 443, "hostPort": 444}]}],
    }}}});
    let objections = "spec.template.spec.containers[0].ports[0].hostPort: Invalid value: 80: Host port 80 is not allowed to be used. Allowed ports: []; \
        spec.template.spec.containers[0].ports[1].hostPort: Invalid value: 444: Host port 444 is not allowed to be used. Allowed ports: []";
    let fields = json!({"hostNetwork": true});
    assert_eq!(dry_run(&fields, "apps", "DaemonSet", &object), Err(objections.to_owned()));
}

fn rollout(settings: Value, request: Value) -> crate::admission::response::Response {
    let mut fields = policy(&settings);
    fields["podTemplates"] =
        json!([{"apiGroup": "argoproj.io", "kind": "Rollout", "path": "spec.templates[*].pod"}]);
    let mut request = request;
    request["kind"] = json!({"group": "argoproj.io", "kind": "Rollout"});
    review(&fields, &request)
}

#[test]
fn every_template_of_a_declared_kind_is_judged() {
    let bad = json!({"pod": {"spec": {"hostPID": true, "automountServiceAccountToken": false}}});
    let good = json!({"pod": {"spec": {"automountServiceAccountToken": false}}});
    let object = json!({"spec": {"templates": [bad, good, {}, bad]}});
    let response = rollout(json!({}), json!({"operation": "CREATE", "object": object}));
    assert_eq!(
        response.rejection.unwrap(),
        "spec.templates[0].pod.spec.hostPID: Invalid value: true: Host PID is not allowed to be used; \
         spec.templates[3].pod.spec.hostPID: Invalid value: true: Host PID is not allowed to be used"
    );
}

#[test]
fn a_declared_kind_without_templates_has_nothing_to_judge() {
    let response = rollout(json!({}), json!({"operation": "CREATE", "object": {"spec": {}}}));
    assert_eq!(response, crate::admission::response::Response::accepted());
}

#[rstest]
#[case::the_same(json!({"spec": {"templates": [{"pod": {"spec": {"hostPID": true}}}], "replicas": 2}}), true)]
#[case::another(json!({"spec": {"templates": [{"pod": {"spec": {"hostPID": true, "hostIPC": false}}}]}}), false)]
#[case::one_more(json!({"spec": {"templates": [{"pod": {"spec": {"hostPID": true}}}, {"pod": {"spec": {"hostPID": true}}}]}}), false)]
fn an_update_that_leaves_the_template_alone_is_accepted(#[case] object: Value, #[case] accepted: bool) {
    let old = json!({"spec": {"templates": [{"pod": {"spec": {"hostPID": true}}}], "replicas": 1}});
    let response = rollout(json!({}), json!({"operation": "UPDATE", "object": object, "oldObject": old}));
    assert_eq!(response.is_accepted(), accepted, "{response:?}");
}

#[rstest]
#[case::deny("Deny", Some("spec.templates[0].pod.spec.hostPID: Invalid value: true: Host PID is not allowed to be used"), &[])]
#[case::warn("Warn", None, &["pods of this Rollout would be rejected: spec.templates[0].pod.spec.hostPID: Invalid value: true: Host PID is not allowed to be used"])]
#[case::ignore("Ignore", None, &[])]
fn what_a_workload_gets(#[case] workloads: &str, #[case] rejection: Option<&str>, #[case] warnings: &[&str]) {
    let object = json!({"spec": {"templates": [{"pod": {"spec": {"hostPID": true, "automountServiceAccountToken": false}}}]}});
    let response = rollout(json!({"workloads": workloads}), json!({"operation": "CREATE", "object": object}));
    assert_eq!(
        (response.rejection.as_deref(), response.warnings),
        (rejection, warnings.iter().map(|w| (*w).to_owned()).collect())
    );
}
