//! Manifests as the requests that the API server would send about them.

use serde_json::{Map, Value, json};

use crate::{AdmissionRequest, Error, api_server::default_pod, yaml};

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
    /// When the text is not YAML, or a document is not a Kubernetes object.
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

/// Edits an object inside an object; any other value is kept for the policy to reject.
fn put(object: &mut Value, key: &str, edit: impl FnOnce(&mut Map<String, Value>)) {
    if let Some(inner) = object.get_mut(key).and_then(Value::as_object_mut) {
        edit(inner);
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

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
    #[case::scalar("hello", "document 0 is not a Kubernetes object: it lacks `kind`")]
    #[case::nameless(
        "{apiVersion: v1, kind: Pod}",
        "document 0 is not a Kubernetes object: it lacks `metadata.name`"
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
