//! The published schemas describe what the program writes, all of it.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;
use std::path::Path;

use common::{run, run_in};
use rstest::rstest;
use serde_json::{Map, Value, json};

/// A schema in which keys that it does not describe are errors: the outputs are ours, and a new key needs its description.
fn closed(file: &str) -> Value {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("schema").join(file);
    let mut schema: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    close(&mut schema);
    schema
}

fn close(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            if members.contains_key("properties") && !members.contains_key("additionalProperties") {
                members.insert("additionalProperties".to_owned(), false.into());
            }
            members.values_mut().for_each(close);
        }
        Value::Array(elements) => elements.iter_mut().for_each(close),
        _ => {}
    }
}

fn errors(file: &str, output: &Value) -> Vec<String> {
    let validator = jsonschema::validator_for(&closed(file)).unwrap();
    validator.iter_errors(output).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

#[rstest]
#[case::check("check.schema.json", &["check", "-p", "psp.yaml", "-o", "json", "manifests"])]
#[case::check_a_level("check.schema.json", &["check", "-p", "restricted", "-o", "json", "manifests", "pod.yaml"])]
#[case::check_grants("check.schema.json", &["check", "-p", "psp", "--rbac", "rbac.yaml", "-o", "json", "pod.yaml"])]
#[case::compare("check.schema.json", &["check", "--compare", "psp.yaml", "psp", "-o", "json", "manifests"])]
#[case::prove("prove.schema.json", &["check", "--compare", "psp.yaml", "psp", "--prove", "-o", "json"])]
#[case::lint("lint.schema.json", &["lint", "-o", "json", "lint"])]
#[case::tests("test.schema.json", &["test", "-o", "json", "tests.yaml"])]
fn outputs_are_as_described(#[case] schema: &str, #[case] arguments: &[&str]) {
    let ended = run(arguments);
    let output: Value = serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{ended:?}"));
    assert_eq!(errors(schema, &output), [""; 0], "{output:#}");
}

/// A test that cannot fail would not notice what is missing.
#[test]
fn what_is_not_described_is_found() {
    let mut output: Value =
        serde_json::from_str(&run(&["check", "-p", "psp.yaml", "-o", "json", "manifests"]).stdout).unwrap();
    output["results"][0]["mood"] = "good".into();
    output["summary"].as_object_mut().unwrap().shift_remove("allowed");
    assert_eq!(errors("check.schema.json", &output).len(), 2);
}

/// The result of a test is one of `check`.
#[test]
fn results_of_tests_are_results_of_check() {
    let output: Value = serde_json::from_str(&run(&["test", "-o", "json", "tests.yaml"]).stdout).unwrap();
    let results: Vec<Value> =
        output["tests"].as_array().unwrap().iter().map(|test| test["result"].clone()).collect();
    let empty = || Value::Array(Vec::new());
    let report = json!({"summary": {"allowed": 0, "changed": 0, "rejected": 0, "skipped": 0},
        "overview": {"rules": empty(), "namespaces": empty()}, "results": results, "advice": empty()});
    assert_eq!(errors("check.schema.json", &report), [""; 0]);
}

/// OpenReports' types: what they require, and the values that they allow.
#[test]
fn reports_are_objects_of_openreports() {
    let pods = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: db}\nspec: {hostPID: true, containers: []}\n---\n\
        apiVersion: v1\nkind: Pod\nmetadata: {name: b, namespace: shop}\nspec: {containers: []}\n";
    let ended = run_in(&common::data(), &["check", "-p", "baseline", "-o", "openreports"], pods);
    let reports: Vec<Map<String, Value>> = serde_saphyr::from_multiple(&ended.stdout).unwrap();
    let about: Vec<_> = reports
        .iter()
        .map(|report| {
            (&report["apiVersion"], &report["kind"], &report["metadata"]["namespace"], &report["summary"])
        })
        .collect();
    let (version, kind) = (json!("openreports.io/v1alpha1"), json!("Report"));
    let counts = |pass: u32, fail: u32| json!({"pass": pass, "fail": fail, "warn": 0, "error": 0, "skip": 0});
    assert_eq!(
        about,
        [(&version, &kind, &json!("db"), &counts(0, 1)), (&version, &kind, &json!("shop"), &counts(1, 0))]
    );
    for result in reports.iter().flat_map(|report| report["results"].as_array().unwrap()) {
        assert!(result["policy"].is_string() && result["source"].is_string(), "{result}");
        assert!(["pass", "fail", "warn"].contains(&result["result"].as_str().unwrap()), "{result}");
        assert!(
            result["properties"].as_object().is_none_or(|all| all.values().all(Value::is_string)),
            "{result}"
        );
        assert_eq!(result["resources"][0]["apiVersion"], "v1");
    }
}
