use rstest::rstest;
use serde_json::{Value, json};

use crate::admission::cluster::{Cluster, Question};
use crate::admission::response::Response;
use crate::admission::review;
use crate::settings::Settings;
use crate::testing::policy;

/// 2027-01-31, 00:00 UTC.
const JANUARY_31: i64 = 1_801_353_600;

struct Clock(Result<i64, &'static str>);

impl Cluster for Clock {
    fn may_use(&self, question: &Question<'_>) -> Result<bool, String> {
        panic!("without RBAC the cluster is not asked, but there is {question:?}");
    }

    fn now(&self) -> Result<i64, String> {
        self.0.map_err(str::to_owned)
    }
}

/// Panics when it is asked for the time.
struct Timeless;

impl Cluster for Timeless {
    fn may_use(&self, question: &Question<'_>) -> Result<bool, String> {
        panic!("without RBAC the cluster is not asked, but there is {question:?}");
    }

    fn now(&self) -> Result<i64, String> {
        panic!("the time is not asked for unless an exemption that would hold has an end");
    }
}

fn over(mut base: Value, over: Value) -> Value {
    for (key, value) in over.as_object().unwrap() {
        base[key] = value.clone();
    }
    base
}

/// An exemption from `hostPID` and `privileged` with these conditions.
fn exemption(grounds: Value) -> Value {
    json!({"name": "e", "match": grounds, "rules": ["hostPID", "privileged"]})
}

fn exempting(exemptions: Value) -> Value {
    policy(&json!({ "exemptions": exemptions }))
}

fn pod(spec: Value) -> Value {
    let base =
        json!({"serviceAccountName": "web", "containers": [{"name": "c", "image": "r.io/team/app:1"}]});
    json!({"metadata": {"name": "p", "namespace": "shop"}, "spec": over(base, spec)})
}

fn request(object: Value) -> Value {
    json!({"operation": "CREATE", "kind": {"group": "", "kind": "Pod"}, "namespace": "shop", "object": object,
        "userInfo": {"username": "alice", "groups": ["devs", "system:authenticated"]}})
}

fn ask_at(cluster: &dyn Cluster, settings: &Value, request: &Value) -> Response {
    review(&json!({"request": request, "settings": settings}).to_string(), cluster)
}

fn ask(settings: &Value, request: &Value) -> Response {
    ask_at(&Timeless, settings, request)
}

const NO_PID: &str = "spec.hostPID: Invalid value: true: Host PID is not allowed to be used";

#[rstest]
#[case::namespace(json!({"namespaces": ["other", "shop"]}), true)]
#[case::another_namespace(json!({"namespaces": ["sho", "shopp", "hop"]}), false)]
#[case::user(json!({"usernames": ["alice"]}), true)]
#[case::another_user(json!({"usernames": ["Alice", "alice "]}), false)]
#[case::group(json!({"groups": ["ops", "devs"]}), true)]
#[case::another_group(json!({"groups": ["dev", "alice"]}), false)]
#[case::service_account(json!({"serviceAccounts": ["shop/web"]}), true)]
#[case::a_service_account_of_another_namespace(json!({"serviceAccounts": ["other/web"]}), false)]
#[case::another_service_account(json!({"serviceAccounts": ["shop/default"]}), false)]
#[case::runtime_class(json!({"namespaces": ["shop"], "runtimeClasses": ["gvisor"]}), true)]
#[case::another_runtime_class(json!({"namespaces": ["shop"], "runtimeClasses": ["kata"]}), false)]
#[case::all_grounds(json!({"namespaces": ["shop"], "usernames": ["alice"], "groups": ["devs"],
    "serviceAccounts": ["shop/web"], "runtimeClasses": ["gvisor"]}), true)]
#[case::all_but_one(json!({"namespaces": ["shop"], "usernames": ["bob"], "groups": ["devs"],
    "serviceAccounts": ["shop/web"], "runtimeClasses": ["gvisor"]}), false)]
