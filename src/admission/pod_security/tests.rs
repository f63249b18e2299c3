use rstest::rstest;
use serde_json::{Value, json};

use crate::admission::cluster::{Cluster, Question};
use crate::admission::response::Response;
use crate::settings::Settings;
use crate::testing::{policy, review};

const BARE: &str = r#"allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")"#;

fn would_violate(standard: &str, details: &str) -> String {
    format!("would violate PodSecurity \"{standard}\": {details}")
}

fn violates(standard: &str, details: &str) -> String {
    format!("violates PodSecurity \"{standard}\": {details}")
}

fn pod(spec: Value) -> Value {
    let mut pod = json!({"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}});
    for (key, value) in spec.as_object().unwrap() {
        pod["spec"][key] = value.clone();
    }
    pod
}

fn request(operation: &str, kind: &str, object: Value) -> Value {
    let group = if kind == "Deployment" { "apps" } else { "" };
    json!({"operation": operation, "kind": {"group": group, "kind": kind}, "namespace": "shop", "object": object})
}

fn created(settings: &Value, object: Value) -> Response {
    review(settings, &request("CREATE", "Pod", object))
}

fn updated(settings: &Value, old: Value, new: Value) -> Response {
    let mut request = request("UPDATE", "Pod", new);
    request["oldObject"] = old;
    review(settings, &request)
}

fn standards(modes: Value) -> Value {
    json!({ "podSecurityStandards": modes })
}

/// The audit annotations `enforce-policy` and `audit-violations`.
fn audited(response: &Response) -> Value {
    let json: Value = serde_json::from_str(&response.clone().into_json()).unwrap();
    json["audit_annotations"].clone()
}

/// A warning of another level than the enforced one rejects no pod.
#[rstest]
#[case::the_enforced_level("restricted", 1)]
#[case::another_level("baseline", 0)]
fn a_warning_about_a_workload_predicts_what_is_enforced(#[case] enforced: &str, #[case] predicted: usize) {
    let settings = json!({"podSecurityStandards": {"enforce": enforced, "warn": "restricted"}});
    let workload = json!({"metadata": {"name": "w"}, "spec": {"template": pod(json!({}))}});
    let response = review(&settings, &request("CREATE", "Deployment", workload));
    let warning = would_violate("restricted:latest", BARE);
    assert_eq!((response.rejection, &response.warnings), (None, &vec![warning.clone()]));
    assert_eq!(response.predicted, vec![warning; predicted]);
}

#[rstest]
#[case::a_level(json!({"enforce": "baseline"}), "baseline:latest baseline:latest -")]
#[case::all_modes(json!({"enforce": "baseline:v1.30", "warn": "restricted", "audit": "restricted:v1.31"}),
    "baseline:v1.30 restricted:latest restricted:v1.31")]
#[case::warn_alone(json!({"warn": "restricted"}), "- restricted:latest -")]
#[case::warn_can_be_switched_off(json!({"enforce": "baseline", "warn": "privileged"}),
    "baseline:latest privileged:latest -")]
fn loads(#[case] modes: Value, #[case] expected: &str) {
    let text = standards(modes).to_string();
    let modes = Settings::parse(&text).unwrap().standards;
    let reported = [modes.enforce, modes.warn, modes.audit]
        .map(|mode| mode.map_or("-".to_owned(), |standard| standard.to_string()));
    assert_eq!(reported.join(" "), expected);
}

#[rstest]
#[case::level(json!({"enforce": "resticted"}),
    "podSecurityStandards.enforce: Invalid value: \"resticted\": must be one of privileged, baseline, restricted")]
#[case::version(json!({"warn": "restricted:1.30"}),
    "podSecurityStandards.warn: Invalid value: \"restricted:1.30\": must be \"latest\" or \"v1.x\"")]
#[case::mode(json!({"enforced": "baseline"}), "podSecurityStandards.enforced: unknown field; did you mean \"enforce\"?")]
#[case::text(json!({"audit": 1}), "podSecurityStandards.audit: must be a string, not 1")]
#[case::nothing(json!({}),
    "settings hold no policy, no standard and no labels of namespaces; give the fields of a PodSecurityPolicy spec, a whole PodSecurityPolicy, several under `policies`, a level under `podSecurityStandards`, or `namespaceLabels`")]
