//! Helpers for tests of rules: one case, repeated wherever a rule must give the same result.
//!
//! A case is a policy, a container or a pod, and the expected outcome. It is evaluated as a bare Pod, as the template
//! of a Deployment and as that of a CronJob, with fields that no rule knows; a mutated pod is evaluated once more.

use proptest::prelude::{ProptestConfig, Strategy, any, prop};
use proptest::prop_oneof;
use proptest::test_runner::RngSeed;
use serde_json::{Value, json};

use crate::admission::Evaluator;
use crate::admission::cluster::{Cluster, Question};
use crate::admission::response::Response;
use crate::json::Reader;
use crate::request::Request;
use crate::rule::join;
use crate::settings::Settings;
use Outcome::{Admitted, Mutated, Objected, Rejected};

/// The outcome of a case.
#[derive(Debug, Clone)]
pub(crate) enum Outcome {
    /// The pod is admitted as it is.
    Admitted,
    /// It is admitted with changes: of [`judge`], the container's whole `securityContext`; of [`judge_pod`], the
    /// changes that are merged into `spec`.
    Mutated(Value),
    /// It is rejected with this one violation, whose path starts at the container, or at the pod if it starts with
    /// `spec.` or `metadata.`.
    Rejected(&'static str),
    /// It is rejected with these.
    Objected(&'static [&'static str]),
}

/// A value that no rule knows and every response must keep to the byte.
const UNKNOWN: &str = r#"{ "kept" : [ 1.50, null , "\u00e9" ],"again":null }"#;
/// Stands for it until the document is text.
const MARK: &str = "@unknown@";

/// A cluster that is never asked.
pub(crate) struct NoCluster;

impl Cluster for NoCluster {
    fn may_use(&self, question: &Question<'_>) -> Result<bool, String> {
        panic!("without RBAC the cluster is not asked, but there is {question:?}");
    }
}

/// A policy with the four strategies that every policy must have, and `fields` over them.
pub(crate) fn policy(fields: &Value) -> Value {
    let any = json!({"rule": "RunAsAny"});
    let mut policy = json!({"runAsUser": any, "seLinux": any, "supplementalGroups": any, "fsGroup": any});
    for (key, value) in fields.as_object().unwrap() {
        policy[key] = value.clone();
    }
    policy
}

/// All errors of a policy that is otherwise valid.
pub(crate) fn problems(fields: &Value) -> String {
    Settings::parse(&policy(fields).to_string()).map(|_| ()).unwrap_err().to_string()
}

/// Reviews `request`, a Kubernetes admission request.
pub(crate) fn review(settings: &Value, request: &Value) -> Response {
    review_text(&settings.to_string(), &request.to_string())
}

fn review_text(settings: &str, request: &str) -> Response {
    let settings = Settings::parse(settings).unwrap();
    let request: Request<'_> = Reader::document(request).unwrap();
    Evaluator::new(&settings, &NoCluster).review(request)
}

/// Evaluates a container in each of the three lists and each of three shapes.
#[track_caller]
pub(crate) fn judge(policy: Value, container: Value, expected: Outcome) {
    judge_within(json!({}), policy, container, expected);
}

/// Evaluates a container in a pod with further `metadata` and `spec`.
#[track_caller]
pub(crate) fn judge_within(pod: Value, policy: Value, mut container: Value, expected: Outcome) {
    container["name"] = json!("c");
    container["unknown"] = json!(MARK);
    if container["securityContext"].is_object() {
        container["securityContext"]["unknown"] = json!(MARK);
    }
    for list in ["initContainers", "containers", "ephemeralContainers"] {
        let mut pod = pod.clone();
        pod["spec"][list] = json!([container]);
        let mut mutated = pod.clone();
        if let Mutated(security_context) = &expected {
            let own = &mut mutated["spec"][list][0]["securityContext"];
            let unknown = own["unknown"].take();
            *own = security_context.clone();
            if !unknown.is_null() {
                own["unknown"] = unknown;
            }
        }
        replay(&policy, &pod, &mutated, &expected, &format!("spec.{list}[0]."));
    }
}