fn holds_on(#[case] grounds: Value, #[case] holds: bool) {
    let settings = exempting(json!([exemption(grounds)]));
    let response = ask(&settings, &request(pod(json!({"hostPID": true, "runtimeClassName": "gvisor"}))));
    let expected = if holds { (None, vec!["e".to_owned()]) } else { (Some(NO_PID), vec![]) };
    assert_eq!((response.rejection.as_deref(), response.exemptions), expected);
    assert_eq!(response.warnings, Vec::<String>::new());
}

#[test]
fn only_the_rules_it_lists() {
    let settings = exempting(json!([exemption(json!({"namespaces": ["shop"]}))]));
    let response = ask(&settings, &request(pod(json!({"hostPID": true, "hostIPC": true}))));
    assert_eq!(
        response.rejection.unwrap(),
        "spec.hostIPC: Invalid value: true: Host IPC is not allowed to be used"
    );
    assert_eq!(response.exemptions, ["e"]);
}

/// Metadata that the author of a pod writes is not a condition.
#[rstest]
#[case::another_namespace_in_the_object(json!({"namespace": "kube-system"}))]
#[case::labels(json!({"labels": {"kubernetes.io/metadata.name": "kube-system", "exempt": "true"}}))]
#[case::annotations(json!({"annotations": {"exemptions": "e"}}))]
#[case::a_name_to_be_generated(json!({"name": null, "generateName": "e"}))]
#[case::the_exemptions_name(json!({"name": "e"}))]
fn no_ground(#[case] metadata: Value) {
    let settings = exempting(json!([exemption(json!({"namespaces": ["kube-system"]}))]));
    let mut object = pod(json!({"hostPID": true}));
    object["metadata"] = over(object["metadata"].clone(), metadata);
    let response = ask(&settings, &request(object));
    assert_eq!((response.rejection.as_deref(), response.exemptions), (Some(NO_PID), vec![]));
}

#[test]
fn what_a_request_leaves_empty_is_no_ground() {
    for grounds in [
        json!({"usernames": ["alice"]}),
        json!({"groups": ["devs"]}),
        json!({"serviceAccounts": ["shop/web"]}),
    ] {
        let settings = exempting(json!([exemption(grounds)]));
        let mut request = request(pod(json!({"hostPID": true, "serviceAccountName": null})));
        request["userInfo"] = json!({});
        assert_eq!(ask(&settings, &request).rejection.as_deref(), Some(NO_PID));
    }
}

fn imaged(settings_rules: Value) -> Value {
    let grounds = json!({"namespaces": ["shop"], "images": ["r.io/team/*"]});
    json!({"name": "e", "match": grounds, "rules": settings_rules})
}

#[test]
fn an_image_frees_its_own_containers_alone() {
    let settings = exempting(json!([imaged(json!(["privileged", "hostPID", "volumes"]))]));
    let privileged = json!({"privileged": true});
    let containers = json!([
        {"name": "a", "image": "r.io/team/app:1", "securityContext": privileged},
        {"name": "b", "image": "r.io/team-evil/app:1", "securityContext": privileged},
    ]);
    let response = ask(&settings, &request(pod(json!({"containers": containers}))));
    assert_eq!(
        response.rejection.unwrap(),
        "spec.containers[1].securityContext.privileged: Invalid value: true: Privileged containers are not allowed"
    );
    assert_eq!(response.exemptions, ["e"]);
    let shared = json!({"hostPID": true, "volumes": [{"name": "v", "hostPath": {"path": "/"}}]});
    let response = ask(&settings, &request(pod(shared)));
    assert_eq!(
        response.rejection.unwrap(),
        format!(
            "{NO_PID}; spec.volumes[0]: Invalid value: \"hostPath\": hostPath volumes are not allowed to be used"
        )
    );
    assert_eq!(response.exemptions, Vec::<String>::new());
}

