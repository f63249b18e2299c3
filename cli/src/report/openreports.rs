//! OpenReports: a `Report` for each namespace, and a `ClusterReport` for what is in none.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Results, rule_docs};
use crate::judge::{Judged, Verdict};

/// The name of the reports, and their source.
const NAME: &str = "kubectl-psp";
const CATEGORY: &str = "Pod Security";

pub(super) fn write(results: &Results) -> Result<String, String> {
    let mut reports: BTreeMap<Option<&str>, Vec<&Judged>> = BTreeMap::new();
    for judged in &results.results {
        reports.entry(namespace(judged)).or_default().push(judged);
    }
    let reports = reports.into_iter().map(|(namespace, all)| super::to_yaml(&report(namespace, &all)));
    Ok(reports.collect::<Result<Vec<_>, _>>()?.join("---\n"))
}

/// The namespace of an object, unless its kind has none.
fn namespace(judged: &Judged) -> Option<&str> {
    let is_of_cluster = ["Namespace", "PersistentVolume"].contains(&&*judged.kind);
    (!is_of_cluster).then_some(&*judged.namespace)
}

fn report(namespace: Option<&str>, all: &[&Judged]) -> Value {
    let results: Vec<Value> = all.iter().flat_map(|judged| entries(judged)).collect();
    let count = |result: &str| results.iter().filter(|entry| entry["result"] == result).count();
    let summary =
        json!({"pass": count("pass"), "fail": count("fail"), "warn": count("warn"), "error": 0, "skip": 0});
    let mut metadata = json!({"name": NAME});
    if let (Some(namespace), Some(members)) = (namespace, metadata.as_object_mut()) {
        members.insert("namespace".to_owned(), namespace.into());
    }
    let kind = if namespace.is_some() { "Report" } else { "ClusterReport" };
    json!({"apiVersion": "openreports.io/v1alpha1", "kind": kind, "metadata": metadata, "source": NAME,
        "summary": summary, "results": results})
}

/// An entry for each objection and warning of an object, or one for its admission.
fn entries(judged: &Judged) -> Vec<Value> {
    let mut resource = json!({"apiVersion": judged.api_version, "kind": judged.kind, "name": judged.name});
    if let (Some(namespace), Some(members)) = (namespace(judged), resource.as_object_mut()) {
        members.insert("namespace".to_owned(), namespace.into());
    }
    let entry = |policy: &str, result: &str, message: String| {
        json!({"source": NAME, "policy": policy, "category": CATEGORY, "result": result, "scored": true,
            "resources": [resource], "message": message})
    };
    let mut entries = Vec::new();
    for found in &judged.violations {
        let mut one = entry(&found.policy, "fail", found.to_string());
        if let Some(members) = one.as_object_mut() {
            members.insert("rule".to_owned(), (&*found.rule).into());
            members.insert("severity".to_owned(), "high".into());
            let properties = json!({"path": found.path, "purpose": rule_docs::of(&found.rule).purpose});
            members.insert("properties".to_owned(), properties);
        }
        entries.push(one);
    }
    let policy = judged.policy.as_deref().unwrap_or("none");
    if judged.verdict != Verdict::Rejected {
        let changes: Vec<String> =
            judged.changes.iter().map(|change| format!("{}: {}", change.path, change.value)).collect();
        let message = if changes.is_empty() {
            "admitted".to_owned()
        } else {
            format!("admitted with {}", changes.join(", "))
        };
        entries.push(entry(policy, "pass", message));
    }
    entries.extend(judged.warnings.iter().map(|warning| entry(policy, "warn", warning.clone())));
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_reports() {
        let mut results = super::super::testing::results();
        let volume = Judged { kind: "PersistentVolume".to_owned(), ..results.results[0].clone() };
        results.results.push(volume);
        insta::assert_snapshot!(write(&results).unwrap());
    }
}
