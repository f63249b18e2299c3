//! Fields that the API server adds to a manifest before policies are called.

use pod_security_policy::json::Reader;
use pod_security_policy::pod::{Pod, template};
use serde_json::Value;

use super::requester::kind;
use crate::input::Object;

/// A manifest as the API server passes it on, where that differs from the file.
#[derive(Debug, Default)]
pub(crate) struct LiveObject {
    /// The pod, with the fields that the API server adds.
    pub(crate) json: String,
    /// The path of the volume with the token of its service account.
    token: Option<String>,
}

/// The volume that the API server adds, in its form.
const TOKEN: &str = r#"{"name": "kube-api-access", "projected": {"sources": [{"serviceAccountToken": {"path": "token"}},
    {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
    {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]}}]}}"#;

/// The addition to a problem of that volume, which is reported of the field that keeps it away.
const OF_TOKEN: &str =
    ", and one carries the service account's token; set this to false if the pod needs none";

impl LiveObject {
    /// The object as policies receive it. The API server gives a pod a service account and mounts its token; a pod that
    /// has been live is not changed.
    pub(crate) fn of(object: &Object, json: &str) -> Self {
        LiveObject::added(object, json).unwrap_or_else(|| LiveObject { json: json.to_owned(), token: None })
    }

    fn added(object: &Object, json: &str) -> Option<Self> {
        if !kind(object).is_pod() || object.is_live {
            return None;
        }
        let pod: Pod<'_> = Reader::document(json).ok()?;
        let mut value: Value = serde_json::from_str(json).ok()?;
        let spec = value.get_mut("spec")?.as_object_mut()?;
        if pod.service_account().is_none() {
            spec.insert("serviceAccountName".to_owned(), "default".into());
        }
        let mut token = None;
        if template::gets_token(&pod) {
            let volumes = spec.entry("volumes").or_insert_with(|| Value::Array(Vec::new()));
            if volumes.is_null() {
                *volumes = Value::Array(Vec::new());
            }
            let volumes = volumes.as_array_mut()?;
            token = Some(format!("spec.volumes[{}]", volumes.len()));
            volumes.push(serde_json::from_str(TOKEN).ok()?);
        }
        Some(LiveObject { json: value.to_string(), token })
    }

    /// The path of an objection in terms of the fields that the author wrote, and an addition to the problem.
    pub(crate) fn reported(&self, path: &str) -> (String, &'static str) {
        if self.token.as_deref() == Some(path) {
            return ("spec.automountServiceAccountToken".to_owned(), OF_TOKEN);
        }
        (path.to_owned(), "")
    }
}
