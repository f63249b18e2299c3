//! An object on its way past the registrations: what one fills in, the next gets to see.

use pod_security_policy::admission::Report;
use pod_security_policy::admission::response::Answer;
use pod_security_policy::json::Read;
use pod_security_policy::json::edit::Edit;
use pod_security_policy::settings::Settings;
use serde_json::Value;

use super::asker::is_workload;
use super::makers::{Admission, admission};
use super::{Asker, Sent};
use crate::input::{Object, put, steps};
use crate::policies::{Judge, Policies, Registration};
use crate::reach::Covered;

/// Who applies a workload, where nobody says.
const AUTHOR: &str = "kubectl-psp";

/// An object as it stands before the next registration.
pub(crate) struct Passage<'p> {
    policies: &'p Policies,
    object: &'p Object,
    asker: &'p Asker,
    /// What the cluster hands on.
    pub(crate) sent: Sent,
    /// A workload whose templates hold what its pods will get; the cluster leaves the workload as it is.
    to_come: Option<Value>,
}

/// What some settings are asked about an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Nothing.
    Nothing,
    /// The object itself.
    Itself,
    /// Not the object, but the pods that will be made from it.
    ItsPods,
}

impl<'p> Passage<'p> {
    /// The start, for an object whose text is, or might be, this.
    pub(crate) fn new(policies: &'p Policies, object: &'p Object, asker: &'p Asker, json: &str) -> Self {
        Passage { policies, object, asker, sent: Sent::of(object, json), to_come: None }
    }

    /// What a registration is asked about.
    pub(crate) fn asks(&self, registration: &Registration) -> Asked {
        let (reach, namespace) = (&registration.reach, self.asker.namespace_of(self.object));
        if reach.covers(self.object, namespace) != Covered::No {
            return Asked::Itself;
        }
        match &registration.judge {
            Judge::Settings(settings)
                if is_workload(self.object, settings) && reach.covers_pods_in(namespace) =>
            {
                Asked::ItsPods
            }
            _ => Asked::Nothing,
        }
    }

    /// Whether the rules of a registration may mean the object, and nobody here can tell.
    pub(crate) fn is_doubtful(&self, registration: &Registration) -> bool {
        registration.reach.covers(self.object, self.asker.namespace_of(self.object)) == Covered::Perhaps
    }

    /// What the cluster would answer.
    pub(crate) fn review(&self, settings: &Settings<'_>) -> Answer {
        let mut request = self.asker.request(self.object, &self.sent.json);
        if is_workload(self.object, settings) && request.user.username.is_empty() {
            // Without a user, it would be an audit, which rejects a workload for what its pods lack. Who applies a workload
            // makes no difference to its pods.
            request.user.username = AUTHOR.into();
        }
        settings.review(request, &self.policies.authority)
    }

    /// What every policy says of every pod.
    pub(crate) fn report(&self, settings: &Settings<'_>) -> Read<Vec<Report>> {
        settings.report(&self.asker.request(self.object, &self.sent.json), &self.policies.authority)
    }

    /// Goes past a registration, which may fill something in.
    pub(crate) fn go_past(&mut self, registration: &Registration) {
        let Judge::Settings(settings) = &registration.judge else { return };
        match self.asks(registration) {
            Asked::Nothing => {}
            Asked::Itself if !is_workload(self.object, settings) => {
                let answer = self.review(settings);
                self.take(answer);
            }
            Asked::Itself | Asked::ItsPods => {
                for report in self.report(settings).unwrap_or_default() {
                    self.foresee(&report);
                }
            }
        }
    }

    /// Takes over what an answer fills in.
    pub(super) fn take(&mut self, answer: Answer) {
        if let Some(mutated) = answer.mutated_object {
            self.sent.json = mutated;
        }
    }

    /// Foresees what the policy that admits the pods of a template will fill in, and says what that is.
    pub(super) fn foresee(&mut self, report: &Report) -> Vec<Edit<'static>> {
        let edits = match admission(report) {
            Admission::Granted(winner) | Admission::Unknown(winner, _) => winner.edits.clone(),
            Admission::Ungranted(..) | Admission::None => return Vec::new(),
        };
        let json = &self.sent.json;
        let to_come = self.to_come.get_or_insert_with(|| serde_json::from_str(json).unwrap_or_default());
        for edit in &edits {
            if let Ok(value) = serde_json::from_str(&edit.value) {
                put(to_come, &steps(&format!("{}{edit}", report.root)), value);
            }
        }
        edits
    }

    /// The object with what its pods will get, as text.
    pub(crate) fn pods_to_come(&self) -> String {
        self.to_come.as_ref().map_or_else(|| self.sent.json.clone(), Value::to_string)
    }
}
