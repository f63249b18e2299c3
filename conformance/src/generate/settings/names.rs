//! DNS subdomains, and near misses.

use crate::generate::policy::Policy;
use crate::generate::rng::Rng;

/// A boundary value for DNS subdomains, with the maximum length among others.
pub(super) fn subdomain(rng: &mut Rng, longest: usize) -> String {
    let name = rng.pick(&[
        "a", "9", "a.b", "a-b", "a--b", "x.y.z-1", "", "A", "aB", "-a", "a-", ".a", "a.", "a..b", "a.-b",
        "a_b", "a b", "é", "a/b", "*",
    ]);
    match rng.count(0, 9) {
        0 => "a".repeat(longest),
        1 => "a".repeat(longest + 1),
        2 => "A".repeat(longest + 1),
        3 => String::new(),
        _ => name.to_owned(),
    }
}

pub(super) fn name(rng: &mut Rng, policy: &mut Policy) {
    policy.name = subdomain(rng, 253);
}
