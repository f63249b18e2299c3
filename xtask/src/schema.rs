//! The settings as JSON Schema.

use anyhow::Result;
use pod_security_policy::schema::{Field, Shape};
use pod_security_policy::settings::OPTIONS;
use serde_json::{Map, Value, json};

use crate::tables::{annotations, fields, is_required, meaning, purpose};

#[cfg(test)]
mod tests;

const ID: &str =
    "https://github.com/pod-security-policy/pod-security-policy/raw/main/schema/settings.schema.json";

pub(crate) fn text() -> Result<String> {
    pretty(&schema())
}

pub(crate) fn insert(schema: &mut Value, key: &str, value: Value) {
    if let Some(members) = schema.as_object_mut() {
        members.insert(key.to_owned(), value);
    }
}

/// A schema as the text of a file.
pub(crate) fn pretty(schema: &Value) -> Result<String> {
    Ok(format!("{}\n", serde_json::to_string_pretty(schema)?))
}

/// The schema of a file with registrations: one that is not of this policy may be anything.
pub(crate) fn registration_text() -> Result<String> {
    let mut settings = schema();
    let definitions = settings.get_mut("$defs").map(Value::take);
    if let Some(members) = settings.as_object_mut() {
        members.retain(|key, _| !["$schema", "$id", "title", "$defs"].contains(&&**key));
    }
    let registration = json!({
        "properties": {
            "spec": {
                "type": "object",
                "properties": {
                    "module": {"type": "string", "description": "The module, as `registry://…`, `https://…`, `http://…` or `file://…`."},
                    "mode": {"enum": ["protect", "monitor"], "description": "monitor: log only."},
                    "mutating": {"type": "boolean", "description": "Whether defaults may be written."},
                    "failurePolicy": {"enum": ["Ignore", "Fail"], "description": "What happens while the policy server is down."},
                    "backgroundAudit": {"type": "boolean", "description": "Whether the audit scanner evaluates what is stored."},
                    "timeoutSeconds": {"type": "integer", "minimum": 2, "maximum": 30},
                    "rules": {"type": "array", "minItems": 1, "items": {"type": "object", "required": ["apiGroups", "apiVersions", "resources", "operations"]}},
                    "settings": settings,
                },
                "required": ["module", "mutating", "rules", "settings"],
            },
        },
        "required": ["metadata", "spec"],
    });
    let of_policy = json!({
        "required": ["kind", "spec"],
        "properties": {
            "kind": {"enum": ["ClusterAdmissionPolicy", "AdmissionPolicy"]},
            "spec": {"required": ["module"], "properties": {"module": {"pattern": "/pod-security-policy([:@][^/]*)?$"}}},
        },
    });
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": ID.replace("settings", "registration"),
        "title": "Registrations of pod-security-policy",
        "description": "ClusterAdmissionPolicy and AdmissionPolicy of this policy; other objects of the same file are not checked.",
        "type": "object",
        "if": of_policy,
        "then": registration,
        "$defs": definitions,
    });
    pretty(&schema)
}

pub(crate) fn schema() -> Value {
    let mut definitions = Map::new();
    for (entry, shape) in fields() {
        definitions.insert(entry.id.to_owned(), described(shape, &meaning(entry)));
    }
    for option in OPTIONS {
        definitions.insert(option.name.to_owned(), described(option.shape, option.doc));
    }
    if let Some(exemption) = definitions.get_mut("exemptions").and_then(|option| option.get_mut("items")) {
        insert(exemption, "required", json!(["name", "match", "rules"]));
    }
    definitions.insert("annotations".to_owned(), annotation_map());
    definitions.insert("spec".to_owned(), spec());
    definitions.insert("manifest".to_owned(), manifest(&["apiVersion", "kind", "metadata", "spec"], &[]));
    definitions.insert("listed".to_owned(), manifest(&["metadata", "spec"], &[]));
    let options: Vec<_> = OPTIONS.iter().map(|option| option.name).collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": ID,
        "title": "Settings of pod-security-policy",
        "description": "A bare PodSecurityPolicy spec, a whole PodSecurityPolicy, or several under `policies`; options stand next to them. A key whose value is null counts as absent; this schema leaves that out.",
        "type": "object",
        "if": {"required": ["policies"]},
        "then": several(&options),
        "else": {
            "if": {"anyOf": [{"required": ["apiVersion"]}, {"required": ["kind"]}, {"required": ["metadata"]}, {"required": ["spec"]}]},
            "then": manifest(&["apiVersion", "kind", "metadata", "spec"], &options),
            "else": bare(&options),
        },
        "$defs": definitions,
    })
}

/// The schema of a shape, with its description.
fn described(shape: Shape, description: &str) -> Value {
    let mut schema = of(shape);
    insert(&mut schema, "description", description.into());
    schema
}

