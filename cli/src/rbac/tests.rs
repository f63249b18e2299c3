use rstest::rstest;
use serde_json::{Value, json};

use super::*;
use crate::input::Object;

fn role(names: Value) -> Object {
    Object::of_value(&json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
    "metadata": {"name": "r"}, "rules": [
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]},
        {"apiGroups": ["policy"], "resources": ["podsecuritypolicies"], "resourceNames": names, "verbs": ["use"]},
    ]}))
}

pub(super) fn binding(namespace: Option<&str>, subject: Value) -> Object {
    let kind = if namespace.is_some() { "RoleBinding" } else { "ClusterRoleBinding" };
    Object::of_value(&json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind,
        "metadata": {"name": "b", "namespace": namespace}, "roleRef": {"kind": "ClusterRole", "name": "r"},
        "subjects": [subject]}))
}

pub(super) fn asks(policy: &'static str, namespace: &'static str) -> Question<'static> {
    Question {
        user: "system:serviceaccount:shop:web".into(),
        groups: vec!["system:serviceaccounts".into(), "system:serviceaccounts:shop".into()],
        api_group: "policy",
        policy,
        namespace,
    }
}

#[rstest]
#[case::to_the_account(None, json!({"kind": "ServiceAccount", "name": "web", "namespace": "shop"}), [true, true])]
#[case::to_another(None, json!({"kind": "ServiceAccount", "name": "web", "namespace": "other"}), [false, false])]
#[case::to_its_group(Some("shop"), json!({"kind": "Group", "name": "system:serviceaccounts:shop"}), [true, false])]
#[case::in_its_own_namespace(Some("shop"), json!({"kind": "ServiceAccount", "name": "web"}), [true, false])]
#[case::to_whoever_is_known(None, json!({"kind": "Group", "name": "system:authenticated"}), [false, false])]
fn grants(#[case] namespace: Option<&str>, #[case] subject: Value, #[case] expected: [bool; 2]) {
    let rbac = Rbac::of(&[binding(namespace, subject), role(json!(["p"]))], "default").unwrap();
    let responses = ["shop", "other"].map(|namespace| rbac.may_use(&asks("p", namespace)).unwrap());
    assert_eq!(responses, expected);
    assert!(!rbac.may_use(&asks("q", "shop")).unwrap(), "the role names another policy");
}

#[test]
fn a_role_without_names_grants_all() {
    let subject = json!({"kind": "Group", "name": "system:serviceaccounts"});
    let rbac = Rbac::of(&[binding(None, subject), role(json!(null))], "default").unwrap();
    assert!(rbac.may_use(&asks("anything", "shop")).unwrap());
    assert_eq!(rbac.namespaces("anything"), None);
}

#[test]
fn a_dump_without_rbac_is_none() {
    assert!(Rbac::of(&[Object::of_value(&json!({"kind": "Pod", "apiVersion": "v1"}))], "default").is_err());
}

/// A subject with unrestricted access does not show who works where.
#[rstest]
#[case::a_wildcard(json!({"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}), json!({"kind": "User", "name": "root"}))]
#[case::the_masters(json!({"apiGroups": ["policy"], "resources": ["podsecuritypolicies"], "verbs": ["use"]}),
    json!({"kind": "Group", "name": "system:masters"}))]
fn the_almighty_have_no_namespace(#[case] rule: Value, #[case] subject: Value) {
    let role = Object::of_value(&json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
        "metadata": {"name": "r"}, "rules": [rule.clone(), rule]}));
    let rbac = Rbac::of(&[binding(None, subject), role], "default").unwrap();
    assert_eq!(rbac.namespaces("p"), Some(Vec::new()));
    let reported: Vec<String> = rbac.almighty("p").iter().map(|grant| grant.origin()).collect();
    assert_eq!(reported, ["ClusterRole r by ClusterRoleBinding b"]);
}

#[test]
fn whoever_names_a_policy_means_it() {
    let role = Object::of_value(&json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
        "metadata": {"name": "r"}, "rules": [{"apiGroups": ["policy"], "resources": ["podsecuritypolicies"],
            "resourceNames": ["p"], "verbs": ["*"]}]}));
    let subject = json!({"kind": "ServiceAccount", "name": "web", "namespace": "shop"});
    let rbac = Rbac::of(&[binding(None, subject), role], "default").unwrap();
    assert_eq!(rbac.namespaces("p"), Some(vec!["shop".to_owned()]));
}

