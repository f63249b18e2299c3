//! Roles as they are written.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A Role or a ClusterRole.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Role {
    pub(super) rules: Option<Vec<Rule>>,
    /// Set on ClusterRoles whose rules are aggregated from others.
    pub(super) aggregation_rule: Option<AggregationRule>,
    pub(super) metadata: Labelled,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Labelled {
    pub(super) labels: Option<BTreeMap<String, String>>,
}

#[derive(Clone, Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Rule {
    pub(super) api_groups: Option<Vec<String>>,
    pub(super) resources: Option<Vec<String>>,
    pub(super) resource_names: Option<Vec<String>>,
    pub(super) verbs: Option<Vec<String>>,
}

/// The selectors of the aggregated ClusterRoles.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct AggregationRule {
    pub(super) cluster_role_selectors: Option<Vec<Selector>>,
}

/// A `metav1.LabelSelector`: all of it must match; an empty one matches everything.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Selector {
    pub(super) match_labels: Option<BTreeMap<String, String>>,
    pub(super) match_expressions: Option<Vec<Expression>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Expression {
    pub(super) key: String,
    pub(super) operator: String,
    pub(super) values: Option<Vec<String>>,
}
