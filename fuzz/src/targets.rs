//! The fuzz targets and their promises.

use std::collections::BTreeMap;

use anyhow::Result;
use pod_security_policy::admission::review;
use pod_security_policy::admission::{Cluster, Question};
use pod_security_policy::json::{Edit, Path, Step, graft};
use pod_security_policy::json::Reader;
use pod_security_policy::rule::{SysctlPattern, dotted, has_parent_element, is_within};
use pod_security_policy::pod::Pod;
use pod_security_policy::settings::Settings;
use pod_security_policy::pod::template::{find, parse_path};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::corpus;

/// A function that reads text.
pub(crate) struct Target {
    pub(crate) name: &'static str,
    /// The texts to damage for it.
    pub(crate) corpus: fn() -> Result<Vec<String>>,
    /// Panics when a promise is broken.
    pub(crate) check: fn(&str),
}

pub(crate) const TARGETS: [Target; 8] = [
    Target { name: "settings", corpus: corpus::settings, check: settings },
    Target { name: "review", corpus: corpus::payloads, check: reviewed },
    Target { name: "graft", corpus: corpus::pods, check: grafted },
    Target { name: "json", corpus: corpus::pods, check: json },
    Target { name: "leap", corpus: corpus::payloads, check: skip_unchecked },
    Target { name: "sysctls", corpus: corpus::sysctls, check: sysctls },
    Target { name: "templates", corpus: corpus::paths, check: templates },
    Target { name: "host paths", corpus: corpus::host_paths, check: host_paths },
];

/// Grants every other policy.
struct Odd;

impl Cluster for Odd {
    fn may_use(&self, question: &Question<'_>) -> std::result::Result<bool, String> {
        Ok(question.policy.len() % 2 == 1)
    }
}

/// Settings load, or are refused with a reason.
fn settings(text: &str) {
    if let Err(problems) = Settings::parse(text) {
        assert!(!problems.to_string().is_empty());
    }
}

/// A response is JSON, if the request was; a rejection has a reason; a mutated object is accepted unchanged, possibly
/// by another policy.
fn reviewed(text: &str) {
    let response = review(text, &Odd);
    match serde_json::from_str::<Value>(&response.clone().into_json()) {
        Ok(reported) => assert_eq!(reported.get("accepted"), Some(&Value::Bool(response.is_accepted()))),
        // Malformed JSON in a part that is not read comes back with the object, and no policy server can take the
        // response for an admission.
        Err(error) => {
            assert!(response.mutated_object.is_some(), "the answer is JSON: {error}");
            assert!(serde_json::from_str::<Value>(text).is_err(), "the answer to JSON is JSON: {error}");
            return;
        }
    }
    assert!(response.rejection.as_ref().is_none_or(|reason| !reason.is_empty()));
    let Some(object) = response.mutated_object else { return };
    assert!(response.rejection.is_none());
    // The text is put together by hand: read and written again, numbers would change.
    if let Some(before) = object_of(text) {
        let again = review(&text.replacen(before, &object, 1), &Odd);
        assert_eq!(again.rejection, None);
        // The defaults of one policy can be what another, earlier by name, demands: then that one has admitted it.
        assert!(again.edits.iter().all(|edit| edit.to_string().contains("kubernetes.io/psp")));
    }
}

/// The text of the object in a payload.
fn object_of(text: &str) -> Option<&str> {
    let payload: BTreeMap<String, &RawValue> = serde_json::from_str(text).ok()?;
    let request: BTreeMap<String, &RawValue> = serde_json::from_str(payload.get("request")?.get()).ok()?;
    request.get("object").map(|object| object.get())
}

/// Without edits a document stays unchanged; with one, a document that can be read as a pod has the written value.
fn grafted(text: &str) {
    if let Ok(same) = graft(text, &[]) {
        assert_eq!(same, text);
    }
    let path = Path::of(&[Step::Key("spec"), Step::Key("securityContext"), Step::Key("fsGroup")]);
    let edit = Edit { path, value: "7".to_owned() };
    if let Ok(changed) = graft(text, &[edit])
        && Reader::document::<Pod<'_>>(text).is_ok()
        && serde_json::from_str::<Value>(text).is_ok()
    {
        let changed: Value = serde_json::from_str(&changed).expect("what is grafted is JSON");
        assert_eq!(changed.pointer("/spec/securityContext/fsGroup"), Some(&Value::from(7)));
    }
}

/// Text that the reader takes for JSON is JSON to others, and the reverse except for how deep it may nest.
fn json(text: &str) {
    let mut reader = Reader::new(text);
    let ours = reader.skip().and_then(|()| reader.end()).is_ok();
    let theirs = serde_json::from_str::<Box<RawValue>>(text);
    match (ours, theirs) {
        (true, Err(error)) => assert!(
            error.to_string().contains("surrogate") || error.to_string().contains("recursion"),
            "{error}"
        ),
        (false, Ok(_)) => assert!(text.contains("[[[[") || text.contains("{\"a\":{"), "refused"),
        _ => {}
    }
}

/// In valid JSON, `skip_unchecked` ends where `skip` ends.
fn skip_unchecked(text: &str) {
    let mut strict = Reader::new(text);
    if strict.skip().is_ok() {
        let mut quick = Reader::new(text);
        assert!(quick.skip_unchecked().is_ok());
        assert_eq!(quick.position(), strict.position());
    }
}

/// A pattern matches a name that begins like it or equals it, and dots are a spelling of their own.
fn sysctls(text: &str) {
    let pattern = SysctlPattern::new(text.into());
    assert!(!pattern.is_well_formed() || (pattern.matches(&dotted(text)) && text.len() <= 253));
    assert_eq!(pattern.matches(&dotted(&format!("{text}x"))), text.ends_with('*'));
    assert_eq!(dotted(&dotted(text)), dotted(text));
}

/// A path that is read finds templates or none.
fn templates(text: &str) {
    if let Some(path) = parse_path(text) {
        assert!(!path.is_empty());
        let document =
            r#"{"spec": {"template": {"a": 1}, "jobs": [{"template": {}}, null]}, "a": [[{"b": {}}]]}"#;
        let _ = find(document, &path);
    }
}

/// Every absolute path is within itself and the root.
fn host_paths(text: &str) {
    let absolute = text.starts_with('/');
    assert_eq!(is_within(text, "/"), absolute);
    assert_eq!(is_within(text, text), absolute);
    assert_eq!(has_parent_element(text), text.split('/').any(|element| element == ".."));
}