fn of(shape: Shape) -> Value {
    match shape {
        Shape::Flag => json!({"type": "boolean"}),
        Shape::Integer => json!({"type": "integer"}),
        Shape::Text => json!({"type": "string"}),
        Shape::OneOf(known) => json!({"enum": known}),
        Shape::List(element) => json!({"type": "array", "items": of(*element)}),
        Shape::Map(value) => json!({"type": "object", "additionalProperties": of(*value)}),
        Shape::Either(one, other) => json!({"anyOf": [of(*one), of(*other)]}),
        Shape::Any => json!({}),
        Shape::Object(fields) => object(fields),
    }
}

fn object(fields: &[Field]) -> Value {
    let properties: Map<_, _> =
        fields.iter().map(|field| (field.name.to_owned(), described(field.shape, field.doc))).collect();
    let mut schema = json!({"type": "object", "properties": properties, "additionalProperties": false});
    let names: Vec<_> = fields.iter().map(|field| field.name).collect();
    // A strategy must be named, and most of them need more fields.
    if names.contains(&"rule") {
        insert(&mut schema, "required", json!(["rule"]));
        let (needed, strategies) = match names.contains(&"ranges") {
            true => (
                json!({"required": ["ranges"], "properties": {"ranges": {"minItems": 1}}}),
                json!(["MayRunAs", "MustRunAs"]),
            ),
            false => (json!({"required": ["seLinuxOptions"]}), json!(["MustRunAs"])),
        };
        insert(
            &mut schema,
            "if",
            json!({"required": ["rule"], "properties": {"rule": {"enum": strategies}}}),
        );
        insert(&mut schema, "then", needed);
    }
    schema
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/$defs/{name}")})
}

fn references<'n>(names: impl IntoIterator<Item = &'n str>) -> Map<String, Value> {
    names.into_iter().map(|name| (name.to_owned(), reference(name))).collect()
}

fn spec_names() -> Vec<&'static str> {
    fields().map(|(entry, _)| entry.id).collect()
}

fn required() -> Vec<&'static str> {
    fields().filter(|(entry, _)| is_required(entry)).map(|(entry, _)| entry.id).collect()
}

fn annotation_map() -> Value {
    let known: Map<_, _> = annotations()
        .map(|(entry, name)| (name.to_owned(), json!({"type": "string", "description": purpose(entry)})))
        .collect();
    json!({
        "description": "PodSecurityPolicy's annotations for seccomp and AppArmor; others are ignored.",
        "type": "object",
        "properties": known,
        "additionalProperties": {"type": "string"},
    })
}

fn spec() -> Value {
    json!({
        "description": "The spec of a PodSecurityPolicy.",
        "type": "object",
        "properties": references(spec_names()),
        "required": required(),
        "additionalProperties": false,
    })
}

fn bare(options: &[&str]) -> Value {
    let names = spec_names().into_iter().chain(options.iter().copied()).chain(["annotations"]);
    let mut schema = json!({
        "description": "A bare PodSecurityPolicy spec.",
        "properties": references(names),
        "additionalProperties": false,
    });
    if options.contains(&"podSecurityStandards") {
        let absent: Map<_, _> =
            spec_names().into_iter().map(|name| (name.to_owned(), false.into())).collect();
        insert(
            &mut schema,
            "anyOf",
            json!([
                {"required": required()},
                {"required": ["podSecurityStandards"], "properties": absent},
                {"required": ["namespaceLabels"], "properties": absent},
            ]),
        );
    } else {
        insert(&mut schema, "required", json!(required()));
    }
    schema
}

fn manifest(required: &[&str], options: &[&str]) -> Value {
    let mut properties = Map::from_iter([
        ("apiVersion".to_owned(), json!({"enum": ["policy/v1beta1", "extensions/v1beta1"]})),
        ("kind".to_owned(), json!({"const": "PodSecurityPolicy"})),
        (
            "metadata".to_owned(),
            json!({
                "type": "object",
                "properties": {"name": {"type": "string", "minLength": 1}, "annotations": reference("annotations")},
                "required": ["name"],
            }),
        ),
        ("spec".to_owned(), reference("spec")),
    ]);
    properties.extend(references(options.iter().copied()));
    json!({
        "description": "A PodSecurityPolicy.",
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn several(options: &[&str]) -> Value {
    let mut properties = references(options.iter().copied());
    properties.insert(
        "policies".to_owned(),
        json!({
            "description": "Several PodSecurityPolicies, with names of their own.",
            "type": "array",
            "minItems": 1,
            "items": reference("listed"),
        }),
    );
    json!({
        "properties": properties,
        "additionalProperties": false,
        "if": {"properties": {"policies": {"minItems": 2}}},
        "then": {"required": ["authorization"]},
    })
}
