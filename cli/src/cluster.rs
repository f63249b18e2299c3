//! The cluster of a kubeconfig. It is read page by page, and never written to.
//!
//! ```
//! use kubectl_psp::cluster::{Access, Cluster, contexts};
//!
//! let access = Access { kubeconfig: Some("no/such/file".into()), context: None };
//! assert!(contexts(&access).is_empty());
//! assert!(Cluster::connect(&access).is_err());
//! ```

mod connection;
mod grants;
mod list;
mod names;
mod object;
mod refusal;
mod registered;
mod resource;

use std::fmt;
use std::sync::Arc;

use kube::Client;
use tokio::runtime::Runtime;

use crate::error::Error;
use crate::input::{Object, Take, Unread, Unwatched, Watch};
use crate::policies::Policies;

pub use connection::Access;
pub use names::contexts;
use refusal::{Refusal, Refused};
use resource::Resource;

/// A connection to an API server.
pub struct Cluster {
    client: Client,
    runtime: Arc<Runtime>,
    /// The context's namespace.
    namespace: String,
    /// The server, and the context if it has a name: for messages.
    name: String,
}

/// The kinds of objects that are read.
#[derive(Clone, Copy, Debug)]
pub enum Kinds<'p> {
    /// Pods.
    Pods,
    /// Pods and workloads, with those that policies declare.
    Workloads(Option<&'p Policies>),
}

/// Which objects are read.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// The namespace; `None` for all.
    pub namespace: Option<String>,
    /// A label selector, as kubectl has it.
    pub labels: Option<String>,
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cluster({})", self.name)
    }
}

impl Cluster {
    /// The namespace of the context.
    pub fn default_namespace(&self) -> &str {
        &self.namespace
    }

    /// Calls `take` for all objects of some kinds.
    ///
    /// ReplicaSets of Deployments and Jobs of CronJobs are left out: their owners stand for them.
    pub fn read(&self, kinds: Kinds<'_>, selection: &Selection, watch: &dyn Watch, take: Take<'_>) -> Unread {
        let mut unread = Unread::default();
        let mut resources: Vec<Resource> = Resource::of_pods();
        let declared = match kinds {
            Kinds::Pods => {
                resources.truncate(1);
                Vec::new()
            }
            Kinds::Workloads(policies) => policies.map(Policies::pod_templates).unwrap_or_default(),
        };
        for (group, kind) in declared {
            match self.discover(&group, &kind) {
                Ok(resource) => resources.extend(resource),
                Err(error) => unread.fail(error.into()),
            }
        }
        let mut take = |object: Object| if is_stood_for(&object) { Ok(()) } else { take(object) };
        let mut refused = Refused::default();
        for resource in &resources {
            match self.list(resource, selection, watch, &mut take) {
                Ok(more) => unread.append(more),
                Err(Refusal::Forbidden(user)) => refused.add(resource, user),
                Err(Refusal::Missing) => {}
                Err(Refusal::Other(error)) => {
                    unread.fail(error.into());
                    break;
                }
            }
        }
        if let Some(error) = refused.error("list", selection.namespace.as_deref()) {
            unread.fail(error.into());
        }
        unread
    }

    /// All objects of some resources; those that the server does not have are left out.
    fn all(&self, resources: &[Resource], selection: &Selection) -> Result<Vec<Object>, Error> {
        let mut objects = Vec::new();
        let mut refused = Refused::default();
        for resource in resources {
            let mut take = |object| {
                objects.push(object);
                Ok(())
            };
            match self.list(resource, selection, &Unwatched, &mut take) {
                Ok(unread) => unread.conclude(()).map_err(Error::new)?,
                Err(Refusal::Forbidden(user)) => refused.add(resource, user),
                Err(Refusal::Missing) => {}
                Err(Refusal::Other(error)) => return Err(error),
            }
        }
        let scope =
            selection.namespace.as_deref().filter(|_| resources.iter().all(|known| known.is_namespaced));
        refused.error("list", scope).map_or(Ok(objects), Err)
    }

    fn text(&self, request: http::Request<Vec<u8>>) -> Result<String, Refusal> {
        self.runtime.block_on(self.client.request_text(request)).map_err(|error| self.refusal(error))
    }

    fn refusal(&self, error: kube::Error) -> Refusal {
        Refusal::of(error, &self.name)
    }
}

/// Whether another object that is read stands for this one.
fn is_stood_for(object: &Object) -> bool {
    let owner = object.made_by.as_ref().map(|owner| &*owner.kind);
    matches!((&*object.kind, owner), ("ReplicaSet", Some("Deployment")) | ("Job", Some("CronJob")))
}
