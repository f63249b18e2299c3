//! What the API server accepts of the objects of a chart: the fields of Kubewarden's resources, as their definitions of
//! 1.36 list them, and the types of Kubernetes' own.

use jsonschema::Validator;
use k8s_openapi::api::core::v1::{Affinity, EnvVar, ServiceAccount, Toleration};
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding, RoleBinding};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

/// The problems of an object; unknown fields are some, since the API server would drop them.
pub(crate) fn problems(object: &Value) -> Vec<String> {
    match object.get("kind").and_then(Value::as_str) {
        Some(kind @ ("ClusterAdmissionPolicy" | "AdmissionPolicy")) => {
            let mut fields = policy();
            let is_in_a_namespace = object.pointer("/metadata/namespace").is_some();
            if is_in_a_namespace != (kind == "AdmissionPolicy") {
                return vec![format!("/metadata/namespace: a {kind} has one, or has none")];
            }
            if is_in_a_namespace {
                fields.retain(|field, _| !OF_THE_CLUSTER.contains(&field.as_str()));
            }
            violations(
                &resource("policies.kubewarden.io/v1", fields, &["module", "mutating", "rules"]),
                object,
            )
        }
        Some("PolicyServer") => {
            let own =
                violations(&resource("policies.kubewarden.io/v1", server(), &["image", "replicas"]), object);
            let spec = object.get("spec").cloned().unwrap_or_default();
            let typed =
                |key: &str, check: fn(&Value) -> Vec<String>| spec.get(key).map(check).unwrap_or_default();
            own.into_iter()
                .chain(typed("affinity", unknown_to::<Affinity>))
                .chain(typed("tolerations", unknown_to::<Vec<Toleration>>))
                .chain(typed("env", unknown_to::<Vec<EnvVar>>))
                .collect()
        }
        Some("ClusterRole") => unknown_to::<ClusterRole>(object),
        Some("ClusterRoleBinding") => unknown_to::<ClusterRoleBinding>(object),
        Some("RoleBinding") => unknown_to::<RoleBinding>(object),
        Some("ServiceAccount") => unknown_to::<ServiceAccount>(object),
        other => vec![format!("an object of an unexpected kind: {other:?}")],
    }
}

/// The fields that a policy of a namespace does not have.
const OF_THE_CLUSTER: [&str; 3] =
    ["allowInsideAdmissionControllerNamespace", "contextAwareResources", "namespaceSelector"];

