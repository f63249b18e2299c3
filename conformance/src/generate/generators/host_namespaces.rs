//! `hostNetwork`, `hostPID`, `hostIPC`.

use serde_json::Value;

use super::{Generator, settle_flag};
use crate::generate::pod::Pod;
use crate::generate::policy::Policy;
use crate::generate::rng::Rng;

const NAMESPACES: [&str; 3] = ["hostNetwork", "hostPID", "hostIPC"];

#[derive(Debug)]
pub(super) struct HostNamespaces;

impl Generator for HostNamespaces {
    fn name(&self) -> &'static str {
        "hostNamespaces"
    }

    fn settle(&self, rng: &mut Rng, _settled: &Policy, policy: &mut Policy) {
        for namespace in NAMESPACES {
            settle_flag(rng, policy, namespace, 30);
        }
    }

    fn fit(&self, rng: &mut Rng, policy: &Policy, _explicit: bool, pod: &mut Pod) {
        for namespace in NAMESPACES {
            let may = policy.flag(namespace) == Some(true);
            if rng.percent(if may { 45 } else { 5 }) {
                pod.spec.insert(namespace.to_owned(), Value::Bool(may && rng.percent(90)));
            }
        }
    }

    fn violate(&self, rng: &mut Rng, policy: &Policy, pod: &mut Pod) -> bool {
        let refused: Vec<&str> =
            NAMESPACES.into_iter().filter(|namespace| policy.flag(namespace) != Some(true)).collect();
        if refused.is_empty() {
            return false;
        }
        pod.spec.insert(rng.pick(&refused).to_owned(), Value::Bool(true));
        true
    }
}
