//! Changes to a pod between `kubectl apply` and a webhook.
//!
//! The API server fills in defaults, and its own admission plugins add the service account. Rules evaluate the result,
//! so the host does the same to those fields that `PodSecurityPolicy` governs.

use serde_json::{Map, Value, json};

/// Where a pod finds the token of its service account.
const TOKEN_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// Fills in the defaults of the API server. Values of the wrong type are kept, for the policy to reject.
pub(crate) fn default_pod(spec: &mut Map<String, Value>) {
    let account = spec.get("serviceAccountName").or_else(|| spec.get("serviceAccount")).cloned();
    let account = account.unwrap_or_else(|| "default".into());
    spec.insert("serviceAccountName".to_owned(), account.clone());
    spec.insert("serviceAccount".to_owned(), account);
    spec.entry("securityContext").or_insert_with(|| json!({}));

    for volume in objects(spec, "volumes") {
        if volume.keys().all(|key| key == "name") {
            volume.insert("emptyDir".to_owned(), json!({}));
        }
    }
    if spec.get("hostNetwork") == Some(&Value::Bool(true)) {
        for port in containers(spec).flat_map(|container| objects(container, "ports")) {
            let Some(own) = port.get("containerPort").cloned() else { continue };
            let host_port = port.entry("hostPort").or_insert_with(|| 0.into());
            if *host_port == json!(0) {
                *host_port = own;
            }
        }
    }
    if spec.get("automountServiceAccountToken") != Some(&Value::Bool(false)) {
        mount_token(spec);
    }
}

/// The `ServiceAccount` admission plugin; its random suffix is a fixed one here.
fn mount_token(spec: &mut Map<String, Value>) {
    const NAME: &str = "kube-api-access-psp00";
    let mount = json!({"name": NAME, "readOnly": true, "mountPath": TOKEN_PATH});
    let mut needed = false;
    for container in containers(spec) {
        if objects(container, "volumeMounts").any(|mount| mount.get("mountPath") == Some(&TOKEN_PATH.into()))
        {
            continue;
        }
        needed |= push(container, "volumeMounts", mount.clone());
    }
    if needed {
        let volume = json!({"name": NAME, "projected": {"defaultMode": 420, "sources": [
            {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
            {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
            {"downwardAPI": {"items": [
                {"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}},
            ]}},
        ]}});
        push(spec, "volumes", volume);
    }
}

/// Appends to a list, which is created if absent; a value that is not a list is kept.
fn push(object: &mut Map<String, Value>, key: &str, item: Value) -> bool {
    match object.entry(key).or_insert_with(|| json!([])) {
        Value::Array(items) => {
            items.push(item);
            true
        }
        _ => false,
    }
}

fn containers(spec: &mut Map<String, Value>) -> impl Iterator<Item = &mut Map<String, Value>> {
    spec.iter_mut()
        .filter(|(key, _)| matches!(key.as_str(), "containers" | "initContainers"))
        .filter_map(|(_, list)| list.as_array_mut())
        .flatten()
        .filter_map(Value::as_object_mut)
}

fn objects<'a>(
    parent: &'a mut Map<String, Value>,
    key: &str,
) -> impl Iterator<Item = &'a mut Map<String, Value>> + use<'a> {
    parent.get_mut(key).and_then(Value::as_array_mut).into_iter().flatten().filter_map(Value::as_object_mut)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn defaulted(mut spec: Value) -> Value {
        default_pod(spec.as_object_mut().unwrap());
        spec
    }

    #[test]
    fn pods_get_what_the_api_server_gives_them() {
        let spec = defaulted(json!({
            "hostNetwork": true,
            "volumes": [{"name": "tmp"}],
            "initContainers": [{"name": "i", "ports": [{"containerPort": 80}]}],
            "containers": [{"name": "c", "ports": [{"containerPort": 81, "hostPort": 8081}]}],
        }));

        assert_eq!(spec["serviceAccountName"], "default");
        assert_eq!(spec["securityContext"], json!({}));
        assert_eq!(spec["volumes"][0], json!({"name": "tmp", "emptyDir": {}}));
        assert_eq!(spec["initContainers"][0]["ports"][0]["hostPort"], 80);
        assert_eq!(spec["containers"][0]["ports"][0]["hostPort"], 8081);
        assert_eq!(spec["volumes"][1]["projected"]["defaultMode"], 420);
        assert_eq!(spec["containers"][0]["volumeMounts"][0]["mountPath"], TOKEN_PATH);
    }

    #[test]
    fn token_is_mounted_only_where_it_is_wanted() {
        let unwanted =
            defaulted(json!({"automountServiceAccountToken": false, "containers": [{"name": "c"}]}));
        let own =
            defaulted(json!({"containers": [{"volumeMounts": [{"name": "t", "mountPath": TOKEN_PATH}]}]}));

        assert_eq!(unwanted.get("volumes"), None);
        assert_eq!(own.get("volumes"), None);
    }
}
