//! Which of up to three policies admits a pod: every arrangement of what each would say and who may use it, with every
//! requester that shares a name, a namespace or a group with the pod's account.

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::radix::{digits, product};
use super::table::Base;
use super::write::{self, Kind, Moment};
use super::{Group, Part, Query};
use crate::case::{Case, Grant};
use crate::generate::REQUESTERS;

const NAMES: [&str; 3] = ["a", "b", "c"];
const MOMENTS: [Moment; 4] = [Moment::Create, Moment::Validate, Moment::Update, Moment::Debug];
/// The names of the hint annotation, of which the first is none.
const HINTS: [&str; 6] = ["none", "a", "b", "c", "unknown", ""];
const NAMESPACE: &str = "shop";
const ACCOUNT: &str = "builder";

/// What a policy says of the pod.
#[derive(Clone, Copy, Debug)]
enum Says {
    Unchanged,
    Changed,
    Rejected,
}

const SAYS: [Says; 3] = [Says::Unchanged, Says::Changed, Says::Rejected];

/// Whom a policy is granted to.
#[derive(Clone, Copy, Debug)]
enum Granted {
    Neither,
    Account,
    User,
    Either,
    /// To a group of the account alone.
    AccountsGroup,
    /// To the first group of the user alone.
    UsersGroup,
}

const GRANTED: [Granted; 6] = [
    Granted::Neither,
    Granted::Account,
    Granted::User,
    Granted::Either,
    Granted::AccountsGroup,
    Granted::UsersGroup,
];
/// How many of these three policies are given, so that the whole stays below an hour.
const FOR_THREE: u64 = 4;

/// All arrangements: one, two and three policies are a group each.
#[derive(Debug)]
pub struct Selection {
    base: Base,
    groups: Vec<Group>,
}

impl Selection {
    /// All of them.
    ///
    /// # Errors
    ///
    /// When the widest policy cannot be read.
    pub fn load() -> Result<Self> {
        let group = |(index, name): (usize, &&str)| {
            let count = index + 1;
            let grants = if count < 3 { GRANTED.len() as u64 } else { FOR_THREE };
            // The last requester is no user.
            let mut sizes = vec![MOMENTS.len() as u64, REQUESTERS.len() as u64 + 1, HINTS.len() as u64];
            for _ in 0..count {
                sizes.extend([SAYS.len() as u64, grants]);
            }
            Group { name: format!("up to `{name}`"), cases: product(&sizes), sizes }
        };
        let groups = NAMES.iter().enumerate().map(group).collect();
        Ok(Self { base: Base::load().context("the widest policy")?, groups })
    }

    fn policy(&self, name: &str, says: Says) -> Value {
        // Another default in each, so that the pod says who has won.
        let id = 1000 + u32::from(name.bytes().next().unwrap_or_default());
        let fields = match says {
            Says::Unchanged => json!({}),
            Says::Changed => json!({"runAsUser": {"rule": "MustRunAs", "ranges": [{"min": id, "max": id}]}}),
            Says::Rejected => json!({"hostPID": false}),
        };
        let fields = fields.as_object().cloned().unwrap_or_default();
        write::policy(&self.base, name, &[&fields])
    }
}

fn grants(granted: Granted, case: &Case, policy: &str) -> Vec<Grant> {
    let account = format!("system:serviceaccount:{NAMESPACE}:{ACCOUNT}");
    let grant = |subject: &str, namespace: &str| Grant {
        group: "policy".to_owned(),
        namespace: namespace.to_owned(),
        policy: policy.to_owned(),
        subject: subject.to_owned(),
    };
    let to_account = grant(&account, NAMESPACE);
    let to_user = grant(&case.user, "");
    let first = case.groups.first().map_or("", String::as_str);
    match granted {
        Granted::Neither => vec![],
        Granted::Account => vec![to_account],
        Granted::User => vec![to_user],
        Granted::Either => vec![to_account, to_user],
        Granted::AccountsGroup => vec![grant(&format!("system:serviceaccounts:{NAMESPACE}"), NAMESPACE)],
        Granted::UsersGroup => vec![grant(first, "")],
    }
}

impl Part for Selection {
    fn name(&self) -> &'static str {
        "selection"
    }

    fn groups(&self) -> &[Group] {
        &self.groups
    }

    fn case(&self, group: usize, number: u64) -> Query {
        let sizes = self.groups.get(group).map(|group| group.sizes.as_slice()).unwrap_or_default();
        let digits = digits(number, sizes);
        let at = |index: usize| {
            digits.get(index).and_then(|digit| usize::try_from(*digit).ok()).unwrap_or_default()
        };
        let moment = MOMENTS.get(at(0)).copied().unwrap_or(Moment::Create);
        let requester = REQUESTERS.get(at(1)).map(|(_, requester)| requester);
        let hint = HINTS.get(at(2)).copied().unwrap_or_default();

        let mut pod = write::pod(&self.base, Kind::Regular, &[]);
        let mut set = |parent: &str, key: &str, value: Value| {
            if let Some(parent) = pod.get_mut(parent).and_then(Value::as_object_mut) {
                parent.insert(key.to_owned(), value);
            }
        };
        set("spec", "hostPID", true.into());
        if hint != "none" {
            set("metadata", "annotations", json!({"kubernetes.io/psp": hint}));
        }
        let mut case = write::case(String::new(), vec![], pod, moment);
        let fill = |text: &str| {
            text.replace("NAMESPACE", NAMESPACE).replace("ACCOUNT", ACCOUNT).replace("OTHER", "shop-dev")
        };
        match requester {
            Some(requester) => {
                case.user = fill(requester.user);
                case.groups = requester.groups.iter().map(|group| fill(group)).collect();
            }
            None => {
                case.user.clear();
                case.no_user = true;
            }
        }
        let mut names = vec![
            format!("{moment:?}"),
            requester.map_or("no user", |requester| requester.what).to_owned(),
            format!("hint {hint:?}"),
        ];
        let mut all = Vec::new();
        for (index, name) in NAMES.iter().enumerate().take(group + 1) {
            let says = SAYS.get(at(3 + 2 * index)).copied().unwrap_or(Says::Rejected);
            let granted = GRANTED.get(at(4 + 2 * index)).copied().unwrap_or(Granted::Neither);
            names.push(format!("{name} {says:?} {granted:?}"));
            all.extend(grants(granted, &case, name));
            // The list is in another order than the names.
            case.psps.insert(0, self.policy(name, says));
        }
        case.grants = Some(all);
        case.name = format!("selection-{}-{number}: {}", group + 1, names.join(", "));
        Query::Original(case)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_cases_is_the_product() {
        let cases: Vec<u64> = Selection::load().unwrap().groups().iter().map(|group| group.cases).collect();
        let around = 4 * 19 * 6;
        assert_eq!(cases, [around * 18, around * 18 * 18, around * 12 * 12 * 12]);
    }
}
