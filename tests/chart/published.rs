//! The chart as users get it: from a registry, and carried over to one without access to the internet.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::helm::{CHART, root, tool};
use crate::registry::Registry;

/// Where releases are.
const PUBLISHED: &str = "ghcr.io/";

/// Runs Helm in a folder, and returns what it prints.
fn helm(folder: &Path, line: &str) -> String {
    let ended = Command::new(tool("helm")).args(line.split(' ')).current_dir(folder).output().unwrap();
    assert!(ended.status.success(), "helm {line}: {ended:?}");
    String::from_utf8(ended.stdout).unwrap()
}

/// The lines of a page that start so.
fn lines(page: &str, start: &str) -> Vec<String> {
    let text = std::fs::read_to_string(root().join(page)).unwrap();
    text.lines().filter(|line| line.starts_with(start)).map(str::to_owned).collect()
}

/// Installing without a cluster, and the objects that it would make.
fn objects(folder: &Path, line: &str) -> Vec<Value> {
    let line = line.replacen("helm install", "template --kube-version 1.30.0", 1);
    serde_saphyr::from_multiple(&helm(folder, &line)).unwrap()
}

fn modules(objects: &[Value]) -> Vec<&str> {
    let registrations = objects.iter().filter(|object| object["kind"] == "ClusterAdmissionPolicy");
    registrations.map(|object| object["spec"]["module"].as_str().unwrap()).collect()
}

#[test]
fn a_published_chart_is_pulled_and_installed_as_the_pages_say() {
    let registry = Registry::start();
    let folder = tempfile::tempdir().unwrap();
    let at = |line: &str| line.replacen(PUBLISHED, &format!("{}/", registry.address()), 1) + " --plain-http";
    helm(folder.path(), &format!("package {}", root().join(CHART).display()));
    let version = env!("CARGO_PKG_VERSION");
    helm(
        folder.path(),
        &at(&format!("push pod-security-policy-{version}.tgz oci://{PUBLISHED}pod-security-policy/charts")),
    );
    let outside = tempfile::tempdir().unwrap();

    let [pull] = &*lines("docs/supply-chain.md", "helm pull ") else { panic!("one line pulls the chart") };
    helm(outside.path(), &at(pull.trim_start_matches("helm ")));
    let [install] = &*lines("docs/supply-chain.md", "helm install ") else { panic!("one line installs it") };
    let carried = objects(outside.path(), install);
    let module =
        format!("registry://registry.example.com:5000/pod-security-policy/pod-security-policy:v{version}");
    assert_eq!(modules(&carried), [module.as_str(); 2]);
    let [push] = &*lines("docs/supply-chain.md", "kwctl push ") else { panic!("one line pushes the module") };
    assert_eq!(push.split(' ').next_back(), Some(&*module));

    let published = lines(&format!("{CHART}/README.md"), "helm install psp oci:");
    let [install] = &*published else { panic!("one line installs from the registry") };
    let objects = objects(outside.path(), &at(install));
    let module = format!("registry://{PUBLISHED}pod-security-policy/pod-security-policy:v{version}");
    assert_eq!(modules(&objects), [module.as_str(); 2]);
}
