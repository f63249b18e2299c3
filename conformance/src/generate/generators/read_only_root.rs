//! `readOnlyRootFilesystem`.

use super::{Generator, settle_flag};
use crate::generate::pod::Pod;
use crate::generate::policy::Policy;
use crate::generate::rng::Rng;

const FIELD: &str = "readOnlyRootFilesystem";

#[derive(Debug)]
pub(super) struct ReadOnlyRoot;

impl Generator for ReadOnlyRoot {
    fn name(&self) -> &'static str {
        FIELD
    }

    fn settle(&self, rng: &mut Rng, _settled: &Policy, policy: &mut Policy) {
        settle_flag(rng, policy, FIELD, 30);
    }

    fn fit(&self, rng: &mut Rng, policy: &Policy, explicit: bool, pod: &mut Pod) {
        let must = policy.flag(FIELD) == Some(true);
        for container in &mut pod.containers {
            if (must && explicit) || rng.percent(20) {
                container.secure(FIELD, must || rng.percent(50));
            }
        }
    }

    fn violate(&self, rng: &mut Rng, policy: &Policy, pod: &mut Pod) -> bool {
        if policy.flag(FIELD) != Some(true) {
            return false;
        }
        pod.any(rng).map(|container| container.secure(FIELD, false)).is_some()
    }
}
