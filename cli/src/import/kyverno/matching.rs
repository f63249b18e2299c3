//! Where a rule applies: `match` and `exclude`, as selectors and match conditions of a registration.

mod block;
mod conditions;
mod kinds;

use serde_json::{Map, Value, json};

use super::fact::Unread;
use crate::import::reach::{Reach, requirement};
use block::Block;
use kinds::is_pod;

pub(super) use conditions::{add, is_pattern, named, texts};

/// What a rule applies to.
#[derive(Debug, Default)]
pub(super) struct Matched {
    /// One for each alternative of `match`; none if it is not about pods.
    pub(super) reaches: Vec<Reach>,
    /// Whether Kyverno makes rules for workloads of it.
    pub(super) autogen: bool,
}

/// The label that every namespace has.
const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";

/// Reads `match` and `exclude` of a rule.
pub(super) fn read(rule: &Value, base: &Reach, at: &str) -> Result<Matched, Unread> {
    let mut matched = Matched { reaches: Vec::new(), autogen: true };
    let included = blocks(rule.get("match"), &format!("{at}.match"));
    let excluded = blocks(rule.get("exclude"), &format!("{at}.exclude"));
    for block in included.iter().chain(&excluded).flat_map(|group| &group.0) {
        matched.autogen &= !block.turns_autogen_off();
    }
    for Group(blocks) in &included {
        // Kinds are those of the block that has them.
        let kinds: Vec<&str> = blocks.iter().flat_map(Block::kinds).collect();
        if !kinds.iter().any(|kind| is_pod(kind)) {
            continue;
        }
        matched.autogen &= kinds.iter().all(|kind| is_pod(kind) && *kind != "*");
        let mut reach = base.clone();
        for block in blocks {
            block.restrict(&mut reach)?;
        }
        for Group(blocks) in &excluded {
            exclude(blocks, &mut reach)?;
        }
        matched.reaches.push(reach);
    }
    matched.reaches.iter_mut().for_each(|reach| reach.workloads = matched.autogen);
    Ok(matched)
}

/// Leaves out what all of some blocks match.
pub(super) fn exclude_all(rule: &Value, reach: &mut Reach, at: &str) -> Result<(), Unread> {
    blocks(Some(rule), at).iter().try_for_each(|Group(blocks)| exclude(blocks, reach))
}

/// The namespaces, if that is all that a match demands.
pub(super) fn only_namespaces(rule: &Value) -> Option<Vec<String>> {
    let mut names = Vec::new();
    for Group(blocks) in blocks(Some(rule), "") {
        let [block] = blocks.as_slice() else { return None };
        let resources = block.value.get("resources").and_then(Value::as_object)?;
        let listed = texts(resources.get("namespaces"));
        let only = resources.keys().all(|key| key == "kinds" || key == "namespaces")
            && block.value.as_object().is_some_and(|block| block.len() == 1);
        let is_exact = !listed.is_empty() && listed.iter().all(|name| !is_pattern(name));
        if !only || !is_exact || !block.is_of_pods() {
            return None;
        }
        names.extend(listed);
    }
    (!names.is_empty()).then_some(names)
}

/// Whether a match has pods among its kinds.
pub(super) fn has_pods(rule: &Value) -> bool {
    blocks(Some(rule), "").iter().any(|Group(blocks)| blocks.iter().all(Block::is_of_pods))
}

/// Blocks that must all match.
struct Group(Vec<Block>);

/// The alternatives of a match.
fn blocks(matching: Option<&Value>, at: &str) -> Vec<Group> {
    let Some(matching) = matching else { return Vec::new() };
    let list = |key: &str| matching.get(key).and_then(Value::as_array);
    let block = |(nth, value): (usize, &Value), key: &str| Block {
        value: value.clone(),
        at: format!("{at}.{key}[{nth}]"),
    };
    match (list("any"), list("all")) {
        (Some(any), _) => any.iter().enumerate().map(|one| Group(vec![block(one, "any")])).collect(),
        (None, Some(all)) => vec![Group(all.iter().enumerate().map(|one| block(one, "all")).collect())],
        (None, None) => vec![Group(vec![Block { value: matching.clone(), at: at.to_owned() }])],
    }
}

/// Restricts a reach to what not all blocks match.
fn exclude(blocks: &[Block], reach: &mut Reach) -> Result<(), Unread> {
    if !blocks.iter().all(Block::is_of_pods) {
        return Ok(());
    }
    if let Some(unsayable) = blocks.iter().find_map(Block::unsayable) {
        return Err(unsayable);
    }
    if let [block] = blocks {
        let keys: Vec<&str> = block
            .value
            .get("resources")
            .and_then(Value::as_object)
            .into_iter()
            .flat_map(Map::keys)
            .map(String::as_str)
            .filter(|key| *key != "kinds")
            .collect();
        let has_subjects = block.value.get("subjects").is_some();
        match keys.as_slice() {
            ["namespaces"] if !has_subjects => {
                let names = texts(block.resource("namespaces"));
                if !names.iter().any(|name| is_pattern(name)) {
                    reach.not_in(&names);
                    return Ok(());
                }
            }
            ["namespaceSelector"] if !has_subjects => {
                if let [one] = block.selector("namespaceSelector")?.as_slice() {
                    reach.namespaces.extend(negated(one));
                    return Ok(());
                }
            }
            _ => {}
        }
    }
    let terms: Vec<String> = blocks.iter().map(Block::expression).collect::<Result<Vec<_>, _>>()?.concat();
    if terms.is_empty() {
        let at = blocks.first().map(|block| block.at.clone()).unwrap_or_default();
        return Err(Unread::new(at, "excludes everything"));
    }
    add(
        reach,
        format!("!({})", terms.iter().map(|term| format!("({term})")).collect::<Vec<_>>().join(" && ")),
    );
    Ok(())
}

/// The requirement that holds where another does not.
fn negated(one: &Value) -> Option<Value> {
    let key = one.get("key").and_then(Value::as_str)?;
    let values = texts(one.get("values"));
    match one.get("operator").and_then(Value::as_str)? {
        "In" => Some(requirement(key, "NotIn", &values)),
        "NotIn" => Some(requirement(key, "In", &values)),
        "Exists" => Some(json!({"key": key, "operator": "DoesNotExist"})),
        "DoesNotExist" => Some(json!({"key": key, "operator": "Exists"})),
        _ => None,
    }
}

/// The names of namespaces that a reach is restricted to.
pub(super) fn names_of(reach: &Reach) -> Option<Vec<String>> {
    if let Some(namespace) = &reach.namespace {
        return Some(vec![namespace.clone()]);
    }
    let is_name = |one: &&Value| {
        one.get("key").and_then(Value::as_str) == Some(NAMESPACE_NAME)
            && one.get("operator").and_then(Value::as_str) == Some("In")
    };
    reach.namespaces.iter().find(is_name).map(|one| texts(one.get("values")))
}
