//! PodSecurityPolicy as one Kubewarden policy: settings that *are* PodSecurityPolicies, evaluated with their own
//! semantics on the clusters of today.
//!
//! # The pipeline
//!
//! ```text
//! payload ─▶ Request, Pod ─▶ candidate policies ─▶ Response
//!            request  pod    settings  policy       response
//!                              │ each: clone, mutate, validate
//!                              ▼
//!                            rules ─▶ violations, changes ─▶ graft
//! ```
//!
//! 1. [`request`] reads the admission request and, on the way, the [`pod`]: a view of the governed fields that borrows
//!    from the payload. [`json`] skips all else.
//! 2. [`settings`] are read into policies, each a name and the rules it sets. All errors of settings are reported at
//!    once, with paths, by tables of their allowed form ([`schema`]).
//! 3. [`admission`] decides what a request is about (a pod, ephemeral containers, the template of a workload), tries
//!    the policies in order on a copy of the pod, and asks the [cluster](admission::Cluster) who may use which.
//! 4. A [`policy`] lets each of its [`rules`] set its defaults, then report violations. A [violation](rule::Violation) has the path
//!    and the reason.
//! 5. The defaults of the winner are written into the text of the object by [`json::graft`]; fields that no rule governs
//!    stay unchanged. [`admission::Response`] writes the response.
//!
//! In addition, [`standards`] are the Pod Security Standards, which [`admission`] applies to the winner's pod;
//! exemptions free from single rules; namespaces and persistent volumes are reviewed as well.
//!
//! Data flows one way, and the front ends (the policy module behind the feature `guest`, the command line) only
//! translate. Nothing here panics, knows a clock, or does I/O.
//!
//! # Reviewing a request
//!
//! ```
//! use pod_security_policy::admission::{Cluster, Question, review};
//!
//! struct NoCluster;
//! impl Cluster for NoCluster {
//!     fn may_use(&self, _: &Question<'_>) -> Result<bool, String> {
//!         Err("there is none".to_owned())
//!     }
//! }
//!
//! let settings = r#"{"runAsUser": {"rule": "MustRunAsNonRoot"}, "seLinux": {"rule": "RunAsAny"},
//!     "supplementalGroups": {"rule": "RunAsAny"}, "fsGroup": {"rule": "RunAsAny"}}"#;
//! let request = r#"{"kind": {"group": "", "version": "v1", "kind": "Pod"}, "operation": "CREATE",
//!     "object": {"spec": {"containers": [{"name": "web", "securityContext": {"runAsUser": 0}}]}}}"#;
//! let response = review(&format!(r#"{{"request": {request}, "settings": {settings}}}"#), &NoCluster);
//! assert_eq!(
//!     response.rejection.as_deref(),
//!     Some("spec.containers[0].securityContext.runAsUser: Invalid value: 0: running with the root UID is forbidden")
//! );
//! ```
#![cfg_attr(test, allow(clippy::needless_pass_by_value, reason = "the cases of a table own what they hold"))]

pub mod admission;
#[cfg(feature = "guest")]
mod guest;
pub mod json;
pub mod pod;
pub mod policy;
pub mod request;
pub mod rule;
pub mod rules;
pub mod schema;
pub mod settings;
pub mod standards;
#[cfg(test)]
mod testing;
