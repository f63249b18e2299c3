//! What the new registrations would do with pods: a team sees the effect before anything is applied.

use serde_json::Value;

use super::Migration;
use crate::check::{Checked, check};
use crate::error::Outcome;
use crate::input::{Object, Text};
use crate::judge::{Judged, Requester, Verdict};
use crate::policies::{Modules, of_objects};
use crate::rbac::Authority;
use crate::report;

impl Migration {
    /// Adds to the summary how many of some pods and workloads the registrations would admit unchanged, change, and reject,
    /// once they protect, and their authors have no grants of their own.
    ///
    /// # Errors
    ///
    /// If the registrations cannot be loaded.
    pub fn rehearse(&mut self, pods: &[Object], namespace: &str, authority: Authority) -> Outcome<()> {
        let mut registrations = Vec::new();
        for manifest in &self.manifests {
            let mut manifest = manifest.clone();
            if let Some(mode) = manifest.pointer_mut("/spec/mode") {
                *mode = "protect".into();
            }
            registrations.extend(Text::new("the registrations", manifest.to_string()).read_all()?);
        }
        let module = |manifest: &Value| Some(manifest.pointer("/spec/module")?.as_str()?.to_owned());
        let modules = Modules { named: self.manifests.iter().filter_map(module).collect() };
        let asks = |manifest: &Value| {
            manifest.pointer("/spec/settings/authorization").is_some_and(|by| by == "RBAC")
        };
        let if_granted = match authority {
            Authority::Everybody if self.manifests.iter().any(asks) => ", if everybody may use every policy",
            Authority::Everybody | Authority::Dump(_) => "",
        };
        let policies = of_objects(&registrations, &[], &modules, authority)?;
        let requester = Requester::new(String::new(), Vec::new(), namespace.to_owned());
        let mut counts = report::Summary::default();
        let mut judged: Vec<Judged> = Vec::new();
        for pod in pods {
            if let Checked::Judged(one) = check(pod, &policies, &requester, &mut counts) {
                judged.push(*one);
            }
        }
        let of = |verdict: Verdict| judged.iter().filter(move |one| one.verdict == verdict);
        let count = |verdict: Verdict| of(verdict).count();
        self.summary.rehearsed(format!(
            "of {} pods and workloads{if_granted}, {} would be admitted unchanged, {} changed, {} rejected",
            judged.len(),
            count(Verdict::Allowed),
            count(Verdict::Changed),
            count(Verdict::Rejected)
        ));
        if let Some(first) = of(Verdict::Changed).next() {
            let changed: Vec<&str> = first.changes.iter().map(|change| &*change.path).collect();
            self.summary.rehearsed(format!(
                "the first that would be changed: {}: {}",
                first.title(),
                changed.join(", ")
            ));
        }
        if let Some(first) = of(Verdict::Rejected).next() {
            let why = first.violations.first().map(ToString::to_string).unwrap_or_default();
            self.summary.rehearsed(format!("the first that would be rejected: {}: {why}", first.title()));
        }
        Ok(())
    }
}
