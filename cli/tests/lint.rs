//! `kubectl psp lint` and `kubectl psp test` as users run them.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{Ended, data, run, run_in};
use rstest::rstest;

/// The output, without parts that differ between machines.
fn shown(ended: &Ended) -> String {
    let Ended { code, stdout, stderr } = ended;
    let version = format!("\"version\": \"{}\"", env!("CARGO_PKG_VERSION"));
    let stdout = stdout.replace(&version, "\"version\": \"…\"");
    format!("{stdout}\n--- exit status {} ---\n{stderr}", code.unwrap_or_default())
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

#[rstest]
#[case::table("table")]
#[case::json("json")]
#[case::yaml("yaml")]
#[case::sarif("sarif")]
#[case::code_quality("code-quality")]
#[case::junit("junit")]
#[case::markdown("markdown")]
fn policies_are_linted(#[case] format: &str) {
    insta::assert_snapshot!(format!("lint_{format}"), shown(&run(&["lint", "-o", format, "lint"])));
}

/// What the project ships contradicts nothing; what is unwise in it is meant.
#[test]
fn shipped_registrations_have_no_errors_and_no_warnings() {
    for file in [
        "manifests/mutating.yaml manifests/validating.yaml",
        "manifests/profiles",
        "manifests/namespaces.yaml",
        "manifests/persistent-volumes.yaml",
        "manifests/resource-claims.yaml",
    ] {
        let files = file.split(' ').map(|file| root().join(file).display().to_string());
        let arguments: Vec<String> =
            ["lint".to_owned(), "-o".to_owned(), "json".to_owned()].into_iter().chain(files).collect();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let ended = run(&arguments);
        let linted: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
        let counts = ["errors", "warnings"].map(|level| linted["summary"][level].as_u64().unwrap());
        assert_eq!((ended.code, counts), (Some(0), [0, 0]), "{file}: {ended:?}");
    }
}

#[rstest]
#[case::notes(&["lint", "psp/cluster.yaml"], 0)]
#[case::notes_with_strict(&["lint", "--strict", "psp/cluster.yaml"], 1)]
#[case::permissive_on_purpose(&["lint", "--strict", "../../../examples/psp/privileged.yaml"], 0)]
#[case::nothing(&["lint", "pod.yaml"], 2)]
#[case::no_file(&["lint", "none.yaml"], 2)]
fn lint_has_an_exit_status(#[case] arguments: &[&str], #[case] code: i32) {
    let ended = run(arguments);
    assert_eq!(ended.code, Some(code), "{ended:?}");
}

#[test]
fn what_migrate_writes_has_no_errors() {
    let migrated = run(&["migrate", "psp.yaml"]);
    let ended = run_in(&data(), &["lint"], &migrated.stdout);
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[test]
fn worked_examples_pass() {
    let examples = root().join("examples/tests");
    let ended = run_in(&examples, &["test", "."], "");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    for profile in ["baseline", "privileged", "restricted"] {
        assert!(ended.stdout.contains(&format!("(./{profile}.yaml:")), "{profile}: {}", ended.stdout);
    }
}

#[rstest]
#[case::table("table")]
#[case::json("json")]
#[case::junit("junit")]
fn tests_are_reported(#[case] format: &str) {
    insta::assert_snapshot!(format!("test_{format}"), shown(&run(&["test", "-o", format, "tests.yaml"])));
}

#[test]
fn expectations_are_recorded_in_place() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("manifests")).unwrap();
    for file in ["tests.yaml", "psp.yaml", "manifests/web.yaml"] {
        fs::copy(data().join(file), folder.path().join(file)).unwrap();
    }
    let recorded = run_in(folder.path(), &["test", "--record", "tests.yaml"], "");
    assert_eq!((recorded.code, &*recorded.stdout), (Some(0), ""), "{recorded:?}");
    assert_eq!(recorded.stderr, "note: tests.yaml: 2 expectations recorded\n");
    insta::assert_snapshot!("test_record", fs::read_to_string(folder.path().join("tests.yaml")).unwrap());
    assert_eq!(run_in(folder.path(), &["test", "tests.yaml"], "").code, Some(0));
    let again = run_in(folder.path(), &["test", "--record", "tests.yaml"], "");
    assert_eq!(again.stderr, "note: tests.yaml: all expectations hold\n");
}

#[rstest]
#[case::nothing(&["test", "pod.yaml"], "there is no document with `tests` in the input")]
#[case::no_file(&["test", "none.yaml"], "none.yaml: cannot be read: ")]
fn what_is_no_test_is_reported(#[case] arguments: &[&str], #[case] message: &str) {
    let ended = run(arguments);
    assert_eq!(ended.code, Some(2));
    assert!(ended.stderr.contains(message), "{}", ended.stderr);
}
