//! The module, through the host: as a cluster runs it.

use std::path::Path;
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result};
use policy_host::{
    AdmissionRequest, Grants, HostCall, HostCalls, Instance, LogLine, Patch, Policy, Settings,
    SubjectAccessReview,
};
use serde_json::{Value, json};

use crate::case::Case;
use crate::ours::{self, Answer};
use crate::subject::Subject;

/// The module, on a new instance for each request or on one that answers them all.
pub struct Module {
    policy: Policy,
    warm: Option<Instance>,
    questions: Arc<Questions>,
}

/// Responds to the host calls about the current case.
#[derive(Debug, Default)]
struct Questions(Mutex<Case>);

impl HostCalls for Questions {
    fn answer(&self, call: &HostCall<'_>) -> std::result::Result<Vec<u8>, String> {
        let case = self.0.lock().map_err(|error| error.to_string())?;
        let permits = |review: &SubjectAccessReview| {
            let groups: Vec<&str> = review.groups.iter().flatten().map(String::as_str).collect();
            let attributes = &review.resource_attributes;
            let [group, policy, namespace] = [&attributes.group, &attributes.name, &attributes.namespace]
                .map(|text| text.as_deref().unwrap_or_default());
            attributes.verb == "use"
                && attributes.resource == "podsecuritypolicies"
                && case.permits(&review.user, &groups, group, policy, namespace)
        };
        Grants(permits).answer(call)
    }

    fn log(&self, _line: &LogLine) {}
}

impl Module {
    /// Loads the module; `warm` keeps one instance for all requests, as no server does.
    ///
    /// # Errors
    ///
    /// When it cannot be loaded.
    pub fn load(path: &Path, warm: bool) -> Result<Self> {
        let policy = Policy::from_file(path)?;
        let questions = Arc::new(Questions::default());
        let warm =
            if warm { Some(policy.instance(Arc::clone(&questions) as Arc<dyn HostCalls>)?) } else { None };
        Ok(Self { policy, warm, questions })
    }

    fn with<T>(&self, ask: impl FnOnce(&Instance) -> Result<T, policy_host::Error>) -> Result<T> {
        Ok(match &self.warm {
            Some(instance) => ask(instance)?,
            None => ask(&self.policy.instance(Arc::clone(&self.questions) as Arc<dyn HostCalls>)?)?,
        })
    }
}

impl Subject for Module {
    fn answer(&mut self, case: &Case, options: &Value) -> Result<Answer> {
        if let Ok(mut current) = self.questions.0.lock() {
            current.clone_from(case);
        }
        let request = AdmissionRequest::from_value(ours::request(case))?;
        let settings: Settings = ours::settings_with(case, options).try_into()?;
        let response = self.with(|instance| instance.review(&request, &settings))?;
        let winner = response.audit_annotations.as_ref().and_then(|annotations| annotations.get("policy"));
        Ok(Answer {
            accepted: response.allowed,
            winner: winner.cloned(),
            mutated: patched(&case.pod, &response.changes)?,
            message: response.status.and_then(|status| status.message),
        })
    }

    fn problems(&mut self, case: &Case) -> Result<Option<String>> {
        let settings: Settings = json!({"policies": case.psps, "authorization": "None"}).try_into()?;
        let verdict = self.with(|instance| instance.validate_settings(&settings))?;
        Ok(if verdict.valid { None } else { Some(verdict.message.unwrap_or_default()) })
    }
}

/// The mutated pod; `None` if it is unchanged.
fn patched(pod: &Value, changes: &Patch) -> Result<Option<Value>> {
    if changes.is_empty() {
        return Ok(None);
    }
    let mut pod = pod.clone();
    json_patch::patch(&mut pod, changes).context("the module's patch does not apply")?;
    Ok(Some(pod))
}
