//! The Helm chart makes what the API server, Kubewarden and the policy accept.
//!
//! `make chart-test` builds Helm and runs this.
#![cfg(unix)]
#![allow(
    clippy::needless_pass_by_value,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod crds;
mod generate;
mod gitops;
mod helm;
mod published;
mod refused;
#[path = "../../registry/tests/round_trip/registry.rs"]
mod registry;

use std::fs;

use helm::{lint, notes, rendered, root};
use pod_security_policy::settings::Settings;
use rstest::rstest;
use serde_json::{Map, Value, json};

fn registration<'o>(objects: &'o [Value], suffix: &str) -> Option<&'o Value> {
    let name = format!("pod-security-policy-{suffix}");
    objects
        .iter()
        .find(|object| object["kind"] == "ClusterAdmissionPolicy" && object["metadata"]["name"] == name)
}

/// `ClusterRole psp:restricted`
fn names(objects: &[Value]) -> Vec<String> {
    let name = |object: &Value| {
        let of =
            |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        match of("/metadata/namespace") {
            namespace if namespace.is_empty() => format!("{} {}", of("/kind"), of("/metadata/name")),
            namespace => format!("{} {namespace}/{}", of("/kind"), of("/metadata/name")),
        }
    };
    let mut names: Vec<_> = objects.iter().map(name).collect();
    names.sort_unstable();
    names
}

/// What holds for the objects of any values.
fn hold(place: &str, objects: &[Value]) {
    for object in objects {
        assert_eq!(crds::problems(object), Vec::<String>::new(), "{place}: {object:#}");
    }
    let registrations: Vec<_> =
        objects.iter().filter(|object| object["kind"] == "ClusterAdmissionPolicy").collect();
    assert!(!registrations.is_empty(), "{place}");
    for registration in registrations {
        let name = &registration["metadata"]["name"];
        if let Err(problems) = Settings::parse(&registration["spec"]["settings"].to_string()) {
            panic!("{place}: {name}: {problems}");
        }
        let (mode, failure) = (&registration["spec"]["mode"], &registration["spec"]["failurePolicy"]);
        assert!(mode == "protect" || mode == "monitor", "{place}: {name}: {mode} {failure}");
    }
    if let (Some(mutating), Some(validating)) =
        (registration(objects, "mutating"), registration(objects, "validating"))
    {
        let mut expected = mutating["spec"]["settings"].clone();
        expected["mutate"] = false.into();
        assert_eq!(validating["spec"]["settings"], expected, "{place}");
        for field in ["module", "policyServer", "namespaceSelector"] {
            assert_eq!(validating["spec"][field], mutating["spec"][field], "{place}: {field}");
        }
    }
}

fn file(name: &str) -> Vec<Value> {
    serde_saphyr::from_multiple(&fs::read_to_string(root().join(name)).unwrap()).unwrap()
}

/// Hand-made values, and the objects that they make.
#[rstest]
#[case::bare("bare", &["mutating", "validating"], &[])]
#[case::several("several", &["mutating", "validating"], &[
    "ClusterRole pod-security-policy:access-reviews", "ClusterRole pod-security-policy:node-agents", "ClusterRole pod-security-policy:restricted",
    "ClusterRoleBinding pod-security-policy:access-reviews", "ClusterRoleBinding pod-security-policy:restricted:0",
    "RoleBinding logging/pod-security-policy:node-agents:1", "RoleBinding monitoring/pod-security-policy:node-agents:1",
])]
#[case::standards("standards", &["validating"], &[])]
#[case::namespaces("namespaces", &["namespaces"], &[])]
#[case::persistent_volumes("persistent-volumes", &["mutating", "persistent-volumes", "validating"], &[])]
#[case::policy_server("policy-server", &["mutating", "validating"], &["PolicyServer psp", "ServiceAccount kubewarden/psp"])]
#[case::filling("filling", &["mutating", "validating"], &[])]
#[case::protect("protect", &["mutating", "validating"], &[])]
#[case::distribution("distribution", &["mutating", "validating"], &[])]
#[case::rollouts("rollouts", &["mutating", "validating"], &[])]
#[case::validating_alone("validating-alone", &["validating"], &[])]
#[case::exemptions("exemptions", &["mutating", "validating"], &[])]
fn hand_made_values_make(#[case] name: &str, #[case] suffixes: &[&str], #[case] others: &[&str]) {
    let values = file(&format!("charts/pod-security-policy/ci/{name}-values.yaml")).remove(0);
    let objects = rendered(&values).unwrap();
    hold(name, &objects);
    let registrations =
        suffixes.iter().map(|suffix| format!("ClusterAdmissionPolicy pod-security-policy-{suffix}"));
    let mut expected: Vec<_> = registrations.chain(others.iter().map(|&other| other.to_owned())).collect();
    expected.sort_unstable();
    assert_eq!(names(&objects), expected);
    assert!(lint(&values).contains("1 chart(s) linted, 0 chart(s) failed"));
}

