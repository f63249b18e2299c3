//! Input of the host: an `AdmissionRequest`, bare or inside its review.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Error, yaml};

/// An `AdmissionRequest` of `admission.k8s.io/v1`, reduced to the fields that the policy server passes to a policy.
///
/// Fields unknown to the server are dropped, and so are those that are null: a policy never sees `object: null`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AdmissionRequest {
    /// Identifies the request; the response carries it back.
    pub uid: String,
    kind: Kind,
    resource: Resource,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub_resource: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_kind: Option<Kind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_resource: Option<Resource>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_sub_resource: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
    operation: String,
    user_info: UserInfo,
    /// The object as the author sent it; absent on DELETE.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    old_object: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dry_run: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    options: Option<Value>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
struct Kind {
    group: String,
    version: String,
    kind: String,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
struct Resource {
    group: String,
    version: String,
    resource: String,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
struct UserInfo {
    #[serde(skip_serializing_if = "Option::is_none")]
    extra: Option<Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    groups: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
}

impl AdmissionRequest {
    /// Reads an `AdmissionRequest`, or the one inside an `AdmissionReview`.
    ///
    /// # Errors
    ///
    /// When the text is not JSON, or lacks a required field.
    pub fn from_json(text: &str) -> Result<Self, Error> {
        Self::from_value(serde_json::from_str(text).map_err(Error::RequestNotJson)?)
    }

    /// As [`from_json`](Self::from_json), from a parsed document.
    ///
    /// # Errors
    ///
    /// When the document lacks a required field.
    pub fn from_value(document: Value) -> Result<Self, Error> {
        let Value::Object(mut document) = document else {
            return Err(Error::RequestNotAnObject);
        };
        let request = if document.get("kind").and_then(Value::as_str) == Some("AdmissionReview") {
            document.swap_remove("request").ok_or(Error::ReviewWithoutRequest)?
        } else {
            Value::Object(document)
        };
        serde_json::from_value(request).map_err(Error::RequestIncomplete)
    }

    /// The namespace of the object, if it has one.
    #[must_use]
    pub fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref()
    }

    /// The name of the object; a created object may have none yet.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// `CREATE`, `UPDATE`, `DELETE` or `CONNECT`.
    #[must_use]
    pub fn operation(&self) -> &str {
        &self.operation
    }

    /// The kind in the request as it was sent, before the API server converted it; empty where that is not known.
    #[must_use]
    pub fn request_kind(&self) -> &str {
        self.request_kind.as_ref().map_or("", |kind| &kind.kind)
    }

    /// The payload of a policy's `validate`: request and settings, fields in alphabetical order.
    ///
    /// The policy server passes everything through sorted maps, so that no policy ever sees the author's order.
    ///
    /// # Errors
    ///
    /// When the settings cannot be written as JSON, which no document that was read can cause.
    pub fn payload(&self, settings: &Settings) -> Result<Vec<u8>, Error> {
        payload(self, settings)
    }
}

/// A payload of `validate`, about whatever is asked.
pub(crate) fn payload(request: &impl Serialize, settings: &Settings) -> Result<Vec<u8>, Error> {
    let mut payload = serde_json::json!({"request": request, "settings": settings});
    payload.sort_all_objects();
    serde_json::to_vec(&payload).map_err(Error::PayloadNotWritten)
}

/// The settings of a policy: an object, or nothing.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(transparent)]
pub struct Settings(Map<String, Value>);

impl Settings {
    /// Reads settings from JSON.
    ///
    /// # Errors
    ///
    /// When the text is not JSON, or neither an object nor null.
    pub fn from_json(text: &str) -> Result<Self, Error> {
        serde_json::from_str::<Value>(text).map_err(Error::SettingsNotJson)?.try_into()
    }

    /// Reads settings from YAML, of which JSON is a subset. Scalars are resolved as by kwctl: `yes` is a text.
    ///
    /// # Errors
    ///
    /// When the text is not YAML, or neither an object nor empty.
    pub fn from_yaml(text: &str) -> Result<Self, Error> {
        yaml::read::<Value>(text)?.try_into()
    }

    /// The payload of a policy's `validate_settings`.
    ///
    /// # Errors
    ///
    /// When the settings cannot be written as JSON, which no document that was read can cause.
    pub fn payload(&self) -> Result<Vec<u8>, Error> {
        let mut payload = Value::Object(self.0.clone());
        payload.sort_all_objects();
        serde_json::to_vec(&payload).map_err(Error::PayloadNotWritten)
    }
}

impl TryFrom<Value> for Settings {
    type Error = Error;

    fn try_from(document: Value) -> Result<Self, Error> {
        match document {
            Value::Null => Ok(Self::default()),
            Value::Object(settings) => Ok(Self(settings)),
            _ => Err(Error::SettingsNotAnObject),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn request() -> Value {
        json!({
            "uid": "1", "kind": {"group": "", "version": "v1", "kind": "Pod"},
            "resource": {"group": "", "version": "v1", "resource": "pods"},
            "operation": "CREATE", "userInfo": {"username": "alice"},
            "object": {"metadata": {"name": "web"}, "apiVersion": "v1"},
            "oldObject": null, "fromTheFuture": 1,
        })
    }

    #[test]
    fn payload_is_sorted_and_without_nulls_and_unknown_fields() {
        let request = AdmissionRequest::from_value(request()).unwrap();
        let settings = Settings::from_json(r#"{"z": 1, "a": 2}"#).unwrap();

        let payload = String::from_utf8(request.payload(&settings).unwrap()).unwrap();

        assert_eq!(
            payload,
            concat!(
                r#"{"request":{"kind":{"group":"","kind":"Pod","version":"v1"},"#,
                r#""object":{"apiVersion":"v1","metadata":{"name":"web"}},"operation":"CREATE","#,
                r#""resource":{"group":"","resource":"pods","version":"v1"},"uid":"1","#,
                r#""userInfo":{"username":"alice"}},"settings":{"a":2,"z":1}}"#
            )
        );
    }

    #[test]
    fn request_is_found_inside_its_review() {
        let review = json!({"kind": "AdmissionReview", "request": request()});

        assert_eq!(AdmissionRequest::from_value(review).unwrap().uid, "1");
    }

    #[test]
    fn incomplete_requests_are_refused_with_the_missing_field() {
        let error = AdmissionRequest::from_json(r#"{"uid": "1"}"#).unwrap_err();

        assert_eq!(error.to_string(), "request is not an AdmissionRequest: missing field `kind`");
    }

    #[test]
    fn settings_are_an_object_or_nothing() {
        assert_eq!(Settings::from_json("null").unwrap(), Settings::default());
        assert_eq!(
            Settings::from_json("[]").unwrap_err().to_string(),
            "settings are neither an object nor empty"
        );
    }
}
