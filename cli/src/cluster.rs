//! The cluster of a kubeconfig. It is read page by page, and never written to.

mod connection;
mod grants;
mod list;
mod refusal;
mod resource;

use std::fmt;
use std::sync::Arc;

use kube::Client;
use kube::core::Request;
use tokio::runtime::Runtime;

use crate::error::{Error, Outcome};
use crate::input::{Object, Take, Text, Unread, Unwatched, Watch};
use crate::policies::{self, Modules, Policies};
use crate::rbac::{Authority, Rbac};
use crate::report;
use crate::target::Target;

pub use connection::Access;
use grants::Reviews;
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
            .create(&kube::api::PostParams::default(), review.as_bytes().to_vec())
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
        let answer: serde_json::Value = serde_json::from_str(&text).map_err(Error::new)?;
        let user = answer.pointer("/status/userInfo/username").and_then(serde_json::Value::as_str);
        let groups = answer.pointer("/status/userInfo/groups").and_then(serde_json::Value::as_array);
        let groups = groups.into_iter().flatten().filter_map(|group| group.as_str().map(str::to_owned));
        Ok((user.ok_or_else(|| unknown("its answer has no name"))?.to_owned(), groups.collect()))
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

    /// One object, as text: what kubectl's notation refers to.
    ///
    /// # Errors
    ///
    /// If there is no such object, or it may not be read.
    pub fn get(&self, target: &Target, policies: &Policies, namespace: &str) -> Outcome<Text> {
        let known = Resource::of_pods().into_iter().find(|known| target.is_kind(&known.kind));
        let declared = || -> Result<Option<Resource>, Error> {
            for (group, kind) in policies.pod_templates() {
                if target.is_kind(&kind) {
                    return self.discover(&group, &kind);
                }
            }
            Ok(None)
        };
        let resource = match known {
            Some(resource) => resource,
            None => declared()?.ok_or_else(|| {
                Error::new(format_args!("{target} is neither a pod nor a workload that the policies judge"))
            })?,
        };
        let namespace = target.namespace().unwrap_or(namespace);
        let path = format!("{}/{}", resource.path(Some(namespace)), target.name());
        let request = http_get(&path).map_err(Error::new)?;
        let text = self.text(request).map_err(|refusal| match refusal {
            Refusal::Missing => Error::new(format_args!("there is no {target} in namespace {namespace}"))
                .help("-n selects another namespace"),
            Refusal::Forbidden(user) => {
                let mut refused = Refused::default();
                refused.add(&resource, user);
                refused.error("get", Some(namespace)).unwrap_or_else(|| Error::new("forbidden"))
            }
            Refusal::Other(error) => error,
        })?;
        Ok(Text::new(&target.to_string(), laid_out(&text).map_err(Error::new)?))
    }

    fn text(&self, request: http::Request<Vec<u8>>) -> Result<String, Refusal> {
        self.runtime.block_on(self.client.request_text(request)).map_err(|error| self.refusal(error))
    }

    fn refusal(&self, error: kube::Error) -> Refusal {
        Refusal::of(error, &self.name)
    }

    /// The resource of a kind, in the version that the server prefers; `None` if it has no such kind.
    fn discover(&self, group: &str, kind: &str) -> Result<Option<Resource>, Error> {
        let api = if group.is_empty() { "/api/v1".to_owned() } else { format!("/apis/{group}") };
        let get = |path: &str| -> Result<Option<serde_json::Value>, Error> {
            let request = http_get(path).map_err(Error::new)?;
            match self.text(request) {
                Ok(text) => serde_json::from_str(&text).map(Some).map_err(Error::new),
                Err(Refusal::Missing) => Ok(None),
                Err(Refusal::Forbidden(_)) => Err(Error::new(format_args!("you may not read {path}"))),
                Err(Refusal::Other(error)) => Err(error),
            }
        };
        let path = match group {
            "" => api,
            _ => {
                let version = get(&api)?.and_then(|known| {
                    known.pointer("/preferredVersion/groupVersion")?.as_str().map(str::to_owned)
                });
                match version {
                    Some(version) => format!("/apis/{version}"),
                    None => return Ok(None),
                }
            }
        };
        Ok(get(&path)?.and_then(|list| Resource::in_list(&list, kind)))
    }
}

/// A request for one path.
fn http_get(path: &str) -> Result<http::Request<Vec<u8>>, kube::core::request::Error> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    Request::new(folder).get(name, &kube::api::GetParams::default())
}

/// Whether another object that is read stands for this one.
fn is_stood_for(object: &Object) -> bool {
    let owner = object.made_by.as_ref().map(|owner| &*owner.kind);
    matches!((&*object.kind, owner), ("ReplicaSet", Some("Deployment")) | ("Job", Some("CronJob")))
}

/// An object as people read it: YAML without what the server keeps for itself.
fn laid_out(json: &str) -> Result<String, String> {
    let mut value: serde_json::Value = serde_json::from_str(json).map_err(|error| error.to_string())?;
    if let Some(object) = value.as_object_mut() {
        object.shift_remove("status");
    }
    if let Some(metadata) = value.get_mut("metadata").and_then(serde_json::Value::as_object_mut) {
        metadata.shift_remove("managedFields");
    }
    report::to_yaml(&value)
}