/// Evaluates a pod in each of three shapes. By default, it has one bare container, `c`.
#[track_caller]
pub(crate) fn judge_pod(policy: Value, mut pod: Value, expected: Outcome) {
    if pod["spec"]["containers"].is_null() {
        pod["spec"]["containers"] = json!([{"name": "c"}]);
    }
    let mut mutated = pod.clone();
    if let Mutated(over) = &expected {
        lay_over(&mut mutated["spec"], over);
    }
    replay(&policy, &pod, &mutated, &expected, "spec.containers[0].");
}

/// Merges objects; anything else, an empty object too, replaces the value.
fn lay_over(value: &mut Value, over: &Value) {
    match over {
        Value::Object(members) if !members.is_empty() => {
            for (key, over) in members {
                lay_over(&mut value[key], over);
            }
        }
        over => *value = over.clone(),
    }
}

#[track_caller]
fn replay(fields: &Value, pod: &Value, mutated: &Value, expected: &Outcome, container: &str) {
    let unknown = |pod: &Value| {
        let mut pod = pod.clone();
        pod["unknown"] = json!(MARK);
        pod["metadata"]["unknown"] = json!(MARK);
        pod["spec"]["unknown"] = json!(MARK);
        // The token that the API server mounts is left to the workloads' own tests.
        pod["spec"]["automountServiceAccountToken"] = json!(false);
        pod
    };
    let (pod, mutated) = (unknown(pod), unknown(mutated));
    for (group, kind, root) in
        [("", "Pod", ""), ("apps", "Deployment", "spec.template."), ("batch", "CronJob", CRON_JOB)]
    {
        let settings = policy(fields);
        let response = submit(&settings, group, kind, &written(kind, &pod));
        let reason = |violations: &[&str]| {
            let placed = violations.iter().map(|violation| {
                let of_pod = violation.starts_with("spec.") || violation.starts_with("metadata.");
                format!("{root}{}{violation}", if of_pod { "" } else { container })
            });
            placed.collect::<Vec<_>>().join("; ")
        };
        let rejection = match expected {
            Admitted | Mutated(_) => None,
            Rejected(violation) => Some(reason(&[violation])),
            Objected(violations) => Some(reason(violations)),
        };
        assert_eq!(response.rejection, rejection, "as a {kind}, {container}");
        if kind != "Pod" {
            assert_eq!(response.mutated_object, None, "a {kind} is only evaluated");
            continue;
        }
        assert_eq!(
            response.mutated_object.is_some(),
            matches!(expected, Mutated(_)),
            "mutated: {response:?}"
        );
        if let Some(object) = &response.mutated_object {
            assert_eq!(parsed(object), parsed(&written(kind, &mutated)), "the mutated pod, {container}");
            let unknown = |text: &str| text.matches(UNKNOWN).count();
            assert_eq!(
                unknown(object),
                unknown(&written(kind, &pod)),
                "what is not governed stays: {object}"
            );
            let again = submit(&settings, group, kind, object);
            assert_eq!((again.rejection, again.mutated_object), (None, None), "a second run changes nothing");
        }
        validate_only(settings, &pod, &mutated, expected);
    }
}

const CRON_JOB: &str = "spec.jobTemplate.spec.template.";

/// Runs the validating phase: it admits the result of the mutating one, and rejects all that it would change.
#[track_caller]
fn validate_only(mut settings: Value, pod: &Value, mutated: &Value, expected: &Outcome) {
    settings["mutate"] = json!(false);
    let arrived = submit(&settings, "", "Pod", &written("Pod", pod));
    assert_eq!(arrived.is_accepted(), matches!(expected, Admitted), "unmutated: {arrived:?}");
    assert_eq!(arrived.mutated_object, None, "the validating phase writes nothing");
    if matches!(expected, Mutated(_)) {
        let settled = submit(&settings, "", "Pod", &written("Pod", mutated));
        assert_eq!((settled.rejection, settled.mutated_object), (None, None), "mutated");
    }
}

/// The violations of a rule that only warns for a pod where no default may be set. Elsewhere its default satisfies it.
#[track_caller]
pub(crate) fn unfilled(rule: &str, fields: Value, mut pod: Value) -> String {
    let mut settings = policy(&fields);
    settings["mutate"] = json!(false);
    settings["enforcement"] = json!({"rules": {rule: "Warn"}});
    if pod["spec"]["containers"].is_null() {
        pod["spec"]["containers"] = json!([{"name": "c"}]);
    }
    pod["spec"]["automountServiceAccountToken"] = json!(false);
    let response = submit(&settings, "", "Pod", &written("Pod", &pod));
    assert_eq!(
        (response.rejection, response.mutated_object),
        (None, None),
        "a warning denies and writes nothing"
    );
    join(&response.tolerated, response.tolerated.len())
}

