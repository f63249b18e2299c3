//! Every policy of the corpus with every pod: what Kyverno's documentation says, and what the settings do.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::import::Surroundings;
use crate::import::kyverno::read;
use crate::import::piece::Action;
use crate::import::testing::{judged_by, merge, registered};
use crate::input::Object;
use crate::judge::Verdict;

/// The objects of a text.
fn objects(text: &str) -> Vec<Object> {
    crate::input::Text::new("test", text.to_owned()).read_all().unwrap()
}

/// The pods of the corpus by name, each with what it violates.
fn pods() -> BTreeMap<String, (Value, Vec<String>)> {
    let container = json!({"name": "c", "image": "registry.example.com/app:1", "securityContext": {
        "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true,
        "capabilities": {"drop": ["ALL", "NET_RAW"]}}});
    let base = json!({"automountServiceAccountToken": false, "containers": [container], "securityContext": {
        "runAsNonRoot": true, "runAsUser": 1000, "runAsGroup": 3000, "fsGroup": 2000,
        "supplementalGroups": [150], "seccompProfile": {"type": "RuntimeDefault"}}});
    let entries: Vec<Value> = serde_saphyr::from_str(include_str!("pods.yaml")).unwrap();
    let mut pods = BTreeMap::new();
    for entry in entries {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let breaks: Vec<String> = entry["breaks"].as_array().unwrap().iter().map(text).collect();
        let lists: &[&str] = match entry.get("each") {
            Some(_) => &["containers", "initContainers", "ephemeralContainers"],
            None => &["containers"],
        };
        for list in lists {
            let mut spec = base.clone();
            merge(&mut spec, entry.get("spec").unwrap_or(&json!({})));
            let mut changed = container.clone();
            for part in ["each", "container"] {
                merge(&mut changed, entry.get(part).unwrap_or(&json!({})));
            }
            if *list != "containers" {
                changed["name"] = "other".into();
            }
            spec[list] = json!([changed]);
            let pod = json!({"apiVersion": "v1", "kind": "Pod",
                "metadata": {"name": "p", "annotations": entry.get("annotations").cloned().unwrap_or(json!({}))},
                "spec": spec});
            let place = if lists.len() > 1 { format!(" in {list}") } else { String::new() };
            let known = pods.insert(format!("{}{place}", text(&entry["name"])), (pod, breaks.clone()));
            assert!(known.is_none(), "a name is used twice");
        }
    }
    pods
}

#[test]
fn every_pod_of_the_corpus_gets_the_verdict_of_kyverno_by_every_policy() {
    let pods = pods();
    let policies = objects(include_str!("policies.yaml"));
    assert!(policies.len() >= 40 && pods.len() >= 200, "{} policies, {} pods", policies.len(), pods.len());
    let mut different = Vec::new();
    for policy in &policies {
        let value = policy.value();
        let rejects: Vec<&str> =
            value.pointer("/metadata/annotations/rejects").unwrap().as_str().unwrap().split(' ').collect();
        let known = |id: &&str| pods.values().any(|(_, breaks)| breaks.iter().any(|broken| broken == id));
        assert!(rejects.iter().all(known), "{}: no pod breaks one of {rejects:?}", policy.title());
        let mut findings = read(std::slice::from_ref(policy), &Surroundings::default());
        let refused: Vec<String> = findings.refused.iter().map(ToString::to_string).collect();
        assert_eq!((refused, findings.left_alone), (vec![], vec![]), "{}", policy.title());
        // The verdict, whatever is done about it.
        findings.pieces.iter_mut().for_each(|piece| piece.action = Action::Deny);
        let registrations = registered(&findings.pieces);
        for (name, (pod, breaks)) in &pods {
            let expected = breaks.iter().any(|broken| rejects.contains(&broken.as_str()));
            if (judged_by(&registrations, pod).verdict == Verdict::Rejected) != expected {
                different.push(format!("{}: {name}: expected {expected}", policy.title()));
            }
        }
    }
    assert_eq!(different, [""; 0]);
}
