//! Pieces that one registration can demand together.

use std::collections::BTreeMap;

use pod_security_policy::settings::Settings;
use pod_security_policy::standards;
use serde_json::{Map, Value, json};

use super::neutral;
use super::piece::{Action, Alternative, Piece};
use super::reach::{Reach, Subject};
use crate::error::Error;

/// One policy that demands what some pieces demand, neither more nor less.
#[derive(Clone, Debug)]
pub(crate) struct Bundle {
    /// The names of the objects that it comes from, each once.
    pub(crate) names: Vec<String>,
    pub(crate) reach: Reach,
    pub(crate) writes: bool,
    spec: Map<String, Value>,
    annotations: Map<String, Value>,
    alternatives: Vec<Alternative>,
    options: Map<String, Value>,
    level: Option<standards::Standard>,
    rules: BTreeMap<String, Rule>,
}

/// How a rule of the settings is enforced.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Rule {
    action: Action,
    exemptions: Vec<Map<String, Value>>,
}

/// Pieces, combined.
pub(crate) struct Combined {
    pub(crate) bundles: Vec<Bundle>,
    /// The pieces that are in them.
    pub(crate) pieces: Vec<Piece>,
    /// Why the others cannot be said in settings.
    pub(crate) refused: Vec<Error>,
}

/// Combines pieces as far as that is exact.
pub(crate) fn bundles(pieces: Vec<Piece>) -> Combined {
    let mut combined = Combined { bundles: Vec::new(), pieces: Vec::new(), refused: Vec::new() };
    for piece in pieces {
        let alone = match Bundle::of(&piece) {
            Ok(alone) => alone,
            Err(reason) => {
                let reason = format_args!("{}: cannot be converted: {reason}", piece.title);
                combined.refused.push(Error::at(piece.place, reason));
                continue;
            }
        };
        let mut fitting =
            combined.bundles.iter_mut().filter_map(|bundle| Some((bundle.with(&alone)?, bundle)));
        match fitting.next() {
            Some((together, bundle)) => *bundle = together,
            None => combined.bundles.push(alone),
        }
        combined.pieces.push(piece);
    }
    combined
}

impl Bundle {
    /// A piece by itself.
    fn of(piece: &Piece) -> Result<Self, String> {
        let mut bundle = Bundle {
            names: vec![piece.name.clone()],
            reach: piece.reach.clone(),
            writes: piece.writes,
            spec: piece.spec.clone(),
            annotations: piece.annotations.clone(),
            alternatives: piece.alternatives.clone(),
            options: piece.options.clone(),
            level: None,
            rules: BTreeMap::new(),
        };
        let mut rules = fields(&piece.spec, &piece.annotations);
        for Alternative { spec, annotations, .. } in &piece.alternatives {
            rules.extend(fields(spec, annotations));
        }
        for standard in &piece.standards {
            let level = standard.level.parse::<standards::Standard>();
            let level = level.map_err(|problem| format!("{}: {problem}", standard.level))?;
            let known: Vec<&str> = level.checks().map(|(_, check)| check.id).collect();
            let checks = standard.checks.as_ref().unwrap_or(&known);
            // A check that this version does not have demands nothing.
            rules.extend(checks.iter().filter(|check| known.contains(check)).map(|check| check_rule(check)));
            let together = bundle.level.map_or(Some(level), |other| higher(other, level));
            bundle.level = Some(together.ok_or("its versions of the Pod Security Standards differ")?);
        }
        let rule = Rule { action: piece.action, exemptions: piece.exemptions.clone() };
        bundle.rules.extend(rules.into_iter().map(|name| (name, rule.clone())));
        bundle.problem().map_or(Ok(bundle), Err)
    }