fn refuses(#[case] modes: Value, #[case] expected: &str) {
    assert_eq!(Settings::parse(&standards(modes).to_string()).unwrap_err().to_string(), expected);
}

#[test]
fn a_standard_needs_no_policy() {
    let response = created(&standards(json!({"enforce": "restricted"})), pod(json!({})));
    assert_eq!(response.rejection, Some(violates("restricted:latest", BARE)));
    assert_eq!(
        (response.warnings.len(), audited(&response)),
        (0, json!({"enforce-policy": "restricted:latest (v1.37)"}))
    );
    let response = created(&standards(json!({"enforce": "baseline"})), pod(json!({})));
    assert_eq!((response.rejection, response.mutated_object, response.warnings), (None, None, vec![]));
}

#[test]
fn warn_and_audit_deny_nothing() {
    let modes = json!({"enforce": "privileged", "warn": "restricted:v1.30", "audit": "restricted"});
    let response = created(&standards(modes), pod(json!({})));
    assert_eq!(response.rejection, None);
    assert_eq!(response.warnings, [would_violate("restricted:v1.30", BARE)]);
    assert_eq!(
        audited(&response),
        json!({"enforce-policy": "privileged:latest", "audit-violations": would_violate("restricted:latest", BARE)})
    );
}

#[test]
fn what_is_denied_is_audited_and_not_warned_of() {
    let modes = json!({"enforce": "baseline", "warn": "restricted", "audit": "baseline"});
    let response = created(&standards(modes), pod(json!({"hostPID": true})));
    let details = "host namespaces (hostPID=true)";
    assert_eq!(response.rejection, Some(violates("baseline:latest", details)));
    assert_eq!(response.warnings, Vec::<String>::new());
    assert_eq!(
        audited(&response),
        json!({"enforce-policy": "baseline:latest (v1.37)", "audit-violations": would_violate("baseline:latest", details)})
    );
}

/// A policy that sets the defaults that the restricted level demands.
fn filling(over: Value) -> Value {
    let mut settings = policy(&json!({
        "runAsUser": {"rule": "MustRunAsNonRoot"},
        "allowPrivilegeEscalation": false,
        "requiredDropCapabilities": ["ALL"],
        "annotations": {
            "seccomp.security.alpha.kubernetes.io/allowedProfileNames": "runtime/default",
            "seccomp.security.alpha.kubernetes.io/defaultProfileName": "runtime/default",
        },
        "podSecurityStandards": {"enforce": "restricted", "audit": "restricted"},
    }));
    for (key, value) in over.as_object().unwrap() {
        settings[key] = value.clone();
    }
    settings
}

#[test]
fn the_pod_is_judged_as_the_policy_leaves_it() {
    let response = created(&filling(json!({})), pod(json!({})));
    assert_eq!((response.rejection.as_deref(), &response.warnings), (None, &vec![]));
    assert_eq!(audited(&response)["enforce-policy"], "restricted:latest (v1.37)");
    let object: Value = serde_json::from_str(&response.mutated_object.unwrap()).unwrap();
    assert_eq!(object["spec"]["securityContext"], json!({"seccompProfile": {"type": "RuntimeDefault"}}));
}

#[test]
fn both_must_hold() {
    let own = json!({"runAsUser": 0, "runAsNonRoot": false});
    let spec = json!({"containers": [{"name": "c", "securityContext": own}]});
    let response = created(&filling(json!({"runAsUser": {"rule": "RunAsAny"}})), pod(spec.clone()));
    let details = r#"runAsNonRoot != true (container "c" must not set securityContext.runAsNonRoot=false), runAsUser=0 (container "c" must not set runAsUser=0)"#;
    assert_eq!(response.rejection, Some(violates("restricted:latest", details)));
    assert_eq!((response.policy.as_deref(), response.mutated_object), (Some("default"), None));
    let response = created(&filling(json!({"podSecurityStandards": {"enforce": "baseline"}})), pod(spec));
    assert_eq!(
        response.rejection.unwrap(),
        "spec.containers[0].securityContext.runAsNonRoot: Invalid value: false: must be true"
    );
}

#[test]
fn a_pod_of_the_host_network_takes_its_ports() {
    let ports = json!([{"name": "c", "ports": [{"containerPort": 80}]}]);
    let response = created(
        &standards(json!({"enforce": "baseline"})),
        pod(json!({"hostNetwork": true, "containers": ports})),
    );
    assert_eq!(
        response.rejection.unwrap(),
        violates(
            "baseline:latest",
            r#"host namespaces (hostNetwork=true), hostPort (container "c" uses hostPort 80)"#
        )
    );
}

