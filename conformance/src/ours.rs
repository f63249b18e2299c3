//! This project's answer to a case.

use pod_security_policy::admission::{Cluster, Question, review};
use pod_security_policy::settings::Settings;
use serde_json::{Value, json};

use crate::case::Case;

/// An answer of this project, from the library or from the module through a host.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// Whether the request passes.
    pub accepted: bool,
    /// Why it does not.
    pub message: Option<String>,
    /// The policy that admits the pod.
    pub winner: Option<String>,
    /// The mutated object, if anything was filled in.
    pub mutated: Option<Value>,
}

/// The settings equivalent to the policies of a case.
#[must_use]
pub fn settings(case: &Case) -> Value {
    // No user may use anything, even where everybody may use everything.
    let authorization = if case.grants.is_some() || case.no_user { "RBAC" } else { "None" };
    json!({"policies": case.psps, "authorization": authorization, "mutate": case.steps != "validate"})
}

/// Those settings with more options, by their keys.
#[must_use]
pub fn settings_with(case: &Case, options: &Value) -> Value {
    let mut settings = settings(case);
    if let (Some(settings), Some(options)) = (settings.as_object_mut(), options.as_object()) {
        settings.extend(options.clone());
    }
    settings
}

/// The request of a case, as the policy server passes it on.
#[must_use]
pub fn request(case: &Case) -> Value {
    let metadata = |field: &str| case.pod.get("metadata").and_then(|metadata| metadata.get(field));
    let user = if case.no_user { json!({}) } else { json!({"username": case.user, "groups": case.groups}) };
    let operation = if case.op.is_empty() { "CREATE" } else { &case.op };
    let mut request = json!({
        "uid": "1",
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "resource": {"group": "", "version": "v1", "resource": "pods"},
        "operation": operation,
        "namespace": metadata("namespace"),
        "name": metadata("name"),
        "userInfo": user,
        "object": case.pod,
        "oldObject": case.old_pod,
    });
    if !case.sub.is_empty()
        && let Some(request) = request.as_object_mut()
    {
        request.insert("subResource".to_owned(), case.sub.clone().into());
    }
    request
}

/// The library's answer.
#[must_use]
pub fn natively(case: &Case) -> Answer {
    natively_with(case, &Value::Null)
}

/// The library's answer under settings with more options.
#[must_use]
pub fn natively_with(case: &Case, options: &Value) -> Answer {
    let payload = json!({"request": request(case), "settings": settings_with(case, options)}).to_string();
    of_payload(case, &payload)
}

/// The library's answer to a payload in a cluster that has the grants of a case.
#[must_use]
pub fn of_payload(case: &Case, payload: &str) -> Answer {
    let answer = review(payload, &Grants(case));
    Answer {
        accepted: answer.is_accepted(),
        message: answer.rejection,
        winner: answer.policy,
        mutated: answer.mutated_object.map(|text| {
            serde_json::from_str(&text).unwrap_or_else(|fault| format!("not JSON: {fault}").into())
        }),
    }
}

/// The library's errors in the policies of a case.
#[must_use]
pub fn problems(case: &Case) -> Option<String> {
    let settings = json!({"policies": case.psps, "authorization": "None"}).to_string();
    Settings::parse(&settings).err().map(|problems| problems.to_string())
}

/// The grants of a case.
struct Grants<'c>(&'c Case);

impl Cluster for Grants<'_> {
    fn may_use(&self, question: &Question<'_>) -> Result<bool, String> {
        let groups: Vec<&str> = question.groups.iter().map(|group| &**group).collect();
        let Question { user, api_group, policy, namespace, .. } = question;
        Ok(self.0.permits(user, &groups, api_group, policy, namespace))
    }
}