#[test]
fn an_image_frees_from_checks_of_its_containers_alone() {
    let mut settings = json!({"podSecurityStandards": {"enforce": "baseline"}});
    settings["exemptions"] =
        json!([imaged(json!(["pss/privileged", "pss/hostNamespaces", "pss/seLinuxOptions"]))]);
    let own = json!({"privileged": true, "seLinuxOptions": {"type": "x"}});
    let containers = json!([
        {"name": "a", "image": "r.io/team/app", "securityContext": own},
        {"name": "b", "image": "app", "securityContext": own},
    ]);
    let context = json!({"seLinuxOptions": {"type": "y"}});
    let spec = json!({"hostPID": true, "containers": containers, "securityContext": context});
    let response = ask(&settings, &request(pod(spec)));
    assert_eq!(
        response.rejection.unwrap(),
        r#"violates PodSecurity "baseline:latest": host namespaces (hostPID=true), privileged (container "b" must not set securityContext.privileged=true), seLinuxOptions (pod and container "b" set forbidden securityContext.seLinuxOptions: types "x", "y")"#
    );
    assert_eq!(response.exemptions, ["e"]);
}

#[test]
fn an_exempt_rule_fills_nothing_in() {
    let mut settings =
        exempting(json!([over(imaged(json!([])), json!({"rules": ["readOnlyRootFilesystem"]}))]));
    settings["readOnlyRootFilesystem"] = json!(true);
    let containers = json!([{"name": "a", "image": "r.io/team/app"}, {"name": "b", "image": "nginx"}]);
    let response = ask(&settings, &request(pod(json!({"containers": containers}))));
    let object: Value = serde_json::from_str(&response.mutated_object.unwrap()).unwrap();
    let expected = json!([
        {"name": "a", "image": "r.io/team/app"},
        {"name": "b", "image": "nginx", "securityContext": {"readOnlyRootFilesystem": true}},
    ]);
    assert_eq!((&object["spec"]["containers"], response.exemptions), (&expected, vec!["e".to_owned()]));
}

#[test]
fn an_exemption_that_is_not_needed_is_not_reported() {
    let settings = exempting(json!([exemption(json!({"namespaces": ["shop"]}))]));
    let response = ask(&settings, &request(pod(json!({}))));
    assert_eq!((response.rejection, response.exemptions), (None, vec![]));
}

#[test]
fn two_exemptions_add_up_and_are_both_reported() {
    let second = json!({"name": "f", "match": {"groups": ["devs"]}, "rules": ["hostIPC", "hostPID"]});
    let settings = exempting(json!([exemption(json!({"namespaces": ["shop"]})), second]));
    let response = ask(&settings, &request(pod(json!({"hostPID": true, "hostIPC": true}))));
    assert_eq!((response.rejection, response.exemptions), (None, vec!["e".to_owned(), "f".to_owned()]));
}

#[test]
fn users_do_not_vouch_for_the_pods_of_a_workload() {
    let spec = json!({"hostPID": true, "automountServiceAccountToken": false});
    let mut request = request(json!({"spec": {"template": pod(spec)}}));
    request["kind"] = json!({"group": "apps", "kind": "Deployment"});
    for (grounds, holds) in [
        (json!({"usernames": ["alice"]}), false),
        (json!({"groups": ["devs"]}), false),
        (json!({"namespaces": ["shop"]}), true),
        (json!({"serviceAccounts": ["shop/web"]}), true),
        // The controller that will create the pods satisfies it.
        (json!({"namespaces": ["shop"], "groups": ["system:serviceaccounts:kube-system"]}), true),
        (
            json!({"namespaces": ["shop"], "usernames": ["system:serviceaccount:kube-system:replicaset-controller"]}),
            true,
        ),
        (json!({"namespaces": ["shop"], "usernames": ["system:kube-controller-manager"]}), true),
        (
            json!({"namespaces": ["shop"], "usernames": ["system:serviceaccount:kube-system:job-controller"]}),
            false,
        ),
        (
            json!({"namespaces": ["shop"], "usernames": ["system:kube-controller-manager"], "groups": ["system:serviceaccounts"]}),
            false,
        ),
    ] {
        let response = ask(&exempting(json!([exemption(grounds)])), &request);
        let rejection = (!holds).then(|| format!("spec.template.{NO_PID}"));
        assert_eq!(response.rejection, rejection);
    }
}

