//! Frozen results of the original PodSecurityPolicy code, compared with ours.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

use std::path::Path;

use conformance::campaign::Tally;
use conformance::deviations::{self, DEVIATIONS};
use conformance::files;
use conformance::standards;
use conformance::subject::Library;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// All responses of a frozen file, compared.
fn compared(name: &str) -> Tally {
    let path = Path::new(ROOT).join(format!("conformance/golden/{name}.jsonl.gz"));
    let mut tally = Tally::default();
    for answered in files::read(&path).unwrap() {
        tally.add(&mut Library, answered.unwrap()).unwrap();
    }
    tally
}

fn answers_agree(name: &str, cases: u64) {
    let tally = compared(name);
    for (answered, difference) in tally.differences.iter().take(50) {
        println!("{}: {}: {}", answered.case.name, difference.what, difference.text);
    }
    assert_eq!((tally.cases, tally.unexplained), (cases, 0), "cases, unexplained differences");
    let deviating: u64 = tally.deviations.values().map(|shown| shown.count).sum();
    assert!(tally.agreed > cases / 2 && tally.agreed + deviating == cases, "{} agree", tally.agreed);
}

#[test]
fn tricky_pods_are_judged_as_the_original_did() {
    answers_agree("golden", 172);
}

#[test]
fn pods_are_judged_as_the_original_did() {
    answers_agree("admission", 4000);
}

#[test]
fn policies_are_validated_as_the_original_did() {
    answers_agree("settings", 400);
}

#[test]
fn generated_cases_are_answered_as_the_original_did() {
    answers_agree("generated", 5000);
}

#[test]
fn every_deviation_is_documented_with_its_reason() {
    let page = std::fs::read_to_string(Path::new(ROOT).join("docs/conformance.md")).unwrap();
    assert!(
        page.contains(&deviations::as_markdown()),
        "docs/conformance.md lacks the table that `conformance deviations` prints"
    );
}

#[test]
fn deviations_have_names_of_their_own() {
    for (index, deviation) in DEVIATIONS.iter().enumerate() {
        assert!(
            DEVIATIONS.iter().take(index).all(|other| other.name != deviation.name),
            "{}",
            deviation.name
        );
    }
}

#[test]
fn standards_are_judged_as_the_original_evaluator_does() {
    let path = Path::new(ROOT).join("conformance/golden/standards.jsonl.gz");
    let mut tally = standards::Tally::default();
    for answered in files::read(&path).unwrap() {
        tally.add(answered.unwrap());
    }
    for (answered, ours) in &tally.differences {
        println!("{}: {} instead of {}", answered.case.name, ours, answered.result.text);
    }
    assert_eq!((tally.cases, tally.unexplained), (4000, 0), "cases, unexplained differences");
    assert!(tally.agreed > 3900 && tally.agreed + tally.two_sources == tally.cases, "{} agree", tally.agreed);
}
