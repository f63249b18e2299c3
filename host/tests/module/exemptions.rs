//! Exemptions, and attacks on each of their grounds.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use policy_host::Probe;
use rstest::rstest;
use serde_json::{Value, json};

use crate::harness::{self, Verdict, ask, create, laid_over, pod, problem, psp, update};

/// A policy with one exemption, from `hostPID`, `privileged` and `readOnlyRootFilesystem`.
fn exempting(grounds: Value) -> Value {
    let rules = ["hostPID", "privileged", "readOnlyRootFilesystem"];
    psp(json!({"exemptions": [{"name": "e", "reason": "needed", "match": grounds, "rules": rules}]}))
}

fn host_pid() -> Value {
    create(pod(json!({"hostPID": true, "runtimeClassName": "gvisor"})))
}

const NO_PID: &str = "spec.hostPID: Invalid value: true: Host PID is not allowed to be used";

#[track_caller]
fn used(verdict: &Verdict) {
    verdict.passes();
    assert_eq!(verdict.audit, json!({"policy": "default", "exemptions": "e"}));
}

#[track_caller]
fn attack_fails(settings: &Value, request: &Value) {
    let verdict = ask(settings, request);
    verdict.is_rejected(NO_PID);
    assert_eq!(verdict.audit, json!({}));
}

#[rstest]
#[case::namespace(json!({"namespaces": ["shop"]}))]
#[case::user(json!({"usernames": ["alice"]}))]
#[case::group(json!({"groups": ["devs"]}))]
#[case::service_account(json!({"serviceAccounts": ["shop/web"]}))]
#[case::runtime_class(json!({"namespaces": ["shop"], "runtimeClasses": ["gvisor"]}))]
fn holds(#[case] grounds: Value) {
    used(&ask(&exempting(grounds), &host_pid()));
}

#[test]
fn of_all_grounds_each_must_hold() {
    let grounds = json!({"namespaces": ["shop"], "usernames": ["alice"], "serviceAccounts": ["shop/web"]});
    used(&ask(&exempting(grounds.clone()), &host_pid()));
    for (ground, other) in [("namespaces", "other"), ("usernames", "bob"), ("serviceAccounts", "other/web")] {
        attack_fails(&exempting(laid_over(grounds.clone(), &json!({ ground: [other] }))), &host_pid());
    }
}

#[rstest]
#[case::the_object_claims_another(json!({"namespace": "kube-system"}))]
#[case::a_label_claims_another(json!({"labels": {"kubernetes.io/metadata.name": "kube-system"}}))]
#[case::an_annotation_claims_another(json!({"annotations": {"namespace": "kube-system"}}))]
#[case::a_name_to_be_generated(json!({"name": null, "generateName": "kube-system"}))]
fn attack_on_the_namespace(#[case] metadata: Value) {
    let mut request = host_pid();
    request["object"]["metadata"] = laid_over(request["object"]["metadata"].clone(), &metadata);
    request["name"] = request["object"]["metadata"]["name"].clone();
    attack_fails(&exempting(json!({"namespaces": ["kube-system"]})), &request);
}

#[rstest]
#[case::longer("shop-floor")]
#[case::shorter("sho")]
#[case::none("")]
fn attack_on_the_name_of_the_namespace(#[case] namespace: &str) {
    let mut request = host_pid();
    request["namespace"] = json!(namespace);
    attack_fails(&exempting(json!({"namespaces": ["shop"]})), &request);
}

#[rstest]
#[case::another_spelling(json!({"username": "Alice", "groups": []}))]
#[case::a_group_of_that_name(json!({"username": "mallory", "groups": ["alice"]}))]
#[case::an_extra_of_that_name(json!({"username": "mallory", "extra": {"username": ["alice"]}}))]
#[case::a_prefix(json!({"username": "alice@evil"}))]
#[case::no_user(json!({}))]
fn attack_on_the_user(#[case] user: Value) {
    let request = laid_over(host_pid(), &json!({ "userInfo": user }));
    attack_fails(&exempting(json!({"usernames": ["alice"]})), &request);
}

#[rstest]
#[case::a_user_of_that_name(json!({"username": "devs", "groups": []}))]
#[case::a_longer_name(json!({"username": "mallory", "groups": ["devs-evil", "dev"]}))]
#[case::no_user(json!({}))]
fn attack_on_the_group(#[case] user: Value) {
    let request = laid_over(host_pid(), &json!({ "userInfo": user }));
    attack_fails(&exempting(json!({"groups": ["devs"]})), &request);
}

#[rstest]
#[case::of_another_namespace(json!({"serviceAccountName": "csi-node"}))]
#[case::with_the_namespace_in_its_name(json!({"serviceAccountName": "kube-system/csi-node"}))]
#[case::by_its_older_field(json!({"serviceAccountName": null, "serviceAccount": "csi-node"}))]
fn attack_on_the_service_account(#[case] spec: Value) {
    let request = create(pod(laid_over(json!({"hostPID": true}), &spec)));
    attack_fails(&exempting(json!({"serviceAccounts": ["kube-system/csi-node"]})), &request);
}

