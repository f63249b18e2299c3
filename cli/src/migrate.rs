//! From PodSecurityPolicies to the manifests that register them with Kubewarden.
//!
//! ```
//! use kubectl_psp::input::Text;
//! use kubectl_psp::migrate::{Form, Kind, Mode, Options, migrate, sorted};
//! use kubectl_psp::rbac::Authority;
//!
//! let policy = "kind: PodSecurityPolicy\napiVersion: policy/v1beta1\nmetadata: {name: restricted}\nspec:\n  \
//!     runAsUser: {rule: RunAsAny}\n  seLinux: {rule: RunAsAny}\n  \
//!     supplementalGroups: {rule: RunAsAny}\n  fsGroup: {rule: RunAsAny}\n";
//! let objects = Text::new("psp.yaml", policy.to_owned()).read_all().unwrap();
//! let options = Options {
//!     form: Form {
//!         kind: Kind::Cluster,
//!         namespace: None,
//!         module: "registry://registry.example.com/pod-security-policy:v1".to_owned(),
//!         policy_server: "default".to_owned(),
//!         mode: Mode::Monitor,
//!         background_audit: true,
//!         inside_kubewarden: false,
//!     },
//!     per_policy: false,
//!     name: "psp".to_owned(),
//!     exempt_namespaces: Vec::new(),
//!     emit_rbac: false,
//!     same_reach: false,
//! };
//!
//! let migration = migrate(&sorted(objects, &[]).unwrap(), &Authority::Everybody, &options).unwrap();
//! let names: Vec<_> = migration.manifests.iter().map(|manifest| manifest["metadata"]["name"].as_str().unwrap()).collect();
//! assert_eq!(names, ["psp-mutating", "psp-validating"]);
//! ```

mod annotations;
mod convert;
mod deviations;
mod foreign;
mod grants;
mod manifests;
mod options;
mod policies;
mod rehearsal;
mod rewrite;
mod rollout;
mod summary;
mod system_namespaces;

use serde_json::Value;

use crate::error::{Error, Errors, Outcome};
use crate::rbac::Authority;

#[cfg(test)]
pub(crate) use convert::all;
#[cfg(test)]
pub(crate) use manifests::pair;
pub use manifests::{Form, Kind, Mode};
pub use options::Options;
pub(crate) use policies::policies_of;
pub use policies::{Sorted, sorted};
pub use summary::{Format, Line, Summary};

/// The result of a migration.
#[derive(Debug)]
pub struct Migration {
    /// The manifests; none if no policy is granted in a namespace that is evaluated.
    pub manifests: Vec<Value>,
    /// Roles and bindings, which are to be applied first; none unless they are wanted.
    pub grants: Vec<Value>,
    /// Objects of other engines that cannot be converted.
    pub refused: Vec<Error>,
    /// Whether anything of other engines' policies means something else now.
    pub is_inexact: bool,
    /// What has changed its meaning, and who may use what.
    pub summary: Summary,
}

/// Converts policies.
///
/// # Errors
///
/// All errors in the policies, with their positions; that none of them ever admitted a pod.
pub fn migrate(input: &Sorted, authority: &Authority, options: &Options) -> Outcome<Migration> {
    let policies = policies_of(&input.policies)?;
    let mut converted = options.convert(&policies.manifests, authority)?;
    let foreign = options.foreign(input)?;
    converted.manifests.extend(foreign.manifests.iter().cloned());
    let summary = options.summarize(input, &policies, &converted, &foreign, authority);
    let names: Vec<&str> = policies.manifests.iter().map(convert::name_of).collect();
    let mut grants = match options.emit_rbac {
        true => grants::manifests(&names, authority, &options.name)?,
        false => Vec::new(),
    };
    grants.extend(foreign.grants);
    let is_inexact = foreign.pieces.iter().any(|piece| !piece.inexact.is_empty())
        || foreign.listed.iter().any(|listed| !listed.inexact.is_empty());
    Ok(Migration { manifests: converted.manifests, grants, refused: foreign.refused, is_inexact, summary })
}

/// The namespaces that a name stands for: itself, or those of a distribution, as in `@rke2`.
///
/// # Errors
///
/// If there is no such distribution.
pub fn namespaces(name: &str) -> Result<Vec<String>, String> {
    system_namespaces::expand(name)
}

/// The error that there is nothing to register.
pub fn nothing_granted() -> Errors {
    Error::new("no policy is granted in a namespace that is judged, so that there is nothing to register")
        .help("leave --per-policy out, or --rbac, and let namespaces choose by a label; see also --exempt-namespaces")
        .into()
}
