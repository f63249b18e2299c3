//! Output of the host: the policy's response as the `AdmissionResponse` that the policy server makes of it.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use json_patch::Patch;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Error;

/// The response of a policy to `validate_settings`.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct SettingsVerdict {
    /// Whether the settings are valid.
    pub valid: bool,
    /// Why they are not.
    #[serde(default)]
    pub message: Option<String>,
}

/// The response of a policy to `validate`, as the guest writes it.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub(crate) struct GuestResponse {
    accepted: bool,
    message: Option<String>,
    code: Option<u16>,
    mutated_object: Option<Value>,
    audit_annotations: Option<BTreeMap<String, String>>,
    warnings: Option<Vec<String>>,
}

/// An `AdmissionResponse` of `admission.k8s.io/v1`; its JSON form is the line that `kwctl run` prints.
#[derive(Clone, Debug, Default, Serialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct AdmissionResponse {
    /// The uid of the request.
    pub uid: String,
    /// Whether the object may pass.
    pub allowed: bool,
    /// `JSONPatch`, when there is a patch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patch_type: Option<&'static str>,
    /// The changes, as base64 of a JSON patch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patch: Option<String>,
    /// Why the object may not pass.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// Annotations that the API server adds to its audit log.
    pub audit_annotations: Option<BTreeMap<String, String>>,
    /// Warnings for the author of the object, in addition to the verdict.
    pub warnings: Option<Vec<String>>,
    /// The same changes, not encoded.
    #[serde(skip)]
    pub changes: Patch,
}

/// Why an object may not pass.
#[derive(Clone, Debug, Default, Serialize, PartialEq, Eq)]
pub struct Status {
    /// For the author of the object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What a message of the registration stands for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<StatusDetails>,
    /// For the author's client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
}

/// More about a rejection.
#[derive(Clone, Debug, Default, Serialize, PartialEq, Eq)]
pub struct StatusDetails {
    /// The reasons.
    pub causes: Vec<StatusCause>,
}

/// A reason, in the policy server's spelling: what it does not know is null.
#[derive(Clone, Debug, Default, Serialize, PartialEq, Eq)]
pub struct StatusCause {
    /// For programs; the policy server knows none.
    pub reason: Option<String>,
    /// The policy's message.
    pub message: Option<String>,
    /// The field of the object; the policy server knows none.
    pub field: Option<String>,
}

impl AdmissionResponse {
    /// A rejection.
    #[must_use]
    pub fn reject(uid: &str, message: impl Into<String>, code: Option<u16>) -> Self {
        Self {
            uid: uid.to_owned(),
            status: Some(Status { message: Some(message.into()), code, ..Status::default() }),
            ..Self::default()
        }
    }

    /// The rejection that stands for a failed policy.
    pub(crate) fn internal_server_error(uid: &str, reason: impl std::fmt::Display) -> Self {
        Self::reject(uid, format!("internal server error: {reason}"), Some(500))
    }

    /// The rejection that stands for a policy that took too long.
    pub(crate) fn out_of_time(uid: &str) -> Self {
        Self::reject(uid, Error::OutOfTime.to_string(), Some(500))
    }

    /// Reads a guest's response about `object`.
    pub(crate) fn from_guest(uid: &str, object: Option<&Value>, answer: &[u8]) -> Self {
        let answer: GuestResponse = match serde_json::from_slice(answer) {
            Ok(answer) => answer,
            Err(error) => {
                return Self::internal_server_error(
                    uid,
                    format_args!("invalid response from policy: {error}"),
                );
            }
        };
        let changes = match (object, answer.mutated_object) {
            (_, None) => Patch::default(),
            (None, Some(_)) => {
                let message = "Incoming object is null, which happens only with DELETE operations, but the policy \
                               is attempting a mutation. This is not allowed";
                return Self::reject(uid, message, None);
            }
            (Some(object), Some(mutated)) => difference(object, mutated),
        };
        let patch = match serde_json::to_vec(&changes) {
            _ if changes.is_empty() => None,
            Ok(patch) => Some(STANDARD.encode(patch)),
            Err(error) => return Self::internal_server_error(uid, error),
        };
        let has_status = answer.message.is_some() || answer.code.is_some();
        Self {
            uid: uid.to_owned(),
            allowed: answer.accepted,
            patch_type: patch.as_ref().map(|_| "JSONPatch"),
            patch,
            status: has_status.then(|| Status {
                message: answer.message,
                code: answer.code,
                ..Status::default()
            }),
            audit_annotations: answer.audit_annotations,
            warnings: answer.warnings,
            changes,
        }
    }

