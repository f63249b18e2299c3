//! The form of a file with tests.

use std::path::PathBuf;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::expectation::Expectation;
use crate::error::{Error, Outcome};
use crate::input::Object;

/// The namespace of objects that name none.
pub(super) const NAMESPACE: &str = "default";

/// One document with tests.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Spec {
    /// Files, folders and levels, or the policies themselves.
    pub(super) policies: Vec<Source>,
    /// Dumps of roles and bindings.
    #[serde(default)]
    pub(super) rbac: Vec<PathBuf>,
    pub(super) tests: Vec<Test>,
}

/// Where policies come from.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Source {
    Named(String),
    #[expect(dead_code, reason = "it is read with its lines where it stands")]
    Inline(Map<String, Value>),
}

/// One test.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Test {
    pub(super) name: String,
    pub(super) object: Option<Value>,
    /// The file that holds the object.
    pub(super) file: Option<PathBuf>,
    /// Which one, if there are several: `deploy/web`
    pub(super) select: Option<String>,
    /// Who creates it.
    #[serde(rename = "as")]
    pub(super) user: Option<User>,
    #[serde(default = "namespace")]
    pub(super) namespace: String,
    pub(super) expect: Option<Expectation>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct User {
    #[serde(rename = "user")]
    pub(super) name: String,
    #[serde(default)]
    pub(super) groups: Vec<String>,
}

fn namespace() -> String {
    NAMESPACE.to_owned()
}

/// Reads a document, and locates an error in it.
pub(super) fn read(object: &Object) -> Outcome<Spec> {
    serde_path_to_error::deserialize(object.value()).map_err(|error| {
        let path = error.path().to_string();
        let path = if path == "." { "" } else { &path };
        let colon = if path.is_empty() { "" } else { ": " };
        let reason = error.inner();
        Error::at(object.place(path), format_args!("{path}{colon}{reason}")).into()
    })
}
