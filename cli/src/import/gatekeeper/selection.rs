//! What `match` selects.

use serde_json::{Map, Value};

use super::config::{Exclusions, Process};
use super::globs::{Glob, any_of, divided};
use crate::error::Error;
use crate::import::Surroundings;
use crate::import::reach::{Reach, requirements};
use crate::input::Object;

const MATCH: &str = "spec.match";

/// The pods that are selected.
#[derive(Clone, Debug)]
pub(super) struct Selection {
    pub(super) reach: Reach,
    /// The namespaces that there are, as far as they are known.
    pub(super) namespaces: Vec<String>,
    /// Whether there may be more of them later.
    pub(super) is_open: bool,
}

/// What `match` says.
pub(super) enum Selected {
    Pods(Selection),
    /// No pod, and why.
    None(String),
}

struct Reader<'o> {
    object: &'o Object,
    values: Map<String, Value>,
    problems: Vec<Error>,
}

/// Reads `match`, together with what the configuration excludes.
pub(super) fn read(
    object: &Object,
    process: Process,
    exclusions: &Exclusions,
    around: &Surroundings,
) -> Result<Selected, Vec<Error>> {
    let values = object.value().pointer("/spec/match").and_then(Value::as_object).cloned();
    let mut reader = Reader { object, values: values.unwrap_or_default(), problems: Vec::new() };
    for key in reader.values.clone().keys() {
        let known = [
            "kinds",
            "scope",
            "namespaces",
            "excludedNamespaces",
            "labelSelector",
            "namespaceSelector",
            "name",
            "source",
        ];
        if !known.contains(&&**key) {
            reader.report(key, "what it selects is not known");
        }
    }
    let selected = reader.selected(process, exclusions, around);
    if reader.problems.is_empty() { Ok(selected) } else { Err(reader.problems) }
}

impl Reader<'_> {
    fn report(&mut self, key: &str, reason: &str) {
        let place = format!("{MATCH}.{key}");
        let text = format_args!("{}: {place}: {reason}", self.object.title());
        self.problems.push(Error::at(self.object.place(&place), text));
    }

    fn selected(&mut self, process: Process, exclusions: &Exclusions, around: &Surroundings) -> Selected {
        if !self.selects_pods() {
            return Selected::None("it selects no pods".to_owned());
        }
        match self.text("scope").as_deref() {
            None | Some("" | "*" | "Namespaced") => {}
            Some("Cluster") => {
                return Selected::None("it selects what has no namespace, which pods have".to_owned());
            }
            Some(_) => self.report("scope", "must be `*`, `Cluster` or `Namespaced`"),
        }
        match self.text("source").as_deref() {
            None | Some("" | "All" | "Original") => {}
            Some("Generated") => {
                return Selected::None(
                    "it selects the pods of workloads' templates alone, which are judged where pods are"
                        .to_owned(),
                );
            }
            Some(_) => self.report("source", "must be `All`, `Generated` or `Original`"),
        }
        let mut reach = Reach { workloads: exclusions.generates_pods(), ..Reach::default() };
        reach.namespaces = requirements(self.values.get("namespaceSelector"));
        reach.objects = requirements(self.values.get("labelSelector"));
        let (names, open) = divided(self.globs("namespaces"));
        let is_open = names.is_empty() || !open.is_empty();
        if open.is_empty() && !names.is_empty() {
            reach.only_in(&names);
        } else if !open.is_empty() {
            let listed = names.iter().cloned().map(Glob::Exact).chain(open).collect::<Vec<_>>();
            reach.conditions.push(("namespaces".to_owned(), any_of(&listed, "request.namespace")));
        }
        let mut excluded = self.globs("excludedNamespaces");
        excluded.extend(exclusions.of(process).iter().cloned());
        let (excluded, open) = divided(excluded);
        reach.not_in(&excluded);
        if !open.is_empty() {
            let condition = format!("!({})", any_of(&open, "request.namespace"));
            reach.conditions.push(("excluded-namespaces".to_owned(), condition));
        }
        self.add_name(&mut reach);
        let mut namespaces = names;
        if is_open {
            namespaces = around.namespaces.iter().map(|namespace| namespace.name.clone()).collect();
            namespaces.retain(|name| !excluded.contains(name));
            namespaces.sort();
        }
        Selected::Pods(Selection { reach, namespaces, is_open })
    }

    /// Gatekeeper compares the name that pods of controllers are made from as well.
    fn add_name(&mut self, reach: &mut Reach) {
        let Some(name) = self.text("name").filter(|name| !name.is_empty()) else { return };
        match Glob::parse(&name) {
            None => self.report("name", "a `*` may only stand at its ends"),
            Some(glob) => {
                let matches =
                    |field: &str| format!("(has({field}) && {})", any_of(std::slice::from_ref(&glob), field));
                let condition = format!(
                    "{} || {}",
                    matches("object.metadata.name"),
                    matches("object.metadata.generateName")
                );
                reach.conditions.push(("name".to_owned(), condition));
            }
        }
    }

    fn selects_pods(&mut self) -> bool {
        let kinds = match self.values.get("kinds") {
            None | Some(Value::Null) => return true,
            Some(Value::Array(kinds)) => kinds.clone(),
            Some(_) => {
                self.report("kinds", "must be a list");
                return true;
            }
        };
        let lists = |entry: &Value, key: &str, wanted: &str| {
            let list = entry.get(key).and_then(Value::as_array).into_iter().flatten();
            let mut names = list.filter_map(Value::as_str).peekable();
            names.peek().is_none() || names.any(|name| name == "*" || name == wanted)
        };
        kinds.is_empty()
            || kinds.iter().any(|entry| lists(entry, "apiGroups", "") && lists(entry, "kinds", "Pod"))
    }

    fn text(&mut self, key: &str) -> Option<String> {
        match self.values.get(key)? {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            _ => {
                self.report(key, "must be a text");
                None
            }
        }
    }

    fn globs(&mut self, key: &str) -> Vec<Glob> {
        let list = match self.values.get(key) {
            None | Some(Value::Null) => return Vec::new(),
            Some(Value::Array(list)) => list.clone(),
            Some(_) => {
                self.report(key, "must be a list");
                return Vec::new();
            }
        };
        let mut globs = Vec::new();
        for (index, name) in list.iter().enumerate() {
            match name.as_str().and_then(Glob::parse) {
                Some(glob) => globs.push(glob),
                None => {
                    self.report(
                        &format!("{key}[{index}]"),
                        "must be the name of a namespace, with `*` at its ends at most",
                    );
                }
            }
        }
        globs
    }
}
