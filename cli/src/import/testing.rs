//! What settings made of pieces do with a pod.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Combined, Piece, Reach, bundles};
use crate::check::{Checked, check};
use crate::input::Object;
use crate::judge::{Judged, Requester, Verdict};
use crate::policies::{Modules, Policies, of_objects};
use crate::rbac::Authority;
use crate::report::Summary;

/// What becomes of a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    Admitted,
    Changed,
    Rejected,
}

/// What becomes of the pod with this spec. Its token is not mounted, so that only its own volumes count.
pub(super) fn effect(pieces: &[Piece], spec: &Value) -> Effect {
    effect_by(&registered(pieces), spec)
}

/// The same by registrations, which are made once for many pods.
pub(super) fn effect_by(policies: &Policies, spec: &Value) -> Effect {
    let mut spec = spec.clone();
    spec["automountServiceAccountToken"] = false.into();
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec});
    match judged_by(policies, &pod).verdict {
        Verdict::Allowed => Effect::Admitted,
        Verdict::Changed => Effect::Changed,
        Verdict::Rejected => Effect::Rejected,
    }
}

/// Judges an object by the registrations of the pieces.
pub(super) fn judged(pieces: &[Piece], object: &Value) -> Judged {
    judged_by(&registered(pieces), object)
}

/// The registrations of the pieces.
pub(super) fn registered(pieces: &[Piece]) -> Policies {
    let Combined { bundles, refused, .. } = bundles(pieces.to_vec());
    assert_eq!(refused.iter().map(ToString::to_string).collect::<Vec<_>>(), Vec::<String>::new());
    let mut registrations = Vec::new();
    for (nth, bundle) in bundles.iter().enumerate() {
        let settings = bundle.settings();
        let mut validating = settings.clone();
        validating.insert("mutate".to_owned(), false.into());
        if bundle.writes {
            registrations.push(registration(&format!("{nth}-mutating"), true, &settings, &bundle.reach));
        }
        registrations.push(registration(&format!("{nth}-validating"), false, &validating, &bundle.reach));
    }
    of_objects(&registrations, &[], &Modules::default(), Authority::Everybody).unwrap()
}

/// Judges an object by registrations.
pub(super) fn judged_by(policies: &Policies, object: &Value) -> Judged {
    let requester = Requester::new(String::new(), Vec::new(), "default".to_owned());
    match check(&Object::of_value(object), policies, &requester, &mut Summary::default()) {
        Checked::Judged(judged) => *judged,
        Checked::Skipped(skipped) => panic!("{skipped:?}"),
    }
}

/// The spec of a pod that is written short.
pub(super) fn spec(short: &Map<String, Value>) -> Value {
    let containers = |contexts: &Value| -> Value {
        let contexts = contexts.as_array().unwrap().iter().enumerate();
        contexts
            .map(
                |(nth, context)| json!({"name": format!("c{nth}"), "image": "i", "securityContext": context}),
            )
            .collect()
    };
    let long = short.iter().map(|(key, value)| match key.as_str() {
        "c" => ("containers".to_owned(), containers(value)),
        "i" => ("initContainers".to_owned(), containers(value)),
        "pod" => ("securityContext".to_owned(), value.clone()),
        _ => (key.clone(), value.clone()),
    });
    Value::Object(long.collect())
}

/// The pods of the corpus, by their names.
pub(super) fn pods() -> BTreeMap<String, Value> {
    #[derive(Deserialize)]
    struct Family {
        pods: BTreeMap<String, Map<String, Value>>,
    }
    let families: BTreeMap<String, Family> =
        serde_saphyr::from_str(include_str!("gatekeeper/corpus.yaml")).unwrap();
    let named = families.iter().flat_map(|(family, Family { pods })| {
        pods.iter().map(move |(name, short)| (format!("{family}/{name}"), spec(short)))
    });
    named.collect()
}

/// Merges a change into a value; null removes.
pub(super) fn merge(value: &mut Value, change: &Value) {
    let Value::Object(changes) = change else {
        *value = change.clone();
        return;
    };
    if !value.is_object() {
        *value = json!({});
    }
    for (key, change) in changes {
        if change.is_null() {
            value.as_object_mut().unwrap().shift_remove(key);
        } else {
            merge(&mut value[key], change);
        }
    }
}

fn registration(name: &str, mutating: bool, settings: &Map<String, Value>, reach: &Reach) -> Object {
    let resources = ["pods", "deployments", "jobs"];
    Object::of_value(&json!({"apiVersion": "policies.kubewarden.io/v1", "kind": "ClusterAdmissionPolicy",
        "metadata": {"name": name},
        "spec": {"module": "registry://x/pod-security-policy", "mutating": mutating, "settings": settings,
            "namespaceSelector": {"matchExpressions": reach.namespaces},
            "objectSelector": {"matchExpressions": reach.objects},
            "rules": [{"apiGroups": ["*"], "apiVersions": ["v1"], "resources": resources, "operations": ["CREATE"]}]}}))
}
