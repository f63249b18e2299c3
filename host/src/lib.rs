//! A waPC host for one Kubewarden policy: runs a module as the policy server does, without a cluster.
//!
//! ```no_run
//! # fn main() -> Result<(), policy_host::Error> {
//! use std::sync::Arc;
//! use policy_host::{Policy, Unanswered};
//!
//! let policy = Policy::from_file("policy.wasm".as_ref())?;
//! let request = std::fs::read_to_string("request.json").unwrap_or_default();
//! let response = policy.validate(&request, r#"{"privileged": false}"#, Arc::new(Unanswered))?;
//! println!("{}", response.allowed);
//! # Ok(())
//! # }
//! ```
//!
//! The life of a request: [`AdmissionRequest`] is read, an [`Instance`] of the [`Policy`] is created for it, its calls
//! go to [`HostCalls`], and its response becomes the [`AdmissionResponse`] that the API server would receive.
//!
//! The engine is the policy server's, with the feature `server`; without it an interpreter, which is compiled in a
//! fraction of the time and measures nothing.

mod access_review;
mod api_server;
#[cfg(feature = "server")]
mod artifact_hub;
#[cfg(feature = "server")]
mod bench;
mod changes;
mod error;
mod host_calls;
#[cfg(not(feature = "server"))]
mod interpreter;
#[cfg(feature = "server")]
mod lists;
#[cfg(feature = "server")]
mod managed_fields;
mod manifest;
#[cfg(feature = "server")]
mod metadata;
mod policy;
#[cfg(feature = "server")]
mod probe;
mod question;
mod recorder;
mod replay;
mod request;
mod response;
#[cfg(feature = "server")]
mod sample;
#[cfg(feature = "server")]
mod sections;
#[cfg(feature = "serve")]
mod serve;
#[cfg(feature = "server")]
mod server;
#[cfg(feature = "server")]
mod worst;
mod yaml;

pub use access_review::{Grants, ResourceAttributes, SubjectAccessReview};
#[cfg(feature = "server")]
pub use artifact_hub::{ArtifactHubPackage, ContainerImage, Link, Maintainer, Provider, Recommendation};
#[cfg(feature = "server")]
pub use bench::{Bench, Times};
pub use changes::{Change, Sort, changes};
pub use error::Error;
pub use host_calls::{HostCall, HostCalls, LogLevel, LogLine, Unanswered, WithoutResources};
pub use json_patch::Patch;
#[cfg(feature = "server")]
pub use lists::{Outcome, list_of_policies};
pub use manifest::Manifest;
#[cfg(feature = "server")]
pub use metadata::{ExecutionMode, Metadata, Operation, PolicyType, Resource, Rule};
pub use policy::{Instance, Policy};
#[cfg(feature = "server")]
pub use probe::{Footprint, Meter, Probe};
pub use recorder::{RecordedCall, Recorder};
pub use replay::Replay;
pub use request::{AdmissionRequest, Settings};
pub use response::{AdmissionResponse, SettingsVerdict, Status, StatusCause, StatusDetails};
#[cfg(feature = "server")]
pub use sample::Sample;
#[cfg(feature = "serve")]
pub use serve::{ServeOptions, Server};
#[cfg(feature = "server")]
pub use worst::WorstCase;
pub use yaml::{read_text, to_yaml};
