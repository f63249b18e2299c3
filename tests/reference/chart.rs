//! The Helm chart: what of it comes from the tables and from the metadata.

use std::fs;

use pod_security_policy::settings::OPTIONS;
use serde_json::{Map, Value, json};

use crate::{annotations, fields, hold, is_required, meaning, questions, root, schema};

const FOLDER: &str = "charts/pod-security-policy";

fn metadata() -> Value {
    serde_saphyr::from_str(&fs::read_to_string(root().join("metadata.yml")).unwrap()).unwrap()
}

fn annotation(metadata: &Value, key: &str) -> String {
    metadata.get("annotations").unwrap().get(key).unwrap().as_str().unwrap().to_owned()
}

/// The keys of values that are not settings, as the templates have them.
fn own_keys() -> Vec<String> {
    let template = fs::read_to_string(root().join(FOLDER).join("templates/_settings.tpl")).unwrap();
    let (_, rest) = template.split_once("{{- list ").unwrap();
    let (keys, _) = rest.split_once(" | toJson").unwrap();
    keys.split_whitespace().map(|key| key.trim_matches('"').to_owned()).collect()
}

/// What Helm and Rancher read about the chart.
fn chart_file() -> String {
    let metadata = metadata();
    let policy = |key: &str| annotation(&metadata, &format!("io.kubewarden.policy.{key}"));
    let hub = |key: &str| annotation(&metadata, &format!("io.artifacthub.{key}"));
    let version = policy("version");
    let image = policy("ociUrl");
    let (registry, repository) = image.split_once('/').unwrap();
    let rules = serde_saphyr::to_string(metadata.get("rules").unwrap()).unwrap();
    let (author, email) =
        policy("author").split_once(" <").map(|(a, e)| (a.to_owned(), e.replace('>', ""))).unwrap();
    let keywords: Vec<_> = hub("keywords").split(", ").map(str::to_owned).collect();
    let chart = json!({
        "apiVersion": "v2",
        "name": policy("title"),
        "description": policy("description"),
        "type": "application",
        "version": version,
        "appVersion": version,
        "kubeVersion": ">= 1.30.0-0",
        "home": policy("url"),
        "sources": [policy("source")],
        "keywords": keywords,
        "maintainers": [{"name": author, "email": email}],
        "annotations": {
            "artifacthub.io/license": policy("license"),
            "artifacthub.io/images": format!("- name: policy\n  image: {image}:v{version}\n"),
            "catalog.cattle.io/display-name": hub("displayName"),
            "catalog.cattle.io/type": "kubewarden-policy",
            "catalog.cattle.io/ui-component": "kubewarden",
            "kubewarden/displayName": hub("displayName"),
            "kubewarden/mutation": metadata.get("mutating").unwrap().to_string(),
            "kubewarden/registry": registry,
            "kubewarden/repository": repository,
            "kubewarden/tag": format!("v{version}"),
            "kubewarden/resources": hub("resources"),
            "kubewarden/rules": rules,
        },
    });
    format!(
        "# Made from metadata.yml. Generated: UPDATE_DOCS=1 cargo test --test reference\n{}",
        serde_saphyr::to_string(&chart).unwrap()
    )
}

fn described(description: &str, mut schema: Value) -> Value {
    schema.as_object_mut().unwrap().insert("description".to_owned(), description.into());
    schema
}

fn closed(properties: Value) -> Value {
    json!({"type": "object", "properties": properties, "additionalProperties": false})
}

fn texts() -> Value {
    json!({"type": "array", "items": {"type": "string", "minLength": 1}})
}

