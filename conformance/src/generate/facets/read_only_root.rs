//! `readOnlyRootFilesystem`.

use super::{Facet, settle_flag};
use crate::generate::dice::Dice;
use crate::generate::pod::Pod;
use crate::generate::policy::Policy;

const FIELD: &str = "readOnlyRootFilesystem";

#[derive(Debug)]
pub(super) struct ReadOnlyRoot;

impl Facet for ReadOnlyRoot {
    fn name(&self) -> &'static str {
        FIELD
    }

    fn settle(&self, dice: &mut Dice, _settled: &Policy, policy: &mut Policy) {
        settle_flag(dice, policy, FIELD, 30);
    }

    fn fit(&self, dice: &mut Dice, policy: &Policy, explicit: bool, pod: &mut Pod) {
        let must = policy.flag(FIELD) == Some(true);
        for container in &mut pod.containers {
            if (must && explicit) || dice.percent(20) {
                container.secure(FIELD, must || dice.percent(50));
            }
        }
    }

    fn depart(&self, dice: &mut Dice, policy: &Policy, pod: &mut Pod) -> bool {
        if policy.flag(FIELD) != Some(true) {
            return false;
        }
        pod.any(dice).map(|container| container.secure(FIELD, false)).is_some()
    }
}
