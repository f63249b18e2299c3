//! Properties that hold for every policy and every pod.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

use conformance::case::Case;
use conformance::generate;
use conformance::ours::{self, Answer};
use pod_security_policy::admission::{Cluster, Question, review};
use proptest::prelude::{ProptestConfig, any, prop_assume, proptest};
use proptest::test_runner::RngSeed;
use serde_json::{Value, json};

const HINT: &str = "kubernetes.io/psp";

/// Always the same cases, and failing ones are not recorded.
fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 600,
        max_global_rejects: 100_000,
        rng_seed: RngSeed::Fixed(3),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// The creation of a pod under policies that load.
fn creation(seed: u64, index: u64) -> Option<Case> {
    let case = generate::case(seed, index);
    let creation =
        Case { op: String::new(), sub: String::new(), steps: String::new(), old_pod: Value::Null, ..case };
    (!creation.validate_policies && ours::problems(&creation).is_none()).then_some(creation)
}

/// The pod as it would be stored, if it is admitted.
fn stored(case: &Case) -> Option<(Value, Answer)> {
    let response = ours::natively(case);
    let pod = response.mutated.clone().unwrap_or_else(|| case.pod.clone());
    response.accepted.then_some((pod, response))
}

fn without_hint(mut pod: Value) -> Value {
    if let Some(annotations) = pod["metadata"]["annotations"].as_object_mut() {
        annotations.remove(HINT);
    }
    pod
}

proptest! {
    #![proptest_config(config())]

    /// Of one policy, a second run changes nothing. Of several, another one may admit the result of the first run, so
    /// that the name may change, and nothing else.
    #[test]
    fn mutation_settles(seed in any::<u64>(), index in 0_u64..1000) {
        let case = creation(seed, index);
        prop_assume!(case.is_some());
        let mut case = case.unwrap();
        let first = stored(&case);
        prop_assume!(first.is_some());
        let (pod, response) = first.unwrap();
        case.pod = pod.clone();
        let again = ours::natively(&case);
        assert!(again.accepted, "{again:?}");
        if again.winner == response.winner {
            assert_eq!(again.mutated, None);
        } else {
            assert_eq!(again.mutated.map(without_hint), Some(without_hint(pod)));
        }
    }

    #[test]
    fn only_governed_fields_change(seed in any::<u64>(), index in 0_u64..1000) {
        let case = creation(seed, index);
        prop_assume!(case.is_some());
        let case = case.unwrap();
        let mut changed = Vec::new();
        if let Some((pod, _)) = stored(&case) {
            differences(&case.pod, &pod, String::new(), &mut changed);
        }
        for path in changed {
            assert!(GOVERNED.contains(&&*path), "{path} is not governed");
        }
    }

    #[test]
    fn no_pod_is_made_that_kubernetes_refuses(seed in any::<u64>(), index in 0_u64..1000) {
        let case = creation(seed, index);
        prop_assume!(case.is_some());
        let mut case = case.unwrap();
        if seed % 2 == 0 {
            case.pod["spec"]["hostUsers"] = json!(false);
        }
        let first = stored(&case);
        prop_assume!(first.is_some());
        let before = refusals(&case.pod);
        let made: Vec<_> =
            refusals(&first.unwrap().0).into_iter().filter(|refusal| !before.contains(refusal)).collect();
        assert_eq!(made, [""; 0]);
    }

    #[test]
    fn what_was_admitted_passes_the_validating_twin(seed in any::<u64>(), index in 0_u64..1000) {
        let case = creation(seed, index);
        prop_assume!(case.is_some());
        let mut case = case.unwrap();
        let first = stored(&case);
        prop_assume!(first.is_some());
        let (pod, response) = first.unwrap();
        case.pod = pod;
        case.steps = "validate".to_owned();
        let twin = ours::natively(&case);
        assert_eq!(twin, Answer { accepted: true, message: None, winner: response.winner, mutated: None });
    }

    #[test]
    fn unknown_fields_change_no_verdict_and_stay_to_the_byte(seed in any::<u64>(), index in 0_u64..1000) {
        let case = creation(seed, index);
        prop_assume!(case.is_some());
        let mut case = Case { grants: None, ..case.unwrap() };
        let plain = ours::natively(&case);
        let sown = sow(&mut case.pod, Ground::Pod);
        assert!(sown > 2);
        let payload = json!({"request": ours::request(&case), "settings": ours::settings(&case)}).to_string();
        let response = review(&payload.replace(&format!("\"{MARK}\""), UNKNOWN), &Everybody);
        assert_eq!((&response.rejection, &response.policy), (&plain.message, &plain.winner));
        assert_eq!(response.mutated_object.is_some(), plain.mutated.is_some());
        if let (Some(text), Some(plain)) = (response.mutated_object, plain.mutated) {
            assert_eq!(text.matches(UNKNOWN).count(), sown);
            let mut pod: Value = serde_json::from_str(&text).unwrap();
            reap(&mut pod);
            assert_eq!(pod, plain);
        }
    }
}

