//! Namespaces that Gatekeeper's configuration keeps from its webhook.

use serde_json::Value;

use super::globs::Glob;
use crate::input::Object;

/// A process of Gatekeeper that namespaces are kept from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Process {
    Webhook,
    Mutation,
}

/// The excluded namespaces.
#[derive(Debug, Default)]
pub(super) struct Exclusions {
    from_webhook: Vec<Glob>,
    from_mutation: Vec<Glob>,
    generates_pods: bool,
}

impl Exclusions {
    /// Reads the configurations and the templates of expansion, with a line for each.
    pub(super) fn read(objects: &[Object]) -> (Self, Vec<(String, String)>) {
        let mut exclusions = Exclusions::default();
        let mut lines = Vec::new();
        for object in objects {
            let reason = match &*object.kind {
                "Config" => exclusions.add(&object.value()),
                "ExpansionTemplate" => exclusions.expand(&object.value()),
                _ => continue,
            };
            lines.push((object.title(), reason));
        }
        (exclusions, lines)
    }

    pub(super) fn of(&self, process: Process) -> &[Glob] {
        match process {
            Process::Webhook => &self.from_webhook,
            Process::Mutation => &self.from_mutation,
        }
    }

    /// Whether constraints on pods reject workloads for their templates.
    pub(super) fn generates_pods(&self) -> bool {
        self.generates_pods
    }

    fn add(&mut self, config: &Value) -> String {
        let entries = config.pointer("/spec/match").and_then(Value::as_array).into_iter().flatten();
        let mut unread = Vec::new();
        let mut excluded = 0;
        for entry in entries {
            let listed = |key| -> Vec<&str> {
                let list = entry.get(key).and_then(Value::as_array).into_iter().flatten();
                list.filter_map(Value::as_str).collect()
            };
            let processes = listed("processes");
            let concerns = |name| processes.contains(&"*") || processes.contains(&name);
            let (webhook, mutation) = (concerns("webhook"), concerns("mutation-webhook"));
            for text in listed("excludedNamespaces").into_iter().filter(|_| webhook || mutation) {
                let Some(glob) = Glob::parse(text) else {
                    unread.push(format!("`{text}`"));
                    continue;
                };
                excluded += 1;
                if webhook {
                    self.from_webhook.push(glob.clone());
                }
                if mutation {
                    self.from_mutation.push(glob);
                }
            }
        }
        match (excluded, unread.is_empty()) {
            (0, true) => "it excludes no namespace from admission".to_owned(),
            (_, true) => "each registration excludes the namespaces that it excludes".to_owned(),
            _ => format!(
                "namespaces that it excludes are not excluded, because a `*` may only stand at an end: {}",
                unread.join(", ")
            ),
        }
    }

    fn expand(&mut self, template: &Value) -> String {
        let generated = template.pointer("/spec/generatedGVK");
        let says =
            |key, value| generated.and_then(|kind| kind.get(key)).and_then(Value::as_str) == Some(value);
        if says("kind", "Pod") {
            self.generates_pods = true;
            "workloads are rejected for the pods of their templates, as it demands".to_owned()
        } else {
            "it generates no pods".to_owned()
        }
    }
}
