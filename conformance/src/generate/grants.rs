//! The requester, and who may use which policy.

use serde_json::Value;

use super::pod::Pod;
use super::rng::Rng;
use crate::case::{Case, Grant};

/// Sets the user and the grants of a case. The first name is that of the policy the pod was generated from.
pub(super) fn settle(rng: &mut Rng, case: &mut Case, names: &[String], pod: &Pod) {
    let text = |object: &super::pod::Object, key: &str| {
        object.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let namespace = text(&pod.metadata, "namespace");
    let named = match text(&pod.spec, "serviceAccountName") {
        name if name.is_empty() => text(&pod.spec, "serviceAccount"),
        name => name,
    };
    // Without a name in it the pod has no account yet; users are named like the one that it will get.
    let account = if named.is_empty() { "default" } else { &named };
    let weighed = REQUESTERS.map(|(weight, requester)| (weight, Some(requester)));
    match rng.weighed(&weighed).filter(|_| !rng.one_in(20)) {
        Some(requester) => {
            let fill = |text: &str| {
                let other = if namespace == "shop" { "shop-dev" } else { "shop" };
                text.replace("NAMESPACE", &namespace).replace("OTHER", other).replace("ACCOUNT", account)
            };
            case.user = fill(requester.user);
            case.groups = requester.groups.iter().map(|group| fill(group)).collect();
        }
        None => case.no_user = true,
    }

    let shape = rng.weighed(&[
        (52, Shape::Everybody),
        (3, Shape::Nothing),
        (34, Shape::Target),
        (4, Shape::NearMiss),
        (3, Shape::Others),
        (4, Shape::Several),
    ]);
    let target = names.first().cloned().unwrap_or_default();
    let good = |rng: &mut Rng, policy: &str| good(rng, case, &namespace, &named, policy);
    let grants = match shape {
        Shape::Everybody => return,
        Shape::Nothing => vec![],
        Shape::Target => vec![good(rng, &target)],
        Shape::NearMiss => {
            let grant = good(rng, &target);
            vec![near_miss(rng, grant)]
        }
        Shape::Others => names.iter().skip(1).map(|name| good(rng, name)).collect(),
        Shape::Several => {
            let mut all: Vec<Grant> = names.iter().map(|name| good(rng, name)).collect();
            let more = all.first().cloned().unwrap_or_default();
            all.push(if rng.percent(50) { near_miss(rng, more) } else { more });
            rng.some(&all, all.len())
        }
    };
    case.grants = Some(grants);
}

/// A user who makes requests. `NAMESPACE` and `ACCOUNT` are those of the pod, `OTHER` is another namespace.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Requester {
    /// The special property of the user.
    pub(crate) what: &'static str,
    pub(crate) user: &'static str,
    pub(crate) groups: &'static [&'static str],
}

const fn requester(what: &'static str, user: &'static str, groups: &'static [&'static str]) -> Requester {
    Requester { what, user, groups }
}

/// Requesters: every pair of the requesting user and the pod's service account that share a name, a namespace or a
/// group.
pub(crate) const REQUESTERS: [(u32, Requester); 18] = [
    (25, requester("a user", "alice", &["dev", "system:authenticated"])),
    (5, requester("a user without groups", "alice", &[])),
    (
        15,
        requester(
            "a controller",
            "system:serviceaccount:kube-system:replicaset-controller",
            &["system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated"],
        ),
    ),
    (
        10,
        requester(
            "the pod's account",
            "system:serviceaccount:NAMESPACE:ACCOUNT",
            &["system:serviceaccounts", "system:serviceaccounts:NAMESPACE", "system:authenticated"],
        ),
    ),
    (
        3,
        requester(
            "the pod's account, not authenticated",
            "system:serviceaccount:NAMESPACE:ACCOUNT",
            &["system:serviceaccounts", "system:serviceaccounts:NAMESPACE"],
        ),
    ),
    (3, requester("the pod's account without groups", "system:serviceaccount:NAMESPACE:ACCOUNT", &[])),
    (
        4,
        requester(
            "the pod's account with more groups",
            "system:serviceaccount:NAMESPACE:ACCOUNT",
            &[
                "system:serviceaccounts",
                "system:serviceaccounts:NAMESPACE",
                "system:authenticated",
                "dev",
                "system:serviceaccounts:OTHER",
            ],
        ),
    ),
    (
        3,
        requester(
            "the pod's account, authenticated alone",
            "system:serviceaccount:NAMESPACE:ACCOUNT",
            &["system:authenticated"],
        ),
    ),
    (
        4,
        requester(
            "another account of the namespace",
            "system:serviceaccount:NAMESPACE:deployer",
            &["system:serviceaccounts", "system:serviceaccounts:NAMESPACE", "system:authenticated"],
        ),
    ),
    (
        4,
        requester(
            "an account of that name elsewhere",
            "system:serviceaccount:OTHER:ACCOUNT",
            &["system:serviceaccounts", "system:serviceaccounts:OTHER", "system:authenticated"],
        ),
    ),
    (
        2,
        requester(
            "an account of that name elsewhere, groups of the pod's",
            "system:serviceaccount:OTHER:ACCOUNT",
            &["system:serviceaccounts", "system:serviceaccounts:NAMESPACE"],
        ),
    ),
    (
        2,
        requester(
            "an account whose name begins so",
            "system:serviceaccount:NAMESPACE:ACCOUNT2",
            &["system:serviceaccounts", "system:serviceaccounts:NAMESPACE"],
        ),
    ),
    (2, requester("a user of the account's short name", "ACCOUNT", &["system:authenticated"])),
    (2, requester("a user named like a group", "system:serviceaccounts:NAMESPACE", &["dev"])),
    (
        3,
        requester(
            "a user in the account's groups",
            "alice",
            &["dev", "system:serviceaccounts", "system:serviceaccounts:NAMESPACE"],
        ),
    ),
    (2, requester("a user in another namespace's group", "alice", &["system:serviceaccounts:OTHER"])),
    (
        2,
        requester(
            "a user in a group named like the account",
            "alice",
            &["system:serviceaccount:NAMESPACE:ACCOUNT"],
        ),
    ),
    (1, requester("an administrator", "admin", &["system:masters", "system:authenticated"])),
];

