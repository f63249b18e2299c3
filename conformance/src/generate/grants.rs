//! Who asks, and who may use which policy.

use serde_json::Value;

use super::dice::Dice;
use super::pod::Pod;
use crate::case::{Case, Grant};

/// Sets the user and the grants of a case. The first name is that of the policy the pod was made from.
pub(super) fn settle(dice: &mut Dice, case: &mut Case, names: &[String], pod: &Pod) {
    let text = |object: &super::pod::Object, key: &str| {
        object.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let namespace = text(&pod.metadata, "namespace");
    let account = match text(&pod.spec, "serviceAccountName") {
        name if name.is_empty() => text(&pod.spec, "serviceAccount"),
        name => name,
    };
    let owned = |groups: &[&str]| groups.iter().map(|group| (*group).to_owned()).collect::<Vec<_>>();
    match dice.count(0, 19) {
        0 => case.no_user = true,
        1..=4 => {
            "system:serviceaccount:kube-system:replicaset-controller".clone_into(&mut case.user);
            case.groups = owned(&[
                "system:serviceaccounts",
                "system:serviceaccounts:kube-system",
                "system:authenticated",
            ]);
        }
        5 => "alice".clone_into(&mut case.user),
        _ => {
            "alice".clone_into(&mut case.user);
            case.groups = owned(&["dev", "system:authenticated"]);
        }
    }

    let shape = dice.weighed(&[
        (62, Shape::Everybody),
        (3, Shape::Nobody),
        (24, Shape::Target),
        (4, Shape::Beside),
        (3, Shape::Others),
        (4, Shape::Several),
    ]);
    let target = names.first().cloned().unwrap_or_default();
    let good = |dice: &mut Dice, policy: &str| good(dice, case, &namespace, &account, policy);
    let grants = match shape {
        Shape::Everybody => return,
        Shape::Nobody => vec![],
        Shape::Target => vec![good(dice, &target)],
        Shape::Beside => {
            let grant = good(dice, &target);
            vec![beside(dice, grant)]
        }
        Shape::Others => names.iter().skip(1).map(|name| good(dice, name)).collect(),
        Shape::Several => {
            let mut all: Vec<Grant> = names.iter().map(|name| good(dice, name)).collect();
            let more = all.first().cloned().unwrap_or_default();
            all.push(if dice.percent(50) { beside(dice, more) } else { more });
            dice.some(&all, all.len())
        }
    };
    case.grants = Some(grants);
}

#[derive(Clone, Copy, Default)]
enum Shape {
    /// No grants are given, which stands for all of them.
    #[default]
    Everybody,
    Nobody,
    /// One that reaches the policy the pod was made from.
    Target,
    /// One that misses it by a word.
    Beside,
    /// All policies but that one.
    Others,
    Several,
}

/// A grant that reaches the pod's service account or the user.
fn good(dice: &mut Dice, case: &Case, namespace: &str, account: &str, policy: &str) -> Grant {
    let mut subjects = case.groups.clone();
    subjects.push(case.user.clone());
    if !account.is_empty() {
        // The service account counts for more: it is whom policies are granted to.
        for _ in 0..2 {
            subjects.push(format!("system:serviceaccount:{namespace}:{account}"));
            subjects.push("system:serviceaccounts".to_owned());
            subjects.push(format!("system:serviceaccounts:{namespace}"));
        }
    }
    subjects.retain(|subject| !subject.is_empty());
    Grant {
        group: dice.pick(&["", "policy", "policy", "extensions"]).to_owned(),
        namespace: if dice.percent(50) { namespace.to_owned() } else { String::new() },
        policy: policy.to_owned(),
        subject: dice.pick(&subjects),
    }
}

/// A grant that is one word off.
fn beside(dice: &mut Dice, mut grant: Grant) -> Grant {
    match dice.count(0, 6) {
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
