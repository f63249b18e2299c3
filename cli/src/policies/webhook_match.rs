//! The objects that a registration matches.

use serde_json::Value;

use super::labels::Requirement;
use crate::input::Object;

/// The rules and selectors of a registration, as far as manifests are sufficient.
#[derive(Debug, Default)]
pub(crate) struct WebhookMatch {
    /// API groups and resources; `None` for all.
    rules: Option<Vec<(Vec<String>, Vec<String>)>>,
    /// The namespace of an `AdmissionPolicy`.
    namespace: Option<String>,
    /// The required namespace names: the values, and whether the name must be one of them.
    names: Vec<(Vec<String>, bool)>,
    /// Requirements on other labels of the namespace.
    labels: Vec<Requirement>,
    /// Conditions that can only be evaluated in a cluster.
    omitted: Vec<&'static str>,
}

const NAMESPACE_SELECTOR: &str = "spec.namespaceSelector";

/// The label that every namespace has.
const NAME: &str = "kubernetes.io/metadata.name";

impl WebhookMatch {
    /// Every object that carries pods.
    pub(crate) fn everything() -> Self {
        WebhookMatch::default()
    }

    /// The objects that a registration matches.
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
        let mut found =
            WebhookMatch { rules, namespace: namespace.map(str::to_owned), ..WebhookMatch::default() };
        let expressions =
            registration.pointer("/spec/namespaceSelector/matchExpressions").and_then(Value::as_array);
        for expression in expressions.into_iter().flatten() {
            let operator = expression.get("operator").and_then(Value::as_str);
            match (expression.get("key").and_then(Value::as_str), operator) {
                (Some(NAME), Some("In")) => found.names.push((list(expression, "values"), true)),
                (Some(NAME), Some("NotIn")) => found.names.push((list(expression, "values"), false)),
                (key, operator) => {
                    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
                    let values = list(expression, "values");
                    found.labels.push(Requirement { key: text(key), operator: text(operator), values });
                    found.omitted.push(NAMESPACE_SELECTOR);
                }
            }
        }
        for (pointer, name) in [
            ("/spec/objectSelector", "spec.objectSelector"),
            ("/spec/matchConditions", "spec.matchConditions"),
        ] {
            let is_empty = |value: &Value| {
                value.as_object().is_some_and(serde_json::Map::is_empty)
                    || value.as_array().is_some_and(|conditions| conditions.iter().all(concerns_updates))
            };
            if registration.pointer(pointer).is_some_and(|value| !is_empty(value)) {
                found.omitted.push(name);
            }
        }
        found.omitted.dedup();
        found
    }

    /// Whether labels of namespaces make a difference that has not been evaluated.
    pub(crate) fn selects_by_labels(&self) -> bool {
        !self.labels.is_empty()
    }

    /// Evaluates the requirements on labels for the namespaces of a cluster. Others count as having none.
    pub(crate) fn locate(&mut self, namespaces: &[(String, Value)]) {
        for requirement in std::mem::take(&mut self.labels) {
            let is_met_by_others = requirement.is_met(&Value::Null);
            let exceptions =
                namespaces.iter().filter(|(_, labels)| requirement.is_met(labels) != is_met_by_others);
            self.names.push((exceptions.map(|(name, _)| name.clone()).collect(), !is_met_by_others));
        }
        self.omitted.retain(|omitted| *omitted != NAMESPACE_SELECTOR);
    }

    /// Whether the creation of the object matches.
    pub(crate) fn covers(&self, object: &Object, namespace: &str) -> Covered {
        if !self.covers_namespace(namespace) {
            return Covered::No;
        }
        let group = object.group();
        let known = plural(group, &object.kind);
        let guessed = guesses(&object.kind);
        if self.rules_name(group, |name| {
            known.map_or_else(|| guessed.iter().any(|guess| guess == name), |known| known == name)
        }) {
            return Covered::Yes;
        }
        // The plural of a custom resource is only known in a cluster.
        let perhaps = known.is_none() && self.rules_name(group, |name| !is_built_in(group, name));
        if perhaps { Covered::Perhaps } else { Covered::No }
    }

    /// Why an object that is not covered is not.
    pub(crate) fn omission(&self, object: &Object, namespace: &str) -> String {
        match &self.namespace {
            Some(own) if own != namespace => format!("the namespace is not `{own}`"),
            _ if !self.covers_namespace(namespace) => {
                format!("`{NAMESPACE_SELECTOR}` excludes the namespace `{namespace}`")
            }
            _ => format!("`spec.rules` do not match the creation of kind {}", object.kind),
        }
    }

    /// Whether the creation of pods matches, in a namespace.
    pub(crate) fn covers_pods_in(&self, namespace: &str) -> bool {
        self.covers_namespace(namespace) && self.rules_name("", |name| name == "pods")
    }

    fn covers_namespace(&self, namespace: &str) -> bool {
        let named =
            self.names.iter().all(|(names, wanted)| names.iter().any(|name| name == namespace) == *wanted);
        named && self.namespace.as_deref().is_none_or(|own| own == namespace)
    }

    /// Whether a rule matches a resource of a group: `*` stands for all resources, `*/*` for those and their
    /// subresources.
    fn rules_name(&self, group: &str, is_meant: impl Fn(&str) -> bool) -> bool {
        self.rules.as_ref().is_none_or(|rules| {
            rules.iter().any(|(groups, resources)| {
                let ours = groups.iter().any(|name| name == group || name == "*");
                // A name with a slash is a subresource.
                let named =
                    |name: &String| name == "*" || name == "*/*" || (!name.contains('/') && is_meant(name));
                ours && resources.iter().any(named)
            })
        })
    }

    /// Conditions that cannot be evaluated offline.
    pub(crate) fn caveat(&self) -> Option<String> {
        (!self.omitted.is_empty()).then(|| {
            let omitted = self.omitted.join(" and ");
            format!("{omitted} cannot be evaluated offline; assumed to match")
        })
    }
}