    /// Both together, if there is one policy that demands exactly that.
    fn with(&self, other: &Bundle) -> Option<Bundle> {
        let are_plain = self.options.is_empty() && other.options.is_empty();
        if !are_plain || self.reach != other.reach || self.writes != other.writes {
            return None;
        }
        let mut together = self.clone();
        if !other.alternatives.is_empty() {
            if !self.alternatives.is_empty() {
                return None;
            }
            together.alternatives.clone_from(&other.alternatives);
        }
        // What holds for all policies would be overwritten by what one of them demands of the same field.
        for Alternative { spec, annotations, .. } in &together.alternatives {
            let is_common = |rule: &String| !self.demand(rule).is_empty() || !other.demand(rule).is_empty();
            if fields(spec, annotations).iter().any(is_common) {
                return None;
            }
        }
        for (name, rule) in &other.rules {
            let Some(known) = together.rules.get_mut(name) else {
                together.rules.insert(name.clone(), rule.clone());
                continue;
            };
            if known.exemptions != rule.exemptions {
                return None;
            }
            if known.action != rule.action {
                if self.demand(name) != other.demand(name) {
                    return None;
                }
                known.action = known.action.max(rule.action);
            }
        }
        for (field, value) in &other.spec {
            let value = match self.spec.get(field) {
                Some(own) => both_if_not_void(field, own, value)?,
                None => value.clone(),
            };
            together.spec.insert(field.clone(), value);
        }
        for (key, value) in &other.annotations {
            if self.annotations.get(key).is_some_and(|own| own != value) {
                return None;
            }
            together.annotations.insert(key.clone(), value.clone());
        }
        together.level = match (self.level, other.level) {
            (Some(a), Some(b)) => Some(higher(a, b)?),
            (a, b) => a.or(b),
        };
        if !together.names_are_evaluated() || together.problem().is_some() {
            return None;
        }
        let more = other.names.iter().filter(|name| !self.names.contains(name));
        together.names.extend(more.cloned());
        Some(together)
    }

    /// What is demanded in the name of a rule.
    fn demand(&self, rule: &str) -> Vec<&Value> {
        let annotations = self.annotations.iter().filter(|(key, _)| of_annotation(key) == rule);
        self.spec.get(rule).into_iter().chain(annotations.map(|(_, value)| value)).collect()
    }

    /// Whether each demanded check is evaluated at the level: some are replaced there by stricter ones.
    fn names_are_evaluated(&self) -> bool {
        let Some(level) = self.level else { return true };
        let evaluated: Vec<String> = level.checks().map(|(_, check)| check_rule(check.id)).collect();
        let overriding = |name: &String| {
            let check =
                standards::all().map(|(_, check)| check).find(|check| check_rule(check.id) == *name)?;
            self.rules.get(&check_rule(check.overridden_by()?.id))
        };
        self.rules.iter().filter(|(name, _)| name.starts_with(CHECK)).all(|(name, rule)| {
            evaluated.contains(name)
                || overriding(name)
                    .is_some_and(|over| over.action >= rule.action && over.exemptions == rule.exemptions)
        })
    }

    /// Why the policy module would reject the settings.
    fn problem(&self) -> Option<String> {
        let text = Value::Object(self.settings()).to_string();
        Settings::parse(&text).err().map(|problems| problems.to_string())
    }

    /// The settings, without `mutate`.
    pub(crate) fn settings(&self) -> Map<String, Value> {
        let mut settings = self.options.clone();
        let mut actions: BTreeMap<&str, &str> = self
            .rules
            .iter()
            .filter(|(_, rule)| rule.action != Action::Deny)
            .map(|(name, rule)| (name.as_str(), rule.action.name()))
            .collect();
        let mut spec = neutral::spec();
        spec.extend(self.spec.clone());
        for (demanded, permitting) in NOT_TOGETHER {
            let admits_all = spec.get(permitting).is_some_and(|value| neutral::admits_all(permitting, value));
            if self.spec.contains_key(demanded) && admits_all {
                spec.shift_remove(permitting);
                actions.insert(permitting, "Ignore");
            }
        }
        let ignored: Vec<String> = self
            .level
            .into_iter()
            .flat_map(standards::Standard::checks)
            .map(|(_, check)| check_rule(check.id))
            .filter(|name| !self.rules.contains_key(name))
            .collect();
        if let Some(level) = self.level {
            settings.insert("podSecurityStandards".to_owned(), json!({"enforce": level.to_string()}));
            actions.extend(ignored.iter().map(|name| (name.as_str(), "Ignore")));
        }
        if !actions.is_empty() {
            settings.insert("enforcement".to_owned(), json!({"rules": actions}));
        }
        let exemptions = self.exemptions();
        if !exemptions.is_empty() {
            settings.insert("exemptions".to_owned(), exemptions.into());
        }
        if !self.reach.workloads && self.reach.subject == Subject::Pods {
            settings.insert("workloads".to_owned(), "Warn".into());
        }
        let mut annotations = neutral::annotations();
        annotations.extend(self.annotations.clone());
        if !self.alternatives.is_empty() {
            settings.insert("authorization".to_owned(), "None".into());
            let policies = self.alternatives.iter().map(|one| one.policy(&spec, &annotations));
            settings.insert("policies".to_owned(), policies.collect());
        } else if !self.spec.is_empty() || !self.annotations.is_empty() {
            annotations.retain(|_, value| !value.is_null());
            settings.insert("annotations".to_owned(), Value::Object(annotations));
            settings.extend(spec);
        }
        settings
    }

