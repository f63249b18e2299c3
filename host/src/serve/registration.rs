//! `policies.yml`: which policies are served, in the form of the policy server.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::capabilities::Capabilities;
use crate::{Error, request::Settings, yaml};

/// A policy as `policies.yml` registers it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Registration {
    /// The file of the module.
    pub(crate) module: String,
    /// What a rejection does.
    pub(crate) mode: PolicyMode,
    /// Whether the policy may change objects.
    pub(crate) allowed_to_mutate: bool,
    /// The settings.
    pub(crate) settings: Settings,
    /// What the author of a rejected object reads instead of the policy's message.
    pub(crate) message: Option<String>,
    /// The time limit of an evaluation in seconds, if it has one of its own.
    pub(crate) timeout: Option<u64>,
    /// The host calls that the policy may make.
    pub(crate) capabilities: Capabilities,
    /// Whether the policy may read objects of the cluster, which this server never does for it.
    pub(crate) reads_objects: bool,
}

/// What a rejection does.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum PolicyMode {
    /// It is logged, and the object passes as it is.
    Monitor,
    /// The object is rejected.
    #[default]
    Protect,
}

impl PolicyMode {
    /// As metrics name it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Monitor => "monitor",
            Self::Protect => "protect",
        }
    }
}

/// An entry of the file. As on the policy server, keys that are not known are ignored: the controller writes some.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    module: Option<String>,
    #[serde(default)]
    policy_mode: PolicyMode,
    allowed_to_mutate: Option<bool>,
    settings: Option<Value>,
    #[serde(default)]
    context_aware_resources: Vec<Value>,
    message: Option<String>,
    timeout_eval_seconds: Option<u64>,
    #[serde(default)]
    host_capabilities: Vec<String>,
    policies: Option<Value>,
    expression: Option<Value>,
}

/// Reads `policies.yml`.
///
/// All entries are read before an error is returned, which then names each problem.
pub(crate) fn read(text: &str) -> Result<BTreeMap<String, Registration>, Error> {
    let entries: BTreeMap<String, Entry> = yaml::read(text)?;
    let mut registrations = BTreeMap::new();
    let mut errors = Vec::new();
    for (name, entry) in entries {
        match entry.registration(&name) {
            Ok(registration) => {
                registrations.insert(name, registration);
            }
            Err(error) => errors.push(error.in_policy(&name)),
        }
    }
    Error::all(errors)?;
    Ok(registrations)
}

impl Entry {
    fn registration(self, name: &str) -> Result<Registration, Error> {
        let refused = |reason: &str| Err(Error::RegistrationRefused(reason.to_owned()));
        if name.is_empty() || name.contains('/') {
            return refused("a name has at least one character, and no `/`");
        }
        if self.policies.is_some() || self.expression.is_some() {
            return refused("is a group of policies, which only Kubewarden's policy server evaluates");
        }
        let Some(module) = self.module else {
            return refused("has no `module`: the file of a module");
        };
        let module = match module.split_once("://") {
            Some(("file", path)) => path.to_owned(),
            Some((scheme, _)) => {
                let reason = format!(
                    "module is a `{scheme}` URL, and only files are read: save it first with `kwctl pull --output-path`"
                );
                return refused(&reason);
            }
            None => module,
        };
        Ok(Registration {
            module,
            mode: self.policy_mode,
            allowed_to_mutate: self.allowed_to_mutate.unwrap_or_default(),
            settings: self.settings.unwrap_or_default().try_into()?,
            message: self.message,
            timeout: self.timeout_eval_seconds,
            capabilities: Capabilities::read(&self.host_capabilities)?,
            reads_objects: !self.context_aware_resources.is_empty(),
        })
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_the_controller_writes_is_read() {
        let text = r#"{"clusterwide-psp": {"namespacedName": {"Namespace": "", "Name": "psp"},
            "module": "file:///policies/psp.wasm", "policyMode": "monitor", "allowedToMutate": true,
            "contextAwareResources": [{"apiVersion": "v1", "kind": "Namespace"}], "settings": {"privileged": false},
            "message": "ask the platform team", "timeoutEvalSeconds": 5, "hostCapabilities": ["*"]}}"#;

        let expected = Registration {
            module: "/policies/psp.wasm".to_owned(),
            mode: PolicyMode::Monitor,
            allowed_to_mutate: true,
            settings: json!({"privileged": false}).try_into().unwrap(),
            message: Some("ask the platform team".to_owned()),
            timeout: Some(5),
            capabilities: Capabilities::read(&["*".to_owned()]).unwrap(),
            reads_objects: true,
        };
        assert_eq!(read(text).unwrap(), BTreeMap::from([("clusterwide-psp".to_owned(), expected)]));
    }

    #[test]
    fn what_is_left_out_has_the_policy_servers_defaults() {
        let expected = Registration {
            module: "psp.wasm".to_owned(),
            mode: PolicyMode::Protect,
            allowed_to_mutate: false,
            settings: Settings::default(),
            message: None,
            timeout: None,
            capabilities: Capabilities::default(),
            reads_objects: false,
        };
        let read = read("psp:\n  module: psp.wasm\n  settings: null\n").unwrap();
        assert_eq!(read, BTreeMap::from([("psp".to_owned(), expected)]));
    }

    #[rstest]
    #[case::group(
        "g: {expression: a(), policies: {a: {module: a.wasm}}, message: no}",
        "policy `g`: is a group of policies, which only Kubewarden's policy server evaluates"
    )]
    #[case::no_module("a: {policyMode: protect}", "policy `a`: has no `module`: the file of a module")]
    #[case::slash("a/b: {module: a.wasm}", "policy `a/b`: a name has at least one character, and no `/`")]
    #[case::registry(
        "a: {module: 'registry://ghcr.io/a:v1'}",
        "policy `a`: module is a `registry` URL, and only files are read: save it first with `kwctl pull --output-path`"
    )]
    #[case::settings(
        "a: {module: a.wasm, settings: [1]}",
        "policy `a`: settings are neither an object nor empty"
    )]
    #[case::each(
        "a: {}\nb: {}",
        "policy `a`: has no `module`: the file of a module\npolicy `b`: has no `module`: the file of a module"
    )]
    fn others_are_refused_by_name(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(read(text).unwrap_err().to_string(), expected);
    }
}
