use rstest::rstest;
use serde_json::{Value, json};

use crate::admission::cluster::{Cluster, Question};
use crate::admission::response::Response;
use crate::admission::review;
use crate::testing::{NoCluster, policy, problems};

fn asked(kind: &str, user: &str, object: Value) -> Value {
    json!({"operation": "CREATE", "kind": {"group": "resource.k8s.io", "kind": kind}, "name": "c", "namespace": "shop",
        "userInfo": {"username": user, "groups": ["devs"]}, "object": object})
}

fn claim(requests: Value) -> Value {
    asked("ResourceClaim", "alice", json!({"spec": {"devices": {"requests": requests}}}))
}

fn template(requests: Value) -> Value {
    let spec = json!({"metadata": {"labels": {}}, "spec": {"devices": {"requests": requests}}});
    asked("ResourceClaimTemplate", "alice", json!({"spec": spec}))
}

fn settings(action: &str, fields: Value) -> Value {
    let mut settings = policy(&fields);
    settings["resourceClaims"] = json!(action);
    settings
}

fn ask(cluster: &dyn Cluster, settings: &Value, request: &Value) -> Response {
    review(&json!({"request": request, "settings": settings}).to_string(), cluster)
}

/// A request with administrative access, as `v1` has it.
fn admin() -> Value {
    json!({"name": "gpu", "exactly": {"deviceClassName": "gpu", "adminAccess": true}})
}

const REFUSED: &str = "spec.devices.requests[0].exactly.adminAccess: Invalid value: true: administrative access to devices takes a policy with privileged: true";

#[rstest]
#[case::no_requests(json!({}), claim(json!(null)), None)]
#[case::without_access(json!({}), claim(json!([{"name": "gpu", "exactly": {"adminAccess": false}}, {"firstAvailable": [{}]}])), None)]
#[case::with_access(json!({}), claim(json!([admin()])), Some(REFUSED))]
#[case::as_v1beta1_has_it(json!({}), claim(json!([{}, {"adminAccess": true}])), Some(
    "spec.devices.requests[1].adminAccess: Invalid value: true: administrative access to devices takes a policy with privileged: true"))]
#[case::several(json!({}), claim(json!([admin(), {"name": "nic"}, {"adminAccess": true}])), Some(
    "spec.devices.requests[0].exactly.adminAccess: Invalid value: true: administrative access to devices takes a policy with privileged: true; \
    spec.devices.requests[2].adminAccess: Invalid value: true: administrative access to devices takes a policy with privileged: true"))]
#[case::allowed(json!({"privileged": true}), claim(json!([admin()])), None)]
#[case::whatever_else_the_policy_demands(json!({"privileged": true, "readOnlyRootFilesystem": true}), claim(json!([admin()])), None)]
#[case::template(json!({}), template(json!([admin()])), Some(
    "spec.spec.devices.requests[0].exactly.adminAccess: Invalid value: true: administrative access to devices takes a policy with privileged: true"))]
#[case::template_without_access(json!({}), template(json!([{"name": "gpu"}])), None)]
#[case::allowed_template(json!({"privileged": true}), template(json!([admin()])), None)]
fn judges(#[case] fields: Value, #[case] request: Value, #[case] expected: Option<&str>) {
    let response = ask(&NoCluster, &settings("Deny", fields), &request);
    assert_eq!((response.rejection.as_deref(), response.mutated_object), (expected, None));
}

#[rstest]
#[case::flag(claim(json!([{"adminAccess": "true"}])), "spec.devices.requests[0].adminAccess: must be true or false, not the string \"true\"")]
#[case::requests(claim(json!({})), "spec.devices.requests: must be a list")]
#[case::request(claim(json!([5])), "spec.devices.requests[0]: must be an object, not 5")]
#[case::spec(asked("ResourceClaim", "alice", json!({"spec": []})), "spec: must be an object, not a list")]
fn what_cannot_be_read_is_rejected(#[case] request: Value, #[case] expected: &str) {
    let response = ask(&NoCluster, &settings("Deny", json!({})), &request);
    assert!(response.rejection.as_deref().unwrap().contains(expected), "{response:?}");
}

#[test]
fn warn_lets_it_pass() {
    let response = ask(&NoCluster, &settings("Warn", json!({})), &template(json!([admin()])));
    let expected = format!(
        "this ResourceClaimTemplate would be rejected: {}",
        REFUSED.replace("spec.devices", "spec.spec.devices")
    );
    assert_eq!((response.rejection, response.warnings), (None, vec![expected]));
}

