//! What is registered in a cluster, and who may use it.

use std::sync::Arc;

use kube::api::PostParams;
use kube::core::Request;
use serde_json::Value;

use super::grants::Reviews;
use super::{Cluster, Refusal, Resource, Selection};
use crate::error::{Error, Outcome};
use crate::input::Object;
use crate::policies::{self, Modules, Policies};
use crate::rbac::{Authority, Rbac};

impl Cluster {
    /// The policies that are registered: for the whole cluster, and in the selected namespaces.
    ///
    /// # Errors
    ///
    /// If they may not be read, or there are none of this module.
    pub fn policies(&self, selection: &Selection, modules: &Modules) -> Outcome<Policies> {
        let found = self.registrations(selection);
        let found =
            found.map_err(|error| error.help("--policies names policies that need not be registered"))?;
        if !found.iter().any(|registration| modules.are_ours(registration)) {
            let error = Error::new(format_args!("{} has no registration of this policy", self.name));
            return Err(error
                .help("--policies names policies; --module names the module if it has another name")
                .into());
        }
        let mut policies = policies::of_objects(&found, &[], modules, Authority::Everybody)?;
        if policies.select_by_labels() {
            // Without the right to list namespaces, the selectors are reported as offline.
            if let Ok(namespaces) = self.all(&[Resource::of_namespaces()], &Selection::default()) {
                policies.locate(&namespaces);
            }
        }
        Ok(policies)
    }

    /// The registrations of Kubewarden: those for the whole cluster, and those of the selected namespaces.
    ///
    /// # Errors
    ///
    /// If they may not be read.
    pub fn registrations(&self, selection: &Selection) -> Result<Vec<Object>, Error> {
        let everything = Selection { labels: None, ..selection.clone() };
        self.all(&Resource::of_registrations(), &everything)
    }

    /// The user of the kubeconfig, and its groups.
    ///
    /// # Errors
    ///
    /// If the server does not say so.
    pub fn whoami(&self) -> Outcome<(String, Vec<String>)> {
        let review = r#"{"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}"#;
        let request = Request::new("/apis/authentication.k8s.io/v1/selfsubjectreviews")
            .create(&PostParams::default(), review.as_bytes().to_vec())
            .map_err(Error::new)?;
        let unknown = |reason: &str| {
            Error::new(format_args!("{} does not say who you are: {reason}", self.name))
                .help("--as names a user")
        };
        let text = self.text(request).map_err(|refusal| match refusal {
            Refusal::Forbidden(_) => unknown("you may not create selfsubjectreviews.authentication.k8s.io"),
            Refusal::Missing => unknown("it has no such review"),
            Refusal::Other(error) => error,
        })?;
        let answer: Value = serde_json::from_str(&text).map_err(Error::new)?;
        let user = answer.pointer("/status/userInfo/username").and_then(Value::as_str);
        let groups = answer.pointer("/status/userInfo/groups").and_then(Value::as_array);
        let groups = groups.into_iter().flatten().filter_map(|group| group.as_str().map(str::to_owned));
        Ok((user.ok_or_else(|| unknown("its answer has no name"))?.to_owned(), groups.collect()))
    }

    /// Who may use which policy: from roles and bindings where they may be read, else by asking for each identity.
    ///
    /// # Errors
    ///
    /// If neither is allowed.
    pub fn authority(&self) -> Outcome<Authority> {
        let unread = match self.all(&Resource::of_rbac(), &Selection::default()) {
            Ok(objects) => return Ok(Authority::Dump(Rbac::of(&objects, &self.namespace)?)),
            Err(unread) => unread,
        };
        let reviews = Reviews::new(self.client.clone(), Arc::clone(&self.runtime));
        match reviews.probe() {
            Ok(()) => Ok(Authority::Dump(Rbac::asking(Box::new(reviews)))),
            Err(reason) => {
                Err(Error::new(format_args!("cannot determine who may use which policy: {unread}; {reason}"))
                    .help("--rbac FILE reads grants from a dump")
                    .into())
            }
        }
    }
}
