//! `metadata.managedFields`, half the size of a typical request.

use serde_json::{Map, Value, json};

/// The field set that the API server keeps for a pod with one manager: it repeats all names and no values.
///
/// The volume that the server itself adds, the service account's token, has no manager yet when a webhook is called.
pub(crate) fn managed_fields(pod: &Value, unmanaged: &str) -> Value {
    let part = |part: &str, without: &[&str]| {
        let fields = pod[part].as_object().into_iter().flatten();
        let mut fields: Map<_, _> = fields
            .filter(|(key, _)| !without.contains(&key.as_str()))
            .map(|(key, value)| (format!("f:{key}"), field_set(key, value, unmanaged)))
            .collect();
        for list in ["f:initContainers", "f:containers", "f:volumes"] {
            fields.get_mut(list).and_then(Value::as_object_mut).map(|items| items.shift_remove("."));
        }
        fields
    };
    json!({
        "f:metadata": part("metadata", &["namespace", "generateName", "creationTimestamp"]),
        "f:spec": part("spec", &["serviceAccount", "serviceAccountName"]),
    })
}

fn field_set(name: &str, value: &Value, unmanaged: &str) -> Value {
    let keys: &[&str] = match name {
        "ownerReferences" => &["uid"],
        "ports" => &["containerPort", "protocol"],
        "volumeMounts" => &["mountPath"],
        "initContainers" | "containers" | "env" | "volumes" => &["name"],
        _ => &[],
    };
    let inner: Map<_, _> = match value {
        Value::Array(items) if !keys.is_empty() => {
            let own = items.iter().filter(|item| item["name"] != unmanaged);
            let key = |item: &Value| keys.iter().map(|key| ((*key).to_owned(), item[*key].clone())).collect();
            let inside =
                |item| if name == "ownerReferences" { json!({}) } else { field_set("", item, unmanaged) };
            own.map(|item| (format!("k:{}", Value::Object(key(item))), inside(item))).collect()
        }
        Value::Object(fields) if name != "secretKeyRef" => {
            fields.iter().map(|(key, value)| (format!("f:{key}"), field_set(key, value, unmanaged))).collect()
        }
        _ => Map::new(),
    };
    if inner.is_empty() {
        return Value::Object(inner);
    }
    Value::Object(std::iter::once((".".to_owned(), json!({}))).chain(inner).collect())
}
