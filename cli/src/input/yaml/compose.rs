//! From nodes to a value and its marks, as `go.yaml.in/yaml/v2` decodes them (`decode.go`): the last of equal keys
//! wins, and a merge key counts where it stands.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use serde_json::{Map, Value};

use super::nodes::{Body, Node};
use super::scalar::{KeyType, Scalar, resolve};
use super::{Malformed, Remark};
use crate::input::place::{Inside, Mark, Tree};

/// Deeper documents are rejected: the JSON parser stops at a depth of 128.
const DEEPEST: usize = 100;

pub(super) struct Composer<'n> {
    nodes: &'n [Node],
    /// Constructs to warn about.
    pub(super) remarks: Vec<Remark>,
    /// The aliases on the path to the current node.
    aliases: Vec<usize>,
    /// How many nodes have been decoded, and how many of them through an alias.
    decoded: u32,
    for_aliases: u32,
}

/// An object that is being filled.
#[derive(Default)]
struct Members {
    values: Map<String, Value>,
    trees: Vec<(String, Mark, Tree)>,
    /// For each key: the tree that is its own, its type, and whether it came from a merge key.
    known: HashMap<String, (usize, KeyType, bool)>,
}

impl<'n> Composer<'n> {
    pub(super) fn new(nodes: &'n [Node]) -> Self {
        Composer { nodes, remarks: Vec::new(), aliases: Vec::new(), decoded: 0, for_aliases: 0 }
    }

    /// The value and the marks of a node.
    pub(super) fn compose(&mut self, number: usize, depth: usize) -> Result<(Value, Tree), Malformed> {
        let Some(node) = self.nodes.get(number) else { return Ok((Value::Null, empty())) };
        self.count(node.at)?;
        if depth > DEEPEST {
            return Err(malformed(node.at, format!("nested more than {DEEPEST} levels deep")));
        }
        match &node.body {
            Body::Alias { name, node: target } => {
                self.enter(number, name, node.at)?;
                let (value, tree) = self.compose(*target, depth)?;
                self.aliases.pop();
                Ok((value, Tree { at: node.at, ..tree }))
            }
            Body::Scalar { .. } => {
                let value = self.scalar(node)?.into_json();
                let value = value.map_err(|reason| malformed(node.at, format!("the value {reason}")))?;
                Ok((value, Tree { at: node.at, inside: Inside::Scalar }))
            }
            Body::List(elements) => {
                let mut values = Vec::with_capacity(elements.len());
                let mut trees = Vec::with_capacity(elements.len());
                for element in elements {
                    let (value, tree) = self.compose(*element, depth + 1)?;
                    values.push(value);
                    trees.push(tree);
                }
                Ok((Value::Array(values), Tree { at: node.at, inside: Inside::List(trees) }))
            }
            Body::Map(pairs) => {
                let mut members = Members::default();
                self.fill(pairs, &mut members, false, depth)?;
                let tree = Tree { at: node.at, inside: Inside::Map(members.trees) };
                Ok((Value::Object(members.values), tree))
            }
        }
    }

    fn scalar(&self, node: &Node) -> Result<Scalar, Malformed> {
        match &node.body {
            Body::Scalar { text, tag: None, is_plain: false } => Ok(Scalar::Text(text.clone())),
            Body::Scalar { text, tag, .. } => resolve(tag.as_deref(), text)
                .map_err(|reason| malformed(node.at, format!("the value {reason}"))),
            Body::Alias { node: target, .. } => match self.nodes.get(*target) {
                Some(target) => self.scalar(target),
                None => Ok(Scalar::Null),
            },
            Body::List(_) | Body::Map(_) => {
                Err(malformed(node.at, "a list or an object as a key, which JSON has not".to_owned()))
            }
        }
    }

    /// Merges the members of an object into another: itself, or the one that contains the merge key.
    fn fill(
        &mut self,
        pairs: &[(usize, usize)],
        into: &mut Members,
        is_merged: bool,
        depth: usize,
    ) -> Result<(), Malformed> {
        for (key, value) in pairs {
            let Some(node) = self.nodes.get(*key) else { continue };
            if is_merge(node) {
                self.merge(*value, into, depth)?;
                continue;
            }
            self.count(node.at)?;
            let (key, key_type) = self
                .scalar(node)?
                .into_key()
                .map_err(|reason| malformed(node.at, format!("the key {reason}")))?;
            let (value, tree) = self.compose(*value, depth + 1)?;
            self.set(into, key, key_type, (node.at, value, tree), is_merged)?;
        }
        Ok(())
    }