    /// The exemptions, each with all rules that it frees.
    fn exemptions(&self) -> Vec<Value> {
        let mut entries: Vec<(&Map<String, Value>, Vec<&str>)> = Vec::new();
        for (name, rule) in &self.rules {
            for exemption in &rule.exemptions {
                match entries.iter_mut().find(|(known, _)| *known == exemption) {
                    Some((_, names)) => names.push(name),
                    None => entries.push((exemption, vec![name])),
                }
            }
        }
        let whole = entries.into_iter().map(|(exemption, rules)| {
            let mut exemption = exemption.clone();
            exemption.insert("rules".to_owned(), rules.into());
            Value::Object(exemption)
        });
        whole.collect()
    }
}

impl Alternative {
    /// The policy, with what holds for all of them.
    fn policy(&self, common: &Map<String, Value>, annotations: &Map<String, Value>) -> Value {
        let mut spec = common.clone();
        spec.extend(self.spec.clone());
        let mut annotations = annotations.clone();
        annotations.extend(self.annotations.clone());
        annotations.retain(|_, value| !value.is_null());
        let mut metadata = Map::from_iter([("name".to_owned(), self.name.clone().into())]);
        if !annotations.is_empty() {
            metadata.insert("annotations".to_owned(), Value::Object(annotations));
        }
        json!({"metadata": metadata, "spec": spec})
    }
}

/// The rules that read these fields, where they restrict, and annotations.
fn fields(spec: &Map<String, Value>, annotations: &Map<String, Value>) -> Vec<String> {
    let annotations = annotations.keys().map(|key| of_annotation(key));
    let restricted = spec.iter().filter(|(field, value)| !neutral::admits_all(field, value));
    restricted.map(|(field, _)| field.as_str()).chain(annotations).map(str::to_owned).collect()
}

/// Fields that restrict, and those whose `*` a policy may not have besides: the rule of the latter is ignored instead.
const NOT_TOGETHER: [(&str, &str); 2] =
    [("forbiddenSysctls", "allowedUnsafeSysctls"), ("requiredDropCapabilities", "allowedCapabilities")];

/// The start of the name of a check among rules.
const CHECK: &str = "pss/";

fn check_rule(id: &str) -> String {
    format!("{CHECK}{id}")
}

/// The rule that reads an annotation.
fn of_annotation(key: &str) -> &'static str {
    if key.starts_with("seccomp") { "seccomp" } else { "appArmor" }
}

/// The level that has the checks of both, at the same version.
fn higher(a: standards::Standard, b: standards::Standard) -> Option<standards::Standard> {
    (a.version == b.version).then(|| if a.level >= b.level { a } else { b })
}

/// The value that demands both, unless it is an empty list that would be read as a default.
fn both_if_not_void(field: &str, a: &Value, b: &Value) -> Option<Value> {
    let both = neutral::both(field, a, b)?;
    let is_void = field == "allowedProcMountTypes" && both.as_array().is_some_and(Vec::is_empty);
    (!is_void).then_some(both)
}

#[cfg(test)]
mod tests;
