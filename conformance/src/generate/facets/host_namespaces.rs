//! `hostNetwork`, `hostPID`, `hostIPC`.

use serde_json::Value;

use super::{Facet, settle_flag};
use crate::generate::dice::Dice;
use crate::generate::pod::Pod;
use crate::generate::policy::Policy;

const NAMESPACES: [&str; 3] = ["hostNetwork", "hostPID", "hostIPC"];

#[derive(Debug)]
pub(super) struct HostNamespaces;

impl Facet for HostNamespaces {
    fn name(&self) -> &'static str {
        "hostNamespaces"
    }

    fn settle(&self, dice: &mut Dice, _settled: &Policy, policy: &mut Policy) {
        for namespace in NAMESPACES {
            settle_flag(dice, policy, namespace, 30);
        }
    }

    fn fit(&self, dice: &mut Dice, policy: &Policy, _explicit: bool, pod: &mut Pod) {
        for namespace in NAMESPACES {
            let may = policy.flag(namespace) == Some(true);
            if dice.percent(if may { 45 } else { 5 }) {
                pod.spec.insert(namespace.to_owned(), Value::Bool(may && dice.percent(90)));
            }
        }
    }

    fn depart(&self, dice: &mut Dice, policy: &Policy, pod: &mut Pod) -> bool {
        let refused: Vec<&str> =
            NAMESPACES.into_iter().filter(|namespace| policy.flag(namespace) != Some(true)).collect();
        if refused.is_empty() {
            return false;
        }
        pod.spec.insert(dice.pick(&refused).to_owned(), Value::Bool(true));
        true
    }
}
