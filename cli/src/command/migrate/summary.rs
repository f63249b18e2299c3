//! What is told of a migration: what changed its meaning, who may use what, and what is left to do.

use comfy_table::Cell;
use serde_json::Value;

use super::Migrate;
use super::convert::{Converted, name_of};
use crate::input::Object;
use crate::rbac::{Authority, Rbac, mistakes};
use crate::registration::{CHOSEN, Kind, Mode};
use crate::terminal::Voice;
use crate::{advice, deviations, report};

impl Migrate {
    /// The summary: a row for each policy, and what holds for all.
    pub(super) fn tell(
        &self,
        objects: &[Object],
        policies: &[Value],
        converted: &Converted,
        authority: &Authority,
        voice: Voice,
    ) {
        if voice.quiet {
            return;
        }
        let mut table = report::layout::prose(&["POLICY", "STATUS", "CHANGED MEANING", "MAY BE USED BY"]);
        let mut wrong = Vec::new();
        for policy in policies {
            let name = name_of(policy);
            let left_out = converted.left_out.iter().any(|(known, _)| known == name);
            let status = if left_out { "left out" } else { "converted" };
            let changed: Vec<String> = deviations::of(policy)
                .map(|deviation| format!("- {}: {}", deviation.name, deviation.effect))
                .collect();
            let users = match authority {
                Authority::Everybody => "unknown without --rbac".to_owned(),
                Authority::Dump(rbac) => {
                    wrong.extend(mistakes(rbac, name).iter().map(|mistake| format!("{name}: {mistake}")));
                    users(rbac, name)
                }
            };
            let changed = if changed.is_empty() { "nothing".to_owned() } else { changed.join("\n") };
            table.add_row([Cell::new(name), Cell::new(status), Cell::new(changed), Cell::new(users)]);
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
        for (name, why) in &converted.left_out {
            voice.warn(&format!("{name}: {why}: it gets no registration"));
        }
        self.tell_what_to_do(policies, authority, voice);
    }

    fn tell_what_to_do(&self, policies: &[Value], authority: &Authority, voice: Voice) {
        let exempt: Vec<&str> = self.exempt().collect();
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
            if self.kind == Kind::Namespace {
                voice.warn(&format!(
                    "an AdmissionPolicy may ask RBAC only where its PolicyServer lets it, and rejects every pod otherwise: put {CAPABILITY} into spec.namespacedPoliciesCapabilities of PolicyServer {}: docs/rbac.md",
                    self.policy_server
                ));
            }
            return;
        }
        match authority {
            Authority::Everybody if self.kind == Kind::Cluster => voice.note(&format!(
                "a namespace chooses a policy by its label: kubectl label namespace NAME {CHOSEN}=POLICY; one without the label is not judged"
            )),
            Authority::Everybody if policies.len() > 1 => {
                let names: Vec<&str> = policies.iter().map(name_of).collect();
                let namespace = self.namespace.as_deref().unwrap_or_default();
                voice.warn(&together(namespace, &names.join(" and ")));
            }
            Authority::Everybody => {}
            Authority::Dump(rbac) => self.tell_of_namespaces(rbac, policies, voice),
        }
    }

    /// What becomes of grants when namespaces take their place.
    fn tell_of_namespaces(&self, rbac: &Rbac, policies: &[Value], voice: Voice) {
        let mut told = Vec::new();
        for grant in policies.iter().flat_map(|policy| rbac.almighty(name_of(policy))) {
            let note = format!(
                "{grant} ({}) may use everything, and now gets what the namespace has: no namespace is judged by a policy for its sake",
                grant.origin()
            );
            if !told.contains(&note) {
                voice.note(&note);
                told.push(note);
            }
        }
        for (namespace, names) in self.shared(rbac, policies) {
            voice.warn(&together(&namespace, &names.join(" and ")));
        }
    }

    /// The namespaces in which several policies judge, by name.
    fn shared(&self, rbac: &Rbac, policies: &[Value]) -> Vec<(String, Vec<String>)> {
        let everywhere = || vec!["every namespace".to_owned()];
        let mut places: Vec<(String, Vec<String>)> = Vec::new();
        let mut general = Vec::new();
        for name in policies.iter().map(name_of) {
            let namespaces = match self.places(rbac, name) {
                Ok(Some(namespaces)) => namespaces,
                Ok(None) => {
                    general.push(name.to_owned());
                    everywhere()
                }
                Err(_) => continue,
            };
            for namespace in namespaces {
                match places.iter_mut().find(|(known, _)| *known == namespace) {
                    Some((_, names)) => names.push(name.to_owned()),
                    None => places.push((namespace, vec![name.to_owned()])),
                }
            }
        }
        // Policies of all namespaces judge in each of them.
        for (namespace, names) in &mut places {
            if !everywhere().contains(namespace) {
                names.extend(general.iter().cloned());
                names.sort_unstable();
            }
        }
        places.retain(|(_, names)| names.len() > 1);
        places
    }
}

/// The capability that asks who may do what.
const CAPABILITY: &str = "kubernetes/can_i";

fn together(namespace: &str, names: &str) -> String {
    format!(
        "{names} judge {namespace} together, and pods must satisfy all of them; PodSecurityPolicy wanted one"
    )
}

fn users(rbac: &Rbac, policy: &str) -> String {
    let mut users: Vec<String> = rbac.of_policy(policy).map(ToString::to_string).collect();
    users.sort_unstable();
    users.dedup();
    if users.is_empty() { "nobody".to_owned() } else { users.join("\n") }
}
