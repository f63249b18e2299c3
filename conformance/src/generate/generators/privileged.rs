//! `privileged`.

use super::{Generator, settle_flag};
use crate::generate::pod::Pod;
use crate::generate::policy::Policy;
use crate::generate::rng::Rng;

#[derive(Debug)]
pub(super) struct Privileged;

impl Generator for Privileged {
    fn name(&self) -> &'static str {
        "privileged"
    }

    fn settle(&self, rng: &mut Rng, _settled: &Policy, policy: &mut Policy) {
        settle_flag(rng, policy, "privileged", 25);
    }

    fn fit(&self, rng: &mut Rng, policy: &Policy, _explicit: bool, pod: &mut Pod) {
        let may = policy.flag("privileged") == Some(true);
        for container in &mut pod.containers {
            if rng.percent(20) {
                container.secure("privileged", may && rng.percent(70));
            }
        }
    }

    fn violate(&self, rng: &mut Rng, policy: &Policy, pod: &mut Pod) -> bool {
        if policy.flag("privileged") == Some(true) {
            return false;
        }
        pod.any(rng).map(|container| container.secure("privileged", true)).is_some()
    }
}