#[test]
fn the_requesting_user_is_not_the_service_account() {
    let user = json!({"username": "system:serviceaccount:kube-system:csi-node", "groups": []});
    let request = laid_over(host_pid(), &json!({ "userInfo": user }));
    attack_fails(&exempting(json!({"serviceAccounts": ["kube-system/csi-node"]})), &request);
}

#[rstest]
#[case::longer(json!({"runtimeClassName": "gvisor-not"}))]
#[case::none(json!({"runtimeClassName": null}))]
#[case::empty(json!({"runtimeClassName": ""}))]
fn attack_on_the_runtime_class(#[case] spec: Value) {
    let settings = exempting(json!({"namespaces": ["shop"], "runtimeClasses": ["gvisor"]}));
    attack_fails(&settings, &create(pod(laid_over(json!({"hostPID": true}), &spec))));
}

#[test]
fn a_runtime_class_or_an_image_alone_is_no_ground() {
    let reason = "is accepted only together with `namespaces`: pod authors choose it themselves";
    for (ground, value) in [("runtimeClasses", "gvisor"), ("images", "nginx")] {
        let expected = format!("exemptions[0].match.{ground}: {reason}");
        assert_eq!(problem(&exempting(json!({ ground: [value] }))), Some(expected));
    }
    let expected = "exemptions[0].match.labels: unknown field; known are: \"namespaces\", \"usernames\", \"groups\", \"serviceAccounts\", \"images\", \"runtimeClasses\"; exemptions[0].match: Required value: must have at least one condition, or it would exempt every pod";
    assert_eq!(problem(&exempting(json!({"labels": {"a": "b"}}))).as_deref(), Some(expected));
}

fn imaged(image: &str) -> Value {
    let privileged = json!({"privileged": true});
    create(pod(json!({"containers": [{"name": "c", "image": image, "securityContext": privileged}]})))
}

const NO_PRIVILEGE: &str = "spec.containers[0].securityContext.privileged: Invalid value: true: Privileged containers are not allowed";

#[rstest]
#[case::exact("registry.example.com/csi/driver:v2.1")]
#[case::exact_by_digest(&format!("registry.example.com/csi/driver@sha256:{}", "a".repeat(64)))]
#[case::beneath_a_folder("registry.example.com/node/sub/agent:1")]
#[case::of_docker("nginx:1.27")]
#[case::of_docker_in_full("docker.io/library/nginx")]
fn an_image_holds(#[case] image: &str) {
    let digest = format!("registry.example.com/csi/driver@sha256:{}", "a".repeat(64));
    let images =
        json!(["registry.example.com/csi/driver:v2.1", digest, "registry.example.com/node/*", "nginx"]);
    used(&ask(&exempting(json!({"namespaces": ["shop"], "images": images})), &imaged(image)));
}

#[rstest]
#[case::s29_prefix_twin_of_a_host("nginx-evil.io/x")]
#[case::s29_prefix_twin("nginx-evil")]
#[case::s29_prefix_twin_of_a_folder("registry.example.com/node-evil/agent")]
#[case::s29_host_that_continues("registry.example.com.evil.io/node/agent")]
#[case::s29_host_with_a_port("registry.example.com:5000/node/agent")]
#[case::s29_user_in_front_of_the_host("registry.example.com@evil.io/node/agent")]
#[case::path_in_the_middle("evil.io/registry.example.com/node/agent")]
#[case::climbing_out("registry.example.com/node/../evil/agent")]
#[case::another_tag("registry.example.com/csi/driver:v2.10")]
#[case::a_tag_beside_another_digest(&format!("registry.example.com/csi/driver:v2.1@sha256:{}", "b".repeat(64)))]
#[case::no_image("")]
fn attack_on_the_image(#[case] image: &str) {
    let images = json!(["registry.example.com/csi/driver:v2.1", "registry.example.com/node/*", "nginx"]);
    let settings = exempting(json!({"namespaces": ["shop"], "images": images}));
    let verdict = ask(&settings, &imaged(image));
    verdict.is_rejected(NO_PRIVILEGE);
    assert_eq!(verdict.audit, json!({}));
}

#[test]
fn attack_on_the_pod_through_the_image_of_a_sidecar() {
    let settings = exempting(json!({"namespaces": ["shop"], "images": ["registry.example.com/node/*"]}));
    let sidecar = json!({"name": "s", "image": "registry.example.com/node/agent"});
    let containers =
        json!([{"name": "c", "image": "evil", "securityContext": {"privileged": true}}, sidecar]);
    for list in ["containers", "initContainers", "ephemeralContainers"] {
        let mut spec = json!({"hostPID": true, "containers": [{"name": "c", "image": "evil"}]});
        spec[list] = containers.clone();
        let place = NO_PRIVILEGE.replace("spec.containers", &format!("spec.{list}"));
        ask(&settings, &create(pod(spec))).is_rejected(&format!("{NO_PID}; {place}"));
    }
}

