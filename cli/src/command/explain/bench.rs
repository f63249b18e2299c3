//! What a registration gets to see of an object, and what would satisfy it.

use pod_security_policy::admission::Opinion;
use pod_security_policy::settings::Settings;
use pod_security_policy::standards::Standard;
use pod_security_policy::violation::Action;
use serde_json::Value;

use crate::input::Object;
use crate::judge::{self, Asker, Failing, Sent};
use crate::policies::{Judge, Policies, Registration};
use crate::remedy::{self, Objection, Remedy};

/// The change that satisfies a policy, by the policy's name.
pub(super) type Named = (String, Remedy);

/// Before whom an object is explained.
pub(super) struct Bench<'b> {
    pub(super) registration: &'b Registration,
    pub(super) settings: &'b Settings<'b>,
    pub(super) policies: &'b Policies,
    pub(super) object: &'b Object,
    pub(super) asker: &'b Asker,
}

impl Bench<'_> {
    /// The object as this registration gets to see it: from the API server, and from the registrations before.
    pub(super) fn arriving(&self, json: &str) -> Sent {
        let mut sent = Sent::of(self.object, json);
        for earlier in &self.policies.registrations {
            if std::ptr::eq(earlier, self.registration) {
                break;
            }
            if let Judge::Settings(settings) = &earlier.judge
                && earlier.reach.covers(self.object, self.asker.namespace_of(self.object))
            {
                let answer =
                    settings.review(self.asker.request(self.object, &sent.json), &self.policies.authority);
                sent.json = answer.mutated_object.unwrap_or(sent.json);
            }
        }
        sent
    }

    /// What would satisfy a policy that may be used, or the standard where there is no policy.
    pub(super) fn remedy(&self, opinion: Option<&Opinion>) -> Option<Named> {
        if opinion.is_some_and(|opinion| opinion.granted != Ok(true)) {
            return None;
        }
        let policy = opinion.map(|opinion| opinion.policy.as_str());
        let remedy = remedy::find(&self.object.value(), &|value| self.objections(value, policy))?;
        let name = policy.unwrap_or(&self.registration.name).to_owned();
        (!remedy.steps.is_empty()).then_some((name, remedy))
    }

    /// What a policy and the standard have against a manifest.
    fn objections(&self, manifest: &Value, policy: Option<&str>) -> Vec<Objection> {
        let Bench { settings, policies, object, asker, .. } = self;
        let sent = self.arriving(&manifest.to_string());
        let Ok(reports) = settings.report(&asker.request(object, &sent.json), &policies.authority) else {
            return vec![Objection { rule: String::new(), path: String::new(), problem: String::new() }];
        };
        let mut found = Vec::new();
        for report in &reports {
            for opinion in report.opinions.iter().filter(|opinion| Some(opinion.policy.as_str()) == policy) {
                let denying = opinion.violations.iter().filter(|violation| violation.action == Action::Deny);
                found.extend(denying.map(|violation| {
                    let (path, problem) = sent.told(&violation.path, &violation.problem);
                    Objection { rule: violation.rule.to_owned(), path, problem }
                }));
                if !settings.mutate && report.root.is_empty() {
                    found.extend(opinion.edits.iter().map(|edit| Objection {
                        rule: judge::rule_of(edit),
                        path: edit.to_string(),
                        problem: format!("Required value: must be {}", edit.value),
                    }));
                }
            }
            for failure in &report.failures {
                let rule = format!("pss/{}", failure.id);
                let blamed = judge::blamed(object, &sent.json, &report.root, failure, settings);
                found.extend(blamed.into_iter().map(|(path, problem)| Objection {
                    rule: rule.clone(),
                    path,
                    problem,
                }));
            }
        }
        found
    }
}

/// What a standard has against a manifest.
pub(super) fn objections_of(standard: Standard, object: &Object, manifest: &str) -> Vec<Objection> {
    let pods = judge::pods(object, manifest).unwrap_or_default();
    pods.iter().flat_map(|(root, pod)| judge::failures(standard, pod, root)).flat_map(of_failing).collect()
}

fn of_failing(failing: Failing) -> Vec<Objection> {
    let Failing { check, problem, paths } = failing;
    let objection = |path| Objection { rule: format!("pss/{check}"), path, problem: problem.clone() };
    paths.into_iter().map(objection).collect()
}
