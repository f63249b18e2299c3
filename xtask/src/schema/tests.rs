//! The schema accepts the same settings as the policy.

use std::fs;
use std::path::Path;

use jsonschema::Validator;
use pod_security_policy::settings::Settings;
use rstest::rstest;
use serde_json::{Value, json};

use crate::schema;
use crate::source::root;

fn validator() -> Validator {
    jsonschema::draft202012::new(&schema::schema()).unwrap()
}

#[test]
fn the_schema_is_one() {
    assert!(jsonschema::draft202012::meta::is_valid(&schema::schema()));
}

/// All settings that are shipped or shown: each file's path, and its settings.
fn shown() -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for file in ["examples/baseline.yaml", "benches/data/settings.yaml"] {
        found.push((file.to_owned(), read(&fs::read_to_string(root().join(file)).unwrap())));
    }
    for file in ["manifests/mutating.yaml", "manifests/validating.yaml"] {
        let manifest = read(&fs::read_to_string(root().join(file)).unwrap());
        found.push((file.to_owned(), manifest.pointer("/spec/settings").unwrap().clone()));
    }
    for document in documents() {
        let text = fs::read_to_string(&document).unwrap();
        for block in text.split("```yaml\n").skip(1) {
            let block = block.split("\n```").next().unwrap();
            let documents: Vec<Value> = serde_saphyr::from_multiple(block).unwrap();
            for value in documents {
                let is_settings =
                    |value: &Value| value.get("runAsUser").is_some() || value.get("policies").is_some();
                // Tests of policies, for `kubectl psp test`.
                if value.get("tests").is_some() {
                    continue;
                }
                let settings = match value.pointer("/spec/settings") {
                    Some(settings) => settings.clone(),
                    None if is_settings(&value) || value.get("kind") == Some(&json!("PodSecurityPolicy")) => {
                        value
                    }
                    None => continue,
                };
                found.push((document.display().to_string(), settings));
            }
        }
    }
    found
}

#[test]
fn the_schema_of_registrations_accepts_those_that_are_shipped() {
    let schema: Value = serde_json::from_str(&schema::registration_text().unwrap()).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let mut seen = 0;
    for folder in ["manifests", "manifests/profiles"] {
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|kind| kind != "yaml") {
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            for mut manifest in serde_saphyr::from_multiple::<Value>(&text).unwrap() {
                let problems: Vec<_> =
                    validator.iter_errors(&manifest).map(|error| error.to_string()).collect();
                assert!(problems.is_empty(), "{}: {problems:?}", path.display());
                if manifest.pointer("/spec/settings").is_some() {
                    seen += 1;
                    manifest["spec"]["settings"]["privilegd"] = true.into();
                    assert!(!validator.is_valid(&manifest), "{}", path.display());
                }
            }
        }
    }
    assert!(seen >= 7, "only {seen} registrations were found");
}

fn documents() -> Vec<std::path::PathBuf> {
    let mut files = vec![root().join("README.md")];
    files.extend(fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path()));
    files.retain(|file: &std::path::PathBuf| Path::new(file).extension().is_some_and(|kind| kind == "md"));
    files
}

fn read(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap()
}

#[test]
fn everything_shown_is_valid() {
    let validator = validator();
    let shown = shown();
    for (place, settings) in &shown {
        let problems: Vec<_> = validator
            .iter_errors(settings)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(problems.is_empty(), "{place}: {problems:?}");
    }
    assert!(shown.len() >= 10, "only {} settings were found", shown.len());
}

const OPEN: &str = r#""runAsUser":{"rule":"RunAsAny"},"seLinux":{"rule":"RunAsAny"},"supplementalGroups":{"rule":"RunAsAny"},"fsGroup":{"rule":"RunAsAny"}"#;