#[test]
fn ignore_does_not_look() {
    let response = ask(&NoCluster, &settings("Ignore", json!({})), &claim(json!(5)));
    assert_eq!(response, Response::accepted());
}

#[rstest]
#[case::the_same(json!([admin()]), true)]
#[case::none_before(json!([]), false)]
fn updates_are_judged_by_what_they_change(#[case] old: Value, #[case] accepted: bool) {
    let mut request = claim(json!([admin()]));
    request["operation"] = json!("UPDATE");
    request["oldObject"] = json!({"spec": {"devices": {"requests": old}}});
    assert_eq!(ask(&NoCluster, &settings("Deny", json!({})), &request).is_accepted(), accepted);
}

#[rstest]
#[case::by_the_controller(
    "system:serviceaccount:kube-system:resource-claim-controller",
    "ResourceClaim",
    true
)]
#[case::by_all_controllers("system:kube-controller-manager", "ResourceClaim", true)]
#[case::by_another_account("system:serviceaccount:shop:resource-claim-controller", "ResourceClaim", false)]
#[case::no_controller_makes_templates("system:kube-controller-manager", "ResourceClaimTemplate", false)]
fn claims_of_a_template_were_judged_with_it(#[case] user: &str, #[case] kind: &str, #[case] accepted: bool) {
    let devices = json!({"devices": {"requests": [admin()]}});
    let spec = if kind == "ResourceClaim" { devices } else { json!({"spec": devices}) };
    let request = asked(kind, user, json!({"spec": spec}));
    assert_eq!(ask(&NoCluster, &settings("Deny", json!({})), &request).is_accepted(), accepted);
}

struct Grants(&'static str);

impl Cluster for Grants {
    fn may_use(&self, question: &Question<'_>) -> Result<bool, String> {
        assert_eq!(question.namespace, "shop");
        Ok(question.policy == self.0)
    }
}

#[rstest]
#[case::granted("lax", None)]
#[case::another_granted("strict", Some(
    format!("no PodSecurityPolicy admits this claim: \"strict\": {REFUSED}")))]
#[case::none_granted("", Some(
    "no PodSecurityPolicy admits this claim: none may be used by user \"alice\" in namespace \"shop\"".to_owned()))]
fn the_creator_must_be_allowed_to_use_the_policy(
    #[case] granted: &'static str,
    #[case] expected: Option<String>,
) {
    let manifest = |name, fields: Value| json!({"metadata": {"name": name}, "spec": policy(&fields)});
    let policies = [manifest("lax", json!({"privileged": true})), manifest("strict", json!({}))];
    let settings = json!({"authorization": "RBAC", "resourceClaims": "Deny", "policies": policies});
    let response = ask(&Grants(granted), &settings, &claim(json!([admin()])));
    assert_eq!(response.rejection, expected);
}

#[rstest]
#[case::from_the_option("resourceClaims")]
#[case::from_the_rule("privileged")]
fn there_are_exemptions(#[case] rule: &str) {
    let mut settings = settings("Deny", json!({}));
    settings["exemptions"] =
        json!([{"name": "e", "match": {"namespaces": ["shop"], "groups": ["devs"]}, "rules": [rule]}]);
    let response = ask(&NoCluster, &settings, &claim(json!([admin()])));
    assert_eq!((response.rejection, response.exemptions), (None, vec!["e".to_owned()]));
}

#[test]
fn the_option_needs_a_policy() {
    let settings = r#"{"podSecurityStandards": {"enforce": "baseline"}, "resourceClaims": "Deny"}"#;
    let problems = crate::settings::Settings::parse(settings).unwrap_err().to_string();
    assert_eq!(problems, "resourceClaims: needs a policy: no other could allow a claim");
}

#[test]
fn without_the_option_the_kind_is_rejected() {
    let response = ask(&NoCluster, &policy(&json!({})), &claim(json!([])));
    let rejection = response.rejection.unwrap();
    assert!(rejection.ends_with("register it for those, or set `resourceClaims`"), "{rejection}");
}

#[test]
fn other_values_are_refused() {
    assert_eq!(
        problems(&json!({"resourceClaims": "deny"})),
        "resourceClaims: Unsupported value: \"deny\": supported values: \"Deny\", \"Warn\", \"Ignore\""
    );
}
