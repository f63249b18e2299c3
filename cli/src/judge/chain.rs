//! The admission chain: each registration receives the object as mutated by the ones before.

use pod_security_policy::admission::{Evaluator, Report, Response};
use pod_security_policy::json::{Edit, Read};
use pod_security_policy::request::Request;
use pod_security_policy::settings::Settings;
use serde_json::Value;

use super::controllers::{Admission, admission};
use super::requester::is_workload;
use super::{LiveObject, Requester};
use crate::input::{Object, put, steps};
use crate::policies::{Covered, Judge, Policies, Registration};

/// The user of a request for a workload, where none is given.
const AUTHOR: &str = "kubectl-psp";

/// An object as the next registration receives it.
pub(crate) struct AdmissionChain<'p> {
    policies: &'p Policies,
    object: &'p Object,
    requester: &'p Requester,
    /// The object in the cluster.
    pub(crate) live: LiveObject,
    /// A workload whose templates contain the defaults of its pods; the workload in the cluster is not changed.
    to_come: Option<Value>,
}

/// What a registration is called for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Nothing.
    Nothing,
    /// The object itself.
    Itself,
    /// Not the object, but the pods that will be made from it.
    ItsPods,
}

impl<'p> AdmissionChain<'p> {
    /// The start of the chain, for an object with the given text.
    pub(crate) fn new(
        policies: &'p Policies,
        object: &'p Object,
        requester: &'p Requester,
        json: &str,
    ) -> Self {
        AdmissionChain { policies, object, requester, live: LiveObject::of(object, json), to_come: None }
    }

    /// The object that a registration is called for.
    pub(crate) fn asks(&self, registration: &Registration) -> Asked {
        let (matches, namespace) = (&registration.matches, self.requester.namespace_of(self.object));
        if matches.covers(self.object, namespace) != Covered::No {
            return Asked::Itself;
        }
        match &registration.judge {
            Judge::Settings(settings)
                if is_workload(self.object, settings) && matches.covers_pods_in(namespace) =>
            {
                Asked::ItsPods
            }
            _ => Asked::Nothing,
        }
    }

    /// Why a registration is called for nothing.
    pub(crate) fn omission(&self, registration: &Registration) -> String {
        registration.matches.omission(self.object, self.requester.namespace_of(self.object))
    }

    /// Whether the rules of a registration may match the object, which cannot be evaluated offline.
    pub(crate) fn is_doubtful(&self, registration: &Registration) -> bool {
        registration.matches.covers(self.object, self.requester.namespace_of(self.object)) == Covered::Perhaps
    }

    /// The request that a registration receives.
    pub(crate) fn request(&self, settings: &Settings<'_>) -> Request<'_> {
        let mut request = self.requester.request(self.object, &self.live.json);
        if is_workload(self.object, settings) && request.user.username.is_empty() {
            // Without a user, it would be an audit, which rejects a workload for violations of its pods. The user of a
            // workload makes no difference to its pods.
            request.user.username = AUTHOR.into();
        }
        request
    }

    /// The response in the cluster.
    pub(crate) fn review(&self, settings: &Settings<'_>) -> Response {
        Evaluator::new(settings, self.policies).review(self.request(settings))
    }

    /// The results of every policy on every pod.
    pub(crate) fn report(&self, settings: &Settings<'_>) -> Read<Vec<Report>> {
        Evaluator::new(settings, self.policies).report(&self.requester.request(self.object, &self.live.json))
    }

    /// Applies a registration, which may mutate the object.
    pub(crate) fn apply(&mut self, registration: &Registration) {
        let Judge::Settings(settings) = &registration.judge else { return };
        match self.asks(registration) {
            Asked::Nothing => {}
            Asked::Itself if !is_workload(self.object, settings) => {
                let response = self.review(settings);
                self.take(response);
            }
            Asked::Itself | Asked::ItsPods => {
                for report in self.report(settings).unwrap_or_default() {
                    self.predict(&report);
                }
            }
        }
    }

    /// Applies the mutation of a response.
    pub(super) fn take(&mut self, response: Response) {
        if let Some(mutated) = response.mutated_object {
            self.live.json = mutated;
        }
    }

    /// Predicts the mutation by the policy that admits the pods of a template, and returns it.
    pub(super) fn predict(&mut self, report: &Report) -> Vec<Edit<'static>> {
        let defaults = match admission(report) {
            Admission::Granted(winner) | Admission::Unknown(winner, _) => &winner.defaults,
            Admission::Ungranted(..) | Admission::None => return Vec::new(),
        };
        let edits: Vec<Edit<'_>> = defaults.iter().map(|default| default.edit.clone()).collect();
        let json = &self.live.json;
        let to_come = self.to_come.get_or_insert_with(|| serde_json::from_str(json).unwrap_or_default());
        for edit in &edits {
            if let Ok(value) = serde_json::from_str(&edit.value) {
                put(to_come, &steps(&format!("{}{edit}", report.root)), value);
            }
        }
        edits
    }

    /// The object with the defaults of its pods, as text.
    pub(crate) fn pods_to_come(&self) -> String {
        self.to_come.as_ref().map_or_else(|| self.live.json.clone(), Value::to_string)
    }
}
