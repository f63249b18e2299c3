//! The command line against the engine, over the recorded cases of the original plug-in: both must agree.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use conformance::case::{Answered, Case, Outcome};
use conformance::{files, ours};
use pod_security_policy::admission::{Response, review};
use policy_host::{Grants, Policy, SubjectAccessReview};
use rstest::rstest;
use serde_json::{Value, json};

use crate::input::Object;
use crate::judge::{self, LiveObject, Requester, Verdict};
use crate::migrate::{self, Form, Kind, Mode};
use crate::policies::{self, Judge, Policies, Registration, WebhookMatch};
use crate::rbac::{Authority, Rbac};
use crate::report;

mod workloads;

fn cases(name: &str) -> impl Iterator<Item = Case> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../conformance/golden/{name}.jsonl.gz"));
    files::read(&path).unwrap().map(|answered| {
        let answered: Answered<Case, Outcome> = answered.unwrap();
        answered.case
    })
}

/// The grants of a case as roles and bindings.
fn authority(case: &Case) -> Authority {
    let Some(grants) = &case.grants else { return Authority::Everybody };
    let mut objects = vec![json!({"kind": "ClusterRole", "metadata": {"name": "idle"}})];
    for (nth, grant) in grants.iter().enumerate() {
        let group = if grant.group.is_empty() { "*" } else { &grant.group };
        let rule = json!({"apiGroups": [group], "resources": ["podsecuritypolicies"], "verbs": ["use"],
            "resourceNames": [grant.policy]});
        let name = format!("grant-{nth}");
        objects.push(json!({"kind": "ClusterRole", "metadata": {"name": name}, "rules": [rule]}));
        let subjects =
            json!([{"kind": "User", "name": grant.subject}, {"kind": "Group", "name": grant.subject}]);
        let kind = if grant.namespace.is_empty() { "ClusterRoleBinding" } else { "RoleBinding" };
        objects.push(json!({"kind": kind, "metadata": {"name": name, "namespace": grant.namespace},
            "roleRef": {"kind": "ClusterRole", "name": name}, "subjects": subjects}));
    }
    let objects: Vec<Object> = objects
        .into_iter()
        .map(|mut object| {
            object["apiVersion"] = "rbac.authorization.k8s.io/v1".into();
            Object::of_value(&object)
        })
        .collect();
    Authority::Dump(Rbac::of(&objects, "default").unwrap())
}

/// The pod of a case as a manifest; `None` if there is no pod, or it is not created.
fn manifest(case: &Case) -> Option<Object> {
    let created = matches!(case.op.as_str(), "" | "CREATE") && case.sub.is_empty();
    let mut pod = case.pod.clone();
    let members = pod.as_object_mut().filter(|_| created)?;
    members.insert("kind".to_owned(), "Pod".into());
    members.insert("apiVersion".to_owned(), "v1".into());
    Some(Object::of_value(&pod))
}

fn ask(case: &Case, settings: &Value, object: &Value, authority: &Authority) -> Response {
    let mut request = ours::request(case);
    request["object"] = object.clone();
    review(&json!({"request": request, "settings": settings}).to_string(), authority)
}

/// The module built by `make policy.wasm`.
static MODULE: LazyLock<Policy> = LazyLock::new(|| {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../policy.wasm");
    Policy::from_file(&path).expect("make the module with `make policy.wasm` first")
});

/// The response of the module, which asks the host for the grants.
fn deployed(case: &Case, settings: &Value) -> Value {
    let granted = case.clone();
    let host = Grants(move |review: &SubjectAccessReview| {
        let groups: Vec<&str> = review.groups.iter().flatten().map(String::as_str).collect();
        let attributes = &review.resource_attributes;
        let [group, policy, namespace] = [&attributes.group, &attributes.name, &attributes.namespace]
            .map(|text| text.as_deref().unwrap_or_default());
        // The API server authorizes this group for everything, without bindings.
        groups.contains(&"system:masters") || granted.permits(&review.user, &groups, group, policy, namespace)
    });
    let mut request = ours::request(case);
    request["object"] = case.pod.clone();
    let payload = json!({"request": request, "settings": settings}).to_string();
    let response = MODULE.instance(Arc::new(host)).unwrap().call("validate", payload.as_bytes()).unwrap();
    serde_json::from_slice(&response).unwrap()
}

