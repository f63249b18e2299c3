//! What is told of a migration: what changed its meaning, who may use what, and what is left to do.

use comfy_table::Cell;
use serde_json::Value;

use super::Migrate;
use crate::input::Object;
use crate::rbac::{Authority, Rbac, mistakes};
use crate::registration::{CHOSEN, Kind, Mode};
use crate::terminal::Voice;
use crate::{advice, deviations, report};

impl Migrate {
    /// The summary: a row for each policy, and what holds for all.
    pub(super) fn tell(&self, objects: &[Object], policies: &[Value], authority: &Authority, voice: Voice) {
        if voice.quiet {
            return;
        }
        let mut table = report::table::layout(&["POLICY", "STATUS", "CHANGED MEANING", "MAY BE USED BY"]);
        let mut wrong = Vec::new();
        for policy in policies {
            let name = policy.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
            let changed: Vec<String> = deviations::of(policy)
                .map(|deviation| format!("{}: {}", deviation.name, deviation.effect))
                .collect();
            let users = match authority {
                Authority::Everybody => "unknown without --rbac".to_owned(),
                Authority::Dump(rbac) => {
                    wrong.extend(mistakes(rbac, name).iter().map(|mistake| format!("{name}: {mistake}")));
                    users(rbac, name)
                }
            };
            let changed = if changed.is_empty() { "nothing".to_owned() } else { changed.join("\n") };
            table.add_row([Cell::new(name), Cell::new("converted"), Cell::new(changed), Cell::new(users)]);
        }
        anstream::eprintln!("{}", table.trim_fmt());
        for (name, effect) in deviations::ALWAYS {
            voice.note(&format!("all policies: {name}: {effect}"));
        }
        for advice in objects.iter().flat_map(advice::of_object) {
            voice.note(&advice);
        }
        for mistake in wrong {
            voice.warn(&mistake);
        }
        self.tell_what_to_do(policies, authority, voice);
    }

    fn tell_what_to_do(&self, policies: &[Value], authority: &Authority, voice: Voice) {
        let exempt: Vec<&str> =
            self.exempt_namespaces.iter().map(String::as_str).filter(|name| !name.is_empty()).collect();
        if !exempt.is_empty() && self.kind == Kind::Cluster {
            voice.note(&format!(
                "not judged: {}, so that a policy server that is down cannot stop the cluster's own pods; PodSecurityPolicy judged all (--exempt-namespaces '')",
                exempt.join(", ")
            ));
        }
        if self.mode == Mode::Monitor {
            voice.note("in monitor mode nothing is rejected and nothing is filled in");
        }
        if !self.per_policy {
            voice.note("the policy server must be allowed to create SubjectAccessReviews, or every pod is rejected: docs/rbac.md");
            return;
        }
        match authority {
            Authority::Everybody => voice.note(&format!(
                "a namespace chooses a policy by its label: kubectl label namespace NAME {CHOSEN}=POLICY; one without the label is not judged"
            )),
            Authority::Dump(rbac) => {
                for (namespace, names) in shared(rbac, policies) {
                    voice.warn(&format!(
                        "{} judge {namespace} together, and pods must satisfy all of them; PodSecurityPolicy wanted one",
                        names.join(" and ")
                    ));
                }
            }
        }
    }
}

fn users(rbac: &Rbac, policy: &str) -> String {
    let mut users: Vec<String> = rbac.of_policy(policy).map(ToString::to_string).collect();
    users.sort_unstable();
    users.dedup();
    if users.is_empty() { "nobody".to_owned() } else { users.join("\n") }
}

/// The namespaces in which several policies are granted, by name.
fn shared(rbac: &Rbac, policies: &[Value]) -> Vec<(String, Vec<String>)> {
    let mut places: Vec<(String, Vec<String>)> = Vec::new();
    for name in policies.iter().filter_map(|policy| policy.pointer("/metadata/name").and_then(Value::as_str))
    {
        let namespaces = rbac.namespaces(name).unwrap_or_else(|| vec!["every namespace".to_owned()]);
        for namespace in namespaces {
            match places.iter_mut().find(|(known, _)| *known == namespace) {
                Some((_, names)) => names.push(name.to_owned()),
                None => places.push((namespace, vec![name.to_owned()])),
            }
        }
    }
    places.retain(|(_, names)| names.len() > 1);
    places
}
