//! One object of a cluster, and the resource of a kind.

use kube::api::GetParams;
use kube::core::Request;
use serde_json::Value;

use super::{Cluster, Refusal, Refused, Resource};
use crate::error::{Error, Outcome};
use crate::input::Text;
use crate::policies::Policies;
use crate::report;
use crate::target::Target;

impl Cluster {
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

    /// The resource of a kind, in the version that the server prefers; `None` if it has no such kind.
    pub(super) fn discover(&self, group: &str, kind: &str) -> Result<Option<Resource>, Error> {
        let api = if group.is_empty() { "/api/v1".to_owned() } else { format!("/apis/{group}") };
        let get = |path: &str| -> Result<Option<Value>, Error> {
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
    Request::new(folder).get(name, &GetParams::default())
}

/// An object as people read it: YAML without what the server keeps for itself.
fn laid_out(json: &str) -> Result<String, String> {
    let mut value: Value = serde_json::from_str(json).map_err(|error| error.to_string())?;
    if let Some(object) = value.as_object_mut() {
        object.shift_remove("status");
    }
    if let Some(metadata) = value.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.shift_remove("managedFields");
    }
    report::to_yaml(&value)
}