/// The special property of the requester of a case.
pub(crate) fn requester_of(case: &Case) -> &'static str {
    let text = |path: &str| case.pod.pointer(path).and_then(Value::as_str).unwrap_or_default();
    let namespace = text("/metadata/namespace");
    let account = ["/spec/serviceAccountName", "/spec/serviceAccount"].map(text);
    let account = account.into_iter().find(|name| !name.is_empty()).unwrap_or("default");
    let other = if namespace == "shop" { "shop-dev" } else { "shop" };
    let fill =
        |text: &str| text.replace("NAMESPACE", namespace).replace("OTHER", other).replace("ACCOUNT", account);
    let is = |requester: &Requester| {
        fill(requester.user) == case.user
            && requester.groups.iter().map(|group| fill(group)).eq(case.groups.iter().cloned())
    };
    let known = REQUESTERS.into_iter().find(|(_, requester)| is(requester));
    known.map_or("nobody", |(_, requester)| requester.what)
}

#[derive(Clone, Copy, Default)]
enum Shape {
    /// No grants are given, which means all of them.
    #[default]
    Everybody,
    Nothing,
    /// One that reaches the policy the pod was generated from.
    Target,
    /// One that misses it by one field.
    NearMiss,
    /// All policies but that one.
    Others,
    Several,
}

/// A grant that reaches the pod's service account or the user.
fn good(rng: &mut Rng, case: &Case, namespace: &str, account: &str, policy: &str) -> Grant {
    let mut subjects = case.groups.clone();
    subjects.push(case.user.clone());
    // A pod that names no account has none yet, whatever is granted to accounts.
    if !account.is_empty() || rng.percent(10) {
        // The service account has more weight: policies are mostly granted to service accounts.
        for _ in 0..2 {
            subjects.push(format!("system:serviceaccount:{namespace}:{account}"));
            subjects.push("system:serviceaccounts".to_owned());
            subjects.push(format!("system:serviceaccounts:{namespace}"));
        }
    }
    subjects.retain(|subject| !subject.is_empty());
    Grant {
        group: rng.pick(&["", "policy", "policy", "extensions"]).to_owned(),
        namespace: if rng.percent(50) { namespace.to_owned() } else { String::new() },
        policy: policy.to_owned(),
        subject: rng.pick(&subjects),
    }
}

/// A grant with one wrong field.
fn near_miss(rng: &mut Rng, mut grant: Grant) -> Grant {
    match rng.count(0, 6) {
        0 => "apps".clone_into(&mut grant.group),
        1 => "shop-de".clone_into(&mut grant.namespace),
        2 => grant.policy.push('x'),
        3 => "system:authenticated".clone_into(&mut grant.subject),
        4 => "system:serviceaccount:other:default".clone_into(&mut grant.subject),
        5 => "system:serviceaccounts:other".clone_into(&mut grant.subject),
        _ => grant.subject.push('x'),
    }
    grant
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate;

    #[test]
    fn every_requester_occurs_and_is_known_again() {
        let cases = (0..4000).map(|index| generate::case(3, index));
        let mut occurred: Vec<&str> = cases
            .filter(|case| !case.validate_policies && !case.no_user)
            .map(|case| requester_of(&case))
            .collect();
        occurred.sort_unstable();
        occurred.dedup();
        let mut all: Vec<&str> = REQUESTERS.iter().map(|(_, requester)| requester.what).collect();
        all.sort_unstable();
        assert_eq!(occurred, all);
    }
}
