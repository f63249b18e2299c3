//! Helm, as `make chart-test` builds it.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Once;

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

/// The oldest Kubernetes that the chart is for.
const VERSION: &[&str] = &["--kube-version", "1.30.0"];

/// The objects that the chart makes of values, or Helm's error.
pub(crate) fn rendered(values: &Value) -> Result<Vec<Value>, String> {
    let output = helm(&[&["template", "psp", CHART, "--namespace", "kubewarden"], VERSION].concat(), values);
    if !output.status.success() {
        return Err(String::from_utf8(output.stderr).unwrap());
    }
    let text = String::from_utf8(output.stdout).unwrap();
    let objects: Vec<Value> =
        serde_saphyr::from_multiple(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    Ok(objects.into_iter().filter(|object| !object.is_null()).collect())
}

/// What Helm says after an installation. It needs a cluster for that, so that a copy of the chart makes an object of it.
pub(crate) fn notes(values: &Value) -> String {
    let copy = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("chart-with-notes");
    static COPIED: Once = Once::new();
    COPIED.call_once(|| {
        fs::remove_dir_all(&copy).ok();
        copy_folder(&root().join(CHART), &copy);
        fs::write(copy.join("templates/notes.yaml"), "notes: {{ include \"psp.notes\" . | toJson }}\n")
            .unwrap();
    });
    let arguments = ["psp", copy.to_str().unwrap(), "--namespace", "kubewarden"];
    let output = helm(
        &[&["template"], &arguments[..], &["--show-only", "templates/notes.yaml"], VERSION].concat(),
        values,
    );
    assert!(output.status.success(), "{output:?}");
    let object: Value = serde_saphyr::from_str(&String::from_utf8(output.stdout).unwrap()).unwrap();
    object.get("notes").unwrap().as_str().unwrap().to_owned()
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        match path.is_dir() {
            true => copy_folder(&path, &target),
            false => {
                fs::copy(&path, &target).unwrap();
            }
        }
    }
}

/// Helm's own opinion of the chart with these values.
pub(crate) fn lint(values: &Value) -> String {
    let output = helm(&[&["lint", "--strict", CHART], VERSION].concat(), values);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    text
}
