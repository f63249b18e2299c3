//! Settings cases: policies under validation, most of them with an error or a near miss.

mod capabilities;
mod lists;
mod names;
mod profiles;
mod runtime_class;
mod strategies;
mod sysctls;

use super::policy::Policy;
use super::rng::Rng;
use super::{admission, empty_values};
use crate::case::Case;

/// Gives one part of a policy a boundary value of validity, on either side.
type Disturb = fn(&mut Rng, &mut Policy);

/// The parts that can be changed, with their weights.
const PARTS: [(u32, &str, Disturb); 23] = [
    (4, "name", names::name),
    (3, "AppArmor default", profiles::app_armor_default),
    (3, "AppArmor list", profiles::app_armor_list),
    (3, "seccomp default", profiles::seccomp_default),
    (4, "seccomp list", profiles::seccomp_list),
    (5, "rule", strategies::rule),
    (3, "no strategy", strategies::missing),
    (5, "ranges", strategies::ranges),
    (4, "runAsGroup", strategies::run_as_group),
    (4, "volumes", lists::volumes),
    (3, "wildcard and drops", capabilities::wildcard),
    (3, "adds and drops", capabilities::added),
    (3, "allowed and drops", capabilities::allowed),
    (3, "default escalation", lists::escalation),
    (3, "proc mounts", lists::proc_mounts),
    (4, "host paths", lists::host_paths),
    (3, "flex drivers", lists::flex_drivers),
    (4, "csi drivers", lists::csi_drivers),
    (5, "sysctl", sysctls::entry),
    (5, "sysctl overlap", sysctls::overlap),
    (4, "runtime classes", runtime_class::allowed),
    (4, "default runtime class", runtime_class::default),
    (2, "forgotten", invalid_settings),
];

/// Values that the API accepts, and this project rejects.
fn invalid_settings(rng: &mut Rng, policy: &mut Policy) {
    super::invalid_settings::unsettle(rng, policy);
}

pub(super) fn case(rng: &mut Rng, name: &str) -> Case {
    let mut notes = Vec::new();
    let weighed = PARTS.map(|(weight, note, disturb)| (weight, Some((note, disturb))));
    let count = rng.weighed(&[(85, 1), (15, 2)]);
    let mut policies: Vec<Policy> = Vec::new();
    for number in 0..count {
        let mut policy = admission::policy(rng);
        if number > 0 {
            policy.name.push('2');
        }
        for _ in 0..rng.weighed(&[(25, 0), (60, 1), (12, 2), (3, 4)]) {
            if let Some((note, disturb)) = rng.weighed(&weighed) {
                disturb(rng, &mut policy);
                notes.push(note);
            }
        }
        empty_values::policy(rng, &mut policy);
        policies.push(policy);
    }
    Case {
        name: admission::named(name, &notes),
        psps: policies.iter().map(Policy::manifest).collect(),
        validate_policies: true,
        ..Case::default()
    }
}
