//! From PodSecurityPolicies to the manifests that register them with Kubewarden.

mod annotations;
mod convert;
mod deviations;
mod grants;
mod manifests;
mod options;
mod policies;
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
    let converted = options.convert(&policies.manifests, authority)?;
    let summary = options.summarize(input, &policies, &converted, authority);
    let names: Vec<&str> = policies.manifests.iter().map(convert::name_of).collect();
    let grants = match options.emit_rbac {
        true => grants::manifests(&names, authority, &options.name)?,
        false => Vec::new(),
    };
    Ok(Migration { manifests: converted.manifests, grants, summary })
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
