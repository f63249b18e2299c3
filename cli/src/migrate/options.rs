//! How policies are registered.

use super::manifests::{Form, Kind};
use crate::error::{Error, Outcome};

/// How policies are registered.
#[derive(Clone, Debug)]
pub struct Options {
    /// The options of each registration.
    pub form: Form,
    /// One pair of registrations for each policy, instead of one pair that asks RBAC.
    pub per_policy: bool,
    /// The start of the registrations' names.
    pub name: String,
    /// Namespaces that are not evaluated; empty names are left out.
    pub exempt_namespaces: Vec<String>,
    /// Whether the grants are written as manifests of their own.
    pub emit_rbac: bool,
    /// Whether registrations of other engines' policies apply to what these applied to, and not to workloads and ephemeral
    /// containers as well.
    pub same_reach: bool,
}

impl Options {
    /// Checks that options fit together.
    ///
    /// # Errors
    ///
    /// If a registration of the cluster is to have a namespace.
    pub fn check(&self) -> Outcome<()> {
        if self.form.namespace.is_none() || self.form.kind != Kind::Cluster {
            return Ok(());
        }
        let error = Error::new(
            "--namespace is for registrations of one namespace, and a ClusterAdmissionPolicy has none",
        );
        Err(error
            .help("add --kind AdmissionPolicy, or leave --namespace out; --exempt-namespaces names those that are not judged")
            .into())
    }

    /// The excluded namespaces.
    pub(super) fn exempt(&self) -> impl Iterator<Item = &str> {
        self.exempt_namespaces.iter().map(String::as_str).filter(|name| !name.is_empty())
    }
}