/// The schema of the values that are not settings.
fn own_values() -> Map<String, Value> {
    let text = || json!({"type": "string"});
    let name = || json!({"type": "string", "minLength": 1});
    let map = || json!({"type": "object"});
    let list = || json!({"type": "array"});
    let flag = || json!({"type": "boolean"});
    let mode = || json!({"enum": ["", "monitor", "protect"]});
    let amount = || json!({"type": ["string", "integer"]});
    let annotations = || json!({"type": "object", "additionalProperties": {"type": "string"}});
    let image = || {
        closed(
            json!({"registry": name(), "repository": name(), "tag": text(), "digest": {"type": "string", "pattern": "^(sha256:[0-9a-f]{64})?$"}}),
        )
    };
    let grant = json!({
        "type": "object",
        "properties": {"policy": name(), "groups": texts(), "users": texts(), "namespaces": texts(),
            "serviceAccounts": {"type": "array", "items": {"type": "string", "pattern": "^[^/]+/[^/]+$"}}},
        "required": ["policy"],
        "additionalProperties": false,
    });
    let values = json!({
        "mode": described("monitor: log only. protect: change and reject.", json!({"enum": ["monitor", "protect"]})),
        "failurePolicy": described("Empty: Ignore in monitor mode, Fail in protect mode.", json!({"enum": ["", "Ignore", "Fail"]})),
        "name": described("The prefix of all names.", json!({"type": "string", "pattern": "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", "maxLength": 63})),
        "mutating": closed(json!({"mode": mode(), "annotations": annotations()})),
        "validating": closed(json!({
            "mode": mode(), "annotations": annotations(), "backgroundAudit": flag(),
            "allowInsideAdmissionControllerNamespace": flag(),
            "rules": {"type": "array", "items": {
                "type": "object",
                "properties": {"apiGroups": list(), "apiVersions": list(), "resources": list(), "operations": list(), "scope": text()},
                "required": ["apiGroups", "apiVersions", "resources", "operations"],
                "additionalProperties": false,
            }},
        })),
        "exemptNamespaces": described("Names, or lists of a distribution.", json!({"type": "array", "items": {"type": "string", "pattern": exempt_namespaces()}})),
        "timeoutSeconds": {"type": "integer", "minimum": 2, "maximum": 30},
        "labels": annotations(),
        "module": image(),
        "policyServer": closed(json!({
            "name": name(), "serviceAccountName": name(), "namespace": name(), "accessReviews": flag(), "create": flag(),
            "image": closed(json!({"registry": name(), "repository": name(), "tag": name()})),
            "replicas": {"type": "integer", "minimum": 1}, "minAvailable": amount(), "maxUnavailable": amount(),
            "priorityClassName": text(), "requests": map(), "limits": map(), "imagePullSecret": text(),
            "insecureSources": texts(), "sourceAuthorities": map(), "verificationConfig": text(),
            "sigstoreTrustConfig": text(), "affinity": map(), "tolerations": list(), "env": list(),
        })),
        "grants": {"type": "array", "items": grant},
        "defaultPolicies": flag(),
        "global": map(),
    });
    values.as_object().unwrap().clone()
}

/// A name of a namespace, or `@` and a known distribution.
fn exempt_namespaces() -> String {
    let lists = fs::read_to_string(root().join(FOLDER).join("files/system-namespaces.yaml")).unwrap();
    let lists: Map<String, Value> = serde_saphyr::from_str(&lists).unwrap();
    let known: Vec<_> = lists.keys().map(String::as_str).collect();
    format!("^(@({})|[a-z0-9]([-a-z0-9]*[a-z0-9])?)$", known.join("|"))
}

/// The schema as Helm needs it: in the draft that every version of it reads, and with the largest whole number that it
/// reads as it is. It would make others inexact without a word.
fn for_helm(value: &mut Value) {
    if let Value::Object(members) = value
        && members.get("type") == Some(&json!("integer"))
        && !members.contains_key("maximum")
    {
        members.insert("maximum".to_owned(), json!(1_i64 << 53));
    }
    match value {
        Value::String(text) if text.starts_with("#/$defs/") => {
            *text = text.replace("#/$defs/", "#/definitions/");
        }
        Value::Array(elements) => elements.iter_mut().for_each(for_helm),
        Value::Object(members) => members.values_mut().for_each(for_helm),
        _ => {}
    }
}