#[rstest]
#[case::a_second_before(Clock(Ok(JANUARY_31 - 1)), None)]
#[case::to_the_second(Clock(Ok(JANUARY_31)), Some("expired on 2027-01-31"))]
#[case::later(Clock(Ok(i64::MAX)), Some("expired on 2027-01-31"))]
#[case::no_clock(Clock(Err("it stands still")), Some("is ignored, because it stands still"))]
fn expires(#[case] clock: Clock, #[case] reported: Option<&str>) {
    let settings = exempting(json!([over(
        exemption(json!({"namespaces": ["shop"]})),
        json!({"expires": "2027-01-31"})
    )]));
    let response = ask_at(&clock, &settings, &request(pod(json!({"hostPID": true}))));
    match reported {
        None => assert_eq!(
            (response.rejection, response.exemptions, response.warnings),
            (None, vec!["e".to_owned()], vec![])
        ),
        Some(reason) => {
            assert_eq!(response.rejection.as_deref(), Some(NO_PID));
            assert_eq!(response.exemptions, [format!("e ({reason})")]);
            assert_eq!(response.warnings, [format!("exemption \"e\" {reason}")]);
        }
    }
}

#[test]
fn the_time_is_not_asked_for_an_exemption_that_would_not_hold() {
    let settings = exempting(json!([over(
        exemption(json!({"namespaces": ["other"]})),
        json!({"expires": "2027-01-31"})
    )]));
    assert_eq!(ask(&settings, &request(pod(json!({"hostPID": true})))).rejection.as_deref(), Some(NO_PID));
}

#[rstest]
#[case::nameless(json!({"name": null}), "exemptions[0].name: Required value: the audit log knows an exemption by its name")]
#[case::no_rules(json!({"rules": []}), "exemptions[0].rules: Required value: an exemption lists the rules that it frees from")]
#[case::unknown_rule(json!({"rules": ["volumes", "volume"]}),
    "exemptions[0].rules[1]: Invalid value: \"volume\": unknown rule; did you mean \"volumes\"?")]
#[case::unknown_option(json!({"rules": ["namespaceLabels/guards"]}),
    "exemptions[0].rules[0]: Invalid value: \"namespaceLabels/guards\": unknown rule; did you mean \"namespaceLabels/guard\"?")]
#[case::unknown_check(json!({"rules": ["pss/hostNamespace"]}),
    "exemptions[0].rules[0]: Invalid value: \"pss/hostNamespace\": unknown rule; did you mean \"pss/hostNamespaces\"?")]
#[case::no_match(json!({"match": null}), "exemptions[0].match: Required value: must have at least one condition, or it would exempt every pod")]
#[case::empty_match(json!({"match": {}}), "exemptions[0].match: Required value: must have at least one condition, or it would exempt every pod")]
#[case::empty_list(json!({"match": {"namespaces": []}}), "exemptions[0].match.namespaces: must not be empty")]
#[case::labels(json!({"match": {"labels": {"a": "b"}}}),
    "exemptions[0].match.labels: unknown field; known are: \"namespaces\", \"usernames\", \"groups\", \"serviceAccounts\", \"images\", \"runtimeClasses\"; exemptions[0].match: Required value: must have at least one condition, or it would exempt every pod")]
#[case::images_alone(json!({"match": {"images": ["nginx"]}}),
    "exemptions[0].match.images: is accepted only together with `namespaces`: pod authors choose it themselves")]
#[case::runtime_classes_beside_service_accounts(json!({"match": {"runtimeClasses": ["kata"], "serviceAccounts": ["a/b"]}}),
    "exemptions[0].match.runtimeClasses: is accepted only together with `namespaces`: pod authors choose it themselves")]
#[case::namespace_pattern(json!({"match": {"namespaces": ["kube-*"]}}),
    "exemptions[0].match.namespaces[0]: Invalid value: \"kube-*\": must be the whole name of a namespace")]
#[case::empty_user(json!({"match": {"usernames": [""]}}), "exemptions[0].match.usernames[0]: Invalid value: \"\": must not be empty")]
#[case::empty_group(json!({"match": {"groups": [""]}}), "exemptions[0].match.groups[0]: Invalid value: \"\": must not be empty")]
#[case::service_account(json!({"match": {"serviceAccounts": ["system:serviceaccount:a:b"]}}),
    "exemptions[0].match.serviceAccounts[0]: Invalid value: \"system:serviceaccount:a:b\": must be `namespace/name`")]