    /// The response where the policy is registered with `mutating: false`.
    #[must_use]
    pub fn without_mutation(self, policy: &str) -> Self {
        if self.patch.is_none() {
            return self;
        }
        let message = format!(
            "Request rejected by policy {policy}. The policy attempted to mutate the request, but it is currently \
             configured to not allow mutations."
        );
        Self {
            audit_annotations: self.audit_annotations,
            warnings: self.warnings,
            ..Self::reject(&self.uid, message, None)
        }
    }

    /// The line that `kwctl run` prints.
    ///
    /// # Errors
    ///
    /// When it cannot be written, which no response of a policy can cause.
    pub fn to_json(&self) -> Result<String, Error> {
        serde_json::to_string(self).map_err(Error::PayloadNotWritten)
    }

    /// The message of a rejection; empty when there is none.
    #[must_use]
    pub fn message(&self) -> &str {
        self.status.as_ref().and_then(|status| status.message.as_deref()).unwrap_or_default()
    }
}

/// The changes from one object to the other, fields in the order of the policy server's diff.
fn difference(object: &Value, mut mutated: Value) -> Patch {
    let mut object = object.clone();
    object.sort_all_objects();
    mutated.sort_all_objects();
    json_patch::diff(&object, &mutated)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn answer(object: Option<&Value>, answer: &str) -> String {
        let response = AdmissionResponse::from_guest("1", object, answer.as_bytes());
        serde_json::to_string(&response).unwrap()
    }

    #[rstest]
    #[case::accepted(
        r#"{"accepted":true}"#,
        r#"{"uid":"1","allowed":true,"auditAnnotations":null,"warnings":null}"#
    )]
    #[case::rejected(
        r#"{"accepted":false,"message":"no","code":403}"#,
        r#"{"uid":"1","allowed":false,"status":{"message":"no","code":403},"auditAnnotations":null,"warnings":null}"#
    )]
    #[case::annotated(
        r#"{"accepted":true,"audit_annotations":{"policy":"a"},"warnings":["old"]}"#,
        r#"{"uid":"1","allowed":true,"auditAnnotations":{"policy":"a"},"warnings":["old"]}"#
    )]
    #[case::unchanged(
        r#"{"accepted":true,"mutated_object":{"b":1,"a":2}}"#,
        r#"{"uid":"1","allowed":true,"auditAnnotations":null,"warnings":null}"#
    )]
    #[case::no_json(
        "hello",
        r#"{"uid":"1","allowed":false,"status":{"message":"internal server error: invalid response from policy: expected value at line 1 column 1","code":500},"auditAnnotations":null,"warnings":null}"#
    )]
    fn answers_become_the_line_that_kwctl_prints(#[case] guest: &str, #[case] expected: &str) {
        assert_eq!(answer(Some(&json!({"a": 2, "b": 1})), guest), expected);
    }

    #[test]
    fn mutation_becomes_a_base64_patch() {
        let response = AdmissionResponse::from_guest(
            "1",
            Some(&json!({"b": 1})),
            br#"{"accepted":true,"mutated_object":{"b":2,"a":{}}}"#,
        );

        let patch = STANDARD.decode(response.patch.unwrap()).unwrap();
        assert_eq!(response.patch_type, Some("JSONPatch"));
        assert_eq!(
            String::from_utf8(patch).unwrap(),
            r#"[{"op":"add","path":"/a","value":{}},{"op":"replace","path":"/b","value":2}]"#
        );
    }

    #[test]
    fn mutation_without_an_object_is_refused() {
        let response = answer(None, r#"{"accepted":true,"mutated_object":{}}"#);

        assert!(response.contains("which happens only with DELETE operations"), "{response}");
    }

    #[test]
    fn mutation_is_refused_where_the_registration_forbids_it() {
        let guest = br#"{"accepted":true,"mutated_object":{"a":1},"warnings":["w"]}"#;
        let response = AdmissionResponse::from_guest("1", Some(&json!({})), guest).without_mutation("psp");

        assert!(!response.allowed);
        assert_eq!(response.patch, None);
        assert_eq!(response.warnings, Some(vec!["w".to_owned()]));
        assert_eq!(
            response.message(),
            "Request rejected by policy psp. The policy attempted to mutate the request, but it is currently \
             configured to not allow mutations."
        );
    }
}
