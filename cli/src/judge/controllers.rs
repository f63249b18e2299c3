//! The controller that creates the pods of a workload, and whether a policy is granted to it.
//!
//! A policy counts for a pod if its service account or the account that creates it may use it. Pods of workloads are
//! created by controllers: the engine knows their accounts, and reports a missing grant in the words of the
//! warning in the cluster.

use pod_security_policy::admission::{Cluster as _, Identity, Opinion, Question, Report};
use pod_security_policy::pod::{Controllers, Kind};
use pod_security_policy::request::User;

use crate::input::Object;
use crate::rbac::Authority;

/// The policy that admits the future pods.
pub(crate) enum Admission<'r> {
    /// It is granted to one of the accounts.
    Granted(&'r Opinion),
    /// It is granted to none of the accounts, and it is unknown whether the account that creates the pods is one of
    /// them; with the sentence about it.
    Unknown(&'r Opinion, &'r str),
    /// It is not granted to any account that creates such pods; with the sentence about it.
    Ungranted(&'r Opinion, &'r str),
    /// There is none.
    None,
}

impl Admission<'_> {
    /// Whether an opinion is from the policy that admits the pods, or would.
    pub(crate) fn is_of(&self, opinion: &Opinion) -> bool {
        match self {
            Admission::Granted(winner) | Admission::Unknown(winner, _) | Admission::Ungranted(winner, _) => {
                winner.policy == opinion.policy
            }
            Admission::None => false,
        }
    }
}

/// Who may use a policy for a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Usage {
    /// Its service account, or the requester.
    Granted,
    /// The controller that creates it: `service account kube-system/job-controller`
    ViaController(String),
    /// None of the accounts that create such pods.
    Ungranted,
}

/// Who may use the policy of an opinion, for the pods of a report.
pub(crate) fn usage(opinion: &Opinion, report: &Report, authority: &Authority, namespace: &str) -> Usage {
    if opinion.granted != Ok(true) {
        return Usage::Ungranted;
    }
    let controllers = Identity::controllers(report.controllers);
    let account = report.service_account.as_deref().unwrap_or_default();
    let account = Identity::service_account(namespace, account);
    if controllers.is_empty() || may_use(authority, &account, &opinion.policy, namespace) {
        return Usage::Granted;
    }
    match controllers.iter().find(|maker| may_use(authority, maker, &opinion.policy, namespace)) {
        Some(maker) => Usage::ViaController(match maker.user.strip_prefix("system:serviceaccount:") {
            Some(account) => format!("service account {}", account.replacen(':', "/", 1)),
            None => format!("user {}", maker.user),
        }),
        None => Usage::Granted,
    }
}

/// The policy that admits the pod of a report.
pub(crate) fn admission(report: &Report) -> Admission<'_> {
    let winner = report.opinions.iter().find(|opinion| Some(&opinion.policy) == report.winner.as_ref());
    let Some(winner) = winner else { return Admission::None };
    match (&report.missing_grant, report.controllers) {
        (None, _) => Admission::Granted(winner),
        (Some(sentence), Controllers::Unknown) => Admission::Unknown(winner, sentence),
        (Some(sentence), Controllers::BuiltIn(_)) => Admission::Ungranted(winner, sentence),
    }
}

/// The service account of the controller that makes the pods of a kind, in `kube-system`.
fn maker(kind: &str) -> Option<&'static str> {
    ["apps", "batch", ""].into_iter().find_map(|group| {
        match Controllers::of(&Kind { group: group.into(), kind: kind.into() }, "{}") {
            Ok(Controllers::BuiltIn(account)) => Some(account),
            Ok(Controllers::Unknown) | Err(_) => None,
        }
    })
}

/// The creator of a pod: its controller, or the kubelet for a mirror pod.
pub(super) fn maker_of_pod(pod: &Object) -> Option<User<'static>> {
    let owner = pod.made_by.as_ref()?;
    if owner.kind == "Node" {
        let groups = with_implied("", &["system:nodes".to_owned()]);
        return Some(User {
            username: format!("system:node:{}", owner.name).into(),
            groups: groups.into_iter().map(Into::into).collect(),
        });
    }
    maker(&owner.kind).map(user)
}

fn user(maker: &str) -> User<'static> {
    let username = format!("system:serviceaccount:kube-system:{maker}");
    let groups = with_implied(&username, &[]).into_iter().map(Into::into).collect();
    User { username: username.into(), groups }
}

/// The groups of a user, including those that the API server adds for authenticated users and service accounts.
pub(crate) fn with_implied(user: &str, named: &[String]) -> Vec<String> {
    let account = user.strip_prefix("system:serviceaccount:").and_then(|account| account.split_once(':'));
    let mut groups = named.to_vec();
    if let Some((namespace, _)) = account {
        groups.push("system:serviceaccounts".to_owned());
        groups.push(format!("system:serviceaccounts:{namespace}"));
    }
    let everybody =
        if user == "system:anonymous" { "system:unauthenticated" } else { "system:authenticated" };
    groups.push(everybody.to_owned());
    groups
}

fn may_use(authority: &Authority, identity: &Identity<'_>, policy: &str, namespace: &str) -> bool {
    ["policy", "extensions"].into_iter().any(|api_group| {
        let Identity { user, groups } = identity.clone();
        let question = Question { user, groups, api_group, policy, namespace };
        authority.may_use(&question) == Ok(true)
    })
}