/// Reviews the addition of an ephemeral container, `e`, to a running pod.
#[track_caller]
pub(crate) fn review_added(fields: Value, old: Value, mut container: Value) -> Response {
    container["name"] = json!("e");
    let mut new = old.clone();
    new["spec"]["ephemeralContainers"] = json!([container]);
    let request = json!({
        "operation": "UPDATE",
        "kind": {"version": "v1", "kind": "Pod"},
        "subResource": "ephemeralcontainers",
        "namespace": "shop",
        "object": new,
        "oldObject": old,
    });
    review(&policy(&fields), &request)
}

fn submit(settings: &Value, group: &str, kind: &str, object: &str) -> Response {
    let request = json!({
        "operation": "CREATE",
        "kind": {"group": group, "version": "v1", "kind": kind},
        "namespace": "shop",
        "object": "@object@",
    });
    review_text(&settings.to_string(), &request.to_string().replace("\"@object@\"", object))
}

/// The object of a kind whose pods are like this one, as text.
fn written(kind: &str, pod: &Value) -> String {
    let object = match kind {
        "Pod" => pod.clone(),
        "Deployment" => json!({"kind": kind, "spec": {"template": pod}}),
        _ => json!({"kind": kind, "spec": {"jobTemplate": {"spec": {"template": pod}}}}),
    };
    object.to_string().replace(&format!("\"{MARK}\""), UNKNOWN)
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// The configuration of property tests that are the same in every run.
pub(crate) fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        rng_seed: RngSeed::Fixed(7),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// Unusual JSON text: odd white space, escapes, duplicate keys, numbers of all kinds.
pub(crate) fn json_text() -> impl Strategy<Value = String> + use<> {
    let space = || prop::sample::select(vec!["", "", "", " ", "\n", "\t \r\n"]);
    let string = prop::collection::vec(
        prop_oneof![
            4 => "[a-z0-9 ./é€😀]{0,9}".boxed(),
            1 => prop::sample::select(vec![
                r"\n", r"\t", r"\\", r#"\""#, r"\/", r"\b", r"\f", r"\r", r"\u00e9", r"\u0041", r"\ud83d\ude00",
            ]).prop_map(str::to_owned).boxed(),
        ],
        0..4,
    )
    .prop_map(|parts| format!("\"{}\"", parts.concat()))
    .boxed();
    let number = prop_oneof![
        any::<i64>().prop_map(|number| number.to_string()),
        any::<i32>().prop_map(|number| format!("{number}.50")),
        (any::<i8>(), -20..20_i32).prop_map(|(number, exponent)| format!("{number}e{exponent}")),
        prop::sample::select(vec![
            "0",
            "-0",
            "0.0",
            "1E+2",
            "18446744073709551615",
            "12345678901234567890123"
        ])
        .prop_map(str::to_owned),
    ];
    let word = prop::sample::select(vec!["true", "false", "null"]).prop_map(str::to_owned);
    let leaf = prop_oneof![string.clone(), number, word];
    let value = leaf.prop_recursive(5, 40, 5, move |inner| {
        let element = (space(), inner.clone(), space()).prop_map(|(a, value, b)| format!("{a}{value}{b}"));
        let key =
            prop_oneof![string.clone(), prop::sample::select(vec!["\"a\"", "\"b\""]).prop_map(str::to_owned)];
        let member = (space(), key, space(), inner, space())
            .prop_map(|(a, key, b, value, c)| format!("{a}{key}{b}:{c}{value}{a}"));
        prop_oneof![
            prop::collection::vec(element, 0..5).prop_map(|list| format!("[{}]", list.join(","))),
            prop::collection::vec(member, 0..5).prop_map(|object| format!("{{{}}}", object.join(","))),
        ]
    });
    (space(), value, space()).prop_map(|(a, value, b)| format!("{a}{value}{b}"))
}
