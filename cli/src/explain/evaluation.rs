//! The object as a registration receives it, and the search for a remedy.

use pod_security_policy::admission::{Opinion, Report};
use pod_security_policy::rule::Action;
use pod_security_policy::settings::Settings;
use pod_security_policy::standards::Standard;
use serde_json::Value;

use crate::input::Object;
use crate::judge::{self, AdmissionChain, Failing, Requester, Usage};
use crate::policies::{Policies, Registration};
use crate::remedy::{self, Objection, Objections, Search};

/// The result of the search for a change that satisfies a policy, by the policy's name.
pub(super) type Named = (String, Search);

/// The context in which an object is explained.
pub(super) struct Evaluation<'b> {
    pub(super) registration: &'b Registration,
    pub(super) policies: &'b Policies,
    pub(super) object: &'b Object,
    pub(super) requester: &'b Requester,
}

impl Evaluation<'_> {
    /// The object as this registration receives it: from the API server, and after the registrations before.
    pub(super) fn arriving(&self, json: &str) -> AdmissionChain<'_> {
        let mut chain = AdmissionChain::new(self.policies, self.object, self.requester, json);
        let earlier = self.policies.registrations.iter();
        for registration in earlier.take_while(|earlier| !std::ptr::eq(*earlier, self.registration)) {
            chain.apply(registration);
        }
        chain
    }

    /// Who may use a policy for the pods of the object.
    pub(super) fn usage(&self, opinion: &Opinion, report: &Report) -> Usage {
        let namespace = self.requester.namespace_of(self.object);
        judge::usage(opinion, report, &self.policies.authority, namespace)
    }

    /// The change that would satisfy a policy that may be used, or the standard where there is no policy.
    pub(super) fn remedy(&self, settings: &Settings<'_>, opinion: Option<&Opinion>) -> Option<Named> {
        if opinion.is_some_and(|opinion| opinion.granted != Ok(true)) {
            return None;
        }
        let policy = opinion.map(|opinion| opinion.policy.as_str());
        let name = policy.unwrap_or(&self.registration.name);
        self.named(name, &|value| self.objections(settings, value, policy))
    }

    /// The change that would satisfy a level of the standards.
    pub(super) fn remedy_of(&self, standard: Standard) -> Option<Named> {
        self.named(&self.registration.name, &|value| {
            let manifest = value.to_string();
            judge::pods(self.object, &manifest).ok()?;
            Some(self.objections_of(standard, &manifest))
        })
    }

    fn named(&self, name: &str, object_to: Objections<'_>) -> Option<Named> {
        let search = remedy::find(&self.object.value(), object_to);
        let is_idle = matches!(&search, Search::Found(remedy) if remedy.steps.is_empty());
        (!is_idle).then_some((name.to_owned(), search))
    }

    /// The objections of a policy and of the standard to a manifest; `None` if it cannot be read.
    fn objections(
        &self,
        settings: &Settings<'_>,
        manifest: &Value,
        policy: Option<&str>,
    ) -> Option<Vec<Objection>> {
        let chain = self.arriving(&manifest.to_string());
        let reports = chain.report(settings).ok()?;
        let live = &chain.live;
        let mut found = Vec::new();
        for report in &reports {
            for opinion in report.opinions.iter().filter(|opinion| Some(opinion.policy.as_str()) == policy) {
                let denying = opinion.violations.iter().filter(|violation| violation.action == Action::Deny);
                found.extend(denying.map(|violation| {
                    let (path, addition) = live.reported(&violation.path);
                    Objection::of(violation, path, addition)
                }));
                // Violations that are only counted matter as well, or one that moves up would look like a new one.
                let omitted = opinion.denials.saturating_sub(opinion.violations.len());
                found.extend((0..omitted).map(|_| Objection::default()));
                if !settings.mutate && report.root.is_empty() {
                    found.extend(opinion.defaults.iter().map(Objection::of_default));
                }
            }
            let blamed = judge::blamed(self.object, &live.json, report, settings);
            found.extend(blamed.into_iter().flat_map(of_failing));
        }
        Some(found)
    }

    /// The objections of a standard to the pods of a manifest.
    pub(super) fn objections_of(&self, standard: Standard, manifest: &str) -> Vec<Objection> {
        let json = self.arriving(manifest).pods_to_come();
        let pods = judge::pods(self.object, &json).unwrap_or_default();
        let failing = pods.iter().flat_map(|(root, pod)| judge::failures(standard, pod, root));
        failing.flat_map(of_failing).collect()
    }
}

fn of_failing(failing: Failing) -> Vec<Objection> {
    let Failing { check, problem, paths } = failing;
    let objection = |path| Objection::of_check(check, path, problem.clone());
    paths.into_iter().map(objection).collect()
}