#[test]
fn every_file_of_values_is_a_case() {
    let folder = root().join("charts/pod-security-policy/ci");
    let text = fs::read_to_string(root().join("tests/chart/main.rs")).unwrap();
    for entry in fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let name = name.strip_suffix("-values.yaml").unwrap();
        assert!(text.contains(&format!("(\"{name}\", &[")), "{name} is not tested");
    }
}

#[rstest]
fn generated_values_make_settings_that_the_policy_accepts(#[values(0, 1, 2, 3)] part: u64) {
    for seed in (part * 6)..(part * 6 + 6) {
        let (settings, values) = generate::values(seed);
        let objects = rendered(&values).unwrap_or_else(|error| panic!("{seed}: {error}\n{values:#}"));
        hold(&format!("seed {seed}"), &objects);
        let validating = registration(&objects, "validating").unwrap();
        let mut expected = settings.clone();
        expected.insert("mutate".to_owned(), false.into());
        assert_eq!(validating["spec"]["settings"], Value::from(expected), "seed {seed}");
        let labels = settings
            .get("namespaceLabels")
            .and_then(Value::as_object)
            .is_some_and(|labels| !labels.is_empty());
        let mutates = settings.get("mutate") != Some(&json!(false));
        assert_eq!(registration(&objects, "mutating").is_some(), mutates, "seed {seed}");
        assert_eq!(registration(&objects, "namespaces").is_some(), labels, "seed {seed}");
    }
}

/// What the settings of a shipped manifest have more than the default policies.
fn more_than_the_defaults(settings: &Value) -> Value {
    let mut values = settings.as_object().unwrap().clone();
    if values.remove("policies").is_some() {
        values.retain(|key, _| key != "authorization" && key != "mutate");
    } else {
        values.insert("defaultPolicies".to_owned(), false.into());
    }
    values.into()
}

/// A registration, without what may be written in several ways.
fn comparable(mut registration: Value, settings: &Value) -> Value {
    registration["metadata"].as_object_mut().unwrap().remove("labels");
    if let Some(names) = registration.pointer_mut("/spec/namespaceSelector/matchExpressions/0/values") {
        names.as_array_mut().unwrap().sort_by_key(ToString::to_string);
    }
    if let Some(expression) = registration.pointer_mut("/spec/matchConditions/0/expression") {
        let words = expression.as_str().unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
        *expression = words.into();
    }
    if settings.get("mutate").is_none() && registration["spec"]["mutating"] == false {
        registration["spec"]["settings"].as_object_mut().unwrap().remove("mutate");
    }
    registration
}

/// Without values the chart installs what `manifests/` has, and with the options of a manifest that manifest.
#[test]
fn the_chart_installs_the_shipped_manifests() {
    let mut seen = 0;
    for entry in fs::read_dir(root().join("manifests")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let Some(suffix) = name.strip_suffix(".yaml") else { continue };
        let shipped = file(&format!("manifests/{name}")).remove(0);
        if shipped["kind"] != "ClusterAdmissionPolicy" {
            continue;
        }
        seen += 1;
        let settings = &shipped["spec"]["settings"];
        let mut values = more_than_the_defaults(settings);
        values["mode"] = shipped["spec"]["mode"].clone();
        values["failurePolicy"] = shipped["spec"]["failurePolicy"].clone();
        let objects = rendered(&values).unwrap_or_else(|error| panic!("{name}: {error}"));
        hold(&name, &objects);
        let made = registration(&objects, suffix)
            .unwrap_or_else(|| panic!("{name}: the chart has no such template"));
        assert_eq!(comparable(made.clone(), settings), comparable(shipped.clone(), settings), "{name}");
    }
    assert!(seen >= 4, "only {seen} manifests were found");
}

#[rstest]
#[case::first(json!({}), ["monitor Ignore", "monitor Ignore"])]
#[case::filling(json!({"mutating": {"mode": "protect"}, "failurePolicy": "Ignore"}), ["protect Ignore", "monitor Ignore"])]
#[case::protecting(json!({"mode": "protect", "failurePolicy": "Ignore"}), ["protect Ignore", "protect Ignore"])]
#[case::final_step(json!({"mode": "protect"}), ["protect Fail", "protect Fail"])]
fn modes_set_the_failure_policy(#[case] values: Value, #[case] expected: [&str; 2]) {
    let objects = rendered(&values).unwrap();
    let made = ["mutating", "validating"].map(|suffix| {
        let spec = &registration(&objects, suffix).unwrap()["spec"];
        format!("{} {}", spec["mode"].as_str().unwrap(), spec["failurePolicy"].as_str().unwrap())
    });
    assert_eq!(made, expected);
}