fn deployment(spec: Value) -> Value {
    json!({"spec": {"template": pod(spec)}})
}

#[rstest]
#[case::warn_follows_enforce(json!({"enforce": "baseline"}), &["baseline:latest"], json!(null))]
#[case::unless_it_is_given(json!({"enforce": "baseline", "warn": "privileged"}), &[], json!(null))]
#[case::audit(json!({"audit": "baseline:v1.31"}), &[],
    json!({"audit-violations": would_violate("baseline:v1.31", "host namespaces (hostNetwork=true)")}))]
fn workloads_are_never_denied(#[case] modes: Value, #[case] warned: &[&str], #[case] expected: Value) {
    let ports = json!([{"name": "c", "ports": [{"containerPort": 80}]}]);
    let object = deployment(json!({"hostNetwork": true, "containers": ports}));
    let response = review(&standards(modes), &request("CREATE", "Deployment", object));
    let warned: Vec<_> =
        warned.iter().map(|standard| would_violate(standard, "host namespaces (hostNetwork=true)")).collect();
    assert_eq!((response.rejection.as_deref(), &response.warnings), (None, &warned));
    assert_eq!(audited(&response), expected);
}

#[test]
fn a_workload_is_judged_whenever_it_is_updated() {
    let settings = filling(json!({"podSecurityStandards": {"warn": "baseline"}, "workloads": "Deny"}));
    let mut object = deployment(json!({"volumes": [{"name": "v", "hostPath": {"path": "/"}}]}));
    let mut update = request("UPDATE", "Deployment", object.clone());
    object["metadata"] = json!({"labels": {"a": "b"}});
    update["oldObject"] = object;
    // The policy would deny such a template, and does not evaluate one that existed before.
    let response = review(&settings, &update);
    assert_eq!((response.rejection, response.warnings), (None, vec![]));
    let mut open = settings;
    open["volumes"] = json!(["*"]);
    let response = review(&open, &update);
    assert_eq!(response.warnings, [would_violate("baseline:latest", r#"hostPath volumes (volume "v")"#)]);
    assert_eq!((response.rejection, response.policy), (None, None));
}

#[test]
fn a_workload_that_passed_before_passes_while_the_cluster_is_away() {
    struct Away;
    impl Cluster for Away {
        fn may_use(&self, _: &Question<'_>) -> Result<bool, String> {
            Err("it is away".to_owned())
        }
    }
    let mut settings = json!({"policies": [{"metadata": {"name": "a"}, "spec": policy(&json!({}))}]});
    settings["authorization"] = json!("RBAC");
    settings["podSecurityStandards"] = json!({"warn": "baseline"});
    let mut update =
        request("UPDATE", "Deployment", deployment(json!({"automountServiceAccountToken": false})));
    let away = |request: &Value| {
        crate::admission::review(&json!({"settings": settings, "request": request}).to_string(), &Away)
    };
    assert_eq!(away(&update).rejection.unwrap(), "cannot determine who may use which policy: it is away");
    update["oldObject"] = update["object"].clone();
    update["oldObject"]["metadata"] = json!({"labels": {"a": "b"}});
    assert_eq!(away(&update).rejection, None);
}

#[rstest]
#[case::label(json!({"metadata": {"labels": {"a": "b"}}}), false)]
#[case::app_armor_annotation(json!({"metadata": {"annotations": {"container.apparmor.security.beta.kubernetes.io/c": "unconfined"}}}), false)]
#[case::tolerations(json!({"spec": {"tolerations": [{}]}}), false)]
#[case::image(json!({"spec": {"containers": [{"name": "c", "image": "j"}]}}), true)]
#[case::one_container_more(json!({"spec": {"containers": [{"name": "c", "image": "i"}, {"name": "d", "image": "i"}]}}), true)]
#[case::an_init_container(json!({"spec": {"initContainers": [{"name": "d", "image": "i"}]}}), true)]
#[case::a_renamed_container(json!({"spec": {"containers": [{"name": "d", "image": "i"}]}}), false)]
fn an_update_is_judged_if_it_is_significant(#[case] change: Value, #[case] significant: bool) {
    let old = pod(json!({"hostPID": true}));
    let mut new = old.clone();
    for part in ["metadata", "spec"] {
        for (key, value) in change[part].as_object().into_iter().flatten() {
            new[part][key] = value.clone();
        }
    }
    let response = updated(&standards(json!({"enforce": "baseline"})), old, new);
    let expected = significant.then(|| violates("baseline:latest", "host namespaces (hostPID=true)"));
    assert_eq!(response.rejection, expected);
}

#[test]
fn an_update_of_which_the_old_object_is_missing_or_broken_does_not_slip_through() {
    let settings = standards(json!({"enforce": "baseline"}));
    let new = pod(json!({"hostPID": true}));
    let response = review(&settings, &request("UPDATE", "Pod", new.clone()));
    assert_eq!(response.rejection.unwrap(), violates("baseline:latest", "host namespaces (hostPID=true)"));
    let response = updated(&settings, json!({"metadata": {}, "spec": {"hostPID": "no"}}), new);
    assert_eq!(
        response.rejection.unwrap(),
        "the object cannot be read: oldObject.spec.hostPID: must be true or false, not the string \"no\""
    );
}

fn debug(settings: &Value, old: Value, containers: Value) -> Response {
    let mut new = old.clone();
    new["spec"]["ephemeralContainers"] = containers;
    let mut request = request("UPDATE", "Pod", new);
    request["oldObject"] = old;
    request["subResource"] = json!("ephemeralcontainers");
    review(settings, &request)
}

#[test]
fn ephemeral_containers_are_judged_with_their_pod() {
    let settings = standards(json!({"enforce": "baseline"}));
    let privileged = json!([{"name": "d", "image": "i", "securityContext": {"privileged": true}}]);
    let response = debug(&settings, pod(json!({"hostPID": true})), privileged.clone());
    let details = r#"host namespaces (hostPID=true), privileged (container "d" must not set securityContext.privileged=true)"#;
    assert_eq!(response.rejection.unwrap(), violates("baseline:latest", details));
    let there = pod(json!({"hostPID": true, "ephemeralContainers": privileged}));
    assert_eq!(debug(&settings, there.clone(), privileged.clone()).rejection, None);
    assert_eq!(debug(&settings, there.clone(), json!([])).rejection, None);
    let second = json!({"name": "e", "image": "i"});
    let two = json!([privileged[0], second]);
    let there_twice = pod(json!({"hostPID": true, "ephemeralContainers": two}));
    assert_eq!(debug(&settings, there_twice, two).rejection, None);
    let mut changed = privileged;
    changed[0]["image"] = json!("j");
    assert_eq!(debug(&settings, there, changed).rejection.unwrap(), violates("baseline:latest", details));
}

#[rstest]
#[case::warned(json!({"pss/hostNamespaces": "Warn", "pss/privileged": "Deny"}), None,
    &[would_violate("baseline:latest", "host namespaces (hostPID=true)")], json!({"enforce-policy": "baseline:latest (v1.37)",
        "violations": would_violate("baseline:latest", "host namespaces (hostPID=true)")}))]
#[case::audited(json!({"pss/hostNamespaces": "Audit"}), None, &[], json!({"enforce-policy": "baseline:latest (v1.37)",
    "violations": would_violate("baseline:latest", "host namespaces (hostPID=true)")}))]
