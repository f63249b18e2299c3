//! The module's metadata, in the module and for Artifact Hub.
//!
//! `UPDATE_DOCS=1 cargo test --package policy-host --test package` rewrites `artifacthub-pkg.yml`.
#![expect(clippy::unwrap_used, reason = "a test that cannot read its files has failed")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use policy_host::{ArtifactHubPackage, Metadata, to_yaml};
use tempfile::TempDir;

const USAGE: &str = "io.kubewarden.policy.usage";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn text(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap()
}

fn metadata() -> Metadata {
    Metadata::from_yaml(&text("metadata.yml")).unwrap()
}

fn host(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_policy-host")).args(arguments).current_dir(root()).output().unwrap()
}

fn printed(arguments: &[&str]) -> String {
    let ended = host(arguments);
    assert!(ended.status.success(), "{ended:?}");
    String::from_utf8(ended.stdout).unwrap()
}

/// Annotates the module: the path of the result, and its folder.
fn annotated() -> (String, TempDir) {
    assert!(root().join("policy.wasm").exists(), "there is no module: make policy.wasm");
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("annotated.wasm").display().to_string();
    let from = ["annotate", "policy.wasm", "--metadata-path", "metadata.yml", "--usage-path", "USAGE.md"];
    assert_eq!(printed(&[&from[..], &["--output-path", &file]].concat()), "");
    (file, folder)
}

#[test]
fn the_module_holds_the_metadata_and_its_usage() {
    let (file, _folder) = annotated();

    let found = Metadata::of_module(&fs::read(file).unwrap()).unwrap().unwrap();

    let mut expected = metadata();
    expected.protocol_version = Some("v1".to_owned());
    expected.annotations.insert(USAGE.to_owned(), text("USAGE.md"));
    assert_eq!(found, expected);
}

#[test]
fn the_rest_of_the_module_is_as_it_was() {
    let (file, _folder) = annotated();

    assert!(fs::read(file).unwrap().starts_with(&fs::read(root().join("policy.wasm")).unwrap()));
}

#[test]
fn a_module_reports_what_it_is() {
    let (file, _folder) = annotated();

    let reported: serde_json::Value =
        serde_saphyr::from_str(&printed(&["inspect", "--output", "yaml", &file])).unwrap();

    assert_eq!(reported.pointer("/protocolVersion").unwrap(), "v1");
    assert_eq!(reported.pointer("/mutating").unwrap(), true);
    assert_eq!(reported.pointer(&format!("/annotations/{USAGE}")).unwrap(), &text("USAGE.md"));
}

#[test]
fn a_module_without_metadata_says_so() {
    let ended = host(&["inspect", "policy.wasm"]);

    assert!(!ended.status.success());
    assert_eq!(
        String::from_utf8(ended.stderr).unwrap(),
        "Error: policy.wasm: has no metadata: `make annotated-policy.wasm` writes it\n"
    );
}

#[test]
fn the_package_of_artifact_hub_is_made_of_the_metadata() {
    let file = root().join("artifacthub-pkg.yml");
    let found = fs::read_to_string(&file).unwrap_or_default();
    // The creation time of a version is not in the metadata; the release sets it.
    let created_at = match serde_saphyr::from_str::<ArtifactHubPackage>(&found) {
        Ok(package) => package.created_at,
        Err(_) => "2026-11-21T00:00:00Z".to_owned(),
    };
    let package = ArtifactHubPackage::new(&metadata(), &created_at, Some(text("questions-ui.yml"))).unwrap();
    let expected = format!(
        "# What Artifact Hub shows, made from metadata.yml and questions-ui.yml.\n\
         # Generated: `make docs`\n{}",
        to_yaml(&package).unwrap()
    );

    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(file, expected).unwrap();
    } else {
        assert!(found == expected, "artifacthub-pkg.yml has drifted: run `make docs`");
    }
}

#[test]
fn the_package_that_a_release_prints_differs_in_its_time_alone() {
    let from = ["artifact-hub", "--metadata-path", "metadata.yml", "--questions-path", "questions-ui.yml"];
    let printed = printed(&[&from[..], &["--created-at", "2027-01-31T12:00:00Z"]].concat());

    let mut printed: ArtifactHubPackage = serde_saphyr::from_str(&printed).unwrap();
    assert_eq!(printed.created_at, "2027-01-31T12:00:00Z");
    let kept: ArtifactHubPackage = serde_saphyr::from_str(&text("artifacthub-pkg.yml")).unwrap();
    printed.created_at.clone_from(&kept.created_at);
    assert_eq!(printed, kept);
}