/// Each step's notes have the command of the next one, whose values are those of the next step.
#[rstest]
#[case::first(json!({}), "--set mutating.mode=protect --set failurePolicy=Ignore\n")]
#[case::filling(json!({"mutating": {"mode": "protect"}, "failurePolicy": "Ignore"}), "--set mode=protect --set failurePolicy=Ignore\n")]
#[case::protecting(json!({"mode": "protect", "failurePolicy": "Ignore"}), "--set mode=protect --set failurePolicy=Fail\n")]
fn notes_have_the_next_step(#[case] values: Value, #[case] expected: &str) {
    let notes = notes(&values);
    assert_eq!(notes.matches("Next step").count(), 1, "{notes}");
    let command = format!("helm upgrade psp CHART --namespace kubewarden --reuse-values {expected}");
    assert!(notes.contains(&command), "{notes}");
    let off = "kubectl delete clusteradmissionpolicy pod-security-policy-validating --ignore-not-found && kubectl delete clusteradmissionpolicy pod-security-policy-mutating --ignore-not-found";
    assert!(notes.contains(off), "{notes}");
    assert!(!notes.contains("grants no policy"), "{notes}");
}

#[test]
fn the_last_step_has_no_next_one() {
    let notes = notes(&json!({"mode": "protect"}));
    assert!(!notes.contains("Next step"), "{notes}");
    assert!(notes.contains("none is created while the policy server is down"), "{notes}");
}

#[test]
fn policies_that_nobody_may_use_are_noted() {
    let mut values = file("charts/pod-security-policy/ci/several-values.yaml").remove(0);
    values.as_object_mut().unwrap().remove("grants");
    let notes = notes(&values);
    assert!(notes.contains("This release grants no policy to anyone."), "{notes}");
}

#[test]
fn everything_comes_from_the_registry_of_an_air_gapped_cluster() {
    let values = json!({"global": {"cattle": {"systemDefaultRegistry": "registry.example.com:5000"}}, "policyServer": {"create": true, "name": "psp"}});
    let objects = rendered(&values).unwrap();
    hold("air gap", &objects);
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        registration(&objects, "mutating").unwrap()["spec"]["module"],
        format!("registry://registry.example.com:5000/pod-security-policy/pod-security-policy:v{version}")
    );
    let server = objects.iter().find(|object| object["kind"] == "PolicyServer").unwrap();
    let image = server["spec"]["image"].as_str().unwrap();
    assert!(
        image.starts_with("registry.example.com:5000/kubewarden/adm-controller/policy-server:v"),
        "{image}"
    );
}

#[test]
fn grants_are_those_that_the_policy_asks_for() {
    let values = file("charts/pod-security-policy/ci/several-values.yaml").remove(0);
    let objects = rendered(&values).unwrap();
    let role =
        objects.iter().find(|object| object["metadata"]["name"] == "pod-security-policy:restricted").unwrap();
    assert_eq!(
        role["rules"],
        json!([{"apiGroups": ["policy"], "resources": ["podsecuritypolicies"], "resourceNames": ["restricted"], "verbs": ["use"]}])
    );
    let server = objects
        .iter()
        .filter(|object| object["metadata"]["name"] == "pod-security-policy:access-reviews")
        .collect::<Vec<_>>();
    assert_eq!(
        server.iter().find_map(|object| object.get("rules")).unwrap(),
        &json!([{"apiGroups": ["authorization.k8s.io"], "resources": ["subjectaccessreviews"], "verbs": ["create"]}])
    );
    let subjects: Map<String, Value> = objects
        .iter()
        .filter_map(|object| {
            Some((
                object["kind"].as_str()?.to_owned()
                    + object["metadata"]["namespace"].as_str().unwrap_or_default(),
                object.get("subjects")?.clone(),
            ))
        })
        .filter(|(name, _)| name.starts_with("RoleBinding"))
        .collect();
    let group = |namespace: &str| json!([{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": format!("system:serviceaccounts:{namespace}")}]);
    assert_eq!(
        subjects,
        Map::from_iter([
            ("RoleBindinglogging".to_owned(), group("logging")),
            ("RoleBindingmonitoring".to_owned(), group("monitoring"))
        ])
    );
}