fn values_schema() -> Value {
    let settings = schema::schema();
    let mut properties = own_values();
    let spec: Vec<_> = fields().map(|(entry, _)| entry.id).collect();
    let options = OPTIONS.iter().map(|option| option.name);
    for key in spec.iter().copied().chain(options).chain(["annotations"]) {
        let earlier = properties.insert(key.to_owned(), json!({"$ref": format!("#/definitions/{key}")}));
        assert_eq!(earlier, None, "{key}: a setting and a value of the chart");
    }
    let policies = json!({"type": "array", "items": {"$ref": "#/definitions/listed"}});
    properties
        .insert("policies".to_owned(), described("PodSecurityPolicies, with names of their own.", policies));
    let required: Vec<_> =
        fields().filter(|(entry, _)| is_required(entry)).map(|(entry, _)| entry.id).collect();
    let any_field: Vec<_> = spec.iter().map(|field| json!({"required": [field]})).collect();
    let mut schema = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Values of the chart pod-security-policy",
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
        // Not `allOf`, whose objections Helm shows without the missing name.
        "if": {"anyOf": any_field},
        "then": {"required": required},
        "else": {
            "if": {"required": ["policies"], "properties": {"policies": {"minItems": 2}}},
            "then": {"required": ["authorization"]},
        },
        "definitions": settings.get("$defs").unwrap(),
    });
    for_helm(&mut schema);
    schema
}

/// What `values.yaml` says about the settings.
fn settings_in_values() -> String {
    let mut text = String::from(
        "#\n# Settings: one policy as the fields of its spec, or several under `policies`; see docs/settings.md. An unknown key is an error.\n\
         # Generated: UPDATE_DOCS=1 cargo test --test reference\n#\n\
         # policies: []        PodSecurityPolicies, with metadata.name and spec each\n#\n# Options:\n",
    );
    for option in OPTIONS {
        text += &format!("# {:<24} {}\n", format!("{}:", option.name), option.doc);
    }
    text += "#\n# Fields of a spec:\n";
    for (entry, _) in fields() {
        text += &format!("# {:<32} {}\n", format!("{}:", entry.id), meaning(entry));
    }
    text += "#\n# annotations:\n";
    for (_, name) in annotations() {
        text += &format!("#   {name}:\n");
    }
    text
}

#[test]
fn the_chart_is_that_of_the_metadata() {
    hold(&format!("{FOLDER}/Chart.yaml"), &chart_file());
}

/// Helm refuses values that the policy would refuse, as far as a schema can say it.
#[test]
fn the_schema_of_the_values_is_that_of_the_code() {
    let text = format!("{}\n", serde_json::to_string_pretty(&values_schema()).unwrap());
    hold(&format!("{FOLDER}/values.schema.json"), &text);
}

/// Rancher's form for a policy writes settings, so it asks for nothing else.
#[test]
fn the_form_of_the_chart_is_that_of_the_policy() {
    hold(&format!("{FOLDER}/questions.yaml"), &questions::text());
}

#[test]
fn the_values_name_every_setting() {
    let file = format!("{FOLDER}/values.yaml");
    let found = fs::read_to_string(root().join(&file)).unwrap();
    let (own, _) = found.split_once("\n#\n# Settings:").unwrap();
    hold(&file, &format!("{own}\n{}", settings_in_values()));
}

#[test]
fn the_templates_know_which_values_are_no_settings() {
    let mut expected: Vec<_> = own_values().keys().cloned().collect();
    let mut found = own_keys();
    expected.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, expected);
}

#[test]
fn the_module_that_the_chart_installs_is_the_published_one() {
    let values: Value =
        serde_saphyr::from_str(&fs::read_to_string(root().join(FOLDER).join("values.yaml")).unwrap())
            .unwrap();
    let at = |key: &str| values.pointer(&format!("/module/{key}")).unwrap().as_str().unwrap().to_owned();
    assert_eq!(
        format!("{}/{}", at("registry"), at("repository")),
        annotation(&metadata(), "io.kubewarden.policy.ociUrl")
    );
}