#[case::of_another_check(json!({"pss/hostPorts": "Warn"}),
    Some(violates("baseline:latest", "host namespaces (hostPID=true)")), &[], json!({"enforce-policy": "baseline:latest (v1.37)"}))]
fn a_check_that_does_not_deny(
    #[case] rules: Value,
    #[case] rejection: Option<String>,
    #[case] warned: &[String],
    #[case] expected: Value,
) {
    let mut settings = standards(json!({"enforce": "baseline", "warn": "privileged"}));
    settings["enforcement"] = json!({ "rules": rules });
    let response = created(&settings, pod(json!({"hostPID": true})));
    assert_eq!((&response.rejection, &*response.warnings), (&rejection, warned));
    assert_eq!(audited(&response), expected);
}

/// What `audit` or `warn` reports as a whole is not said once more for each check, and nothing else is left out.
#[rstest]
#[case::audit_reports_it(json!({"audit": "baseline", "warn": "restricted"}), true)]
#[case::only_warn_would(json!({"warn": "baseline"}), false)]
#[case::audit_of_another_level(json!({"audit": "restricted"}), false)]
fn an_audited_check_is_reported_once(#[case] modes: Value, #[case] as_a_whole: bool) {
    let mut settings = standards(modes);
    settings["podSecurityStandards"]["enforce"] = json!("baseline");
    settings["enforcement"] = json!({"rules": {"pss/hostNamespaces": "Audit"}});
    let response = created(&settings, pod(json!({"hostPID": true})));
    let detail = would_violate("baseline:latest", "host namespaces (hostPID=true)");
    assert_eq!(response.rejection, None);
    assert_eq!(audited(&response).get("violations"), (!as_a_whole).then_some(&json!(detail)));
}