#[rstest]
#[case::golden("golden", 50)]
#[case::admission("admission", 2000)]
#[case::generated("generated", 2000)]
fn check_agrees_with_the_policy(#[case] name: &str, #[case] least: usize) {
    let mut compared = 0;
    for case in cases(name).filter(|case| !case.validate_policies) {
        let Some(object) = manifest(&case) else { continue };
        let settings = ours::settings(&case);
        let Ok(loaded) = policies::parse(settings.to_string()) else { continue };
        let registration = Registration {
            name: "p".to_owned(),
            matches: WebhookMatch::everything(),
            judge: Judge::Settings(loaded),
            document: settings.to_string(),
        };
        let policies = Policies::of(vec![registration], authority(&case));
        let requester = if case.no_user {
            Requester::default()
        } else {
            Requester { user: case.user.clone(), groups: case.groups.clone(), namespace: String::new() }
        };
        let judged = judge::judge(&policies, &object, &requester);
        let live: Value = serde_json::from_str(&LiveObject::of(&object, &object.json).json).unwrap();
        let response = ask(&case, &settings, &live, &policies.authority);
        assert_eq!(
            judged.verdict != Verdict::Rejected,
            response.is_accepted(),
            "{}: {response:?}",
            case.name
        );
        if response.is_accepted() {
            assert_eq!(judged.policy, response.policy, "{}", case.name);
        } else {
            let reason = response.rejection.unwrap();
            for found in judged.violations.iter().filter(|found| found.rule != "request") {
                let reported = found.problem.starts_with("and ")
                    || reason.len() > 900
                    || reported_in(&reason, &found.path);
                assert!(reported, "{}: {found:?} is not in {reason}", case.name);
            }
        }
        compared += 1;
    }
    assert!(compared > least, "{compared} cases were compared");
}

/// Whether a reason names a field: fields that the author did not write are reported under another name.
fn reported_in(reason: &str, path: &str) -> bool {
    reason.contains(path) || path == "spec.serviceAccountName" || path == "spec.automountServiceAccountToken"
}

/// The output of `migrate` for the policies of a case, read back.
fn migrated(case: &Case) -> Result<[Value; 2], String> {
    let typed = case.psps.iter().map(|policy| {
        let mut policy = policy.clone();
        if let Some(members) = policy.as_object_mut() {
            members.entry("kind").or_insert("PodSecurityPolicy".into());
            members.entry("apiVersion").or_insert("policy/v1beta1".into());
        }
        Object::of_value(&policy)
    });
    let objects: Vec<Object> = typed.collect();
    let policies = migrate::policies_of(&objects).map_err(|errors| errors.0[0].to_string())?;
    let form = Form {
        kind: Kind::Cluster,
        namespace: None,
        module: "registry://example.com/policy:v1".to_owned(),
        policy_server: "default".to_owned(),
        mode: Mode::Protect,
        inside_kubewarden: false,
        background_audit: true,
    };
    let pair =
        migrate::pair("psp", &migrate::all(&policies.manifests), &crate::import::Reach::default(), &form);
    Ok(pair.map(|manifest| {
        let text = report::to_yaml(&manifest).unwrap();
        Object::of_text(&text).value()["spec"]["settings"].clone()
    }))
}

#[rstest]
#[case::golden("golden", 100)]
#[case::admission("admission", 3000)]
#[case::generated("generated", 3000)]
#[case::settings("settings", 15)]
fn migrated_settings_answer_as_the_policies_themselves(#[case] name: &str, #[case] least: usize) {
    let mut compared = 0;
    for case in cases(name).filter(|case| !case.psps.is_empty()) {
        let direct = json!({"authorization": "RBAC", "policies": case.psps});
        let loads = policies::parse(direct.to_string()).is_ok();
        let pair = migrated(&case);
        // Values that settings reject may be rewritten.
        assert!(!loads || pair.is_ok(), "{}: {pair:?}", case.name);
        let Some([filling, judging]) = pair.ok().filter(|_| loads) else { continue };
        compared += 1;
        if case.validate_policies {
            continue;
        }
        let authority = authority(&case);
        for (migrated, mutate) in [(filling, true), (judging, false)] {
            let mut direct = direct.clone();
            direct["mutate"] = mutate.into();
            let expected = ask(&case, &direct, &case.pod, &authority);
            assert_eq!(ask(&case, &migrated, &case.pod, &authority), expected, "{}", case.name);
            let expected: Value = serde_json::from_str(&expected.into_json()).unwrap();
            assert_eq!(deployed(&case, &migrated), expected, "{}: the module", case.name);
        }
    }
    assert!(compared > least, "{compared} cases were compared");
}
