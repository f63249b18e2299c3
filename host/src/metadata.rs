//! The metadata of a policy: `metadata.yml`, which goes into the module as a custom section.
//!
//! The fields, their order and the checks are those of kwctl, so that the section is identical to the byte whichever
//! tool wrote it. An unknown key is an error here: otherwise a misspelt `backgroundAudit` would be ignored silently.

use std::collections::{BTreeMap, BTreeSet};

use semver::Version;
use serde::{Deserialize, Serialize};

use crate::{Error, yaml};

/// The annotation that holds the README.
const USAGE: &str = "io.kubewarden.policy.usage";

/// The metadata of a policy.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Metadata {
    /// The protocol version of the module: detected, not configured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol_version: Option<String>,
    /// The rules to register for.
    pub rules: Vec<Rule>,
    /// Descriptive fields: title, author, usage.
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
    /// Whether the policy changes objects.
    pub mutating: bool,
    /// Whether the audit scanner should run it.
    #[serde(default = "yes")]
    pub background_audit: bool,
    /// The execution mode of the module.
    #[serde(default)]
    pub execution_mode: ExecutionMode,
    /// The type of the policy.
    #[serde(default)]
    pub policy_type: PolicyType,
    /// The objects of the cluster that it reads.
    #[serde(default)]
    pub context_aware_resources: BTreeSet<Resource>,
    /// The host capabilities that it uses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_capabilities: Option<BTreeSet<String>>,
    /// The oldest Kubewarden that can run it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_kubewarden_version: Option<Version>,
}

/// Operations on resources, as a webhook registers for them.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(missing_docs, reason = "the API's own names")]
pub struct Rule {
    pub api_groups: Vec<String>,
    pub api_versions: Vec<String>,
    pub resources: Vec<String>,
    pub operations: Vec<Operation>,
}

/// An operation on an object.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "the API's own names")]
pub enum Operation {
    Create,
    Update,
    Delete,
    Connect,
    #[serde(rename = "*")]
    All,
}

/// A kind of object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(missing_docs, reason = "the API's own names")]
pub struct Resource {
    pub api_version: String,
    pub kind: String,
}

/// The execution mode of a module. This host supports one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize, Serialize)]
pub enum ExecutionMode {
    /// By waPC calls.
    #[default]
    #[serde(rename = "kubewarden-wapc")]
    KubewardenWapc,
}

/// The type of a policy.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PolicyType {
    /// Admission requests.
    #[default]
    Kubernetes,
    /// Any JSON.
    Raw,
}

const fn yes() -> bool {
    true
}

impl Metadata {
    /// Reads `metadata.yml`.
    ///
    /// # Errors
    ///
    /// When it is not YAML, has another structure, or registers for rules that Kubernetes would reject.
    pub fn from_yaml(text: &str) -> Result<Self, Error> {
        let metadata: Self = yaml::read(text)?;
        match metadata.problem() {
            Some(problem) => Err(Error::MetadataRefused(problem)),
            None => Ok(metadata),
        }
    }

    /// Adds the annotations that come from the module and the documents.
    #[must_use]
    pub fn completed(mut self, protocol_version: String, usage: Option<String>) -> Self {
        self.protocol_version = Some(protocol_version);
        self.annotations.extend(usage.map(|usage| (USAGE.to_owned(), usage)));
        self
    }

    /// A required annotation.
    pub(crate) fn annotation(&self, key: &str) -> Result<&str, Error> {
        match self.annotations.get(key).map(|value| value.trim()) {
            Some(value) if !value.is_empty() => Ok(value),
            _ => Err(Error::MetadataRefused(format!("annotations[{key}]: Required value"))),
        }
    }

    fn problem(&self) -> Option<String> {
        self.rules.iter().enumerate().find_map(|(index, rule)| {
            let (field, problem) = rule.problem()?;
            Some(format!("rules[{index}].{field}: {problem}"))
        })
    }
}

impl Rule {
    fn problem(&self) -> Option<(&'static str, &'static str)> {
        let all = |list: &[String]| list.len() > 1 && list.iter().any(|element| element == "*");
        let lists = [
            ("apiGroups", self.api_groups.is_empty(), all(&self.api_groups)),
            ("apiVersions", self.api_versions.is_empty(), all(&self.api_versions)),
            ("resources", self.resources.is_empty(), all(&self.resources)),
            (
                "operations",
                self.operations.is_empty(),
                self.operations.len() > 1 && self.operations.contains(&Operation::All),
            ),
        ];
        lists.into_iter().find_map(|(field, empty, more_than_all)| match (empty, more_than_all) {
            (true, _) => Some((field, "must not be empty")),
            (_, true) => Some((field, "`*` stands for all, so it must stand alone")),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const LEAST: &str = "rules: [{apiGroups: [''], apiVersions: [v1], resources: [pods], operations: [CREATE]}]\nmutating: true\n";

    #[test]
    fn what_is_left_out_has_the_defaults_of_kwctl() {
        let metadata = Metadata::from_yaml(LEAST).unwrap().completed("v1".to_owned(), None);

        assert_eq!(
            serde_json::to_string(&metadata).unwrap(),
            r#"{"protocolVersion":"v1","rules":[{"apiGroups":[""],"apiVersions":["v1"],"resources":["pods"],"operations":["CREATE"]}],"annotations":{},"mutating":true,"backgroundAudit":true,"executionMode":"kubewarden-wapc","policyType":"kubernetes","contextAwareResources":[]}"#
        );
    }

    #[rstest]
    #[case::no_group("apiGroups: ['']", "apiGroups: []", "rules[0].apiGroups: must not be empty")]
    #[case::no_operation("operations: [CREATE]", "operations: []", "rules[0].operations: must not be empty")]
    #[case::all_and_one(
        "operations: [CREATE]",
        "operations: ['*', CREATE]",
        "rules[0].operations: `*` stands for all, so it must stand alone"
    )]
    #[case::all_resources_and_one(
        "resources: [pods]",
        "resources: ['*', pods]",
        "rules[0].resources: `*` stands for all, so it must stand alone"
    )]
    fn registrations_that_kubernetes_refuses_are_refused(
        #[case] good: &str,
        #[case] bad: &str,
        #[case] expected: &str,
    ) {
        let error = Metadata::from_yaml(&LEAST.replace(good, bad)).unwrap_err();

        assert_eq!(error.to_string(), format!("metadata: {expected}"));
    }

    #[test]
    fn a_misspelt_key_is_an_error() {
        let error = Metadata::from_yaml(&format!("{LEAST}backgroundAudits: true\n")).unwrap_err();

        assert!(error.to_string().contains("backgroundAudits"), "{error}");
    }
}
