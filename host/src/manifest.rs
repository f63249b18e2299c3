//! Manifests as the requests that the API server would send about them.
//!
//! Between `kubectl apply` and a webhook the API server fills in defaults, and its own admission plugins add the service
//! account. Rules judge what comes out of that, so the host does the same to those fields that PodSecurityPolicy governs.

use serde_json::{Map, Value, json};

use crate::{AdmissionRequest, Error, yaml};

/// Where a pod finds the token of its service account.
const TOKEN_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// An object from a manifest, and the request that would create it.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// Such as `Pod`.
    pub kind: String,
    /// Namespace and name, as far as the object has them.
    pub name: String,
    /// The request of a cluster administrator to create the object.
    pub request: AdmissionRequest,
}

impl Manifest {
    /// Reads a stream of YAML or JSON documents; lists count as their items.
    ///
    /// # Errors
    ///
    /// When the text is not YAML, or a document is no Kubernetes object.
    pub fn read_all(text: &str) -> Result<Vec<Self>, Error> {
        let mut manifests = Vec::new();
        for (index, mut document) in yaml::read_manifests(text)?.into_iter().enumerate() {
            let is_list = kind(&document).is_some_and(|kind| kind.ends_with("List"));
            match document.get_mut("items").map(Value::take) {
                Some(Value::Array(items)) if is_list => {
                    for item in items {
                        manifests.push(Self::of(item, index)?);
                    }
                }
                _ => manifests.push(Self::of(document, index)?),
            }
        }
        Ok(manifests)
    }

    fn of(mut object: Value, index: usize) -> Result<Self, Error> {
        let missing = |field| Error::NotAnObject(index, field);
        let kind = kind(&object).ok_or_else(|| missing("`kind`"))?.to_owned();
        let api_version = text(&object, "/apiVersion").ok_or_else(|| missing("`apiVersion`"))?.to_owned();
        let (group, version) = api_version.split_once('/').unwrap_or(("", &api_version));
        let name = text(&object, "/metadata/name")
            .or_else(|| text(&object, "/metadata/generateName"))
            .ok_or_else(|| missing("`metadata.name`"))?
            .to_owned();

        let namespaced = !matches!(kind.as_str(), "Namespace" | "PersistentVolume");
        let namespace = namespaced.then(|| {
            let namespace = text(&object, "/metadata/namespace").unwrap_or("default").to_owned();
            put(&mut object, "metadata", |metadata| {
                metadata.insert("namespace".to_owned(), namespace.clone().into());
            });
            namespace
        });
        if kind == "Pod" && group.is_empty() {
            put(&mut object, "spec", default_pod);
        }

        let request = AdmissionRequest::from_value(json!({
            "uid": format!("00000000-0000-4000-8000-{index:012}"),
            "kind": {"group": group, "version": version, "kind": kind},
            "resource": {"group": group, "version": version, "resource": plural(&kind)},
            "requestKind": {"group": group, "version": version, "kind": kind},
            "requestResource": {"group": group, "version": version, "resource": plural(&kind)},
            "name": name,
            "namespace": namespace,
            "operation": "CREATE",
            "userInfo": {
                "username": "kubernetes-admin",
                "groups": ["system:masters", "system:authenticated"],
            },
            "object": object,
            "dryRun": false,
            "options": {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"},
        }))?;
        let name = namespace.map_or_else(|| name.clone(), |namespace| format!("{namespace}/{name}"));
        Ok(Self { kind, name, request })
    }
}

fn kind(object: &Value) -> Option<&str> {
    text(object, "/kind")
}

fn text<'a>(object: &'a Value, pointer: &str) -> Option<&'a str> {
    object.pointer(pointer).and_then(Value::as_str)
}

fn plural(kind: &str) -> String {
    let lower = kind.to_lowercase();
    match lower.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'o']) => format!("{stem}ies"),
        _ if lower.ends_with(['s', 'x']) => format!("{lower}es"),
        _ => format!("{lower}s"),
    }
}

/// Edits an object inside an object; anything else there is left for the policy to object to.
fn put(object: &mut Value, key: &str, edit: impl FnOnce(&mut Map<String, Value>)) {
    if let Some(inner) = object.get_mut(key).and_then(Value::as_object_mut) {
        edit(inner);
    }
}

fn default_pod(spec: &mut Map<String, Value>) {
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

/// What the `ServiceAccount` admission plugin does; its random suffix is a fixed one here.
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

/// Appends to a list, which need not be there yet; what is no list stays as it is.
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
    use rstest::rstest;

    use super::*;

    fn spec(manifest: &str) -> Value {
        let mut manifests = Manifest::read_all(manifest).unwrap();
        manifests.swap_remove(0).request.object.unwrap()["spec"].take()
    }

    #[test]
    fn pods_get_what_the_api_server_gives_them() {
        let spec = spec(
            "{apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {hostNetwork: true, volumes: [{name: tmp}], \
             initContainers: [{name: i, ports: [{containerPort: 80}]}], \
             containers: [{name: c, ports: [{containerPort: 81, hostPort: 8081}]}]}}",
        );

        assert_eq!(spec["serviceAccountName"], "default");
        assert_eq!(spec["securityContext"], json!({}));
        assert_eq!(spec["volumes"][0], json!({"name": "tmp", "emptyDir": {}}));
        assert_eq!(spec["initContainers"][0]["ports"][0]["hostPort"], 80);
        assert_eq!(spec["containers"][0]["ports"][0]["hostPort"], 8081);
        assert_eq!(spec["volumes"][1]["projected"]["defaultMode"], 420);
        assert_eq!(spec["containers"][0]["volumeMounts"][0]["mountPath"], TOKEN_PATH);
    }

    #[test]
    fn token_is_mounted_once_and_only_where_it_is_wanted() {
        let unwanted = spec(
            "{apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {automountServiceAccountToken: false, \
             containers: [{name: c}]}}",
        );
        let own = spec(&format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: web}}, spec: {{containers: \
             [{{name: c, volumeMounts: [{{name: t, mountPath: {TOKEN_PATH}}}]}}]}}}}"
        ));

        assert_eq!(unwanted.get("volumes"), None);
        assert_eq!(own.get("volumes"), None);
    }

    #[test]
    fn streams_and_lists_are_read_in_order() {
        let manifests = Manifest::read_all(
            "{apiVersion: apps/v1, kind: Deployment, metadata: {name: a, namespace: team}}\n---\n\
             {apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: Namespace, metadata: {name: b}}]}\n",
        )
        .unwrap();

        let names: Vec<_> = manifests.iter().map(|each| (each.kind.as_str(), each.name.as_str())).collect();
        assert_eq!(names, [("Deployment", "team/a"), ("Namespace", "b")]);
    }

    #[rstest]
    #[case::scalar("hello", "document 0 is no Kubernetes object: it lacks `kind`")]
    #[case::nameless(
        "{apiVersion: v1, kind: Pod}",
        "document 0 is no Kubernetes object: it lacks `metadata.name`"
    )]
    fn other_documents_are_refused(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(Manifest::read_all(text).unwrap_err().to_string(), expected);
    }

    #[rstest]
    #[case("Pod", "pods")]
    #[case("NetworkPolicy", "networkpolicies")]
    #[case("Ingress", "ingresses")]
    #[case("Gateway", "gateways")]
    fn resources_are_plural(#[case] kind: &str, #[case] expected: &str) {
        assert_eq!(plural(kind), expected);
    }
}