#[test]
fn no_check_is_left_out() {
    assert!(crate::standards::all().count() <= crate::rule::SPELT_OUT);
}

#[test]
fn what_warn_reports_is_reported_once() {
    let mut settings = standards(json!({"enforce": "baseline", "audit": "baseline"}));
    settings["enforcement"] = json!({"rules": {"pss/hostNamespaces": "Warn", "pss/privileged": "Audit"}});
    let own = json!([{"name": "c", "securityContext": {"privileged": true}}]);
    let response = created(&settings, pod(json!({"hostPID": true, "containers": own})));
    let reported = would_violate(
        "baseline:latest",
        r#"host namespaces (hostPID=true), privileged (container "c" must not set securityContext.privileged=true)"#,
    );
    assert_eq!((response.rejection.as_deref(), &response.warnings), (None, &vec![reported.clone()]));
    assert_eq!(response.predicted, Vec::<String>::new(), "it is the pod itself");
    assert_eq!(
        audited(&response),
        json!({"enforce-policy": "baseline:latest (v1.37)", "audit-violations": reported})
    );
}

#[test]
fn a_rule_that_only_warns_does_where_nothing_may_change() {
    let fields = json!({"readOnlyRootFilesystem": true, "mutate": false, "enforcement": {"rules": {"readOnlyRootFilesystem": "Warn"}}});
    let response = created(&policy(&fields), pod(json!({})));
    assert_eq!((response.rejection, response.mutated_object), (None, None));
    assert_eq!(
        response.warnings,
        [
            "spec.containers[0].securityContext.readOnlyRootFilesystem: Required value: ReadOnlyRootFilesystem must be set to true"
        ]
    );
}

/// The default of `MustRunAs`, together with a standard, in the container of a pod.
fn user_filled_in(options: Value, spec: Value) -> Response {
    let mut settings =
        policy(&json!({"runAsUser": {"rule": "MustRunAs", "ranges": [{"min": 1000, "max": 70_000}]}}));
    for (key, value) in options.as_object().unwrap() {
        settings[key] = value.clone();
    }
    created(&settings, pod(spec))
}

fn container_of(response: &Response) -> Value {
    let object: Value =
        response.mutated_object.as_deref().map_or(json!(null), |text| serde_json::from_str(text).unwrap());
    object["spec"]["containers"][0]["securityContext"].clone()
}

const SATISFYING: &str = r#"{"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}, "seccompProfile": {"type": "RuntimeDefault"}}"#;

/// A container that satisfies `restricted` except for the fields about root.
fn satisfying(over: Value) -> Value {
    let mut context: Value = serde_json::from_str(SATISFYING).unwrap();
    for (key, value) in over.as_object().unwrap() {
        context[key] = value.clone();
    }
    context
}