#[case::namespace_of_a_service_account(json!({"match": {"serviceAccounts": ["A/b"]}}),
    "exemptions[0].match.serviceAccounts[0]: Invalid value: \"A/b\": must be `namespace/name`")]
#[case::name_of_a_service_account(json!({"match": {"serviceAccounts": ["a/B"]}}),
    "exemptions[0].match.serviceAccounts[0]: Invalid value: \"a/B\": must be `namespace/name`")]
#[case::image(json!({"match": {"namespaces": ["a"], "images": ["nginx*"]}}),
    "exemptions[0].match.images[0]: Invalid value: \"nginx*\": must be the reference of an image, or the start of one with `/*` at its end")]
#[case::day(json!({"expires": "31.1.2027"}), "exemptions[0].expires: Invalid value: \"31.1.2027\": must be a day such as \"2027-01-31\"")]
#[case::key(json!({"expire": "2027-01-31"}), "exemptions[0].expire: unknown field; did you mean \"expires\"?")]
fn refuses(#[case] change: Value, #[case] expected: &str) {
    let exemption = over(exemption(json!({"namespaces": ["shop"]})), change);
    let problems = Settings::parse(&exempting(json!([exemption])).to_string()).unwrap_err();
    assert_eq!(problems.to_string(), expected);
}

/// Each exemption is named for what it frees, not for what another one does.
#[rstest]
#[case::by_image(json!([{"name": "c", "image": "r.io/team/app:1", "securityContext": {"privileged": true}}]), &["image"])]
#[case::by_namespace(json!([{"name": "c", "image": "r.io/team/app:1", "ports": [{"containerPort": 80, "hostPort": 80}]}]), &["ports"])]
#[case::by_both(json!([{"name": "c", "image": "r.io/team/app:1", "securityContext": {"privileged": true}, "ports": [{"containerPort": 80, "hostPort": 80}]}]), &["image", "ports"])]
fn of_two_exemptions_the_one_that_is_needed_is_named(#[case] containers: Value, #[case] expected: &[&str]) {
    let grounds = json!({"namespaces": ["shop"]});
    let settings = exempting(json!([
        {"name": "image", "match": over(grounds.clone(), json!({"images": ["r.io/team/*"]})), "rules": ["privileged"]},
        {"name": "ports", "match": grounds, "rules": ["hostPorts"]},
    ]));
    let response = ask(&settings, &request(pod(json!({ "containers": containers }))));
    assert_eq!(response.rejection, None);
    assert_eq!(response.exemptions, expected);
}

/// Rancher's form writes an empty string for a field that was left open.
#[test]
fn an_empty_text_is_absent() {
    let open = over(exemption(json!({"namespaces": ["shop"]})), json!({"expires": "", "reason": ""}));
    let response = ask(&exempting(json!([open])), &request(pod(json!({"hostPID": true}))));
    assert_eq!((response.rejection, response.exemptions), (None, vec!["e".to_owned()]));
}

#[rstest]
#[case::account(json!({"usernames": ["alice", "system:serviceaccount:kube-system:replicaset-controller"]}), "usernames[1]", "system:serviceaccount:kube-system:replicaset-controller")]
#[case::jobs(json!({"usernames": ["system:serviceaccount:kube-system:job-controller"]}), "usernames[0]", "system:serviceaccount:kube-system:job-controller")]
#[case::stateful_sets(json!({"usernames": ["system:serviceaccount:kube-system:statefulset-controller"]}), "usernames[0]", "system:serviceaccount:kube-system:statefulset-controller")]
#[case::daemon_sets(json!({"usernames": ["system:serviceaccount:kube-system:daemon-set-controller"]}), "usernames[0]", "system:serviceaccount:kube-system:daemon-set-controller")]
#[case::replication_controllers(json!({"usernames": ["system:serviceaccount:kube-system:replication-controller"]}), "usernames[0]", "system:serviceaccount:kube-system:replication-controller")]
#[case::manager(json!({"usernames": ["system:kube-controller-manager"]}), "usernames[0]", "system:kube-controller-manager")]
#[case::accounts_of_kube_system(json!({"groups": ["ops", "system:serviceaccounts:kube-system"]}), "groups[1]", "system:serviceaccounts:kube-system")]
#[case::accounts(json!({"groups": ["system:serviceaccounts"]}), "groups[0]", "system:serviceaccounts")]
#[case::everybody(json!({"groups": ["system:authenticated"]}), "groups[0]", "system:authenticated")]
#[case::account_and_its_group(json!({"usernames": ["system:serviceaccount:kube-system:job-controller"], "groups": ["system:serviceaccounts"]}),
    "usernames[0]", "system:serviceaccount:kube-system:job-controller")]
