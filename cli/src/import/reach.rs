//! Where a policy of another engine applies.

use serde_json::{Map, Value, json};

/// The label that every namespace has.
const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";

/// The requests that a policy applies to. Policies are combined only where all of it is equal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reach {
    /// The namespace of the policy, if it is one of a namespace.
    pub(crate) namespace: Option<String>,
    /// The policy server that it named.
    pub(crate) policy_server: Option<String>,
    /// Requirements for labels of the namespace, as in `matchExpressions`.
    pub(crate) namespaces: Vec<Value>,
    /// Requirements for labels of the object, as in `matchExpressions`.
    pub(crate) objects: Vec<Value>,
    /// Match conditions: a name and an expression in CEL, all of which must hold.
    pub(crate) conditions: Vec<(String, String)>,
    /// Whether it rejected workloads for their templates. Else templates only cause warnings.
    pub(crate) workloads: bool,
    /// Whether only pods are sent to the policy server, neither workloads nor ephemeral containers.
    pub(crate) pods_only: bool,
    /// What is judged.
    pub(crate) subject: Subject,
}

/// What a policy judges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Subject {
    #[default]
    Pods,
    /// Namespaces themselves, for their labels.
    Namespaces,
}

impl Reach {
    /// Only namespaces with these names.
    pub(crate) fn only_in(&mut self, names: &[String]) {
        self.namespaces.push(requirement(NAMESPACE_NAME, "In", names));
    }

    /// All namespaces but those with these names.
    pub(crate) fn not_in(&mut self, names: &[String]) {
        let mut names = names.to_vec();
        let is_exclusion = |one: &&Value| {
            one.get("key").is_some_and(|key| key == NAMESPACE_NAME)
                && one.get("operator").is_some_and(|operator| operator == "NotIn")
        };
        for known in self.namespaces.iter().filter(is_exclusion) {
            let values = known.get("values").and_then(Value::as_array);
            names.retain(|name| !values.is_some_and(|values| values.iter().any(|value| value == name)));
        }
        if !names.is_empty() {
            self.namespaces.push(requirement(NAMESPACE_NAME, "NotIn", &names));
        }
    }
}

/// A requirement as in `matchExpressions`.
pub(crate) fn requirement(key: &str, operator: &str, values: &[String]) -> Value {
    json!({"key": key, "operator": operator, "values": values})
}

/// The requirements of a label selector. Those of `matchLabels` become expressions, because Kubewarden's controller ignores
/// them in a `namespaceSelector`.
pub(crate) fn requirements(selector: Option<&Value>) -> Vec<Value> {
    let labels = selector.and_then(|selector| selector.get("matchLabels")).and_then(Value::as_object);
    let labels = labels.into_iter().flat_map(Map::iter);
    let labels = labels.map(|(key, value)| json!({"key": key, "operator": "In", "values": [value]}));
    let expressions =
        selector.and_then(|selector| selector.get("matchExpressions")).and_then(Value::as_array);
    labels.chain(expressions.into_iter().flatten().cloned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_is_left_out_once() {
        let mut reach = Reach::default();
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        reach.not_in(&names(&["kube-system", "a"]));
        reach.not_in(&names(&["kube-system"]));
        reach.not_in(&names(&["a", "b"]));
        assert_eq!(
            reach.namespaces,
            [
                requirement(NAMESPACE_NAME, "NotIn", &names(&["kube-system", "a"])),
                requirement(NAMESPACE_NAME, "NotIn", &names(&["b"]))
            ]
        );
    }

    #[test]
    fn labels_become_expressions() {
        let selector = json!({"matchLabels": {"a": "b"},
            "matchExpressions": [{"key": "c", "operator": "Exists"}]});
        assert_eq!(
            requirements(Some(&selector)),
            [
                json!({"key": "a", "operator": "In", "values": ["b"]}),
                json!({"key": "c", "operator": "Exists"})
            ]
        );
        assert_eq!(requirements(None), Vec::<Value>::new());
    }
}
