//! Workloads: a dry run of their pods.

use rstest::rstest;
use serde_json::{Value, json};

use crate::harness::{ask, create, laid_over, pod, psp, secured, update};

const PRIVILEGED: &str = "spec.containers[0].securityContext.privileged: Invalid value: true: Privileged containers are not allowed";

fn workload(api_version: &str, kind: &str, at: &str, pod: &Value) -> Value {
    let mut object =
        json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "w", "namespace": "shop"}});
    let mut place = &mut object;
    for key in at.split('.') {
        place = &mut place[key];
    }
    *place = json!({"metadata": {"labels": {}}, "spec": pod["spec"]});
    object
}

fn deployment(pod: &Value) -> Value {
    workload("apps/v1", "Deployment", "spec.template", pod)
}

fn privileged() -> Value {
    secured(json!({"privileged": true}))
}

#[rstest]
#[case::deployment("apps/v1", "Deployment", "spec.template")]
#[case::replica_set("apps/v1", "ReplicaSet", "spec.template")]
#[case::stateful_set("apps/v1", "StatefulSet", "spec.template")]
#[case::daemon_set("apps/v1", "DaemonSet", "spec.template")]
#[case::replication_controller("v1", "ReplicationController", "spec.template")]
#[case::job("batch/v1", "Job", "spec.template")]
#[case::cron_job("batch/v1", "CronJob", "spec.jobTemplate.spec.template")]
#[case::pod_template("v1", "PodTemplate", "template")]
fn every_kind_is_evaluated_by_a_dry_run_and_never_written(
    #[case] api_version: &str,
    #[case] kind: &str,
    #[case] at: &str,
) {
    let settings = psp(json!({"readOnlyRootFilesystem": true}));
    ask(&settings, &create(workload(api_version, kind, at, &pod(json!({}))))).passes();
    ask(&settings, &create(workload(api_version, kind, at, &privileged())))
        .is_rejected(&format!("{at}.{PRIVILEGED}"));
}

fn rollouts(path: &str) -> Value {
    laid_over(
        psp(json!({})),
        &json!({"podTemplates": [{"apiGroup": "argoproj.io", "kind": "Rollout", "path": path}]}),
    )
}

#[test]
fn kinds_from_the_settings_are_evaluated_by_a_dry_run() {
    let rollout = |pod: &Value| create(workload("argoproj.io/v1", "Rollout", "spec.template", pod));
    ask(&rollouts("spec.template"), &rollout(&pod(json!({})))).passes();
    ask(&rollouts("spec.template"), &rollout(&privileged()))
        .is_rejected(&format!("spec.template.{PRIVILEGED}"));
    // An absent path means that there is no pod to evaluate.
    ask(&rollouts("spec.elsewhere"), &rollout(&privileged())).passes();
    ask(&psp(json!({})), &rollout(&privileged())).is_rejected(
        "request.kind: \"Rollout\" of the API group \"argoproj.io\" is not judged by this policy; judged are: Pod, Deployment, ReplicaSet, \
         StatefulSet, DaemonSet, ReplicationController, Job, CronJob, PodTemplate; register it for those, or name further kinds in `podTemplates`");
}

#[test]
fn a_path_steps_through_lists() {
    let mut object = workload("argoproj.io/v1", "Rollout", "spec.x", &pod(json!({})));
    object["spec"]["jobs"] =
        json!([{"pod": {"spec": pod(json!({}))["spec"]}}, {"pod": {"spec": privileged()["spec"]}}]);
    ask(&rollouts("spec.jobs[*].pod"), &create(object))
        .is_rejected(&format!("spec.jobs[1].pod.{PRIVILEGED}"));
}

#[rstest]
#[case::scale_to_zero(json!({"replicas": 0}), json!({}))]
#[case::remove_a_finalizer(json!({}), json!({"finalizers": []}))]
fn an_unchanged_template_passes(#[case] spec: Value, #[case] metadata: Value) {
    let mut old = deployment(&privileged());
    old["metadata"]["finalizers"] = json!(["f"]);
    old["spec"]["replicas"] = json!(3);
    let mut new = old.clone();
    new["spec"] = laid_over(new["spec"].clone(), &spec);
    new["metadata"] = laid_over(new["metadata"].clone(), &metadata);
    ask(&psp(json!({})), &update(old, new)).passes();
}

#[test]
fn a_changed_template_is_evaluated() {
    let mut new = deployment(&privileged());
    new["spec"]["template"]["metadata"]["labels"]["a"] = json!("b");
    ask(&psp(json!({})), &update(deployment(&privileged()), new))
        .is_rejected(&format!("spec.template.{PRIVILEGED}"));
}