/// The verb `*` on policies grants their use, not administration of the cluster.
#[rstest]
#[case::every_verb(json!({"apiGroups": ["policy"], "resources": ["podsecuritypolicies"], "verbs": ["*"]}), false)]
#[case::every_resource_of_the_group(json!({"apiGroups": ["policy"], "resources": ["*"], "verbs": ["use"]}), false)]
#[case::every_group(json!({"apiGroups": ["*"], "resources": ["podsecuritypolicies"], "verbs": ["use"]}), false)]
#[case::everything(json!({"apiGroups": ["*"], "resources": ["*"], "verbs": ["use"]}), true)]
fn only_who_may_do_everything_is_almighty(#[case] rule: Value, #[case] almighty: bool) {
    let role = Object::of_value(&json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
        "metadata": {"name": "r"}, "rules": [rule]}));
    let subject = json!({"kind": "ServiceAccount", "name": "web", "namespace": "shop"});
    let rbac = Rbac::of(&[binding(None, subject), role], "default").unwrap();
    assert!(rbac.may_use(&asks("p", "shop")).unwrap());
    assert_eq!(rbac.almighty("p").len(), usize::from(almighty));
    let namespaces = if almighty { vec![] } else { vec!["shop".to_owned()] };
    assert_eq!(rbac.namespaces("p"), Some(namespaces));
}

/// Charts omit the namespace: it is the one that they are installed in, not every one.
#[rstest]
#[case::there("shop", [true, false])]
#[case::elsewhere("other", [false, true])]
fn a_role_binding_without_a_namespace_is_in_one(#[case] namespace: &str, #[case] expected: [bool; 2]) {
    let mut bound = binding(Some("x"), json!({"kind": "Group", "name": "system:serviceaccounts"}));
    bound.namespace = None;
    let rbac = Rbac::of(&[bound, role(json!(["p"]))], namespace).unwrap();
    let responses = ["shop", "other"].map(|namespace| rbac.may_use(&asks("p", namespace)).unwrap());
    assert_eq!(responses, expected);
}

/// `kubectl` prints empty lists as `null`.
#[test]
fn lists_that_are_null_are_empty() {
    let role = Object::of_value(&json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
        "metadata": {"name": "r", "labels": null}, "rules": [
            {"apiGroups": null, "resources": null, "verbs": ["get"], "nonResourceURLs": ["/healthz"]},
            {"apiGroups": ["policy"], "resources": ["podsecuritypolicies"], "resourceNames": null, "verbs": ["use"]}]}));
    let rbac = Rbac::of(
        &[binding(None, json!({"kind": "Group", "name": "system:serviceaccounts"})), role],
        "default",
    );
    assert!(rbac.unwrap().may_use(&asks("p", "shop")).unwrap());
}

/// An empty name grants nothing, and a name with a star is a literal name.
#[rstest]
#[case::empty(json!(["", "p"]), true)]
#[case::only_empty(json!([""]), false)]
#[case::a_star(json!(["*"]), false)]
#[case::no_list(json!([]), true)]
fn names_are_compared_exactly(#[case] names: Value, #[case] granted: bool) {
    let subject = json!({"kind": "Group", "name": "system:serviceaccounts"});
    let rbac = Rbac::of(&[binding(None, subject), role(names)], "default").unwrap();
    assert_eq!(rbac.may_use(&asks("p", "shop")).unwrap(), granted);
}

/// What the shipped grants let this user do with its groups, in a namespace.
#[rstest]
#[case::pods("system:serviceaccount:shop:web", &["system:serviceaccounts", "system:serviceaccounts:shop"], "shop", [true, false])]
#[case::pods_of_the_system("system:serviceaccount:kube-system:proxy", &["system:serviceaccounts", "system:serviceaccounts:kube-system"], "kube-system", [true, true])]
#[case::controllers_elsewhere("system:serviceaccount:kube-system:job-controller", &["system:serviceaccounts", "system:serviceaccounts:kube-system"], "shop", [true, false])]
#[case::static_pods("system:node:a", &["system:nodes", "system:authenticated"], "storage", [false, true])]
#[case::users("alice", &["system:authenticated"], "shop", [false, false])]
fn the_shipped_grants_are_those_of_the_shipped_policies(
    #[case] user: &str,
    #[case] groups: &[&str],
    #[case] namespace: &str,
    #[case] expected: [bool; 2],
) {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../manifests/rbac.yaml");
    let objects = crate::input::read_all(&[file.into()], || Box::new(std::io::empty())).unwrap();
    let rbac = Rbac::of(&objects, "default").unwrap();
    let allowed = ["restricted", "privileged"].map(|policy| {
        let question = Question {
            user: user.into(),
            groups: groups.iter().map(|&group| group.into()).collect(),
            api_group: "policy",
            policy,
            namespace,
        };
        rbac.may_use(&question).unwrap()
    });
    assert_eq!(allowed, expected);
}
