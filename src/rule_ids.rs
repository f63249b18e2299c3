//! The names by which settings speak of rules: those of PodSecurityPolicy by their fields, and the checks of the Pod
//! Security Standards behind `pss/`.

use crate::rules;
use crate::shape;
use crate::standards;

/// What the names of checks begin with.
const CHECK: &str = "pss/";

/// Every name with its index in a [`RuleSet`](crate::rule::RuleSet).
pub(crate) fn all() -> impl Iterator<Item = (usize, String)> {
    let rules = rules::all().map(|(index, entry)| (index, entry.id.to_owned()));
    rules.chain(standards::all().map(|(index, check)| (index, [CHECK, check.id].concat())))
}

/// The index of the rule or check with this name.
pub(crate) fn index(name: &str) -> Option<usize> {
    match name.strip_prefix(CHECK) {
        Some(check) => standards::index(check),
        None => rules::index(name),
    }
}

/// Says that there is no such rule, and which may have been meant.
#[cold]
pub(crate) fn unknown(name: &str) -> String {
    let known: Vec<String> = all().map(|(_, name)| name).collect();
    shape::unknown("rule", name, known.iter().map(String::as_str))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[test]
    fn every_name_is_found() {
        for (expected, name) in all() {
            assert_eq!(index(&name), Some(expected), "{name}");
        }
        assert_eq!(all().count(), rules::COUNT + standards::all().count());
    }

    #[rstest]
    #[case::misspelt("privilegd", "unknown rule; did you mean \"privileged\"?")]
    #[case::misspelt_check("pss/hostPort", "unknown rule; did you mean \"pss/hostPorts\"?")]
    #[case::a_check_without_its_prefix(
        "seccompProfile_restricted",
        "unknown rule; did you mean \"pss/seccompProfile_restricted\"?"
    )]
    #[case::a_check_in_lower_case("pss/runasnonroot", "unknown rule; did you mean \"pss/runAsNonRoot\"?")]
    fn the_nearest_name_is_told(#[case] name: &str, #[case] expected: &str) {
        assert_eq!((index(name), unknown(name)), (None, expected.to_owned()));
    }
}
