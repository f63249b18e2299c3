//! Helm, as `make chart-test` builds it.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A program that `make chart-test` builds.
pub(crate) fn tool(name: &str) -> PathBuf {
    let folder = std::env::var_os("CHART_TOOLS").map_or_else(|| root().join("target/tools"), PathBuf::from);
    let program = folder.join(name);
    assert!(program.exists(), "{} is missing: make chart-test", program.display());
    program
}

fn helm(arguments: &[&str], values: &Value) -> Output {
    let mut helm = Command::new(tool("helm"))
        .args(arguments)
        .args(["--values", "-"])
        .current_dir(root())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    helm.stdin.take().unwrap().write_all(values.to_string().as_bytes()).unwrap();
    helm.wait_with_output().unwrap()
}

pub(crate) const CHART: &str = "charts/pod-security-policy";

/// The objects that the chart makes of values, or Helm's error.
pub(crate) fn rendered(values: &Value) -> Result<Vec<Value>, String> {
    let output = helm(&["template", "psp", CHART, "--namespace", "kubewarden"], values);
    if !output.status.success() {
        return Err(String::from_utf8(output.stderr).unwrap());
    }
    let text = String::from_utf8(output.stdout).unwrap();
    let objects: Vec<Value> = serde_saphyr::from_multiple(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    Ok(objects.into_iter().filter(|object| !object.is_null()).collect())
}

/// What Helm says after an installation.
pub(crate) fn notes(values: &Value) -> String {
    let arguments =
        ["install", "psp", CHART, "--namespace", "kubewarden", "--dry-run=client", "--output", "json"];
    let output = helm(&arguments, values);
    assert!(output.status.success(), "{output:?}");
    let release: Value = serde_json::from_slice(&output.stdout).unwrap();
    release.pointer("/info/notes").unwrap().as_str().unwrap().to_owned()
}

/// Helm's own opinion of the chart with these values.
pub(crate) fn lint(values: &Value) -> String {
    let output = helm(&["lint", "--strict", CHART], values);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    text
}