/// Pod Security admission rejects a pod without `runAsNonRoot: true` whatever its user is.
#[rstest]
#[case::restricted(json!({"enforce": "restricted"}), json!({}), json!({"runAsUser": 1000, "runAsNonRoot": true}))]
#[case::restricted_in_a_namespace_of_the_node(json!({"enforce": "restricted"}), json!({"hostUsers": true}), json!({"runAsUser": 1000, "runAsNonRoot": true}))]
#[case::restricted_of_a_version(json!({"enforce": "restricted:v1.0"}), json!({}), json!({"runAsUser": 1000, "runAsNonRoot": true}))]
#[case::not_relaxed_yet(json!({"enforce": "restricted:v1.34"}), json!({"hostUsers": false}), json!({"runAsUser": 1000, "runAsNonRoot": true}))]
#[case::relaxed_in_a_user_namespace(json!({"enforce": "restricted:v1.35"}), json!({"hostUsers": false}), json!({"runAsUser": 1000}))]
#[case::baseline(json!({"enforce": "baseline"}), json!({}), json!({"runAsUser": 1000}))]
#[case::only_warned_of(json!({"warn": "restricted", "audit": "restricted"}), json!({}), json!({"runAsUser": 1000}))]
#[case::the_pod_says_so(json!({"enforce": "restricted"}), json!({"securityContext": {"runAsNonRoot": true}}), json!({"runAsUser": 1000}))]
fn a_user_that_is_filled_in_is_said_not_to_be_root(
    #[case] modes: Value,
    #[case] over: Value,
    #[case] written: Value,
) {
    let mut spec = over;
    spec["containers"] = json!([{"name": "c", "securityContext": satisfying(json!({}))}]);
    let response = user_filled_in(json!({"podSecurityStandards": modes}), spec);
    assert_eq!((response.rejection.as_deref(), container_of(&response)), (None, satisfying(written)));
    let again: Value = serde_json::from_str(&response.mutated_object.unwrap()).unwrap();
    let again = user_filled_in(json!({"podSecurityStandards": modes}), again["spec"].clone());
    assert_eq!((again.rejection, again.mutated_object), (None, None), "a second run changes nothing");
}

/// The author's value stays, and is rejected where the standard rejects it.
#[rstest]
#[case::a_user_of_its_own(json!({"runAsUser": 2000}),
    r#"runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true)"#)]
#[case::a_denial(json!({"runAsNonRoot": false}),
    r#"runAsNonRoot != true (container "c" must not set securityContext.runAsNonRoot=false)"#)]
fn what_the_author_says_of_root_is_not_changed(#[case] over: Value, #[case] details: &str) {
    let spec = json!({"containers": [{"name": "c", "securityContext": satisfying(over)}]});
    let response = user_filled_in(json!({"podSecurityStandards": {"enforce": "restricted"}}), spec);
    assert_eq!(response.rejection, Some(violates("restricted:latest", details)));
}

#[rstest]
#[case::warned_of(json!({"enforcement": {"rules": {"pss/runAsNonRoot": "Warn"}}}))]
#[case::audited(json!({"enforcement": {"rules": {"pss/runAsNonRoot": "Audit"}}}))]
#[case::exempt(json!({"exemptions": [{"name": "e", "match": {"namespaces": ["shop"]}, "rules": ["pss/runAsNonRoot"]}]}))]
#[case::exempt_in_the_container(json!({"exemptions": [
    {"name": "e", "match": {"namespaces": ["shop"], "images": ["docker.io/library/a"]}, "rules": ["pss/runAsNonRoot"]}]}))]
fn a_check_that_does_not_deny_makes_nobody_say_so(#[case] mut options: Value) {
    options["podSecurityStandards"] = json!({"enforce": "restricted"});
    let spec = json!({"containers": [{"name": "c", "image": "a", "securityContext": satisfying(json!({}))}]});
    let response = user_filled_in(options, spec);
    assert_eq!(
        (response.rejection.as_deref(), container_of(&response)),
        (None, satisfying(json!({"runAsUser": 1000})))
    );
}

#[test]
fn root_that_is_filled_in_is_not_said_to_be_another() {
    let root = json!({"rule": "MustRunAs", "ranges": [{"min": 0, "max": 1}]});
    let options = json!({"podSecurityStandards": {"enforce": "restricted"}, "runAsUser": root});
    let spec = json!({"containers": [{"name": "c", "securityContext": satisfying(json!({}))}]});
    let details = r#"runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true), runAsUser=0 (container "c" must not set runAsUser=0)"#;
    assert_eq!(user_filled_in(options, spec).rejection, Some(violates("restricted:latest", details)));
}

/// Windows has no numeric user IDs, so none is set.
#[test]
fn a_pod_of_windows_must_say_by_itself_that_it_is_not_root() {
    let spec = json!({"os": {"name": "windows"}, "containers": [{"name": "c"}]});
    let response = user_filled_in(json!({"podSecurityStandards": {"enforce": "restricted"}}), spec);
    let details = r#"runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true)"#;
    assert_eq!(response.rejection, Some(violates("restricted:latest", details)));
}
