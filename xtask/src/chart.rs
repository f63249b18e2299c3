//! The Helm chart: what of it comes from the tables and from the metadata.

use anyhow::{Context, Result, ensure};
use pod_security_policy::settings::OPTIONS;
use serde_json::{Map, Value, json};

use crate::schema;
use crate::source::read;
use crate::tables::{annotations, fields, is_required, meaning};

fn metadata() -> Result<Value> {
    Ok(serde_saphyr::from_str(&read("metadata.yml")?)?)
}

fn annotation(metadata: &Value, key: &str) -> Result<String> {
    let text =
        metadata.pointer("/annotations").and_then(|annotations| annotations.get(key)).and_then(Value::as_str);
    Ok(text.with_context(|| format!("metadata.yml: no {key}"))?.to_owned())
}

/// What Helm and Rancher read about the chart.
pub(crate) fn chart_file() -> Result<String> {
    let metadata = metadata()?;
    let policy = |key: &str| annotation(&metadata, &format!("io.kubewarden.policy.{key}"));
    let hub = |key: &str| annotation(&metadata, &format!("io.artifacthub.{key}"));
    let version = policy("version")?;
    let image = policy("ociUrl")?;
    let (registry, repository) = image.split_once('/').context("metadata.yml: no registry")?;
    let rules = serde_saphyr::to_string(&metadata.get("rules"))?;
    let author = policy("author")?;
    let (author, email) = author.split_once(" <").context("metadata.yml: no address of the author")?;
    let keywords = hub("keywords")?;
    let keywords: Vec<_> = keywords.split(", ").collect();
    let chart = json!({
        "apiVersion": "v2",
        "name": policy("title")?,
        "description": policy("description")?,
        "type": "application",
        "version": version,
        "appVersion": version,
        "kubeVersion": ">= 1.30.0-0",
        "home": policy("url")?,
        "sources": [policy("source")?],
        "keywords": keywords,
        "maintainers": [{"name": author, "email": email.trim_end_matches('>')}],
        "annotations": {
            "artifacthub.io/license": policy("license")?,
            "artifacthub.io/images": format!("- name: policy\n  image: {image}:v{version}\n"),
            "catalog.cattle.io/display-name": hub("displayName")?,
            "catalog.cattle.io/type": "kubewarden-policy",
            "catalog.cattle.io/ui-component": "kubewarden",
            "kubewarden/displayName": hub("displayName")?,
            "kubewarden/mutation": metadata.get("mutating").context("metadata.yml: no mutating")?.to_string(),
            "kubewarden/registry": registry,
            "kubewarden/repository": repository,
            "kubewarden/tag": format!("v{version}"),
            "kubewarden/resources": hub("resources")?,
            "kubewarden/rules": rules,
        },
    });
    Ok(format!("# Made from metadata.yml. Generated: `make docs`\n{}", serde_saphyr::to_string(&chart)?))
}

fn described(description: &str, mut schema: Value) -> Value {
    schema::insert(&mut schema, "description", description.into());
    schema
}

#[expect(clippy::needless_pass_by_value, reason = "what `json!` makes has no other owner")]
fn closed(properties: Value) -> Value {
    json!({"type": "object", "properties": properties, "additionalProperties": false})
}

fn texts() -> Value {
    json!({"type": "array", "items": {"type": "string", "minLength": 1}})
}

/// The schema of the values that are not settings.
fn own_values() -> Result<Map<String, Value>> {
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
        "exemptNamespaces": described("Names, or lists of a distribution.", json!({"type": "array", "items": {"type": "string", "pattern": exempt_namespaces()?}})),
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
    Ok(serde_json::from_value(values)?)
}

/// A name of a namespace, or `@` and a known distribution.
fn exempt_namespaces() -> Result<String> {
    let lists = read("charts/pod-security-policy/files/system-namespaces.yaml")?;
    let lists: Map<String, Value> = serde_saphyr::from_str(&lists)?;
    let known: Vec<_> = lists.keys().map(String::as_str).collect();
    Ok(format!("^(@({})|[a-z0-9]([-a-z0-9]*[a-z0-9])?)$", known.join("|")))
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

fn values_schema() -> Result<Value> {
    let settings = schema::schema();
    let mut properties = own_values()?;
    let spec: Vec<_> = fields().map(|(entry, _)| entry.id).collect();
    let options = OPTIONS.iter().map(|option| option.name);
    for key in spec.iter().copied().chain(options).chain(["annotations"]) {
        let earlier = properties.insert(key.to_owned(), json!({"$ref": format!("#/definitions/{key}")}));
        ensure!(earlier.is_none(), "{key}: a setting and a value of the chart");
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
        "definitions": settings.get("$defs"),
    });
    for_helm(&mut schema);
    Ok(schema)
}

/// Helm refuses values that the policy would refuse, as far as a schema can say it.
pub(crate) fn values_schema_text() -> Result<String> {
    schema::pretty(&values_schema()?)
}

/// What `values.yaml` says about the settings.
fn settings_in_values() -> String {
    let mut text = String::from(
        "#\n# Settings: one policy as the fields of its spec, or several under `policies`; see docs/settings.md. An unknown key is an error.\n\
         # Generated: `make docs`\n#\n\
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

/// `values.yaml`: the values of the chart itself, written by hand, and what it says about the settings.
pub(crate) fn values() -> Result<String> {
    let found = read("charts/pod-security-policy/values.yaml")?;
    let (own, _) = found.split_once("\n#\n# Settings:").context("values.yaml: no list of settings")?;
    Ok(format!("{own}\n{}", settings_in_values()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The keys of values that are not settings, as the templates have them.
    fn own_keys() -> Vec<String> {
        let template = read("charts/pod-security-policy/templates/_settings.tpl").unwrap();
        let (_, rest) = template.split_once("{{- list ").unwrap();
        let (keys, _) = rest.split_once(" | toJson").unwrap();
        keys.split_whitespace().map(|key| key.trim_matches('"').to_owned()).collect()
    }

    #[test]
    fn the_templates_know_which_values_are_no_settings() {
        let mut expected: Vec<_> = own_values().unwrap().keys().cloned().collect();
        let mut found = own_keys();
        expected.sort_unstable();
        found.sort_unstable();
        assert_eq!(found, expected);
    }

    #[test]
    fn the_module_that_the_chart_installs_is_the_published_one() {
        let values = read("charts/pod-security-policy/values.yaml").unwrap();
        let values: Value = serde_saphyr::from_str(&values).unwrap();
        let at = |key: &str| values["module"][key].as_str().unwrap();
        assert_eq!(
            format!("{}/{}", at("registry"), at("repository")),
            annotation(&metadata().unwrap(), "io.kubewarden.policy.ociUrl").unwrap()
        );
    }
}