/// Whether a registration matches an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Covered {
    Yes,
    No,
    /// Its rules name resources of the object's group, and whether one of them is the object's cannot be evaluated
    /// offline; assumed to match.
    Perhaps,
}

/// The resource of a built-in kind.
fn plural(group: &str, kind: &str) -> Option<&'static str> {
    RESOURCES.iter().find(|(known, name, _)| *known == group && *name == kind).map(|(.., resource)| *resource)
}

fn is_built_in(group: &str, resource: &str) -> bool {
    RESOURCES.iter().any(|(known, _, name)| *known == group && *name == resource)
}

/// The kinds that policies may match: group, kind, resource.
pub(crate) const RESOURCES: &[(&str, &str, &str)] = &[
    ("", "Pod", "pods"),
    ("", "PodTemplate", "podtemplates"),
    ("", "ReplicationController", "replicationcontrollers"),
    ("", "Namespace", "namespaces"),
    ("", "PersistentVolume", "persistentvolumes"),
    ("apps", "Deployment", "deployments"),
    ("apps", "ReplicaSet", "replicasets"),
    ("apps", "StatefulSet", "statefulsets"),
    ("apps", "DaemonSet", "daemonsets"),
    ("batch", "Job", "jobs"),
    ("batch", "CronJob", "cronjobs"),
    ("resource.k8s.io", "ResourceClaim", "resourceclaims"),
    ("resource.k8s.io", "ResourceClaimTemplate", "resourceclaimtemplates"),
];

/// The probable resource name of a kind.
fn guesses(kind: &str) -> [String; 4] {
    let kind = kind.to_lowercase();
    let stem = kind.strip_suffix('y').unwrap_or(&kind);
    [format!("{kind}s"), format!("{kind}es"), format!("{stem}ies"), kind.clone()]
}

