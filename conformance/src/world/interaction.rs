//! Whether two rules together say what each says alone.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use serde_json::Value;

use super::write::Moment;
use super::{Pairs, Part, Slice};
use crate::case::Case;
use crate::ours;

/// The pairs of rules that interact, with an example of each.
#[derive(Clone, Debug, Default)]
pub struct Interactions {
    /// How many combinations were looked at.
    pub cases: u64,
    /// The name of a pair, how many of its combinations show it, and the first of them.
    pub found: BTreeMap<String, (u64, String)>,
}

/// The pairs that are expected to, with the reason.
///
/// # Errors
///
/// When the list cannot be read.
pub fn declared() -> Result<BTreeMap<String, String>> {
    serde_json::from_str(include_str!("../../world/interactions.json")).context("interactions.json")
}

impl Interactions {
    /// Looks at a slice of all pairs.
    #[must_use]
    pub fn run(pairs: &Pairs, slice: Slice) -> Self {
        let mut found = Self::default();
        for number in slice.numbers(pairs.len()) {
            let Some((group, number)) = pairs.place(number) else { continue };
            found.cases += 1;
            let (Some(how), Some(of)) = (interaction(pairs, group, number), pairs.groups().get(group)) else {
                continue;
            };
            let (count, _) = found.found.entry(of.name.clone()).or_insert((0, how));
            *count += 1;
        }
        found
    }

    /// The pairs that interact and are not declared, or the reverse.
    #[must_use]
    pub fn surprises(&self, declared: &BTreeMap<String, String>, whole: bool) -> Vec<String> {
        let unknown = self.found.iter().filter(|(pair, _)| !declared.contains_key(*pair));
        let unseen = declared.keys().filter(|pair| whole && !self.found.contains_key(*pair));
        unknown
            .map(|(pair, (count, how))| format!("{pair}: {count} interact, as in {how}"))
            .chain(unseen.map(|pair| format!("{pair}: declared, and do not interact")))
            .collect()
    }
}

/// How the rules of a combination interact, if they do.
fn interaction(pairs: &Pairs, group: usize, number: u64) -> Option<String> {
    let combination = pairs.combination(group, number)?;
    if !matches!(combination.moment, Moment::Create | Moment::Debug) {
        // What would have to be changed is reported only where nothing else stands against the pod.
        return None;
    }
    let says =
        |settings: &[usize], pods: &[usize]| says(&pairs.write(String::new(), &combination, settings, pods));
    const BOTH: [usize; 2] = [0, 1];
    let [together, first, second, none] =
        [&BOTH as &[usize], &[0], &[1], &[]].map(|rules| says(rules, &BOTH));
    let differs = |what: &str, one: &Said, other: &Said| {
        (one != other).then(|| {
            let name = pairs.case(group, number).case().name.clone();
            format!("{what} of {name}: {one:?} instead of {other:?}")
        })
    };
    // Whether a rule looks at a field that is the other one's, in addition to what any policy makes of it.
    let alone = |rule: usize| says(&[rule], &[rule]).and(&none);
    differs("the policies", &together, &first.and(&second))
        .or_else(|| differs("the first rule and the second's fields", &first, &alone(0)))
        .or_else(|| differs("the second rule and the first's fields", &second, &alone(1)))
}

/// What is said of a pod: objections, and what is filled in if there are none.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Said {
    objections: BTreeSet<String>,
    changes: BTreeSet<String>,
}

impl Said {
    fn and(&self, other: &Self) -> Self {
        let objections: BTreeSet<String> = self.objections.union(&other.objections).cloned().collect();
        let changes = if objections.is_empty() {
            self.changes.union(&other.changes).cloned().collect()
        } else {
            BTreeSet::new()
        };
        Self { objections, changes }
    }
}

fn says(case: &Case) -> Said {
    let answer = ours::natively(case);
    let objections = answer.message.as_deref().map(|message| message.split("; ").map(anywhere).collect());
    let mut changes = BTreeSet::new();
    if let Some(mutated) = &answer.mutated {
        differing("", &case.pod, mutated, &mut changes);
    }
    Said { objections: objections.unwrap_or_default(), changes }
}

/// An objection, whichever of the volumes and sysctls it is about.
fn anywhere(objection: &str) -> String {
    let mut text = objection.to_owned();
    for list in ["volumes[", "volumeMounts[", "ports["] {
        for index in ["0]", "1]", "2]"] {
            text = text.replace(&format!("{list}{index}"), &format!("{list}*]"));
        }
    }
    text
}

fn differing(path: &str, before: &Value, after: &Value, found: &mut BTreeSet<String>) {
    match (before, after) {
        (one, other) if one == other => {}
        (Value::Null, Value::Object(after)) => {
            for (key, value) in after {
                differing(&format!("{path}.{key}"), &Value::Null, value, found);
            }
        }
        (Value::Object(before), Value::Object(after)) => {
            let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
            for key in keys {
                let [one, other] = [before, after].map(|object| object.get(key).unwrap_or(&Value::Null));
                differing(&format!("{path}.{key}"), one, other, found);
            }
        }
        (Value::Array(before), Value::Array(after)) if before.len() == after.len() => {
            for (index, (one, other)) in before.iter().zip(after).enumerate() {
                differing(&format!("{path}[{index}]"), one, other, found);
            }
        }
        (_, other) => drop(found.insert(format!("{path}={other}"))),
    }
}
