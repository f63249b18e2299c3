//! The policy server's metrics, in the form that Prometheus reads.

use std::{fmt, time::Duration};

use prometheus_client::{
    encoding::text::encode,
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::Registry,
};

use super::registration::PolicyMode;
use crate::{AdmissionRequest, AdmissionResponse};

/// The borders of the policy server's histogram, in milliseconds.
const BUCKETS: [f64; 15] =
    [0.0, 5.0, 10.0, 25.0, 50.0, 75.0, 100.0, 250.0, 500.0, 750.0, 1000.0, 2500.0, 5000.0, 7500.0, 10_000.0];

type Labels = Vec<(&'static str, String)>;

/// How many evaluations there were, and how long they took.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    total: Family<Labels, Counter>,
    latency: Family<Labels, Histogram>,
}

/// Who asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The API server.
    Validate,
    /// The audit scanner.
    Audit,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::default();
        let total = Family::default();
        // The encoder appends `_total`.
        registry.register("kubewarden_policy_evaluations", "Number of policy evaluations", total.clone());
        let latency = Family::new_with_constructor((|| Histogram::new(BUCKETS)) as fn() -> Histogram);
        registry.register(
            "kubewarden_policy_evaluation_latency_milliseconds",
            "Time that policy evaluations took",
            latency.clone(),
        );
        Self { registry, total, latency }
    }

    /// Counts an evaluation, with the policy's own response: before the mode of the registration changes it.
    pub(crate) fn record(&self, evaluation: &Evaluation<'_>, latency: Duration) {
        let labels = evaluation.labels();
        self.total.get_or_create(&labels).inc();
        // The policy server counts whole milliseconds.
        let milliseconds = u32::try_from(latency.as_millis()).unwrap_or(u32::MAX);
        self.latency.get_or_create(&labels).observe(milliseconds.into());
    }

    /// All that was counted, as text.
    pub(crate) fn text(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

/// What is counted.
pub(crate) struct Evaluation<'a> {
    pub(crate) policy: &'a str,
    pub(crate) mode: PolicyMode,
    /// Absent where the request has a form of its own.
    pub(crate) request: Option<(&'a AdmissionRequest, Origin)>,
    pub(crate) response: &'a AdmissionResponse,
}

impl Evaluation<'_> {
    fn labels(&self) -> Labels {
        let mut labels =
            vec![("policy_name", self.policy.to_owned()), ("policy_mode", self.mode.as_str().to_owned())];
        if let Some((request, origin)) = self.request {
            let origin = if origin == Origin::Audit { "audit" } else { "validate" };
            labels.push(("resource_kind", request.request_kind().to_owned()));
            labels.push(("resource_request_operation", request.operation().to_owned()));
            labels.push(("request_origin", origin.to_owned()));
            if let Some(namespace) = request.namespace() {
                labels.push(("resource_namespace", namespace.to_owned()));
            }
        }
        labels.push(("accepted", self.response.allowed.to_string()));
        labels.push(("mutated", self.response.patch.is_some().to_string()));
        if let Some(code) = self.response.status.as_ref().and_then(|status| status.code) {
            labels.push(("error_code", code.to_string()));
        }
        labels
    }
}