/// Fields for Linux only: `validateWindows` in pkg/apis/core/validation.
const LINUX_ONLY: &[&str] = &[
    "allowPrivilegeEscalation",
    "appArmorProfile",
    "capabilities",
    "fsGroup",
    "privileged",
    "procMount",
    "readOnlyRootFilesystem",
    "runAsGroup",
    "runAsUser",
    "seLinuxOptions",
    "seccompProfile",
    "supplementalGroups",
];

/// Why the API server refuses a pod, or a kubelet does not start it, as far as security contexts go.
fn refusals(pod: &Value) -> Vec<String> {
    let spec = &pod["spec"];
    let mut contexts = vec![(String::from("pod"), &spec["securityContext"])];
    for list in ["initContainers", "containers", "ephemeralContainers"] {
        for (index, container) in spec[list].as_array().into_iter().flatten().enumerate() {
            contexts.push((format!("{list}[{index}]"), &container["securityContext"]));
        }
    }
    let mut refusals = Vec::new();
    for (place, context) in contexts {
        let mut refuse = |reason: &str| refusals.push(format!("{place}: {reason}"));
        let added = context["capabilities"]["add"].as_array();
        let adds_sys_admin = added.into_iter().flatten().any(|name| name == "CAP_SYS_ADMIN");
        if context["allowPrivilegeEscalation"] == false && (context["privileged"] == true || adds_sys_admin) {
            refuse("no privilege escalation for a container that has every privilege");
        }
        for field in LINUX_ONLY.iter().filter(|field| !context[**field].is_null()) {
            if spec["os"]["name"] == "windows" {
                refuse(&format!("{field} on Windows"));
            }
        }
        for field in ["seccompProfile", "appArmorProfile"] {
            let profile = &context[field];
            let has_path = profile["localhostProfile"].as_str().is_some_and(|path| !path.is_empty());
            if has_path != (profile["type"] == "Localhost") {
                refuse(&format!(
                    "{field} with a path of the node for another type, or without one for its own"
                ));
            }
        }
        let groups = context["supplementalGroups"].as_array().into_iter().flatten();
        for id in ["runAsUser", "runAsGroup", "fsGroup"].iter().map(|id| &context[*id]).chain(groups) {
            if spec["hostUsers"] == false && id.as_i64().is_some_and(|id| id > 65_535) {
                refuse(&format!("id {id} in a user namespace"));
            }
        }
    }
    refusals
}

/// The properties above are empty if all pods are refused or left alone.
#[test]
fn about_half_of_the_pods_are_admitted_and_many_are_changed() {
    let responses: Vec<Answer> =
        (0..500).filter_map(|index| creation(3, index)).map(|case| ours::natively(&case)).collect();
    let admitted = responses.iter().filter(|response| response.accepted).count();
    let changed = responses.iter().filter(|response| response.mutated.is_some()).count();
    assert!(
        admitted > 120 && changed > 60,
        "of {} pods {admitted} are admitted and {changed} changed",
        responses.len()
    );
}

