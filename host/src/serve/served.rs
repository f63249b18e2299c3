//! The policies that are served: their modules, loaded once, and what each may do.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Instant};

use serde_json::Value;
use tracing::{error, info, warn};

use super::{
    cluster::Cluster,
    metrics::{Evaluation, Metrics, Origin},
    registration::{PolicyMode, Registration},
};
use crate::{AdmissionRequest, AdmissionResponse, Error, HostCall, HostCalls, Policy, WithoutResources};

/// All policies of `policies.yml`.
#[derive(Debug)]
pub(crate) struct Served {
    policies: BTreeMap<String, ServedPolicy>,
    /// The namespace in which everything is accepted.
    accepted_namespace: Option<String>,
    metrics: Metrics,
}

struct ServedPolicy {
    policy: Arc<Policy>,
    registration: Registration,
    host_calls: Arc<dyn HostCalls>,
    seconds: u64,
}

impl std::fmt::Debug for ServedPolicy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServedPolicy").field("registration", &self.registration).finish_non_exhaustive()
    }
}

/// What is evaluated.
#[derive(Debug)]
pub(crate) enum Request {
    /// An `AdmissionRequest`.
    Admission(Box<AdmissionRequest>, Origin),
    /// One of another form.
    Raw(Value),
}

impl Served {
    /// Loads the modules and validates the settings. The error has a line for each policy that cannot be served.
    pub(crate) fn load(
        registrations: BTreeMap<String, Registration>,
        seconds: u64,
        cluster: Option<&Cluster>,
        accepted_namespace: Option<String>,
    ) -> Result<Self, Error> {
        let mut modules = BTreeMap::new();
        let mut policies = BTreeMap::new();
        let mut errors = Vec::new();
        for (name, registration) in registrations {
            let loaded = module(&mut modules, &registration.module).and_then(|policy| {
                let host_calls = Arc::new(WithoutResources(PolicyCalls {
                    name: name.clone(),
                    capabilities: registration.capabilities.clone(),
                    cluster: cluster.cloned(),
                }));
                let seconds = registration.timeout.unwrap_or(seconds);
                ServedPolicy { policy, registration, host_calls, seconds }.with_valid_settings()
            });
            match loaded {
                Ok(loaded) => {
                    if loaded.registration.reads_objects {
                        warn!(
                            policy_id = name,
                            "contextAwareResources are not read for it: only can_i is answered"
                        );
                    }
                    policies.insert(name, loaded);
                }
                Err(error) => errors.push(error.in_policy(&name)),
            }
        }
        Error::all(errors)?;
        Ok(Self { policies, accepted_namespace, metrics: Metrics::new() })
    }

    /// The names of the policies.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.policies.keys().map(String::as_str)
    }

    /// What was counted.
    pub(crate) fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Evaluates a request with the policy of that name, on a new instance; `None` if there is none of that name.
    pub(crate) fn evaluate(&self, name: &str, request: &Request) -> Option<Result<AdmissionResponse, Error>> {
        let served = self.policies.get(name)?;
        let start = Instant::now();
        let response = match request {
            Request::Admission(request, _) if self.is_accepted(request) => Ok(AdmissionResponse {
                uid: request.uid.clone(),
                allowed: true,
                ..AdmissionResponse::default()
            }),
            _ => served.review(request),
        };
        Some(response.map(|response| {
            let admission = match request {
                Request::Admission(request, origin) => Some((&**request, *origin)),
                Request::Raw(_) => None,
            };
            let mode = served.registration.mode;
            let evaluation = Evaluation { policy: name, mode, request: admission, response: &response };
            self.metrics.record(&evaluation, start.elapsed());
            // In monitor mode the policy server's own line is the only one: who looks for rejections must find them there.
            if mode != PolicyMode::Monitor {
                log(&evaluation);
            }
            match admission {
                Some((_, Origin::Audit)) => response,
                _ => served.registration.constrain(name, response),
            }
        }))
    }

    fn is_accepted(&self, request: &AdmissionRequest) -> bool {
        self.accepted_namespace.is_some() && request.namespace() == self.accepted_namespace.as_deref()
    }
}

impl ServedPolicy {
    fn with_valid_settings(self) -> Result<Self, Error> {
        let instance = self.policy.instance_within(self.seconds, Arc::clone(&self.host_calls))?;
        let verdict = instance.validate_settings(&self.registration.settings)?;
        if verdict.valid {
            return Ok(self);
        }
        let reason = verdict.message.unwrap_or_else(|| "no message".to_owned());
        Err(Error::RegistrationRefused(format!("Policy settings are invalid: {reason}")))
    }

    fn review(&self, request: &Request) -> Result<AdmissionResponse, Error> {
        let settings = &self.registration.settings;
        let instance = match self.policy.instance_within(self.seconds, Arc::clone(&self.host_calls)) {
            Err(Error::OutOfTime) => return Ok(AdmissionResponse::out_of_time(request.uid())),
            instance => instance?,
        };
        match request {
            Request::Admission(request, _) => instance.review(request, settings),
            Request::Raw(request) => instance.review_raw(request, settings),
        }
    }
}

impl Request {
    fn uid(&self) -> &str {
        match self {
            Self::Admission(request, _) => &request.uid,
            Self::Raw(request) => request.get("uid").and_then(Value::as_str).unwrap_or_default(),
        }
    }
}

/// Policies of one file share its module.
fn module(loaded: &mut BTreeMap<PathBuf, Arc<Policy>>, file: &str) -> Result<Arc<Policy>, Error> {
    let file = PathBuf::from(file);
    if let Some(policy) = loaded.get(&file) {
        return Ok(Arc::clone(policy));
    }
    let policy = Arc::new(Policy::from_file(&file)?);
    loaded.insert(file, Arc::clone(&policy));
    Ok(policy)
}

/// The host calls of one policy.
struct PolicyCalls {
    name: String,
    capabilities: super::capabilities::Capabilities,
    cluster: Option<Cluster>,
}

impl HostCalls for PolicyCalls {
    fn answer(&self, call: &HostCall<'_>) -> Result<Vec<u8>, String> {
        let path = format!("{}/{}", call.namespace, call.operation);
        let answer = match &self.cluster {
            _ if !self.capabilities.allow(&path) => Err(format!(
                "Policy has not been granted access to the '{path}' host capability. The violation has been reported."
            )),
            Some(cluster) if path == "kubernetes/can_i" => cluster.can_i(call.payload),
            None if path == "kubernetes/can_i" => {
                Err("Callback evaluation failure: kube::Client was not initialized properly".to_owned())
            }
            _ => Err(format!("Callback evaluation failure: policy-host does not answer {path}")),
        };
        answer.inspect_err(|reason| error!(policy_id = self.name, call = path, reason, "host call failed"))
    }
}

/// One line for each evaluation.
fn log(evaluation: &Evaluation<'_>) {
    let Evaluation { policy, request, response, .. } = evaluation;
    let code = response.status.as_ref().and_then(|status| status.code);
    let (name, namespace, operation, kind) = request.map_or(("", "", "", ""), |(request, _)| {
        let namespace = request.namespace().unwrap_or_default();
        (request.name().unwrap_or_default(), namespace, request.operation(), request.request_kind())
    });
    info!(
        policy_id = policy,
        request_uid = response.uid,
        operation,
        kind,
        namespace,
        name,
        allowed = response.allowed,
        mutated = response.patch.is_some(),
        response_code = code,
        response_message = response.message(),
        "policy evaluation",
    );
}
