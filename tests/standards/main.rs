//! The Pod Security Standards as a whole: their texts, to the byte, and the fields that they read.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, missing_docs)]
#![allow(clippy::needless_pass_by_value, reason = "the cases of a table own what they hold")]

mod documented;
mod exemptions;
mod golden;
mod registry;
mod templates;
mod tricky;

use pod_security_policy::json::Reader;
use pod_security_policy::pod::Pod;
use pod_security_policy::standards::{Failure, Standard, details};
use serde_json::{Value, json};

/// The checks that a pod fails.
fn evaluate(standard: &str, pod: &Value) -> Vec<Failure> {
    let text = pod.to_string();
    let pod: Pod<'_> = Reader::document(&text).unwrap();
    standard.parse::<Standard>().unwrap().evaluate(&pod)
}

/// The text behind `violates PodSecurity "…": `; empty if the pod passes.
fn says(standard: &str, pod: &Value) -> String {
    details(&evaluate(standard, pod))
}

/// Merges the fields of one object into those of another, at every depth.
fn lay_over(base: &mut Value, over: &Value) {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => {
            for (key, value) in over {
                lay_over(base.entry(key).or_insert(Value::Null), value);
            }
        }
        (base, over) => *base = over.clone(),
    }
}

/// A container that satisfies every check, except for these fields.
fn container(name: &str, fields: Value) -> Value {
    let mut container = json!({
        "name": name,
        "securityContext": {
            "allowPrivilegeEscalation": false,
            "capabilities": {"drop": ["ALL"]},
            "runAsNonRoot": true,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    });
    lay_over(&mut container, &fields);
    container
}

/// The same, except for these fields of its security context.
fn secured(name: &str, security_context: Value) -> Value {
    container(name, json!({"securityContext": security_context}))
}

/// A pod with this spec.
fn pod(spec: Value) -> Value {
    json!({"metadata": {"name": "web"}, "spec": spec})
}

/// A pod with these containers and nothing else.
fn of(containers: &[Value]) -> Value {
    pod(json!({"containers": containers}))
}

/// A pod with this spec and one container, `a`, both of which satisfy every other check.
fn compliant(spec: Value) -> Value {
    let mut whole = json!({"containers": [container("a", json!({}))]});
    lay_over(&mut whole, &spec);
    pod(whole)
}

/// A pod with these annotations.
fn annotated(mut pod: Value, annotations: Value) -> Value {
    pod["metadata"]["annotations"] = annotations;
    pod
}