#[rstest]
#[case::least("{OPEN}")]
#[case::options(r#"{OPEN,"mutate":false,"workloads":"Warn","authorization":"RBAC"}"#)]
#[case::annotations(
    r#"{OPEN,"annotations":{"seccomp.security.alpha.kubernetes.io/allowedProfileNames":"*","other":"x"}}"#
)]
#[case::manifest(r#"{"apiVersion":"policy/v1beta1","kind":"PodSecurityPolicy","metadata":{"name":"a","uid":"1"},"spec":{OPEN},"mutate":true}"#)]
#[case::list(r#"{"policies":[{"metadata":{"name":"a"},"spec":{OPEN}}]}"#)]
#[case::two(r#"{"authorization":"None","policies":[{"metadata":{"name":"a"},"spec":{OPEN}},{"metadata":{"name":"b"},"spec":{OPEN}}]}"#)]
#[case::ranges(r#"{OPEN,"runAsGroup":{"rule":"MayRunAs","ranges":[{"min":1,"max":2}]}}"#)]
#[case::a_standard_alone(r#"{"podSecurityStandards":{"enforce":"baseline","warn":"restricted:v1.31"}}"#)]
#[case::labels_of_namespaces_alone(r#"{"namespaceLabels":{"enforce":"restricted"}}"#)]
#[case::a_standard_beside_a_policy(r#"{OPEN,"podSecurityStandards":{"audit":"restricted"},"enforcement":{"default":"Warn","rules":{"privileged":"Deny"}}}"#)]
#[case::an_exemption(r#"{OPEN,"exemptions":[{"name":"a","reason":"b","match":{"namespaces":["c"]},"rules":["privileged"],"expires":"2027-01-31"}]}"#)]
#[case::around_the_pod(
    r#"{OPEN,"namespaceLabels":{"enforce":"restricted"},"persistentVolumes":"Warn","resourceClaims":"Deny"}"#
)]
#[case::continued(r#"{OPEN,"userNamespaceLevel":"RequirePodLevel","supplementalGroupsPolicy":"Strict","allowedPodCertificateSigners":["a.b/*"],"windowsOptions":{"runAsUserNames":["ContainerUser"],"hostProcess":false}}"#)]
#[case::a_user_may_be_given(r#"{"runAsUser":{"rule":"MayRunAs","ranges":[{"min":1,"max":2}]},"seLinux":{"rule":"MustRunAs","seLinuxOptions":{"level":"s0"},"changePolicy":"Recursive"},"supplementalGroups":{"rule":"RunAsAny"},"fsGroup":{"rule":"RunAsAny"}}"#)]
fn the_policy_and_the_schema_accept(#[case] settings: &str) {
    let settings = settings.replace("OPEN", OPEN);
    assert!(Settings::parse(&settings).is_ok(), "{settings}");
    assert!(validator().is_valid(&serde_json::from_str(&settings).unwrap()), "{settings}");
}

#[rstest]
#[case::nothing("{}")]
#[case::no_object("[]")]
#[case::strategy_missing(
    r#"{"runAsUser":{"rule":"RunAsAny"},"seLinux":{"rule":"RunAsAny"},"fsGroup":{"rule":"RunAsAny"}}"#
)]
#[case::unknown_key(r#"{OPEN,"privilegd":true}"#)]
#[case::unknown_key_in_depth(r#"{OPEN,"hostPorts":[{"min":1,"max":2,"step":3}]}"#)]
#[case::wrong_type(r#"{OPEN,"privileged":"true"}"#)]
#[case::unknown_value(r#"{OPEN,"workloads":"deny"}"#)]
#[case::unknown_level(r#"{OPEN,"userNamespaceLevel":"Pod"}"#)]
#[case::no_rule(r#"{OPEN,"runAsGroup":{}}"#)]
#[case::no_ranges(r#"{OPEN,"runAsGroup":{"rule":"MustRunAs"}}"#)]
#[case::empty_ranges(r#"{OPEN,"runAsGroup":{"rule":"MustRunAs","ranges":[]}}"#)]
#[case::no_options(r#"{"runAsUser":{"rule":"RunAsAny"},"seLinux":{"rule":"MustRunAs"},"supplementalGroups":{"rule":"RunAsAny"},"fsGroup":{"rule":"RunAsAny"}}"#)]
#[case::manifest_without_kind(r#"{"apiVersion":"policy/v1beta1","metadata":{"name":"a"},"spec":{OPEN}}"#)]
#[case::manifest_without_name(
    r#"{"apiVersion":"policy/v1beta1","kind":"PodSecurityPolicy","metadata":{},"spec":{OPEN}}"#
)]
#[case::empty_list(r#"{"policies":[]}"#)]
#[case::list_without_name(r#"{"policies":[{"spec":{OPEN}}]}"#)]
#[case::several_without_authorization(
    r#"{"policies":[{"metadata":{"name":"a"},"spec":{OPEN}},{"metadata":{"name":"b"},"spec":{OPEN}}]}"#
)]
#[case::list_and_spec(r#"{OPEN,"policies":[{"metadata":{"name":"a"},"spec":{OPEN}}]}"#)]
#[case::a_standard_and_half_a_spec(r#"{"podSecurityStandards":{"enforce":"baseline"},"privileged":true}"#)]
#[case::an_exemption_from_nothing(r#"{OPEN,"exemptions":[{"name":"a","match":{"namespaces":["c"]}}]}"#)]
#[case::an_exemption_for_everybody(r#"{OPEN,"exemptions":[{"name":"a","rules":["privileged"]}]}"#)]
fn the_policy_and_the_schema_refuse(#[case] settings: &str) {
    let settings = settings.replace("OPEN", OPEN);
    assert!(Settings::parse(&settings).is_err(), "{settings}");
    assert!(!validator().is_valid(&serde_json::from_str(&settings).unwrap()), "{settings}");
}
