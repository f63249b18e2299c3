//! Registrations that Kubewarden accepts and that do not do what they are for.

use serde_json::Value;

use super::finding::{Finding, Level};
use crate::input::Object;
use crate::policies::{self, RESOURCES};

/// What is wrong with one registration.
pub(super) fn findings(object: &Object) -> Vec<Finding> {
    let value = object.value();
    let settings = value.pointer("/spec/settings").cloned().unwrap_or_default();
    let mut review = Review { object, value: &value, settings: &settings, found: Vec::new() };
    review.selectors();
    review.rules();
    review.halves();
    review.found
}

/// Kinds that are judged where an option is set: group, resource, option.
const OPTIONAL: [(&str, &str, &str); 4] = [
    ("", "namespaces", "namespaceLabels"),
    ("", "persistentvolumes", "persistentVolumes"),
    ("resource.k8s.io", "resourceclaims", "resourceClaims"),
    ("resource.k8s.io", "resourceclaimtemplates", "resourceClaims"),
];

const DEBUGGING: &str = "pods/ephemeralcontainers";

struct Review<'o> {
    object: &'o Object,
    value: &'o Value,
    settings: &'o Value,
    found: Vec<Finding>,
}

impl<'o> Review<'o> {
    fn add(&mut self, level: Level, path: &str, problem: impl std::fmt::Display) {
        self.found.push(Finding::new(self.object, level, "registration", path, problem));
    }

    fn has(&self, option: &str) -> bool {
        self.settings.get(option).is_some_and(|value| !value.is_null())
    }

    fn selectors(&mut self) {
        if self.value.pointer("/spec/namespaceSelector/matchLabels").is_some() {
            self.add(
                Level::Error,
                "spec.namespaceSelector.matchLabels",
                "is ignored by Kubewarden's controller, so that all namespaces match; write matchExpressions, on kubernetes.io/metadata.name for example",
            );
        }
    }

    fn rules(&mut self) {
        let rules = rules_in(self.value);
        let mut debugging = false;
        for rule in &rules {
            for (nth, resource) in rule.resources.iter().enumerate() {
                let path = format!("spec.rules[{}].resources[{nth}]", rule.nth);
                debugging |= covers_debugging(resource);
                if resource.contains('/') {
                    self.debugging(rule, resource, &path);
                    continue;
                }
                self.resource(rule, resource, &path);
            }
        }
        let creates_pods = rules.iter().any(Rule::creates_pods);
        if creates_pods && !debugging {
            self.add(
                Level::Warning,
                "spec.rules",
                "lacks pods/ephemeralcontainers, so that `kubectl debug` adds containers that no policy judges: a rule of its own, with UPDATE only",
            );
        }
        for (group, resource, option) in OPTIONAL {
            let is_sent = rules.iter().any(|rule| rule.names(group, resource));
            if self.has(option) && !is_sent && resource != "resourceclaimtemplates" {
                let problem = format!("has no effect: no rule sends {resource}");
                self.add(Level::Warning, &format!("spec.settings.{option}"), problem);
            }
        }
        let templates = self.settings.get("podTemplates").and_then(Value::as_array);
        for (nth, template) in templates.into_iter().flatten().enumerate() {
            let group = template.get("apiGroup").and_then(Value::as_str).unwrap_or_default();
            let is_sent = |rule: &Rule<'_>| rule.groups.iter().any(|known| *known == group || *known == "*");
            // The half that fills in need not see workloads.
            if !self.is_mutating() && !rules.iter().any(is_sent) {
                let problem = format!("has no effect: no rule sends objects of `{group}`");
                self.add(Level::Warning, &format!("spec.settings.podTemplates[{nth}]"), problem);
            }
        }
    }

    /// The audit scanner drops a policy whose rule for ephemeral containers is shared.
    fn debugging(&mut self, rule: &Rule<'_>, resource: &str, path: &str) {
        let audits = self.value.pointer("/spec/backgroundAudit") != Some(&Value::Bool(false));
        let is_alone = rule.resources.len() == 1 && rule.operations == ["UPDATE"];
        if resource == DEBUGGING && audits && !is_alone {
            self.add(
                Level::Warning,
                path,
                "shares its rule, so that the audit scanner drops the policy: a rule of its own, with UPDATE only",
            );
        }
    }

