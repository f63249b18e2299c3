//! Errors of the host. An error of a guest is not one of the host: it becomes a rejection, as on the policy server.

use std::{io, path::PathBuf};

/// Why a run stops before the policy can respond.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file is missing or unreadable.
    #[error("{}: cannot be read: {reason}", path.display())]
    FileNotRead {
        /// The file as the user named it.
        path: PathBuf,
        /// The error of the operating system.
        reason: io::Error,
    },
    /// A file exists, but has the wrong content.
    #[error("{}: {reason}", path.display())]
    FileNotUnderstood {
        /// The file as the user named it.
        path: PathBuf,
        /// The problem.
        reason: Box<Error>,
    },
    /// A file cannot be written.
    #[error("{}: cannot be written: {reason}", path.display())]
    FileNotWritten {
        /// The file as the user named it.
        path: PathBuf,
        /// The error of the operating system.
        reason: io::Error,
    },
    /// Standard input failed.
    #[error("standard input: cannot be read: {0}")]
    InputNotRead(io::Error),
    /// The text of a request is not JSON.
    #[error("request is not JSON: {0}")]
    RequestNotJson(serde_json::Error),
    /// A request is a list or a scalar.
    #[error("request is not an object: pass an AdmissionRequest or an AdmissionReview")]
    RequestNotAnObject,
    /// An `AdmissionReview` without a request.
    #[error("AdmissionReview has no `request`")]
    ReviewWithoutRequest,
    /// A request lacks a field, or has one of another type.
    #[error("request is not an AdmissionRequest: {0}")]
    RequestIncomplete(serde_json::Error),
    /// The text of settings is not JSON.
    #[error("settings are not JSON: {0}")]
    SettingsNotJson(serde_json::Error),
    /// Settings are a list or a scalar.
    #[error("settings are neither an object nor empty")]
    SettingsNotAnObject,
    /// The policy rejects its settings.
    #[error("Provided settings are not valid: {0}")]
    SettingsRefused(String),
    /// A document is not YAML.
    #[error("not YAML: {0}")]
    NotYaml(String),
    /// A document is YAML, but not a Kubernetes object.
    #[error("document {0} is not a Kubernetes object: it lacks {1}")]
    NotAnObject(usize, &'static str),
    /// A recorded exchange cannot be compared with the calls of a policy.
    #[error("exchange {0} cannot be replayed: {1}")]
    ExchangeNotUnderstood(usize, String),
    /// A payload cannot be written.
    #[error("payload cannot be written: {0}")]
    PayloadNotWritten(serde_json::Error),
    /// A document cannot be written as YAML.
    #[error("YAML cannot be written: {0}")]
    YamlNotWritten(String),
    /// The metadata has values that kwctl, Kubernetes or Artifact Hub would reject.
    #[error("metadata: {0}")]
    MetadataRefused(String),
    /// The metadata of a module cannot be parsed.
    #[error("metadata of the module: {0}")]
    MetadataNotRead(serde_json::Error),
    /// A module has no metadata.
    #[error("has no metadata: `make annotated-policy.wasm` writes it")]
    MetadataMissing,
    /// The WebAssembly engine rejects the host's configuration or the module.
    #[error("module cannot be loaded: {0}")]
    ModuleNotLoaded(String),
    /// An instance cannot be created, or fails while it starts.
    #[error("cannot build Wapc host: {0}")]
    NotInstantiated(String),
    /// The guest returned an error, or trapped.
    #[error("{0}")]
    CallFailed(String),
    /// The guest did not respond in time.
    #[error("Policy execution interrupted because it exceeded the allowed execution time")]
    OutOfTime,
    /// A measurement cannot be made.
    #[error("{0}")]
    NotMeasured(String),
    /// A policy cannot be served.
    #[error("policy `{name}`: {reason}")]
    PolicyNotServed {
        /// The name of the policy in `policies.yml`.
        name: String,
        /// The problem.
        reason: Box<Error>,
    },
    /// An entry of `policies.yml` cannot be used.
    #[error("{0}")]
    RegistrationRefused(String),
    /// Several errors, a line for each.
    #[error("{}", lines(.0))]
    Several(Vec<Error>),
    /// The server cannot listen, has no usable certificate, or fails while it runs.
    #[error("{0}")]
    NotServed(String),
    /// There is no client for the API server.
    #[error("Kubernetes: {0}")]
    NoCluster(String),
}

impl Error {
    /// Adds the file in which it happened.
    #[must_use]
    pub fn in_file(self, path: impl Into<PathBuf>) -> Self {
        Self::FileNotUnderstood { path: path.into(), reason: Box::new(self) }
    }

    /// Adds the policy of `policies.yml` to which it happened.
    #[cfg(feature = "serve")]
    #[must_use]
    pub(crate) fn in_policy(self, name: &str) -> Self {
        Self::PolicyNotServed { name: name.to_owned(), reason: Box::new(self) }
    }

    /// One error for all; none if there are none.
    #[cfg(feature = "serve")]
    pub(crate) fn all(mut errors: Vec<Self>) -> Result<(), Self> {
        match errors.len() {
            0 | 1 => errors.pop().map_or(Ok(()), Err),
            _ => Err(Self::Several(errors)),
        }
    }
}

fn lines(errors: &[Error]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
