//! `privileged`.

use super::{Facet, settle_flag};
use crate::generate::dice::Dice;
use crate::generate::pod::Pod;
use crate::generate::policy::Policy;

#[derive(Debug)]
pub(super) struct Privileged;

impl Facet for Privileged {
    fn name(&self) -> &'static str {
        "privileged"
    }

    fn settle(&self, dice: &mut Dice, _settled: &Policy, policy: &mut Policy) {
        settle_flag(dice, policy, "privileged", 25);
    }

    fn fit(&self, dice: &mut Dice, policy: &Policy, _explicit: bool, pod: &mut Pod) {
        let may = policy.flag("privileged") == Some(true);
        for container in &mut pod.containers {
            if dice.percent(20) {
                container.secure("privileged", may && dice.percent(70));
            }
        }
    }

    fn depart(&self, dice: &mut Dice, policy: &Policy, pod: &mut Pod) -> bool {
        if policy.flag("privileged") == Some(true) {
            return false;
        }
        pod.any(dice).map(|container| container.secure("privileged", true)).is_some()
    }
}
