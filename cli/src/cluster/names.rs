//! Names of what is in a cluster, for the completion of commands. Without the right to list them there are none.

use kube::config::Kubeconfig;
use kube::core::Request;
use kube::core::params::ListParams;
use serde::Deserialize;

use super::{Access, Cluster, Resource};
use crate::target::Target;

/// More names are not looked through by a person.
const NAMES: u32 = 500;

#[derive(Deserialize)]
struct List {
    items: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    metadata: Metadata,
}

#[derive(Deserialize)]
struct Metadata {
    name: String,
}

/// The contexts of a kubeconfig.
pub fn contexts(access: &Access) -> Vec<String> {
    let known = match &access.kubeconfig {
        Some(path) => Kubeconfig::read_from(path),
        None => Kubeconfig::read(),
    };
    known.map(|known| known.contexts.into_iter().map(|context| context.name).collect()).unwrap_or_default()
}

impl Cluster {
    /// The namespaces.
    pub fn namespaces(&self) -> Vec<String> {
        self.names(&Resource::of_namespaces(), None)
    }

    /// The pods or workloads of a kind in a namespace.
    pub fn objects(&self, target: &Target, namespace: &str) -> Vec<String> {
        let known = Resource::of_pods().into_iter().find(|known| target.is_kind(&known.kind));
        known.map(|resource| self.names(&resource, Some(namespace))).unwrap_or_default()
    }

    /// Metadata alone is sent.
    fn names(&self, resource: &Resource, namespace: Option<&str>) -> Vec<String> {
        let parameters = ListParams { limit: Some(NAMES), ..ListParams::default() };
        let request = Request::new(resource.path(namespace)).list_metadata(&parameters);
        let text = request.ok().and_then(|request| self.text(request).ok());
        let list = text.and_then(|text| serde_json::from_str::<List>(&text).ok());
        list.map(|list| list.items.into_iter().map(|item| item.metadata.name).collect()).unwrap_or_default()
    }
}
