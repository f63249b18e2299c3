//! Reduced values of every two rules, in one policy and one pod.

use anyhow::Result;
use serde_json::{Map, Value};

use super::radix::{digits, product};
use super::table::{Base, Table, Write};
use super::write::{self, Kind, Moment};
use super::{Group, Part, Query};
use crate::case::Case;

const KINDS: [Kind; 2] = [Kind::Regular, Kind::Ephemeral];
const MOMENTS: [Moment; 4] = [Moment::Create, Moment::Validate, Moment::Update, Moment::Debug];

/// Every two rules.
#[derive(Debug)]
pub struct Pairs {
    base: Base,
    tables: Vec<Table>,
    pairs: Vec<(usize, usize)>,
    groups: Vec<Group>,
}

/// One combination of two rules: of the settings, and of the pods, of each.
#[derive(Clone, Copy, Debug)]
pub(super) struct Combination<'t> {
    pub(super) tables: [&'t Table; 2],
    pub(super) settings: [Option<&'t Map<String, Value>>; 2],
    /// None is the pod without any of the rule's fields.
    pub(super) pods: [Option<usize>; 2],
    pub(super) kind: Kind,
    pub(super) moment: Moment,
}

impl Pairs {
    /// All pairs.
    ///
    /// # Errors
    ///
    /// When a table cannot be read.
    pub fn load() -> Result<Self> {
        let mut tables = super::tables()?;
        tables.retain(|table| !table.settings.is_empty());
        let count = tables.len();
        let all = (0..count).flat_map(|one| (one + 1..count).map(move |other| (one, other)));
        let of = |(one, other): &(usize, usize)| Some([tables.get(*one)?, tables.get(*other)?]);
        let pairs: Vec<(usize, usize)> =
            all.filter(|pair| of(pair).is_some_and(|tables| !say_the_same(tables))).collect();
        let groups = pairs.iter().filter_map(of).map(group).collect();
        Ok(Self { base: Base::load()?, tables: tables.clone(), pairs, groups })
    }

    /// The two rules of a group, and a combination of them.
    pub(super) fn combination(&self, group: usize, number: u64) -> Option<Combination<'_>> {
        let (one, other) = self.pairs.get(group)?;
        let tables = [self.tables.get(*one)?, self.tables.get(*other)?];
        let digits = digits(number, &self.groups.get(group)?.sizes);
        let at = |index: usize| digits.get(index).and_then(|digit| usize::try_from(*digit).ok());
        let setting = |table: &'_ Table, index: usize| table.pairs.settings.get(at(index)?).cloned();
        let [first, second] = tables;
        Some(Combination {
            tables,
            moment: MOMENTS.get(at(0)?).copied()?,
            kind: KINDS.get(at(1)?).copied()?,
            settings: [first.setting(&setting(first, 2)?), second.setting(&setting(second, 3)?)],
            pods: [at(4)?.checked_sub(1), at(5)?.checked_sub(1)],
        })
    }

    /// The case of some of the settings and pods of a combination.
    pub(super) fn write(
        &self,
        name: String,
        combination: &Combination<'_>,
        settings: &[usize],
        pods: &[usize],
    ) -> Case {
        let Combination { tables, kind, moment, .. } = combination;
        let settings: Vec<_> =
            settings.iter().filter_map(|index| *combination.settings.get(*index)?).collect();
        let mut writes: Vec<Write<'_>> = Vec::new();
        for index in pods {
            let pod = combination.pods.get(*index).copied().flatten();
            if let (Some(table), Some(pod)) = (tables.get(*index), pod) {
                writes.extend(table.pairs.pods.get(pod).map(|pod| table.writes(pod)).unwrap_or_default());
            }
        }
        let policies = vec![write::policy(&self.base, "p", &settings)];
        let mut case = write::case(name, policies, write::pod(&self.base, *kind, &writes), *moment);
        let gates = tables.iter().map(|table| table.gates.clone()).find(|gates| !gates.is_empty());
        case.gates = gates.unwrap_or_default();
        case
    }
}

/// Whether both rules need another value of the same field of a policy.
fn say_the_same([one, other]: [&Table; 2]) -> bool {
    let reduced = |table: &Table| -> Vec<String> {
        let settings = table.pairs.settings.iter().filter_map(|name| table.setting(name));
        settings.flat_map(|fields| fields.keys().filter(|key| *key != "annotations").cloned()).collect()
    };
    let fields = reduced(other);
    reduced(one).iter().any(|field| fields.contains(field))
}

fn group([one, other]: [&Table; 2]) -> Group {
    let sizes: Vec<u64> = [
        MOMENTS.len(),
        KINDS.len(),
        one.pairs.settings.len(),
        other.pairs.settings.len(),
        one.pairs.pods.len() + 1,
        other.pairs.pods.len() + 1,
    ]
    .map(|size| size as u64)
    .into();
    Group { name: format!("{} and {}", one.rule, other.rule), cases: product(&sizes), sizes }
}

impl Part for Pairs {
    fn name(&self) -> &'static str {
        "pairs"
    }

    fn groups(&self) -> &[Group] {
        &self.groups
    }

    fn case(&self, group: usize, number: u64) -> Query {
        let Some(combination) = self.combination(group, number) else {
            return Query::Laws(Case::default());
        };
        let [one, other] = combination.tables;
        let name = format!(
            "pairs-{}+{}-{number}: {:?}, {:?}",
            one.rule, other.rule, combination.moment, combination.kind
        );
        let case = self.write(name, &combination, &[0, 1], &[0, 1]);
        if one.original && other.original { Query::Original(case) } else { Query::Laws(case) }
    }
}
