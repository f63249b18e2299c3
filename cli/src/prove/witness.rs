//! Pods of their parts.

use serde_json::{Value, json};

use super::component::Element;
use crate::input::{Object, Text};

/// An image that every node has.
const IMAGE: &str = "registry.k8s.io/pause:3.10";

/// Adds one value to another: members of objects one by one, elements of lists behind those that are there.
fn merge(into: &mut Value, more: &Value) {
    match (into, more) {
        (_, Value::Null) => {}
        (Value::Object(into), Value::Object(more)) => {
            for (key, value) in more {
                merge(into.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (Value::Array(into), Value::Array(more)) => into.extend(more.iter().cloned()),
        (into, more) => *into = more.clone(),
    }
}

/// A pod of these containers, each a list of elements, and of what stands next to them.
pub(super) fn assemble(base: &[&Value], containers: &[Vec<&Element>]) -> Value {
    let mut pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "witness"}, "spec": {}});
    base.iter().for_each(|value| merge(&mut pod, value));
    let mut all = Vec::new();
    for (nth, elements) in containers.iter().enumerate() {
        let name = format!("c{}", nth + 1);
        let mut container = json!({"name": name, "image": IMAGE});
        for element in elements {
            merge(&mut pod, &element.pod);
            merge(&mut container, &element.container);
            if let Some((prefix, value)) = &element.annotation {
                merge(&mut pod, &json!({"metadata": {"annotations": {format!("{prefix}{name}"): value}}}));
            }
        }
        all.push(container);
    }
    merge(&mut pod, &json!({"spec": {"containers": all}}));
    pod
}

/// A pod as if it had been read.
pub(super) fn object(pod: &Value) -> Option<Object> {
    Text::new("witness", pod.to_string()).read_all().ok()?.pop()
}
