//! `conformance mutate` writes what an API server is asked to accept: pods before and after.
#![allow(clippy::unwrap_used, missing_docs)]

use std::process::Command;

use serde_json::Value;

fn mutated(seed: &str) -> Vec<Value> {
    let arguments = ["mutate", "--cases", "100", "--seed", seed];
    let ended = Command::new(env!("CARGO_BIN_EXE_conformance")).args(arguments).output().unwrap();
    assert!(ended.status.success(), "{ended:?}");
    let text = String::from_utf8(ended.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn each_line_is_a_pod_before_and_after() {
    let lines = mutated("1");
    assert!(lines.len() >= 20, "only {} of 100 pods were filled in", lines.len());
    for line in &lines {
        let at = |key: &str| line.get(key).unwrap();
        assert!(at("name").is_string(), "{line}");
        assert_eq!(
            at("pod").get("spec").and_then(|spec| spec.get("containers")).map(Value::is_array),
            Some(true),
            "{line}"
        );
        assert_ne!(at("pod"), at("mutated"));
    }
}

#[test]
fn a_seed_gives_the_same_pods_each_time() {
    assert_eq!(mutated("7"), mutated("7"));
    assert_ne!(mutated("7"), mutated("8"));
}
