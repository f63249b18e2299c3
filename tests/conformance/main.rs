//! Verdicts of the original PodSecurityPolicy code, frozen, against ours.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::print_stdout)]

mod compare;
mod deviations;

use std::collections::BTreeMap;
use std::io::Read as _;

use serde_json::Value;

/// The frozen cases of one file: `{"case": …, "result": …}` a line.
fn cases(file: &str) -> Vec<Value> {
    let path = format!("{}/conformance/golden/{file}.jsonl.gz", env!("CARGO_MANIFEST_DIR"));
    let mut text = String::new();
    flate2::read::GzDecoder::new(std::fs::File::open(path).unwrap()).read_to_string(&mut text).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn pods_are_judged_as_the_original_did() {
    let mut differences = Vec::new();
    let mut deviations: BTreeMap<&str, usize> = BTreeMap::new();
    let mut agreed = 0;
    for row in ["golden", "admission"].into_iter().flat_map(cases) {
        let (case, result) = (&row["case"], &row["result"]);
        if case["ValPSP"] == true {
            continue;
        }
        match compare::admission(case, result) {
            Ok(()) => agreed += 1,
            Err(difference) => match deviations::explain(case) {
                Some(name) => *deviations.entry(name).or_default() += 1,
                None => differences.push(format!("{}: {difference}", case["Name"])),
            },
        }
    }
    println!("{agreed} agree; deviations: {deviations:?}");
    for difference in differences.iter().take(200) {
        println!("{difference}");
    }
    assert_eq!(differences.len(), 0, "unexplained differences");
}

#[test]
fn policies_are_validated_as_the_original_did() {
    let mut differences = Vec::new();
    for row in ["golden", "settings"].into_iter().flat_map(cases) {
        let (case, result) = (&row["case"], &row["result"]);
        if case["ValPSP"] != true {
            continue;
        }
        if let Err(difference) = compare::settings(case, result) {
            differences.push(format!("{}: {difference}", case["Name"]));
        }
    }
    for difference in differences.iter().take(200) {
        println!("{difference}");
    }
    assert_eq!(differences.len(), 0, "differences");
}
