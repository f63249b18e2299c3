//! DNS subdomains, and what is nearly one.

use crate::generate::dice::Dice;
use crate::generate::policy::Policy;

/// A name on the border of what DNS takes, of the longest length among others.
pub(super) fn subdomain(dice: &mut Dice, longest: usize) -> String {
    let name = dice.pick(&[
        "a", "9", "a.b", "a-b", "a--b", "x.y.z-1", "", "A", "aB", "-a", "a-", ".a", "a.", "a..b", "a.-b",
        "a_b", "a b", "é", "a/b", "*",
    ]);
    match dice.count(0, 9) {
        0 => "a".repeat(longest),
        1 => "a".repeat(longest + 1),
        2 => "A".repeat(longest + 1),
        3 => String::new(),
        _ => name.to_owned(),
    }
}

pub(super) fn name(dice: &mut Dice, policy: &mut Policy) {
    policy.name = subdomain(dice, 253);
}
