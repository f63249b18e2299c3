//! Names of policies, derived from the owners of their workloads.

use std::collections::BTreeMap;

use super::spec::is_subdomain;
use crate::hash::fnv;

/// Which workloads share a policy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Whose {
    Everybody,
    Namespace(String),
    Account { namespace: String, name: String },
}

impl Whose {
    /// The name of the policy, if it is valid and not taken.
    pub(crate) fn plain(&self) -> String {
        match self {
            Whose::Everybody => "suggested".to_owned(),
            Whose::Namespace(name) => name.clone(),
            Whose::Account { namespace, name } => format!("{namespace}-{name}"),
        }
    }

    /// `service account shop/web`
    pub(crate) fn title(&self) -> String {
        match self {
            Whose::Everybody => "everybody".to_owned(),
            Whose::Namespace(name) => format!("namespace {name}"),
            Whose::Account { namespace, name } => format!("service account {namespace}/{name}"),
        }
    }

    /// A name that differs from others with the same plain name: its owner goes into a hash, so that
    /// existing grants never come to refer to another policy.
    fn hashed(&self) -> String {
        let plain = self.plain().to_ascii_lowercase();
        let kept = plain.chars().map(|c| if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { '-' });
        let kept: String = kept.take(LONGEST - SUFFIX).collect();
        format!("{}-{:016x}", kept.trim_matches('-'), fnv(&self.title())).trim_matches('-').to_owned()
    }
}

/// The longest name of an object.
const LONGEST: usize = 253;

/// The hash with its hyphen, and room for a number.
const SUFFIX: usize = 40;

/// Names of policies, each valid and unique.
pub(crate) fn names<'w>(all: impl Iterator<Item = &'w Whose>) -> BTreeMap<String, &'w Whose> {
    let mut sharing: BTreeMap<String, Vec<&Whose>> = BTreeMap::new();
    for whose in all {
        sharing.entry(whose.plain()).or_default().push(whose);
    }
    let mut names = BTreeMap::new();
    let mut others = Vec::new();
    for (plain, whose) in sharing {
        match *whose {
            [only] if is_subdomain(&plain) => drop(names.insert(plain, only)),
            _ => others.extend(whose),
        }
    }
    for whose in others {
        let hashed = whose.hashed();
        let numbered = (2_u64..).map(|number| format!("{hashed}-{number}"));
        let free = std::iter::once(hashed.clone()).chain(numbered).find(|name| !names.contains_key(name));
        names.insert(free.unwrap_or(hashed), whose);
    }
    names
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn account(namespace: &str, name: &str) -> Whose {
        Whose::Account { namespace: namespace.to_owned(), name: name.to_owned() }
    }

    #[test]
    fn accounts_that_share_a_plain_name_have_names_of_their_own() {
        let all = [account("a", "b-c"), account("a-b", "c"), account("shop", "web")];
        let expected =
            [("a-b-c-56c0c415ab6f1121", &all[1]), ("a-b-c-b88914266ac71441", &all[0]), ("shop-web", &all[2])];
        assert!(
            names(all.iter()).iter().map(|(name, whose)| (name.as_str(), *whose)).eq(expected),
            "{:?}",
            names(all.iter())
        );
        // The input order makes no difference.
        assert_eq!(names(all.iter().rev()), names(all.iter()));
    }

    #[test]
    fn names_are_valid_and_different() {
        let long = "x".repeat(250);
        let all = [
            account("shop", &long),
            account("shop", &format!("{long}y")),
            account("Shop", "a_b"),
            account("shop", "a.b"),
            account("", ""),
            Whose::Namespace("é".to_owned()),
            Whose::Everybody,
        ];
        let names = names(all.iter());
        assert_eq!(names.values().collect::<BTreeSet<_>>().len(), all.len(), "{names:?}");
        assert!(names.keys().all(|name| is_subdomain(name)), "{names:?}");
    }
}
