//! One function to call the module, and complete responses to compare.

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use policy_host::{
    AdmissionRequest, AdmissionResponse, Grants, HostCall, HostCalls, Policy, Recorder, Settings, Unanswered,
};
use serde_json::{Value, json};

/// Where the module is.
pub(crate) fn path() -> PathBuf {
    let module = Path::new(env!("CARGO_MANIFEST_DIR")).join("../policy.wasm");
    assert!(module.exists(), "these tests run the module: make it with `make policy.wasm` first");
    module
}

/// The module, compiled once for all tests.
pub(crate) static MODULE: LazyLock<Policy> = LazyLock::new(|| Policy::from_file(&path()).unwrap());

/// The response to the API server.
#[derive(Debug, PartialEq)]
pub(crate) struct Verdict {
    /// The reason; `None` when the object may pass.
    pub(crate) rejection: Option<String>,
    /// The JSON Patch.
    pub(crate) patch: Value,
    pub(crate) warnings: Vec<String>,
    pub(crate) audit: Value,
}

impl Verdict {
    fn of(response: AdmissionResponse) -> Self {
        if !response.allowed {
            let code = response.status.as_ref().and_then(|status| status.code);
            assert_eq!(code, Some(403), "{}", response.message());
        }
        Verdict {
            rejection: (!response.allowed).then(|| response.message().to_owned()),
            patch: serde_json::to_value(&response.changes).unwrap(),
            warnings: response.warnings.unwrap_or_default(),
            audit: serde_json::to_value(response.audit_annotations.unwrap_or_default()).unwrap(),
        }
    }

    /// The policy that admitted the pod.
    pub(crate) fn winner(&self) -> &str {
        self.audit["policy"].as_str().unwrap_or_default()
    }

    #[track_caller]
    pub(crate) fn passes(&self) {
        assert_eq!((self.rejection.as_deref(), &self.patch), (None, &json!([])));
    }

    #[track_caller]
    pub(crate) fn is_rejected(&self, message: &str) {
        assert_eq!((self.rejection.as_deref(), &self.patch), (Some(message), &json!([])));
    }

    #[track_caller]
    pub(crate) fn writes(&self, patch: Value) {
        assert_eq!((self.rejection.as_deref(), &self.patch), (None, &patch));
    }
}

/// Calls a new instance, with a handler for its host calls.
pub(crate) fn ask_with(settings: &Value, request: &Value, host: Arc<dyn HostCalls>) -> Verdict {
    let request = AdmissionRequest::from_value(request.clone()).unwrap();
    let settings = Settings::try_from(settings.clone()).unwrap();
    Verdict::of(MODULE.instance(host).unwrap().review(&request, &settings).unwrap())
}

/// Calls a new instance that makes no host calls.
pub(crate) fn ask(settings: &Value, request: &Value) -> Verdict {
    ask_with(settings, request, Arc::new(Unanswered))
}

/// Calls while these users, service accounts and groups may use these policies. Also returns the access reviews, as
/// `who API-group policy`.
pub(crate) fn ask_granting(
    granted: &'static [(&'static str, &'static str)],
    settings: &Value,
    request: &Value,
) -> (Verdict, Vec<String>) {
    let host = Arc::new(Recorder::new(Grants(move |review: &policy_host::SubjectAccessReview| {
        let groups = review.groups.clone().unwrap_or_default();
        let asked = &review.resource_attributes;
        granted.iter().any(|(who, policy)| {
            (review.user == *who || groups.iter().any(|group| group == who))
                && asked.name.as_deref() == Some(policy)
                && asked.group.as_deref() == Some("policy")
        })
    })));
    let verdict = ask_with(settings, request, Arc::clone(&host) as _);
    let asked = host.calls().into_iter().map(|call| {
        assert_eq!(call.capability, "kubernetes/can_i");
        let asked: Value = serde_json::from_str(&call.payload).unwrap();
        let review = &asked["subject_access_review"];
        let attributes = &review["resource_attributes"];
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        format!("{} {} {}", text(&review["user"]), text(&attributes["group"]), text(&attributes["name"]))
    });
    (verdict, asked.collect())
}

/// A host whose cluster is unavailable.
pub(crate) fn asleep(_: &HostCall<'_>) -> Result<Vec<u8>, String> {
    Err("Callback evaluation failure: the API server is asleep".to_owned())
}

/// The errors in settings.
pub(crate) fn problem(settings: &Value) -> Option<String> {
    let verdict = MODULE.validate_settings(&settings.to_string(), Arc::new(Unanswered)).unwrap();
    assert_eq!(verdict.valid, verdict.message.is_none());
    verdict.message
}

/// A policy that governs only what `fields` set, and allows every volume.
pub(crate) fn psp(fields: Value) -> Value {
    let any = json!({"rule": "RunAsAny"});
    let policy = json!({"runAsUser": any, "seLinux": any, "supplementalGroups": any, "fsGroup": any, "volumes": ["*"]});
    laid_over(policy, &fields)
}

/// Policies by name.
pub(crate) fn listed(authorization: &str, policies: &[(&str, Value)]) -> Value {
    let manifests: Vec<_> = policies
        .iter()
        .map(|(name, fields)| json!({"metadata": {"name": name}, "spec": psp(fields.clone())}))
        .collect();
    json!({"policies": manifests, "authorization": authorization})
}

/// A pod with one container, and these fields of its spec.
pub(crate) fn pod(spec: Value) -> Value {
    let base = json!({"containers": [{"name": "c", "image": "i"}], "serviceAccountName": "web"});
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "shop"}, "spec": laid_over(base, &spec)})
}

/// A pod whose container has this security context.
pub(crate) fn secured(context: Value) -> Value {
    pod(json!({"containers": [{"name": "c", "image": "i", "securityContext": context}]}))
}

pub(crate) fn annotated(mut pod: Value, annotations: Value) -> Value {
    pod["metadata"]["annotations"] = annotations;
    pod
}

pub(crate) fn laid_over(mut base: Value, over: &Value) -> Value {
    for (key, value) in over.as_object().unwrap() {
        base[key] = value.clone();
    }
    base
}

/// alice's request to create an object.
pub(crate) fn create(object: Value) -> Value {
    let (group, version) = match object["apiVersion"].as_str().unwrap_or("v1").split_once('/') {
        Some((group, version)) => (group.to_owned(), version.to_owned()),
        None => (String::new(), "v1".to_owned()),
    };
    let kind = object["kind"].as_str().unwrap_or("Pod");
    json!({
        "uid": "1", "operation": "CREATE", "namespace": "shop", "name": object["metadata"]["name"],
        "kind": {"group": group, "version": version, "kind": kind},
        "resource": {"group": group, "version": version, "resource": format!("{}s", kind.to_lowercase())},
        "userInfo": {"username": "alice", "groups": ["devs", "system:authenticated"]},
        "object": object,
    })
}

/// alice's request to replace an object.
pub(crate) fn update(old: Value, new: Value) -> Value {
    laid_over(create(new), &json!({"operation": "UPDATE", "oldObject": old}))
}

/// alice's request to add ephemeral containers.
pub(crate) fn debug(old: Value, new: Value) -> Value {
    laid_over(update(old, new), &json!({"subResource": "ephemeralcontainers"}))
}

/// The same pod with these ephemeral containers.
pub(crate) fn with_ephemeral(mut pod: Value, containers: Value) -> Value {
    pod["spec"]["ephemeralContainers"] = containers;
    pod
}