#[test]
fn workloads_that_could_not_run_are_denied_warned_of_or_ignored() {
    let settings = |workloads: &str| laid_over(psp(json!({})), &json!({"workloads": workloads}));
    let request = create(deployment(&privileged()));
    ask(&settings("Deny"), &request).is_rejected(&format!("spec.template.{PRIVILEGED}"));
    let warned = ask(&settings("Warn"), &request);
    warned.passes();
    assert_eq!(
        warned.warnings,
        [format!("pods of this Deployment would be rejected: spec.template.{PRIVILEGED}")]
    );
    let ignored = ask(&settings("Ignore"), &request);
    ignored.passes();
    assert_eq!(ignored.warnings, Vec::<String>::new());
}

#[test]
fn claims_of_a_stateful_set_are_volumes() {
    let mut set = workload(
        "apps/v1",
        "StatefulSet",
        "spec.template",
        &pod(json!({"automountServiceAccountToken": false})),
    );
    set["spec"]["volumeClaimTemplates"] = json!([{"metadata": {"name": "data"}, "spec": {}}]);
    ask(&psp(json!({"volumes": ["persistentVolumeClaim"]})), &create(set.clone())).passes();
    ask(&psp(json!({"volumes": []})), &create(set)).is_rejected(
        "spec.volumeClaimTemplates[0]: Invalid value: \"persistentVolumeClaim\": persistentVolumeClaim volumes are not allowed to be used");
}

#[test]
fn the_token_that_the_api_server_will_mount_is_a_volume() {
    ask(&psp(json!({"volumes": ["secret"]})), &create(deployment(&pod(json!({}))))).passes();
    ask(
        &psp(json!({"volumes": []})),
        &create(deployment(&pod(json!({"automountServiceAccountToken": false})))),
    )
    .passes();
    // Its account can still switch it off: where nothing else is wrong, this is a warning.
    let verdict = ask(&psp(json!({"volumes": []})), &create(deployment(&pod(json!({})))));
    verdict.passes();
    assert_eq!(
        verdict.warnings,
        [
            "spec.template.spec.automountServiceAccountToken: projected volumes are not allowed to be used; the token volume is one;…"
        ]
    );
}

#[test]
fn ports_of_a_template_on_the_host_network_are_ports_of_the_host() {
    let request = create(deployment(&pod(
        json!({"hostNetwork": true, "containers": [{"name": "c", "ports": [{"containerPort": 80}]}]}),
    )));
    ask(&psp(json!({"hostNetwork": true})), &request).is_rejected(
        "spec.template.spec.containers[0].ports[0].hostPort: Invalid value: 80: Host port 80 is not allowed to be used. Allowed ports: []");
}

#[test]
fn templates_are_evaluated_with_defaults_even_where_none_are_written() {
    let settings =
        laid_over(psp(json!({"runAsUser": {"rule": "MustRunAsNonRoot"}})), &json!({"mutate": false}));
    ask(&settings, &create(deployment(&pod(json!({}))))).passes();
}

/// The API server rejects such a workload, and operators complete such templates.
#[rstest]
#[case::no_template(json!({}))]
#[case::null(json!({"template": null}))]
#[case::empty(json!({"template": {}}))]
#[case::metadata_alone(json!({"template": {"metadata": {"labels": {"app": "d"}}}}))]
fn a_workload_without_a_pod_has_nothing_to_judge(#[case] spec: Value) {
    let request = create(
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": spec}),
    );
    ask(&psp(json!({"readOnlyRootFilesystem": true})), &request).passes();
}

/// Operators keep one template per role, and users name the roles.
#[test]
fn templates_in_a_map_are_judged() {
    let kind = json!([{"apiGroup": "ml.example.org", "kind": "Training", "path": "spec.roles[*].template"}]);
    let settings = laid_over(psp(json!({})), &json!({ "podTemplates": kind }));
    let template =
        |spec: Value| json!({"template": {"spec": laid_over(spec, &json!({"containers": [{"name": "t"}]}))}});
    let training = |roles: Value| {
        create(
            json!({"apiVersion": "ml.example.org/v1", "kind": "Training", "metadata": {"name": "t"}, "spec": {"roles": roles}}),
        )
    };
    ask(&settings, &training(json!({"worker": template(json!({})), "idle": {}}))).passes();
    ask(
        &settings,
        &training(json!({"worker": template(json!({})), "evaluator": template(json!({"hostPID": true}))})),
    )
    .is_rejected(
        "spec.roles.evaluator.template.spec.hostPID: Invalid value: true: Host PID is not allowed to be used",
    );
}
