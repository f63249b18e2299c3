//! The examples for GitOps: what they make of settings that are written once.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use crate::helm::{rendered, root, tool};
use crate::{file, hold, registration};

#[test]
fn kustomize_copies_the_settings_of_one_half_to_the_other() {
    let output = Command::new(tool("kustomize"))
        .args(["build", "docs/examples/kustomize"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let objects: Vec<Value> =
        serde_saphyr::from_multiple(&String::from_utf8(output.stdout).unwrap()).unwrap();

    hold("docs/examples/kustomize", &objects);
    let given = &file("docs/examples/kustomize/settings/settings.yaml")[0]["spec"]["settings"];
    let half = |suffix: &str| registration(&objects, suffix).unwrap()["spec"].clone();
    assert_eq!(&half("mutating")["settings"], given);
    let mut judged = given.clone();
    judged["mutate"] = false.into();
    assert_eq!(half("validating")["settings"], judged);
    let namespaces = json!(["kube-system", "istio-system"]);
    assert_eq!(half("validating").pointer("/namespaceSelector/matchExpressions/0/values"), Some(&namespaces));
}

/// The values in the examples are ones that the chart takes, with the version that there is.
#[test]
fn examples_with_values_install() {
    let version = env!("CARGO_PKG_VERSION");
    let flux = file("docs/examples/flux/helm.yaml");
    assert_eq!(flux[0]["spec"]["ref"]["tag"], version);
    let argo = file("docs/examples/argocd/application.yaml").remove(0);
    assert_eq!(argo["spec"]["source"]["targetRevision"], version);
    let fleet = file("docs/examples/fleet/fleet.yaml").remove(0);
    assert_eq!(fleet["helm"]["version"], version);
    let ahead =
        json!({"mode": "protect", "podSecurityStandards": fleet["helm"]["values"]["podSecurityStandards"]});
    assert_eq!(fleet["targetCustomizations"][0]["helm"]["values"]["mode"], ahead["mode"]);
    let all = [
        &flux[1]["spec"]["values"],
        &argo["spec"]["source"]["helm"]["valuesObject"],
        &fleet["helm"]["values"],
        &ahead,
    ];
    for values in all {
        let objects = rendered(values).unwrap();
        hold("an example", &objects);
        let validating = registration(&objects, "validating").unwrap();
        assert_eq!(validating["spec"]["mode"], values["mode"]);
    }
}

/// Values in the chart's README are ones that the chart takes.
#[test]
fn values_of_the_readme_install() {
    let text = fs::read_to_string(root().join("charts/pod-security-policy/README.md")).unwrap();
    let blocks: Vec<_> =
        text.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(!blocks.is_empty());
    for block in blocks {
        hold("README.md", &rendered(&serde_saphyr::from_str(block).unwrap()).unwrap());
    }
}