    fn merge(&mut self, number: usize, into: &mut Members, depth: usize) -> Result<(), Malformed> {
        let Some(node) = self.nodes.get(number) else { return Ok(()) };
        match &node.body {
            // The first of several takes precedence.
            Body::List(elements) => {
                elements.iter().rev().try_for_each(|one| self.merge_one(*one, into, depth))
            }
            _ => self.merge_one(number, into, depth),
        }
    }

    fn merge_one(&mut self, number: usize, into: &mut Members, depth: usize) -> Result<(), Malformed> {
        let nodes = self.nodes;
        let Some(node) = nodes.get(number) else { return Ok(()) };
        let merged = match &node.body {
            Body::Map(pairs) => Some((None, pairs)),
            Body::Alias { name, node: target } => match nodes.get(*target).map(|node| &node.body) {
                Some(Body::Map(pairs)) => Some((Some(name), pairs)),
                _ => None,
            },
            _ => None,
        };
        let Some((alias, pairs)) = merged else {
            return Err(malformed(
                node.at,
                "a merge key `<<` needs an object or a list of objects".to_owned(),
            ));
        };
        if depth > DEEPEST {
            return Err(malformed(node.at, format!("nested more than {DEEPEST} levels deep")));
        }
        self.count(node.at)?;
        if let Some(name) = alias {
            self.enter(number, name, node.at)?;
            self.count(node.at)?;
        }
        self.fill(pairs, into, true, depth + 1)?;
        if alias.is_some() {
            self.aliases.pop();
        }
        Ok(())
    }

    /// Sets a member. Of duplicate keys the last wins.
    fn set(
        &mut self,
        into: &mut Members,
        key: String,
        key_type: KeyType,
        (at, value, tree): (Mark, Value, Tree),
        is_merged: bool,
    ) -> Result<(), Malformed> {
        match into.known.entry(key.clone()) {
            Entry::Vacant(entry) => {
                entry.insert((into.trees.len(), key_type, is_merged));
                into.trees.push((key.clone(), at, tree));
            }
            Entry::Occupied(mut entry) => {
                let (nth, known_type, was_merged) = *entry.get();
                let Some(known) = into.trees.get_mut(nth) else { return Ok(()) };
                if known_type != key_type {
                    let reason = format!(
                        "the keys `{key}` of this line and line {} differ in YAML and are one in JSON: kubectl takes either",
                        known.1.line
                    );
                    return Err(malformed(at, reason));
                }
                match (was_merged, is_merged) {
                    (false, false) => {
                        self.remarks.push(Remark::Twice { key: key.clone(), first: known.1, last: at });
                    }
                    (false, true) if into.values.get(&key) != Some(&value) => {
                        self.remarks.push(Remark::Merged { key: key.clone(), own: known.1, merged: at });
                    }
                    _ => {}
                }
                entry.insert((nth, key_type, is_merged));
                *known = (key.clone(), at, tree);
            }
        }
        into.values.insert(key, value);
        Ok(())
    }

    fn enter(&mut self, number: usize, name: &str, at: Mark) -> Result<(), Malformed> {
        if self.aliases.contains(&number) {
            return Err(malformed(at, format!("the anchor `{name}` holds itself")));
        }
        self.aliases.push(number);
        Ok(())
    }

    /// Counts a node, so that a small document cannot grow without bounds: the limits are kubectl's.
    fn count(&mut self, at: Mark) -> Result<(), Malformed> {
        self.decoded = self.decoded.saturating_add(1);
        if !self.aliases.is_empty() {
            self.for_aliases = self.for_aliases.saturating_add(1);
        }
        let share = f64::from(self.for_aliases) / f64::from(self.decoded);
        if self.for_aliases > 100 && self.decoded > 1000 && share > allowed_share(self.decoded) {
            return Err(malformed(at, "aliases make the document too large".to_owned()));
        }
        Ok(())
    }
}

/// How much of a document may come from aliases: nearly all of a small one, a tenth of a large one.
fn allowed_share(decoded: u32) -> f64 {
    const LOW: f64 = 400_000.0;
    const HIGH: f64 = 4_000_000.0;
    0.99 - 0.89 * ((f64::from(decoded) - LOW) / (HIGH - LOW)).clamp(0.0, 1.0)
}

fn is_merge(key: &Node) -> bool {
    match &key.body {
        Body::Scalar { text, tag, is_plain } => {
            text == "<<" && (*is_plain || tag.as_deref() == Some("tag:yaml.org,2002:merge"))
        }
        _ => false,
    }
}

fn malformed(at: Mark, reason: String) -> Malformed {
    Malformed { at, reason }
}

fn empty() -> Tree {
    Tree { at: Mark { line: 1, column: 1 }, inside: Inside::Scalar }
}
