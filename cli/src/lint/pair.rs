//! The halves of a pair, held against each other.

use serde_json::{Map, Value};

use super::finding::{Finding, Level};
use super::registration::{Rule, rules_in};
use super::shown;
use crate::input::Object;
use crate::policies::{self, IS_DROPPED};

/// A registration of new pods.
struct Half<'o> {
    object: &'o Object,
    value: Value,
}

/// At most so many differences are named.
const NAMED: usize = 5;

/// What is wrong with registrations that belong together.
pub(super) fn findings(registrations: &[&Object]) -> Vec<Finding> {
    let halves = registrations.iter().map(|object| Half { object, value: object.value() });
    let halves = halves.filter(|half| rules_in(&half.value).iter().any(Rule::creates_pods));
    let (mutating, judging): (Vec<_>, Vec<_>) = halves.partition(Half::is_mutating);
    let all: Vec<&Value> = judging.iter().map(|half| &half.value).collect();
    let mut found = Vec::new();
    for half in &mutating {
        match half.partner(&judging) {
            Some(other) => half.compare(other, &mut found),
            None => found.extend(half.alone(&all)),
        }
    }
    found
}

impl Half<'_> {
    fn is_mutating(&self) -> bool {
        self.value.pointer("/spec/mutating") == Some(&Value::Bool(true))
    }

    /// The judging half: it has the same name but for its ending, else it is the only one of its kind and namespace.
    fn partner<'h>(&self, judging: &'h [Self]) -> Option<&'h Self> {
        let (kind, namespace) = (&self.object.kind, &self.object.namespace);
        let near = || {
            judging.iter().filter(|other| other.object.kind == *kind && other.object.namespace == *namespace)
        };
        let named = near().find(|other| stem(&other.object.name) == stem(&self.object.name));
        let mut others = near();
        named.or_else(|| others.next().filter(|_| others.next().is_none()))
    }

    fn alone(&self, judging: &[&Value]) -> Vec<Finding> {
        let mut found: Vec<Finding> = policies::dropped(&self.value, judging)
            .iter()
            .map(|path| Finding::new(self.object, Level::Error, "pair", path, IS_DROPPED))
            .collect();
        if found.is_empty() && policies::holds_policies(&self.value) {
            found.push(Finding::new(
                self.object,
                Level::Warning,
                "pair",
                "spec.mutating",
                "fills in and judges alone: webhooks that run later can undo it, and neither updates of pods nor workloads are judged; register the same settings with mutating: false and mutate: false",
            ));
        }
        found
    }

    fn compare(&self, other: &Self, found: &mut Vec<Finding>) {
        let report =
            |level, path: &str, problem: String| Finding::new(other.object, level, "pair", path, problem);
        let title = self.object.title();
        let settings = |half: &Self| policies::settings_without_mutate(half.object);
        let mut differences = Vec::new();
        between("spec.settings", &settings(self), &settings(other), &mut differences);
        let more = differences.len().saturating_sub(NAMED);
        for (path, there) in differences.into_iter().take(NAMED) {
            found.push(report(Level::Error, &path, format!("differs from {title}, where it is {there}")));
        }
        if more > 0 {
            let problem = format!("has {more} more differences from {title}");
            found.push(report(Level::Error, "spec.settings", problem));
        }
        for (pointer, path) in [
            ("/spec/module", "spec.module"),
            ("/spec/namespaceSelector", "spec.namespaceSelector"),
            ("/spec/objectSelector", "spec.objectSelector"),
        ] {
            let (own, there) = (other.value.pointer(pointer), self.value.pointer(pointer));
            if own != there {
                let problem = format!("differs from {title}, where it is {}", shown(there));
                found.push(report(Level::Error, path, problem));
            }
        }
        // Kubewarden's default.
        let mode = |half: &Self| half.value.pointer("/spec/mode").and_then(Value::as_str) == Some("monitor");
        if mode(self) && !mode(other) {
            let problem = format!(
                "is protect while {title} is in monitor mode and fills in nothing, so that pods that need defaults are rejected: switch that one first"
            );
            found.push(report(Level::Error, "spec.mode", problem));
        }
    }
}

/// The name without what says which half it is.
fn stem(name: &str) -> &str {
    let endings = ["mutating", "validating", "mutate", "validate", "mutation", "validation"];
    let ended = endings.iter().find_map(|ending| name.strip_suffix(ending));
    ended.map_or(name, |stem| stem.trim_end_matches(['-', '.']))
}

/// Where two documents differ: the path, and the value of the first one.
fn between(path: &str, one: &Value, other: &Value, found: &mut Vec<(String, String)>) {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => of_members(path, one, other, found),
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            for (nth, (one, other)) in one.iter().zip(other).enumerate() {
                between(&format!("{path}[{nth}]"), one, other, found);
            }
        }
        (one, other) if one == other => {}
        (one, _) => found.push((path.to_owned(), shown(Some(one)))),
    }
}

fn of_members(
    path: &str,
    one: &Map<String, Value>,
    other: &Map<String, Value>,
    found: &mut Vec<(String, String)>,
) {
    let keys = one.keys().chain(other.keys().filter(|key| !one.contains_key(*key)));
    for key in keys {
        let inner = if key.contains(['.', '/']) { format!("{path}[{key}]") } else { format!("{path}.{key}") };
        match (one.get(key), other.get(key)) {
            (Some(one), Some(other)) => between(&inner, one, other, found),
            (there, _) => found.push((inner, shown(there))),
        }
    }
}
