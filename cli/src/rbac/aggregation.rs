//! Aggregated ClusterRoles.
//!
//! A controller of the cluster fills such a role with the rules of the ClusterRoles that its selectors match, and
//! overwrites any rules written in it (`pkg/controller/clusterroleaggregation` in kubernetes/kubernetes). A
//! dump shows the result; a chart shows rules that a cluster would discard, or none.

use std::collections::BTreeMap;

use super::role::{Expression, Role, Rule, Selector};
use crate::input::Object;

/// The rules of each role, in the order of the roles.
pub(super) fn rules(roles: &[(&Object, Role)]) -> Vec<Vec<Rule>> {
    let selected: Vec<Option<Vec<usize>>> = roles.iter().map(|role| selected(role, roles)).collect();
    (0..roles.len())
        .map(|role| {
            // A selected role may be an aggregated one itself.
            let (mut rules, mut seen, mut open) = (Vec::new(), vec![false; roles.len()], vec![role]);
            while let Some(next) = open.pop() {
                if seen.get_mut(next).is_none_or(|seen| std::mem::replace(seen, true)) {
                    continue;
                }
                match selected.get(next) {
                    Some(Some(more)) => open.extend(more.iter().rev()),
                    _ => rules.extend(
                        roles.get(next).iter().flat_map(|(_, role)| role.rules.iter().flatten()).cloned(),
                    ),
                }
            }
            rules
        })
        .collect()
}

/// The roles that an aggregated role takes its rules from; `None` for a role with rules of its own.
fn selected((object, role): &(&Object, Role), roles: &[(&Object, Role)]) -> Option<Vec<usize>> {
    let rule = role.aggregation_rule.as_ref().filter(|_| object.kind == "ClusterRole")?;
    let selectors = || rule.cluster_role_selectors.iter().flatten();
    let matches = |(other, role): &(&Object, Role)| {
        let none = BTreeMap::new();
        let labels = role.metadata.labels.as_ref().unwrap_or(&none);
        other.kind == "ClusterRole"
            && other.name != object.name
            && selectors().any(|selector| selector.matches(labels))
    };
    Some(roles.iter().enumerate().filter(|(_, other)| matches(other)).map(|(index, _)| index).collect())
}

impl Selector {
    fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        self.match_labels.iter().flatten().all(|(key, value)| labels.get(key) == Some(value))
            && self.match_expressions.iter().flatten().all(|expression| expression.matches(labels))
    }
}

impl Expression {
    fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        let label = labels.get(&self.key);
        let listed = || label.is_some_and(|label| self.values.iter().flatten().any(|value| value == label));
        match &*self.operator {
            "In" => listed(),
            "NotIn" => !listed(),
            "Exists" => label.is_some(),
            "DoesNotExist" => label.is_none(),
            // The API server accepts no other operator.
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use pod_security_policy::admission::Cluster as _;
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::super::tests::{asks, binding};
    use super::*;
    use crate::rbac::Rbac;

    fn rule(policy: &str) -> Value {
        json!([{"apiGroups": ["policy"], "resources": ["podsecuritypolicies"], "resourceNames": [policy], "verbs": ["use"]}])
    }

    fn role(name: &str, labels: Value, rules: Value, selectors: Value) -> Object {
        let aggregation = (!selectors.is_null()).then(|| json!({"clusterRoleSelectors": selectors}));
        Object::of_value(&json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
            "metadata": {"name": name, "labels": labels}, "rules": rules, "aggregationRule": aggregation}))
    }

    /// The role `r` is bound; which of three policies does it grant?
    #[rstest]
    #[case::by_label(json!([{"matchLabels": {"for": "r"}}]), [true, false, false])]
    #[case::by_expression(json!([{"matchExpressions": [{"key": "for", "operator": "In", "values": ["r", "s"]}]}]), [true, false, false])]
    #[case::by_absence(json!([{"matchExpressions": [{"key": "for", "operator": "DoesNotExist"}]}]), [false, true, false])]
    #[case::by_difference(json!([{"matchExpressions": [{"key": "for", "operator": "NotIn", "values": ["r"]}]}]), [false, true, false])]
    #[case::by_presence(json!([{"matchExpressions": [{"key": "for", "operator": "Exists"}]}]), [true, false, false])]
    #[case::by_both(json!([{"matchLabels": {"for": "r"}, "matchExpressions": [{"key": "not", "operator": "Exists"}]}]), [false, false, false])]
    #[case::by_several(json!([{"matchLabels": {"for": "r"}}, {"matchLabels": {"for": "x"}}]), [true, false, false])]
    #[case::everything(json!([{}]), [true, true, false])]
    #[case::nothing(json!([]), [false, false, false])]
    #[case::none(json!(null), [false, false, true])]
    fn an_aggregated_role_grants_what_the_selected_grant(
        #[case] selectors: Value,
        #[case] expected: [bool; 3],
    ) {
        let objects = [
            role("labelled", json!({"for": "r"}), rule("a"), json!(null)),
            role("plain", json!(null), rule("b"), json!(null)),
            role("r", json!({"for": "r"}), rule("own"), selectors),
            binding(None, json!({"kind": "ServiceAccount", "name": "web", "namespace": "shop"})),
        ];
        let rbac = Rbac::of(&objects, "default").unwrap();
        let granted = ["a", "b", "own"].map(|policy| rbac.may_use(&asks(policy, "shop")).unwrap());
        assert_eq!(granted, expected);
    }

    #[test]
    fn roles_that_select_one_another_end() {
        let objects = [
            role("r", json!({"for": "s"}), rule("own"), json!([{"matchLabels": {"for": "r"}}])),
            role("s", json!({"for": "r"}), rule("own"), json!([{"matchLabels": {"for": "s"}}])),
            role("t", json!({"for": "s"}), rule("a"), json!(null)),
            binding(None, json!({"kind": "ServiceAccount", "name": "web", "namespace": "shop"})),
        ];
        let rbac = Rbac::of(&objects, "default").unwrap();
        let granted = ["a", "own"].map(|policy| rbac.may_use(&asks(policy, "shop")).unwrap());
        assert_eq!(granted, [true, false]);
    }
}
