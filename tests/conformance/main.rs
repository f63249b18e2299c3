//! Answers of the original PodSecurityPolicy code, frozen, against ours.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

use std::collections::BTreeMap;
use std::path::Path;

use conformance::case::{Answered, Case, Outcome};
use conformance::{compare, deviations, files, ours};

/// The frozen cases of some files.
fn frozen(names: &[&str]) -> impl Iterator<Item = Answered<Case, Outcome>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance/golden");
    let paths = names.iter().map(|name| folder.join(format!("{name}.jsonl.gz"))).collect::<Vec<_>>();
    paths.into_iter().flat_map(|path| files::read(&path).unwrap()).map(Result::unwrap)
}

#[test]
fn pods_are_judged_as_the_original_did() {
    let mut differences = Vec::new();
    let mut deviations: BTreeMap<&str, usize> = BTreeMap::new();
    let mut agreed = 0;
    for Answered { case, result } in frozen(&["golden", "admission"]) {
        if case.validate_policies {
            continue;
        }
        match compare::admission(&case, &result, &ours::natively(&case)) {
            Ok(()) => agreed += 1,
            Err(difference) => match deviations::explain(&case) {
                Some(name) => *deviations.entry(name).or_default() += 1,
                None => differences.push(format!("{}: {difference}", case.name)),
            },
        }
    }
    println!("{agreed} agree; deviations: {deviations:?}");
    report(&differences);
}

#[test]
fn policies_are_validated_as_the_original_did() {
    let mut differences = Vec::new();
    for Answered { case, result } in frozen(&["golden", "settings"]) {
        if !case.validate_policies {
            continue;
        }
        if let Err(difference) = compare::settings(&case, &result, ours::problems(&case).as_deref()) {
            differences.push(format!("{}: {difference}", case.name));
        }
    }
    report(&differences);
}

fn report(differences: &[String]) {
    for difference in differences.iter().take(200) {
        println!("{difference}");
    }
    assert!(differences.is_empty(), "{} unexplained differences", differences.len());
}