fn violations(schema: &Validator, object: &Value) -> Vec<String> {
    schema.iter_errors(object).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

/// A type of Kubernetes that reads the object and writes the same knows all of it.
fn unknown_to<T: DeserializeOwned + Serialize>(object: &Value) -> Vec<String> {
    match serde_json::from_value::<T>(object.clone()) {
        Ok(read) if serde_json::to_value(&read).unwrap() == *object => Vec::new(),
        Ok(read) => vec![format!("read as {}", serde_json::to_value(&read).unwrap())],
        Err(error) => vec![error.to_string()],
    }
}

fn resource(api_version: &str, spec: Map<String, Value>, required: &[&str]) -> Validator {
    let schema = json!({
        "type": "object",
        "properties": {
            "apiVersion": {"const": api_version},
            "kind": {},
            "metadata": closed(json!({
                "name": {"type": "string", "pattern": "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", "maxLength": 253},
                "namespace": {"type": "string"},
                "labels": labels(),
                "annotations": texts(),
                "finalizers": {"type": "array", "items": {"type": "string"}},
            })),
            "spec": {"type": "object", "properties": spec, "required": required, "additionalProperties": false},
        },
        "required": ["apiVersion", "kind", "metadata", "spec"],
        "additionalProperties": false,
    });
    jsonschema::draft202012::new(&schema).unwrap()
}

fn closed(properties: Value) -> Value {
    json!({"type": "object", "properties": properties, "additionalProperties": false})
}

fn texts() -> Value {
    json!({"type": "object", "additionalProperties": {"type": "string"}})
}

fn labels() -> Value {
    let value = "^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$";
    json!({"type": "object", "additionalProperties": {"type": "string", "pattern": value, "maxLength": 63}})
}

fn list(items: Value) -> Value {
    json!({"type": "array", "items": items})
}

fn port() -> Value {
    json!({"type": "integer", "minimum": 1, "maximum": 65535})
}

fn quantities() -> Value {
    let pattern = r"^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$";
    json!({"type": "object", "additionalProperties": {"anyOf": [{"type": "integer"}, {"type": "string", "pattern": pattern}]}})
}

fn selector() -> Value {
    let expression = json!({
        "type": "object",
        "properties": {"key": {"type": "string"}, "operator": {"enum": ["In", "NotIn", "Exists", "DoesNotExist"]}, "values": list(json!({"type": "string"}))},
        "required": ["key", "operator"],
        "additionalProperties": false,
    });
    closed(json!({"matchExpressions": list(expression), "matchLabels": texts()}))
}

fn rule() -> Value {
    let names = || json!({"type": "array", "minItems": 1, "items": {"type": "string"}});
    json!({
        "type": "object",
        "properties": {
            "apiGroups": names(), "apiVersions": names(), "resources": names(),
            "operations": {"type": "array", "minItems": 1, "items": {"enum": ["*", "CREATE", "UPDATE", "DELETE", "CONNECT"]}},
            "scope": {"enum": ["*", "Cluster", "Namespaced"]},
        },
        "required": ["apiGroups", "apiVersions", "resources", "operations"],
        "additionalProperties": false,
    })
}

fn policy() -> Map<String, Value> {
    let condition = json!({
        "type": "object",
        "properties": {"name": {"type": "string", "minLength": 1}, "expression": {"type": "string", "minLength": 1}},
        "required": ["name", "expression"],
        "additionalProperties": false,
    });
    let resource = json!({
        "type": "object",
        "properties": {"apiVersion": {"type": "string"}, "kind": {"type": "string"}},
        "required": ["apiVersion", "kind"],
        "additionalProperties": false,
    });
    let fields = json!({
        "allowInsideAdmissionControllerNamespace": {"type": "boolean"},
        "backgroundAudit": {"type": "boolean"},
        "contextAwareResources": list(resource),
        "failurePolicy": {"enum": ["Ignore", "Fail"]},
        "matchConditions": {"type": "array", "maxItems": 64, "items": condition},
        "matchPolicy": {"enum": ["Exact", "Equivalent"]},
        "message": {"type": "string"},
        "mode": {"enum": ["protect", "monitor"]},
        "module": {"type": "string", "minLength": 1},
        "mutating": {"type": "boolean"},
        "namespaceSelector": selector(),
        "objectSelector": selector(),
        "policyServer": {"type": "string", "minLength": 1},
        "rules": {"type": "array", "minItems": 1, "items": rule()},
        "settings": {"type": "object"},
        "sideEffects": {"enum": ["None", "NoneOnDryRun"]},
        "timeoutEvalSeconds": {"type": "integer", "minimum": 2, "maximum": 30},
        "timeoutSeconds": {"type": "integer", "minimum": 2, "maximum": 30},
    });
    fields.as_object().unwrap().clone()
}

fn server() -> Map<String, Value> {
    let text = || json!({"type": "string", "minLength": 1});
    let share = || json!({"type": ["integer", "string"]});
    let fields = json!({
        "affinity": {"type": "object"},
        "annotations": texts(),
        "env": {"type": "array"},
        "image": text(),
        "imagePullSecret": text(),
        "insecureSources": list(text()),
        "labels": texts(),
        "limits": quantities(),
        "maxUnavailable": share(),
        "metricsPort": port(),
        "minAvailable": share(),
        "namespacedPoliciesCapabilities": list(text()),
        "priorityClassName": text(),
        "readinessProbePort": port(),
        "replicas": {"type": "integer", "minimum": 0},
        "requests": quantities(),
        "securityContexts": {"type": "object"},
        "serviceAccountName": text(),
        "sigstoreTrustConfig": text(),
        "sourceAuthorities": {"type": "object", "additionalProperties": list(text())},
        "tolerations": {"type": "array"},
        "verificationConfig": text(),
        "webhookPort": port(),
    });
    fields.as_object().unwrap().clone()
}

#[test]
fn objects_that_the_api_server_refuses_or_cuts_have_problems() {
    let of = |object: Value| problems(&object).join("\n");
    let spec =
        json!({"module": "registry://a/b:c", "mutating": "true", "rules": [], "policyservr": "default"});
    let object = json!({"apiVersion": "policies.kubewarden.io/v1", "kind": "ClusterAdmissionPolicy", "metadata": {"name": "a"}, "spec": spec});
    let found = of(object);
    for expected in
        ["/spec/mutating: \"true\" is not of type", "/spec/rules: [] has less than 1 item", "policyservr"]
    {
        assert!(found.contains(expected), "{expected}: {found}");
    }
    let role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "a"}, "rules": [{"verbs": ["use"], "resource": []}]});
    assert!(of(role).starts_with("read as "));
    assert_eq!(of(json!({"kind": "Secret"})), "an object of an unexpected kind: Some(\"Secret\")");
}
