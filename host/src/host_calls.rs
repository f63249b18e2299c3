//! Host calls of a policy during the evaluation of a request.
//!
//! Everything goes through [`HostCalls`]: an absent cluster, a recording ([`Replay`](crate::Replay)), or a closure
//! of a test. A call without a response is an error to the policy, never a silent success.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value};
use tracing::{debug, error, info, trace, warn};

/// The namespaces and operations that the policy server knows.
pub(crate) const OPERATIONS: &[(&str, &[&str])] = &[
    ("tracing", &["log"]),
    ("kubernetes", &["can_i", "get_resource", "list_resources_all", "list_resources_by_namespace"]),
    ("oci", &["v1/verify", "v2/verify", "v1/manifest_digest", "v1/oci_manifest", "v1/oci_manifest_config"]),
    ("net", &["v1/dns_lookup_host"]),
    ("crypto", &["v1/is_certificate_trusted"]),
];

/// A host call of a policy.
#[derive(Clone, Copy, Debug)]
pub struct HostCall<'a> {
    /// The capability, such as `kubernetes`.
    pub namespace: &'a str,
    /// The operation of the capability, such as `can_i`.
    pub operation: &'a str,
    /// The parameters, as JSON.
    pub payload: &'a [u8],
}

/// Responds to the host calls of a policy.
///
/// A closure from [`HostCall`] to a response will do. An error reaches the policy word for word.
pub trait HostCalls: Send + Sync {
    /// Responds to one call.
    ///
    /// # Errors
    ///
    /// When there is no response; the text says why.
    fn answer(&self, call: &HostCall<'_>) -> Result<Vec<u8>, String>;

    /// Receives a line that the policy logs. By default it goes to the host's own log.
    fn log(&self, line: &LogLine) {
        line.emit();
    }
}

impl<F> HostCalls for F
where
    F: Fn(&HostCall<'_>) -> Result<Vec<u8>, String> + Send + Sync,
{
    fn answer(&self, call: &HostCall<'_>) -> Result<Vec<u8>, String> {
        self(call)
    }
}

impl<H: HostCalls + ?Sized> HostCalls for Arc<H> {
    fn answer(&self, call: &HostCall<'_>) -> Result<Vec<u8>, String> {
        (**self).answer(call)
    }

    fn log(&self, line: &LogLine) {
        (**self).log(line);
    }
}

/// Leaves every call unanswered, as a host without a cluster does.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unanswered;

impl HostCalls for Unanswered {
    fn answer(&self, call: &HostCall<'_>) -> Result<Vec<u8>, String> {
        Err(format!(
            "Callback evaluation failure: nothing answers {}/{} here: pass a recording with \
             --replay-host-capabilities-interactions",
            call.namespace, call.operation
        ))
    }
}

/// Keeps a policy from reading the cluster's objects, as kwctl does without `--allow-context-aware`.
#[derive(Debug)]
pub struct WithoutResources<H>(pub H);

impl<H: HostCalls> HostCalls for WithoutResources<H> {
    fn answer(&self, call: &HostCall<'_>) -> Result<Vec<u8>, String> {
        #[derive(Deserialize)]
        struct Resource {
            api_version: String,
            kind: String,
        }
        if call.namespace != "kubernetes" || call.operation == "can_i" {
            return self.0.answer(call);
        }
        let Resource { api_version, kind } =
            serde_json::from_slice(call.payload).map_err(|error| error.to_string())?;
        Err(format!(
            "Policy has not been granted access to Kubernetes {api_version}/{kind} resources. The violation has been \
             reported."
        ))
    }

    fn log(&self, line: &LogLine) {
        self.0.log(line);
    }
}

/// Routes a raw waPC call to its handler.
pub(crate) fn dispatch(
    host_calls: &dyn HostCalls,
    binding: &str,
    namespace: &str,
    operation: &str,
    payload: &[u8],
) -> Result<Vec<u8>, String> {
    if binding != "kubewarden" {
        return Err(format!("unknown binding: {binding}"));
    }
    let Some((_, operations)) = OPERATIONS.iter().find(|(known, _)| *known == namespace) else {
        return Err(format!("unknown namespace: {namespace}"));
    };
    if !operations.contains(&operation) {
        return Err(format!("unknown operation: {operation}"));
    }
    if namespace != "tracing" {
        return host_calls.answer(&HostCall { namespace, operation, payload });
    }
    match serde_json::from_slice(payload) {
        Ok(line) => host_calls.log(&line),
        Err(reason) => error!(%reason, "a log line of the policy cannot be read"),
    }
    Ok(Vec::new())
}

/// The level of a log line.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum LogLevel {
    #[serde(alias = "TRACE", alias = "Trace")]
    Trace,
    #[serde(alias = "DEBUG", alias = "Debug")]
    Debug,
    #[serde(alias = "INFO", alias = "Info")]
    Info,
    #[serde(alias = "WARNING", alias = "Warning")]
    Warning,
    #[serde(alias = "ERROR", alias = "Error", alias = "critical", alias = "CRITICAL")]
    Error,
}

/// A line that a policy logs.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct LogLine {
    /// The level.
    pub level: LogLevel,
    /// The text.
    #[serde(default)]
    pub message: String,
    /// All fields except level and text.
    #[serde(flatten)]
    pub data: Map<String, Value>,
}

impl LogLine {
    fn emit(&self) {
        let data = Value::Object(self.data.clone());
        let message = &self.message;
        match self.level {
            LogLevel::Trace => trace!(target: "policy_log", %data, "{message}"),
            LogLevel::Debug => debug!(target: "policy_log", %data, "{message}"),
            LogLevel::Info => info!(target: "policy_log", %data, "{message}"),
            LogLevel::Warning => warn!(target: "policy_log", %data, "{message}"),
            LogLevel::Error => error!(target: "policy_log", %data, "{message}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::binding("wasi", "kubernetes", "can_i", "unknown binding: wasi")]
    #[case::namespace("kubewarden", "moon", "can_i", "unknown namespace: moon")]
    #[case::operation("kubewarden", "kubernetes", "can_he", "unknown operation: can_he")]
    #[case::nobody_there(
        "kubewarden",
        "kubernetes",
        "can_i",
        "Callback evaluation failure: nothing answers kubernetes/can_i here: pass a recording with --replay-host-capabilities-interactions"
    )]
    fn unanswered_calls_are_errors(
        #[case] binding: &str,
        #[case] namespace: &str,
        #[case] operation: &str,
        #[case] expected: &str,
    ) {
        assert_eq!(dispatch(&Unanswered, binding, namespace, operation, b"{}"), Err(expected.to_owned()));
    }

    #[test]
    fn closures_answer_too() {
        let echo = |call: &HostCall<'_>| Ok(call.payload.to_vec());

        assert_eq!(dispatch(&echo, "kubewarden", "oci", "v1/verify", b"x"), Ok(b"x".to_vec()));
    }

    #[test]
    fn objects_of_the_cluster_are_denied_but_access_reviews_are_not() {
        let confined = WithoutResources(|_: &HostCall<'_>| Ok(Vec::new()));
        let namespace = br#"{"api_version":"v1","kind":"Namespace"}"#;

        assert_eq!(
            dispatch(&confined, "kubewarden", "kubernetes", "get_resource", namespace),
            Err("Policy has not been granted access to Kubernetes v1/Namespace resources. The violation has been \
                 reported."
                .to_owned())
        );
        assert!(dispatch(&confined, "kubewarden", "kubernetes", "can_i", b"{}").is_ok());
    }
}
