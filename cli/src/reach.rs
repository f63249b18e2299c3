//! Which objects a registration is asked about.

use serde_json::Value;

use crate::input::Object;

/// The rules and selectors of a registration, as far as manifests can tell.
#[derive(Debug, Default)]
pub(crate) struct Reach {
    /// API groups and resources; nothing for all.
    rules: Option<Vec<(Vec<String>, Vec<String>)>>,
    /// The namespace of an `AdmissionPolicy`.
    namespace: Option<String>,
    /// What is demanded of the namespace's name: the values, and whether the name must be one of them.
    names: Vec<(Vec<String>, bool)>,
    /// Conditions that need a cluster to be told.
    untold: Vec<&'static str>,
}

/// The label that every namespace has.
const NAME: &str = "kubernetes.io/metadata.name";

impl Reach {
    /// Every object that carries pods.
    pub(crate) fn everything() -> Self {
        Reach::default()
    }

    /// The reach of a registration.
    pub(crate) fn of(registration: &Value, namespace: Option<&str>) -> Self {
        let list = |value: &Value, key: &str| -> Vec<String> {
            let elements = value.get(key).and_then(Value::as_array);
            elements.into_iter().flatten().filter_map(|element| element.as_str().map(str::to_owned)).collect()
        };
        let rules = registration.pointer("/spec/rules").and_then(Value::as_array);
        let created = |rule: &&Value| {
            list(rule, "operations").iter().any(|operation| operation == "CREATE" || operation == "*")
        };
        let rules = rules.map(|rules| {
            rules
                .iter()
                .filter(created)
                .map(|rule| (list(rule, "apiGroups"), list(rule, "resources")))
                .collect()
        });
        let mut reach = Reach { rules, namespace: namespace.map(str::to_owned), ..Reach::default() };
        let expressions =
            registration.pointer("/spec/namespaceSelector/matchExpressions").and_then(Value::as_array);
        for expression in expressions.into_iter().flatten() {
            let operator = expression.get("operator").and_then(Value::as_str);
            match (expression.get("key").and_then(Value::as_str), operator) {
                (Some(NAME), Some("In")) => reach.names.push((list(expression, "values"), true)),
                (Some(NAME), Some("NotIn")) => reach.names.push((list(expression, "values"), false)),
                _ => reach.untold.push("spec.namespaceSelector"),
            }
        }
        for (pointer, name) in [
            ("/spec/objectSelector", "spec.objectSelector"),
            ("/spec/matchConditions", "spec.matchConditions"),
        ] {
            let is_empty = |value: &Value| {
                value.as_object().is_some_and(serde_json::Map::is_empty)
                    || value.as_array().is_some_and(Vec::is_empty)
            };
            if registration.pointer(pointer).is_some_and(|value| !is_empty(value)) {
                reach.untold.push(name);
            }
        }
        reach.untold.dedup();
        reach
    }

    /// Whether the creation of the object is asked about.
    pub(crate) fn covers(&self, object: &Object, namespace: &str) -> bool {
        self.covers_all(object.group(), &format!("{}s", object.kind.to_lowercase()), namespace)
    }

    /// Whether the creation of pods is asked about, in a namespace.
    pub(crate) fn covers_pods_in(&self, namespace: &str) -> bool {
        self.covers_all("", "pods", namespace)
    }

    fn covers_all(&self, group: &str, resource: &str, namespace: &str) -> bool {
        let named =
            self.names.iter().all(|(names, wanted)| names.iter().any(|name| name == namespace) == *wanted);
        let here = self.namespace.as_deref().is_none_or(|own| own == namespace);
        let has = |list: &[String], wanted: &str| list.iter().any(|name| name == wanted || name == "*");
        let ruled = self.rules.as_ref().is_none_or(|rules| {
            rules.iter().any(|(groups, resources)| has(groups, group) && has(resources, resource))
        });
        named && here && ruled
    }

    /// What cannot be told without a cluster.
    pub(crate) fn caveat(&self) -> Option<String> {
        (!self.untold.is_empty()).then(|| {
            let counts = if self.untold.len() == 1 { "counts" } else { "count" };
            let untold = self.untold.join(" and ");
            format!("{untold} cannot be judged without a cluster and {counts} as matching")
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(kind: &str, api_version: &str) -> Object {
        Object::of_value(&json!({"kind": kind, "apiVersion": api_version, "metadata": {"name": "x"}}))
    }

    #[test]
    fn rules_and_namespaces_decide() {
        let registration = json!({"spec": {
            "rules": [
                {"apiGroups": [""], "resources": ["pods"], "operations": ["CREATE"]},
                {"apiGroups": ["apps"], "resources": ["deployments"], "operations": ["UPDATE"]},
            ],
            "namespaceSelector": {"matchExpressions": [{"key": NAME, "operator": "NotIn", "values": ["kube-system"]}]},
        }});
        let reach = Reach::of(&registration, None);
        assert!(reach.covers(&object("Pod", "v1"), "shop"));
        assert!(!reach.covers(&object("Pod", "v1"), "kube-system"));
        assert!(!reach.covers(&object("Deployment", "apps/v1"), "shop"), "only its creation matters");
        assert_eq!(reach.caveat(), None);
        assert!(!Reach::of(&registration, Some("other")).covers(&object("Pod", "v1"), "shop"));
    }

    #[test]
    fn what_needs_a_cluster_is_told() {
        let registration = json!({"spec": {"namespaceSelector": {"matchExpressions": [{"key": "team", "operator": "Exists"}]},
            "objectSelector": {}, "matchConditions": [{"name": "a"}]}});
        assert_eq!(
            Reach::of(&registration, None).caveat().unwrap(),
            "spec.namespaceSelector and spec.matchConditions cannot be judged without a cluster and count as matching"
        );
    }
}