/// The paths that rules write, with `*` for an index.
const GOVERNED: &[&str] = &[
    ".metadata.annotations.kubernetes.io/psp",
    ".spec.runtimeClassName",
    ".spec.securityContext.fsGroup",
    ".spec.securityContext.supplementalGroups",
    ".spec.securityContext.seLinuxOptions",
    ".spec.securityContext.seccompProfile",
    "*.securityContext.runAsUser",
    "*.securityContext.runAsGroup",
    "*.securityContext.runAsNonRoot",
    "*.securityContext.seLinuxOptions",
    "*.securityContext.seccompProfile",
    "*.securityContext.appArmorProfile",
    "*.securityContext.capabilities.add",
    "*.securityContext.capabilities.drop",
    "*.securityContext.readOnlyRootFilesystem",
    "*.securityContext.allowPrivilegeEscalation",
];

/// The objects that are created where they are missing.
const CONTEXTS: &[&str] = &[
    ".metadata",
    ".metadata.annotations",
    ".spec.securityContext",
    "*.securityContext",
    "*.securityContext.capabilities",
];

fn differences(before: &Value, after: &Value, at: String, found: &mut Vec<String>) {
    let list = at.rsplit('.').next().unwrap_or_default();
    match (before, after) {
        (before, after) if before == after => {}
        (Value::Array(before), Value::Array(after))
            if list.ends_with("ontainers") && before.len() == after.len() =>
        {
            for (before, after) in before.iter().zip(after) {
                differences(before, after, "*".to_owned(), found);
            }
        }
        (Value::Null | Value::Object(_), Value::Object(after))
            if before.is_object() || CONTEXTS.contains(&&*at) =>
        {
            let keys = after.keys().chain(before.as_object().into_iter().flat_map(|before| before.keys()));
            for key in keys {
                let (old, new) =
                    (before.get(key).unwrap_or(&Value::Null), after.get(key).unwrap_or(&Value::Null));
                differences(old, new, format!("{at}.{key}"), found);
            }
        }
        _ => found.push(at),
    }
}

/// Stands for values that no rule knows until the document is text.
const MARK: &str = "@unknown@";
const UNKNOWN: &str = r#"{ "kept" : [ 1.50, null , "\u00e9" ],"again":null }"#;
const KEY: &str = "sownField";

#[derive(Clone, Copy, PartialEq)]
enum Ground {
    Pod,
    /// An object whose every key is a source.
    Volume,
    /// An object whose values are strings.
    Map,
}

/// Adds an unknown field to every object where one may occur, and counts them.
fn sow(value: &mut Value, ground: Ground) -> usize {
    match value {
        Value::Object(members) => {
            let mut sown = 0;
            for (key, member) in members.iter_mut() {
                let ground = match key.as_str() {
                    "annotations" | "labels" | "nodeSelector" | "matchLabels" => Ground::Map,
                    "volumes" => Ground::Volume,
                    _ => Ground::Pod,
                };
                sown += sow(member, ground);
            }
            if ground == Ground::Pod {
                members.insert(KEY.to_owned(), MARK.into());
                sown += 1;
            }
            sown
        }
        Value::Array(elements) => elements.iter_mut().map(|element| sow(element, ground)).sum(),
        _ => 0,
    }
}

fn reap(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.shift_remove(KEY);
            members.values_mut().for_each(reap);
        }
        Value::Array(elements) => elements.iter_mut().for_each(reap),
        _ => {}
    }
}

/// A cluster in which all users may use every policy.
struct Everybody;

impl Cluster for Everybody {
    fn may_use(&self, _question: &Question<'_>) -> Result<bool, String> {
        Ok(true)
    }
}