/// Whether a match condition excludes nothing but updates, as those of the shipped registrations do: objects are created
/// here. Without a `?`, nothing binds less than the first `||`.
fn concerns_updates(condition: &Value) -> bool {
    let expression = condition.get("expression").and_then(Value::as_str).unwrap_or_default();
    expression.trim_start().starts_with("request.operation != 'UPDATE' ||") && !expression.contains('?')
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
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
        let found = WebhookMatch::of(&registration, None);
        assert_eq!(found.covers(&object("Pod", "v1"), "shop"), Covered::Yes);
        assert_eq!(found.covers(&object("Pod", "v1"), "kube-system"), Covered::No);
        let deployment = object("Deployment", "apps/v1");
        assert_eq!(found.covers(&deployment, "shop"), Covered::No, "only its creation matters");
        assert_eq!(
            found.omission(&deployment, "shop"),
            "`spec.rules` do not match the creation of kind Deployment"
        );
        assert_eq!(
            found.omission(&object("Pod", "v1"), "kube-system"),
            "`spec.namespaceSelector` excludes the namespace `kube-system`"
        );
        assert_eq!(found.caveat(), None);
        let of_other = WebhookMatch::of(&registration, Some("other"));
        assert_eq!(of_other.covers(&object("Pod", "v1"), "shop"), Covered::No);
        assert_eq!(of_other.omission(&object("Pod", "v1"), "shop"), "the namespace is not `other`");
    }

    #[rstest]
    #[case::by_name("apps", "deployments", "Deployment", "apps/v1", Covered::Yes)]
    #[case::every_resource("apps", "*", "Deployment", "apps/v1", Covered::Yes)]
    #[case::every_resource_and_subresource("*", "*/*", "Pod", "v1", Covered::Yes)]
    #[case::every_subresource("", "pods/*", "Pod", "v1", Covered::No)]
    #[case::one_subresource("", "*/scale", "ReplicationController", "v1", Covered::No)]
    #[case::another("apps", "replicasets", "Deployment", "apps/v1", Covered::No)]
    #[case::another_group("batch", "deployments", "Deployment", "apps/v1", Covered::No)]
    #[case::regular("example.com", "rollouts", "Rollout", "example.com/v1", Covered::Yes)]
    #[case::in_es("example.com", "batches", "Batch", "example.com/v1", Covered::Yes)]
    #[case::in_ies("example.com", "proxies", "Proxy", "example.com/v1", Covered::Yes)]
    #[case::the_same("example.com", "sheep", "Sheep", "example.com/v1", Covered::Yes)]
    #[case::irregular("example.com", "indices", "Index", "example.com/v1", Covered::Perhaps)]
    #[case::irregular_of_another_group("example.com", "indices", "Index", "other.com/v1", Covered::No)]
    #[case::irregular_and_every_group("*", "indices", "Index", "other.com/v1", Covered::Perhaps)]
    fn resources_are_those_of_kinds(
        #[case] group: &str,
        #[case] resource: &str,
        #[case] kind: &str,
        #[case] version: &str,
        #[case] expected: Covered,
    ) {
        let rules = json!([{"apiGroups": [group], "resources": [resource], "operations": ["*"]}]);
        let found = WebhookMatch::of(&json!({"spec": {"rules": rules}}), None);
        assert_eq!(found.covers(&object(kind, version), "shop"), expected);
    }

    #[rstest]
    #[case::of_updates("request.operation != 'UPDATE' || object.spec != oldObject.spec", false)]
    #[case::of_everything("object.metadata.name != 'a'", true)]
    #[case::of_creations("request.operation != 'CREATE' || a", true)]
    #[case::chosen("request.operation != 'UPDATE' || a ? b : c", true)]
    fn conditions_of_updates_need_no_cluster(#[case] expression: &str, #[case] needs: bool) {
        let conditions = json!([{"name": "a", "expression": expression}]);
        let matches = WebhookMatch::of(&json!({"spec": {"matchConditions": conditions}}), None);
        assert_eq!(matches.caveat().is_some(), needs);
    }

    #[rstest]
    #[case::listed(json!({"key": "team", "operator": "In", "values": ["a"]}), &["one"])]
    #[case::not_listed(json!({"key": "team", "operator": "NotIn", "values": ["a"]}), &["two", "three", "new"])]
    #[case::present(json!({"key": "team", "operator": "Exists"}), &["one", "two"])]
    #[case::absent(json!({"key": "team", "operator": "DoesNotExist"}), &["three", "new"])]
    fn namespaces_of_a_cluster_are_selected_by_labels(#[case] expression: Value, #[case] expected: &[&str]) {
        let registration = json!({"spec": {"namespaceSelector": {"matchExpressions": [expression]}}});
        let mut found = WebhookMatch::of(&registration, None);
        assert!(found.selects_by_labels() && found.caveat().is_some());
        let namespaces =
            [("one", json!({"team": "a"})), ("two", json!({"team": "b"})), ("three", Value::Null)];
        found.locate(&namespaces.map(|(name, labels)| (name.to_owned(), labels)));
        assert_eq!((found.selects_by_labels(), found.caveat()), (false, None));
        let pod = object("Pod", "v1");
        let covered = ["one", "two", "three", "new"]
            .into_iter()
            .filter(|name| found.covers(&pod, name) == Covered::Yes);
        assert_eq!(covered.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn what_needs_a_cluster_is_reported() {
        let registration = json!({"spec": {"namespaceSelector": {"matchExpressions": [{"key": "team", "operator": "Exists"}]},
            "objectSelector": {}, "matchConditions": [{"name": "a"}]}});
        assert_eq!(
            WebhookMatch::of(&registration, None).caveat().unwrap(),
            "spec.namespaceSelector and spec.matchConditions cannot be evaluated offline; assumed to match"
        );
    }
}
