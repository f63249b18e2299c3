//! Who makes the pods of a workload, and whether a policy is granted to them.
//!
//! A policy counts for a pod if its service account may use it, or whoever makes it. Pods of workloads are made by
//! controllers, each with an account of its own. The policy cannot tell at the workload which of them will, and warns; a
//! dump of RBAC can be asked.

use pod_security_policy::admission::{Opinion, Report};
use pod_security_policy::cluster::{Cluster as _, Question};
use pod_security_policy::request::User;

use crate::input::Object;
use crate::rbac::Authority;

/// The policy that admits the pods to come, and through whom.
pub(crate) enum Admission<'r> {
    /// It is granted to the pod's service account, or to who asks.
    Granted(&'r Opinion),
    /// It is granted to the controller that makes the pods, by its service account.
    ThroughMaker(&'r Opinion, &'static str),
    /// It is granted to nobody who makes such pods.
    Ungranted(&'r Opinion),
    /// There is none.
    None,
}

impl Admission<'_> {
    /// Whether an opinion is that of the policy that admits the pods, or would.
    pub(crate) fn is_of(&self, opinion: &Opinion) -> bool {
        match self {
            Admission::Granted(winner)
            | Admission::ThroughMaker(winner, _)
            | Admission::Ungranted(winner) => winner.policy == opinion.policy,
            Admission::None => false,
        }
    }
}

/// Who may use a policy for a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Usage {
    /// Its service account, or who asks.
    Granted,
    /// The controller that makes it.
    ThroughMaker(&'static str),
    /// Nobody who makes such pods.
    Nobody,
}

/// Who may use the policy that an opinion is of, for the pods of an object.
pub(crate) fn usage(opinion: &Opinion, object: &Object, authority: &Authority, namespace: &str) -> Usage {
    if opinion.granted == Ok(true) {
        return Usage::Granted;
    }
    match maker(&object.kind).filter(|maker| may_use(authority, maker, &opinion.policy, namespace)) {
        Some(maker) => Usage::ThroughMaker(maker),
        None => Usage::Nobody,
    }
}

/// Who admits the pod that a report is about.
pub(crate) fn admission<'r>(
    report: &'r Report,
    object: &Object,
    authority: &Authority,
    namespace: &str,
) -> Admission<'r> {
    let winner = report.opinions.iter().find(|opinion| Some(&opinion.policy) == report.winner.as_ref());
    let Some(winner) = winner else { return Admission::None };
    if winner.granted == Ok(true) {
        return Admission::Granted(winner);
    }
    let admitting = report.opinions.iter().filter(|opinion| opinion.denials == 0);
    let mut through = admitting.filter_map(|opinion| match usage(opinion, object, authority, namespace) {
        Usage::ThroughMaker(maker) => Some(Admission::ThroughMaker(opinion, maker)),
        Usage::Granted | Usage::Nobody => None,
    });
    through.next().unwrap_or(Admission::Ungranted(winner))
}

/// The service account of the controller that makes the pods of a kind, in `kube-system`.
fn maker(kind: &str) -> Option<&'static str> {
    Some(match kind {
        // A Deployment makes ReplicaSets, and a CronJob makes Jobs.
        "Deployment" | "ReplicaSet" => "replicaset-controller",
        "StatefulSet" => "statefulset-controller",
        "DaemonSet" => "daemon-set-controller",
        "Job" | "CronJob" => "job-controller",
        "ReplicationController" => "replication-controller",
        _ => return None,
    })
}

/// Who has made a pod that a controller has made, or of a mirror pod the kubelet.
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

/// The groups of a user, with those that the API server adds to whoever has logged in, and to service accounts.
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

fn may_use(authority: &Authority, maker: &str, policy: &str, namespace: &str) -> bool {
    let User { username, groups } = user(maker);
    ["policy", "extensions"].into_iter().any(|api_group| {
        let question =
            Question { user: username.clone(), groups: groups.clone(), api_group, policy, namespace };
        authority.may_use(&question) == Ok(true)
    })
}
