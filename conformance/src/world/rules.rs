//! Every combination of the values of one rule: what the policy says, what the pod says in each of its fields, where
//! the containers stand, and what becomes of the pod.

use anyhow::Result;
use serde_json::Value;

use super::radix::{digits, product};
use super::table::{Base, Table, Write};
use super::write::{self, KINDS, MOMENTS, Moment};
use super::{Group, Part, Query};

/// The rules, each by itself.
#[derive(Debug)]
pub struct Rules {
    base: Base,
    tables: Vec<Table>,
    groups: Vec<Group>,
}

impl Rules {
    /// All rules.
    ///
    /// # Errors
    ///
    /// When a table cannot be read.
    pub fn load() -> Result<Self> {
        let mut tables = super::tables()?;
        tables.retain(|table| !table.settings.is_empty());
        let groups = tables.iter().map(group).collect();
        Ok(Self { base: Base::load()?, tables, groups })
    }
}

fn group(table: &Table) -> Group {
    let ends = [MOMENTS.len(), KINDS.len(), table.settings.len()].map(|size| size as u64);
    let values = table.dimensions.iter().map(super::table::Dimension::len);
    let sizes: Vec<u64> = ends.into_iter().chain(values).collect();
    Group { name: table.rule.clone(), cases: product(&sizes), sizes }
}

impl Part for Rules {
    fn name(&self) -> &'static str {
        "rules"
    }

    fn groups(&self) -> &[Group] {
        &self.groups
    }

    fn case(&self, group: usize, number: u64) -> Query {
        let (Some(table), Some(sizes)) = (self.tables.get(group), self.groups.get(group)) else {
            return Query::Laws(crate::case::Case::default());
        };
        let digits = digits(number, &sizes.sizes);
        let digit = |index: usize| digits.get(index).copied().unwrap_or_default();
        let at = |index: usize| usize::try_from(digit(index)).unwrap_or_default();
        let moment = MOMENTS.get(at(0)).copied().unwrap_or(Moment::Create);
        let kind = KINDS.get(at(1)).copied().unwrap_or(write::Kind::Regular);
        let mut names = vec![format!("{moment:?}"), format!("{kind:?}")];
        let setting = table.settings.get(at(2));
        names.extend(setting.map(|(name, _)| name.clone()));
        let mut writes: Vec<Write<'_>> = Vec::new();
        for (index, dimension) in table.dimensions.iter().enumerate() {
            if let Some((name, value)) = dimension.value(digit(index + 3)) {
                names.push(format!("{} {name}", dimension.name));
                writes.push((dimension, value));
            }
        }
        let settings: Vec<_> = setting.iter().map(|(_, fields)| fields).collect();
        let policies: Vec<Value> = vec![write::policy(&self.base, "p", &settings)];
        let pod = write::pod(&self.base, kind, &writes);
        let name = format!("rules-{}-{number}: {}", table.rule, names.join(", "));
        let mut case = write::case(name, policies, pod, moment);
        table.gates.clone_into(&mut case.gates);
        match (moment, table.original) {
            (Moment::Template, _) => Query::Template(case),
            (_, true) => Query::Original(case),
            (_, false) => Query::Laws(case),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_case_occurs_twice() {
        let rules = Rules::load().unwrap();
        let names = ["allowPrivilegeEscalation", "hostPorts", "fsGroup"];
        for name in names {
            let (group, Group { cases, .. }) =
                rules.groups().iter().enumerate().find(|(_, group)| group.name == name).unwrap();
            let all: BTreeSet<String> = (0..*cases)
                .map(|number| {
                    let query = rules.case(group, number);
                    let template = matches!(query, Query::Template(_));
                    let mut case = query.case().clone();
                    case.name.clear();
                    format!("{template} {}", serde_json::to_string(&case).unwrap())
                })
                .collect();
            // Fields of the pod itself are the same wherever the containers stand, so those occur in other pods.
            assert_eq!(all.len() as u64, *cases, "{name}");
        }
    }

    #[test]
    fn a_case_is_found_by_its_number_in_the_whole() {
        let rules = Rules::load().unwrap();
        let before: u64 = rules.groups().iter().take(4).map(|group| group.cases).sum();
        let (group, query) = rules.at(before + 3).unwrap();
        assert_eq!((group, query.case()), (4, rules.case(4, 3).case()));
        assert!(rules.at(rules.len()).is_none());
    }
}
