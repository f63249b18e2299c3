//! Host calls of a policy, in the form in which kwctl records them.

use std::{collections::BTreeSet, fmt};

use serde::{Deserialize, Serialize};

use crate::{
    access_review::{CanI, SubjectAccessReview},
    host_calls::HostCall,
};

/// A host call, under kwctl's names for calls and their fields.
#[derive(Debug, Deserialize, Serialize, PartialEq, Eq)]
pub(crate) enum Question {
    KubernetesCanI { request: SubjectAccessReview, disable_cache: bool },
    KubernetesGetResource(Get),
    KubernetesListResourceAll(List),
    KubernetesListResourceNamespace(List),
    OciManifestDigest { image: String },
    OciManifest { image: String },
    OciManifestAndConfig { image: String },
    DNSLookupHost { host: String },
}

#[derive(Debug, Deserialize, Serialize, PartialEq, Eq)]
pub(crate) struct Get {
    api_version: String,
    kind: String,
    name: String,
    namespace: Option<String>,
    disable_cache: bool,
    field_masks: Option<BTreeSet<String>>,
}

#[derive(Debug, Deserialize, Serialize, PartialEq, Eq)]
pub(crate) struct List {
    api_version: String,
    kind: String,
    namespace: Option<String>,
    label_selector: Option<String>,
    field_selector: Option<String>,
    field_masks: Option<BTreeSet<String>>,
}

impl Question {
    /// The host call of a policy; an error if it cannot be compared with a recording.
    pub(crate) fn of(call: &HostCall<'_>) -> Result<Self, String> {
        let question = match (call.namespace, call.operation) {
            ("kubernetes", "can_i") => {
                parse(call).map(|CanI { subject_access_review: request, disable_cache }| {
                    Self::KubernetesCanI { request, disable_cache }
                })
            }
            ("kubernetes", "get_resource") => parse(call).map(Self::KubernetesGetResource),
            ("kubernetes", "list_resources_all") => parse(call).map(Self::KubernetesListResourceAll),
            ("kubernetes", "list_resources_by_namespace") => {
                parse(call).map(Self::KubernetesListResourceNamespace)
            }
            ("oci", "v1/manifest_digest") => parse(call).map(|image| Self::OciManifestDigest { image }),
            ("oci", "v1/oci_manifest") => parse(call).map(|image| Self::OciManifest { image }),
            ("oci", "v1/oci_manifest_config") => {
                parse(call).map(|image| Self::OciManifestAndConfig { image })
            }
            ("net", "v1/dns_lookup_host") => parse(call).map(|host| Self::DNSLookupHost { host }),
            (namespace, operation) => return Err(format!("this host cannot replay {namespace}/{operation}")),
        };
        question.map_err(|error| error.to_string())
    }
}

fn parse<'a, T: Deserialize<'a>>(call: &HostCall<'a>) -> Result<T, serde_json::Error> {
    serde_json::from_slice(call.payload)
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}