#[case::manager_among_everybody(json!({"usernames": ["system:kube-controller-manager"], "groups": ["system:authenticated"]}), "usernames[0]", "system:kube-controller-manager")]
#[case::as_service_account(json!({"serviceAccounts": ["shop/web", "kube-system/daemon-set-controller"]}), "serviceAccounts[1]", "kube-system/daemon-set-controller")]
fn grounds_that_controllers_satisfy_need_a_namespace(
    #[case] grounds: Value,
    #[case] at: &str,
    #[case] value: &str,
) {
    let settings = |grounds: &Value| exempting(json!([exemption(grounds.clone())])).to_string();
    let problems = Settings::parse(&settings(&grounds)).unwrap_err();
    let expected = format!(
        "exemptions[0].match.{at}: Invalid value: \"{value}\": would free the pods of every tenant, which controllers with this account or group create; name the `namespaces` as well"
    );
    assert_eq!(problems.to_string(), expected);
    let named = over(grounds, json!({"namespaces": ["shop"]}));
    assert!(Settings::parse(&settings(&named)).is_ok());
}

#[rstest]
#[case::another_user_in_the_group(json!({"usernames": ["alice"], "groups": ["system:authenticated"]}))]
#[case::another_group_of_the_account(json!({"usernames": ["system:serviceaccount:kube-system:job-controller"], "groups": ["ops"]}))]
#[case::a_group_that_the_manager_lacks(json!({"usernames": ["system:kube-controller-manager"], "groups": ["system:serviceaccounts"]}))]
#[case::for_pods_of_one_account(json!({"groups": ["system:authenticated"], "serviceAccounts": ["shop/web"]}))]
#[case::an_account_of_that_name_elsewhere(json!({"usernames": ["system:serviceaccount:shop:job-controller"]}))]
#[case::accounts_of_another_namespace(json!({"groups": ["system:serviceaccounts:shop"]}))]
#[case::another_account_of_kube_system(json!({"usernames": ["system:serviceaccount:kube-system:csi-node"]}))]
#[case::administrators(json!({"groups": ["system:masters"]}))]
fn other_grounds_do_not(#[case] grounds: Value) {
    let settings = exempting(json!([exemption(grounds)]));
    assert_eq!(Settings::parse(&settings.to_string()).map(|_| ()), Ok(()));
}

#[test]
fn a_star_names_all_rules_of_pod_security_policy_and_no_check() {
    let mut settings =
        exempting(json!([over(exemption(json!({"namespaces": ["shop"]})), json!({"rules": ["*"]}))]));
    settings["podSecurityStandards"] = json!({"enforce": "baseline"});
    settings["volumes"] = json!([]);
    let spec = json!({"hostPID": true, "volumes": [{"name": "v", "emptyDir": {}}]});
    let response = ask(&settings, &request(pod(spec.clone())));
    assert_eq!(
        response.rejection.unwrap(),
        r#"violates PodSecurity "baseline:latest": host namespaces (hostPID=true)"#
    );
    settings["exemptions"][0]["rules"] = json!(["*", "pss/*"]);
    let response = ask(&settings, &request(pod(spec)));
    assert_eq!((response.rejection, response.exemptions), (None, vec!["e".to_owned()]));
}

#[test]
fn names_are_unique() {
    let one = exemption(json!({"namespaces": ["shop"]}));
    let problems = Settings::parse(&exempting(json!([one, one])).to_string()).unwrap_err();
    assert_eq!(problems.to_string(), "exemptions[1].name: Duplicate value: \"e\"");
}