    fn resource(&mut self, rule: &Rule<'_>, resource: &str, path: &str) {
        let Some(group) = rule.groups.first().filter(|group| rule.groups.len() == 1 && **group != "*") else {
            return;
        };
        if resource == "*" {
            return;
        }
        let optional = OPTIONAL.iter().find(|(known, name, _)| known == group && *name == resource);
        if let Some((.., option)) = optional.filter(|(.., option)| !self.has(option)) {
            let problem = format!("`{resource}` are all rejected: the settings have no `{option}`");
            return self.add(Level::Error, path, problem);
        }
        if RESOURCES.iter().any(|(known, _, name)| known == group && *name == resource) {
            return;
        }
        let templates = self.settings.get("podTemplates").and_then(Value::as_array).into_iter().flatten();
        let mut groups = templates.map(|template| template.get("apiGroup").and_then(Value::as_str));
        if groups.any(|known| known.unwrap_or_default() == *group) {
            return;
        }
        let elsewhere = RESOURCES.iter().find(|(_, _, name)| *name == resource);
        match elsewhere {
            Some((right, ..)) => {
                let right = if right.is_empty() { "\"\"" } else { right };
                self.add(Level::Error, path, format!("`{resource}` matches nothing: its API group is {right}"));
            }
            None => self.add(
                Level::Error,
                path,
                format!("`{resource}` are all rejected: the policy does not judge them; `podTemplates` lists further kinds with pods"),
            ),
        }
    }

    fn is_mutating(&self) -> bool {
        self.value.pointer("/spec/mutating") == Some(&Value::Bool(true))
    }

    /// Each half of a pair on its own.
    fn halves(&mut self) {
        let fills_in = self.settings.get("mutate") != Some(&Value::Bool(false));
        let creates_pods = rules_in(self.value).iter().any(Rule::creates_pods);
        let audits = self.value.pointer("/spec/backgroundAudit") != Some(&Value::Bool(false));
        match (self.is_mutating(), fills_in) {
            (true, false) => self.add(
                Level::Warning,
                "spec.settings.mutate",
                "writes nothing, and the registration is a mutating one: leave it out, or set spec.mutating: false",
            ),
            (false, true) if creates_pods && policies::holds_policies(self.value) => self.add(
                Level::Warning,
                "spec.settings",
                "lacks mutate: false, which a registration with mutating: false needs: a pod with a missing default is rejected without its name",
            ),
            _ => {}
        }
        if self.is_mutating() && fills_in && audits && creates_pods {
            self.add(
                Level::Warning,
                "spec.backgroundAudit",
                "is not false, and an audit by a mutating registration counts pods that would be changed as compliant",
            );
        }
    }
}

fn covers_debugging(resource: &str) -> bool {
    [DEBUGGING, "*/*", "pods/*", "*/ephemeralcontainers"].contains(&resource)
}

/// A rule of a registration.
pub(super) struct Rule<'v> {
    nth: usize,
    groups: Vec<&'v str>,
    resources: Vec<&'v str>,
    operations: Vec<&'v str>,
}

impl Rule<'_> {
    fn names(&self, group: &str, resource: &str) -> bool {
        self.groups.iter().any(|known| *known == group || *known == "*")
            && self.resources.iter().any(|known| [resource, "*", "*/*"].contains(known))
    }

    /// Whether the rule sends new pods.
    pub(super) fn creates_pods(&self) -> bool {
        self.names("", "pods") && self.operations.iter().any(|known| ["CREATE", "*"].contains(known))
    }
}

pub(super) fn rules_in(registration: &Value) -> Vec<Rule<'_>> {
    let rules = registration.pointer("/spec/rules").and_then(Value::as_array).into_iter().flatten();
    rules
        .enumerate()
        .map(|(nth, rule)| Rule {
            nth,
            groups: texts(rule, "apiGroups"),
            resources: texts(rule, "resources"),
            operations: texts(rule, "operations"),
        })
        .collect()
}

fn texts<'v>(rule: &'v Value, key: &str) -> Vec<&'v str> {
    let entries = rule.get(key).and_then(Value::as_array).into_iter().flatten();
    entries.filter_map(Value::as_str).collect()
}