#[test]
fn an_image_frees_from_what_is_filled_in() {
    let settings = laid_over(
        exempting(json!({"namespaces": ["shop"], "images": ["nginx"]})),
        &json!({"readOnlyRootFilesystem": true}),
    );
    let containers = json!([{"name": "a", "image": "nginx"}, {"name": "b", "image": "other"}]);
    let verdict = ask(&settings, &create(pod(json!({ "containers": containers }))));
    verdict.writes(json!([
        {"op": "add", "path": "/spec/containers/1/securityContext", "value": {"readOnlyRootFilesystem": true}},
    ]));
    assert_eq!(verdict.audit["exemptions"], "e");
}

#[test]
fn attack_on_a_pod_that_is_there_through_the_image() {
    let settings = exempting(json!({"namespaces": ["shop"], "images": ["nginx"]}));
    let old = imaged("nginx")["object"].clone();
    let new = imaged("nginx-evil")["object"].clone();
    ask(&settings, &update(old.clone(), new)).is_rejected(NO_PRIVILEGE);
    let mut changed = old.clone();
    changed["spec"]["hostname"] = json!("h");
    used(&ask(&settings, &update(old, changed)));
}

#[test]
fn checks_of_the_standards_are_freed_by_their_own_names() {
    let exemption = |rules: Value| json!([{"name": "e", "match": {"namespaces": ["shop"]}, "rules": rules}]);
    let settings =
        |rules| json!({"podSecurityStandards": {"enforce": "baseline"}, "exemptions": exemption(rules)});
    let verdict = ask(&settings(json!(["pss/hostNamespaces"])), &host_pid());
    verdict.passes();
    assert_eq!(verdict.audit, json!({"enforce-policy": "baseline:latest (v1.37)", "exemptions": "e"}));
    ask(&settings(json!(["hostPID", "pss/hostPorts"])), &host_pid())
        .is_rejected(r#"violates PodSecurity "baseline:latest": host namespaces (hostPID=true)"#);
}

#[test]
fn users_do_not_vouch_for_the_pods_of_a_workload() {
    let spec = json!({"hostPID": true, "automountServiceAccountToken": false});
    let object = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": {"template": pod(spec)}});
    ask(&exempting(json!({"usernames": ["alice"]})), &create(object.clone()))
        .is_rejected(&format!("spec.template.{NO_PID}"));
    used(&ask(&exempting(json!({"serviceAccounts": ["shop/web"]})), &create(object)));
}

/// The date, so many days from today.
fn day(from_today: i64) -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let mut days = i64::try_from(since / 86_400).unwrap() + from_today;
    let is_leap = |year: i64| (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let mut year = 1970;
    while days >= 365 + i64::from(is_leap(year)) {
        days -= 365 + i64::from(is_leap(year));
        year += 1;
    }
    let february = 28 + i64::from(is_leap(year));
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    format!("{year}-{month:02}-{:02}", days + 1)
}

fn expiring(day: &str) -> Value {
    let mut settings = exempting(json!({"namespaces": ["shop"]}));
    settings["exemptions"][0]["expires"] = json!(day);
    settings
}

#[test]
fn an_exemption_holds_until_its_day() {
    used(&ask(&expiring(&day(2)), &host_pid()));
}

/// The day has begun, be it by a second.
#[test]
fn attack_after_the_exemption_has_expired() {
    for day in [day(0), "2020-02-29".to_owned()] {
        let verdict = ask(&expiring(&day), &host_pid());
        verdict.is_rejected(NO_PID);
        assert_eq!(verdict.warnings, [format!("exemption \"e\" expired on {day}")]);
        assert_eq!(verdict.audit, json!({"exemptions": format!("e (expired on {day})")}));
    }
}

/// The module's response at a second of 2027-01-31 and the day before, counted from midnight.
fn answered_at(second: i64) -> Value {
    const MIDNIGHT: i64 = 1_801_353_600;
    let payload = json!({"request": host_pid(), "settings": expiring("2027-01-31")}).to_string();
    let time = Duration::from_secs(u64::try_from(MIDNIGHT + second).unwrap());
    let mut module = Probe::at(&std::fs::read(harness::path()).unwrap(), time).unwrap();
    serde_json::from_slice(&module.validate(payload.as_bytes()).unwrap()).unwrap()
}

#[test]
fn an_exemption_holds_to_the_last_second_of_the_day_before() {
    assert_eq!(answered_at(-1)["accepted"], json!(true));
}

#[test]
fn attack_a_second_after_the_exemption_has_expired() {
    for second in [0, 1] {
        assert_eq!(
            answered_at(second),
            json!({
                "accepted": false,
                "message": NO_PID,
                "code": 403,
                "warnings": ["exemption \"e\" expired on 2027-01-31"],
                "audit_annotations": {"exemptions": "e (expired on 2027-01-31)"},
            }),
            "{second}"
        );
    }
}
