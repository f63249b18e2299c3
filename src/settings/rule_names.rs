//! The names by which settings speak of rules: those of PodSecurityPolicy by their fields, the checks of the Pod
//! Security Standards behind `pss/`, and, for exemptions, the options that guard other kinds than pods.

use std::ops::Range;

use crate::rule::RuleSet;
use crate::{rules, schema, standards};

/// The prefix of the names of checks.
const CHECK: &str = "pss/";

/// The options that exemptions can name, in the order of their indexes, which follow those of checks.
const OPTIONS: [&str; 4] =
    ["namespaceLabels", "namespaceLabels/guard", "persistentVolumes", "resourceClaims"];

/// The index of the option for the labels of Pod Security admission.
pub(crate) const NAMESPACE_LABELS: usize = rules::COUNT + standards::COUNT;

/// The index of the option for guarded labels of namespaces.
pub(crate) const NAMESPACE_GUARD: usize = NAMESPACE_LABELS + 1;

/// The index of the option for volumes of the cluster.
pub(crate) const PERSISTENT_VOLUMES: usize = NAMESPACE_LABELS + 2;

/// The index of the option for claims for devices.
pub(crate) const RESOURCE_CLAIMS: usize = NAMESPACE_LABELS + 3;

/// The rules that a name in an exemption stands for: `*` is all rules of PodSecurityPolicy, `pss/*` all checks, and any
/// other name is a single rule, check or option.
pub(crate) fn exempted(name: &str) -> Option<RuleSet> {
    let set_of = |indexes: Range<usize>| indexes.fold(RuleSet::NONE, RuleSet::with);
    match name {
        "*" => Some(set_of(0..rules::COUNT)),
        "pss/*" => Some(set_of(rules::COUNT..NAMESPACE_LABELS)),
        name => {
            let options = || (NAMESPACE_LABELS..).zip(OPTIONS).find(|(_, option)| *option == name);
            let index = index(name).or_else(|| options().map(|(index, _)| index))?;
            Some(RuleSet::NONE.with(index))
        }
    }
}

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

/// The message that there is no such rule or check, nor one of these other names, and which may have been meant.
#[cold]
pub(crate) fn unknown(name: &str, others: &[&str]) -> String {
    let rules: Vec<String> = all().map(|(_, name)| name).collect();
    let mut known: Vec<&str> = rules.iter().map(String::as_str).collect();
    known.extend(others);
    schema::unknown("rule", name, &known)
}

/// The message that exemptions know no such name, and which may have been meant.
#[cold]
pub(crate) fn unknown_to_exemptions(name: &str) -> String {
    unknown(name, &[OPTIONS.as_slice(), &["*", "pss/*"]].concat())
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

    #[test]
    fn exemptions_name_rules_checks_and_options() {
        let named = |name: &str| {
            let set = exempted(name).unwrap();
            (0..64).filter(|index| set.has(*index)).collect::<Vec<usize>>()
        };
        for (index, name) in all() {
            assert_eq!(named(&name), [index], "{name}");
        }
        let checks = rules::COUNT + standards::all().count();
        assert_eq!(named("*"), (0..rules::COUNT).collect::<Vec<_>>());
        assert_eq!(named("pss/*"), (rules::COUNT..checks).collect::<Vec<_>>());
        for (number, name) in OPTIONS.iter().enumerate() {
            assert_eq!((named(name), index(name)), (vec![checks + number], None), "{name}");
        }
        for name in ["", "**", "pss/", "namespaceLabels/*", "podTemplates"] {
            assert_eq!(exempted(name), None, "{name}");
        }
    }

    #[rstest]
    #[case::misspelt("privilegd", "unknown rule; did you mean \"privileged\"?")]
    #[case::misspelt_check("pss/hostPort", "unknown rule; did you mean \"pss/hostPorts\"?")]
    #[case::a_check_without_its_prefix(
        "seccompProfile_restricted",
        "unknown rule; did you mean \"pss/seccompProfile_restricted\"?"
    )]
    #[case::a_check_in_lower_case("pss/runasnonroot", "unknown rule; did you mean \"pss/runAsNonRoot\"?")]
    fn the_nearest_name_is_reported(#[case] name: &str, #[case] expected: &str) {
        assert_eq!((index(name), unknown(name, &[])), (None, expected.to_owned()));
    }
}
