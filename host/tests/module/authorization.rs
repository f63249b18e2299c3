//! Who may use which policy: the access reviews, their order, and their number.

use std::sync::Arc;

use rstest::rstest;
use serde_json::{Value, json};

use crate::harness::{
    annotated, ask_granting, ask_with, asleep, create, laid_over, listed, pod, secured, update,
};

const WEB: &str = "system:serviceaccount:shop:web";

fn user(id: i64) -> Value {
    json!({"runAsUser": {"rule": "MustRunAs", "ranges": [{"min": id, "max": id}]}})
}

/// `z` accepts the pod unchanged, `y` after a change, `x` never.
fn several() -> Value {
    listed(
        "RBAC",
        &[
            (
                "x",
                json!({"requiredDropCapabilities": ["ALL"], "runAsUser": {"rule": "MustRunAs", "ranges": [{"min": 1, "max": 1}]}}),
            ),
            ("y", json!({"readOnlyRootFilesystem": true})),
            ("z", json!({})),
        ],
    )
}

fn request() -> Value {
    create(secured(json!({"runAsUser": 7})))
}

fn about(who: &str, policy: &str) -> [String; 2] {
    ["policy", "extensions"].map(|group| format!("{who} {group} {policy}"))
}

#[test]
fn the_policy_that_changes_nothing_is_asked_about_first_and_alone() {
    let (verdict, asked) = ask_granting(&[(WEB, "z")], &several(), &request());
    assert_eq!((verdict.winner(), asked), ("z", vec![format!("{WEB} policy z")]));
}

#[test]
fn service_account_before_user_and_the_unchanged_before_the_changed() {
    let (verdict, asked) = ask_granting(&[("alice", "y")], &several(), &request());
    assert_eq!(verdict.winner(), "y");
    let expected = [
        about(WEB, "z").to_vec(),
        about("alice", "z").to_vec(),
        about(WEB, "y").to_vec(),
        vec!["alice policy y".to_owned()],
    ];
    assert_eq!(asked, expected.concat());
}

#[test]
fn the_rest_is_asked_about_before_a_rejection_only() {
    let (verdict, asked) = ask_granting(&[("alice", "x")], &several(), &request());
    verdict.is_rejected(
        "no PodSecurityPolicy admits this pod: \"x\": spec.containers[0].securityContext.runAsUser: Invalid value: 7: must be in the ranges: [{1 1}]");
    let expected = [
        about(WEB, "z").to_vec(),
        about("alice", "z").to_vec(),
        about(WEB, "y").to_vec(),
        about("alice", "y").to_vec(),
        about(WEB, "x").to_vec(),
        vec!["alice policy x".to_owned()],
    ];
    assert_eq!(asked, expected.concat());
}

#[test]
fn none_may_be_used_is_not_none_fits() {
    let (verdict, asked) = ask_granting(&[], &several(), &request());
    verdict.is_rejected(
        "no PodSecurityPolicy admits this pod: none may be used by user \"alice\" or service account \"shop/web\" in namespace \"shop\"");
    assert_eq!(asked.len(), 12, "{asked:?}");
}

#[test]
fn a_service_account_that_asks_for_itself_is_asked_about_as_the_user_that_it_is_too() {
    let requested_with =
        |groups: Value| laid_over(request(), &json!({"userInfo": {"username": WEB, "groups": groups}}));
    let settings = listed("RBAC", &[("a", json!({}))]);
    let own = ["system:serviceaccounts", "system:serviceaccounts:shop"];
    let (verdict, asked) =
        ask_granting(&[], &settings, &requested_with(json!([own[0], own[1], "system:authenticated"])));
    assert_eq!(asked, [about(WEB, "a"), about(WEB, "a")].concat());
    // With only the groups of the account, the second review would equal the first.
    let (_, asked) = ask_granting(&[], &settings, &requested_with(json!(own)));
    assert_eq!(asked, about(WEB, "a"));
    verdict.is_rejected("no PodSecurityPolicy admits this pod: none may be used by service account \"shop/web\" in namespace \"shop\"");
}

#[rstest]
#[case::all_service_accounts(&[("system:serviceaccounts", "z")], "")]
#[case::those_of_the_namespace(&[("system:serviceaccounts:shop", "z")], "")]
#[case::the_users_groups(&[("devs", "z")], "")]
#[case::everybody_who_signed_in_is_the_user_only(&[("system:authenticated", "z")], "alice")]
fn groups_count(#[case] granted: &'static [(&'static str, &'static str)], #[case] through: &str) {
    let (verdict, asked) = ask_granting(granted, &several(), &request());
    assert_eq!(verdict.winner(), "z");
    assert!(asked.last().unwrap().starts_with(through), "{asked:?}");
}

#[test]
fn without_authorization_nobody_is_asked() {
    let settings = laid_over(several(), &json!({"authorization": "None"}));
    let (verdict, asked) = ask_granting(&[], &settings, &request());
    assert_eq!((verdict.winner(), asked), ("z", vec![]));
}

#[test]
fn without_a_user_the_service_account_is_asked_about_alone() {
    let (_, asked) = ask_granting(
        &[],
        &listed("RBAC", &[("a", json!({}))]),
        &laid_over(request(), &json!({"userInfo": {}})),
    );
    assert_eq!(asked, about(WEB, "a"));
}

#[test]
fn a_cluster_that_does_not_answer_admits_nobody() {
    let verdict = ask_with(&several(), &request(), Arc::new(asleep));
    let message = verdict.rejection.unwrap();
    let expected = "cannot determine who may use which policy: the policy server could not ask the cluster: ";
    assert!(message.starts_with(expected) && message.ends_with("the API server is asleep"), "{message}");
}

#[test]
fn on_an_update_the_policy_that_admitted_the_pod_is_asked_about_first() {
    let hinted = |label: &str| {
        let mut pod = annotated(secured(json!({"runAsUser": 7})), json!({"kubernetes.io/psp": "b"}));
        pod["spec"]["containers"][0]["image"] = json!(label);
        pod
    };
    let settings = listed("RBAC", &[("a", json!({})), ("b", user(7)), ("c", json!({}))]);
    let (verdict, asked) =
        ask_granting(&[(WEB, "b"), (WEB, "a")], &settings, &update(hinted("x"), hinted("y")));
    assert_eq!((verdict.winner(), asked), ("b", vec![format!("{WEB} policy b")]));
    // On CREATE any author could have written it.
    let (verdict, _) = ask_granting(&[(WEB, "b"), (WEB, "a")], &settings, &create(hinted("x")));
    assert_eq!(verdict.winner(), "a");
}

#[test]
fn a_dry_run_asks_for_the_accounts_that_will_create_the_pods_and_only_warns() {
    let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": {"template": {"spec": pod(json!({"serviceAccountName": null}))["spec"]}}});
    let settings = listed("RBAC", &[("a", json!({}))]);
    let (verdict, asked) = ask_granting(&[("alice", "a")], &settings, &create(deployment));
    verdict.passes();
    let accounts = [
        "system:serviceaccount:shop:default",
        "system:serviceaccount:kube-system:replicaset-controller",
        "system:kube-controller-manager",
    ];
    assert_eq!(asked, accounts.map(|account| about(account, "a")).concat());
    assert_eq!(
        verdict.warnings,
        [
            "no role lets service account \"shop/default\", service account \"kube-system/replicaset-controller\" or user \"system:kube-controller-manager\" use PodSecurityPolicy \"a\", which admits these pods"
        ]
    );
}
