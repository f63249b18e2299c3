//! The policy module: waPC in, a response out.

use std::time::{SystemTime, UNIX_EPOCH};

use kubewarden_policy_sdk::protocol_version_guest;
use simdutf8::basic::from_utf8;
use slog::{Logger, o, warn};
use wapc_guest::{CallResult, register_function};

use crate::admission::cluster::{Cluster, Question};
use crate::admission::judge;
use crate::admission::response::Response;
use crate::json::{Quoted, Reader, Text};
use crate::request::{Payload, Request};
use crate::settings::Settings;
use can_i::can_i;
use log::HostDrain;

#[cfg(any(target_arch = "wasm32", test))]
mod arena;
mod can_i;
mod log;
#[cfg(any(target_arch = "wasm32", test))]
mod memory;

#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ARENA: arena::Arena = arena::Arena::new();

/// The host calls this once, before any function of the policy.
#[expect(unsafe_code, reason = "the host finds the function by its name")]
#[unsafe(no_mangle)]
pub(crate) extern "C" fn wapc_init() {
    register_function("validate", validate);
    register_function("validate_settings", validate_settings);
    register_function("protocol_version", protocol_version_guest);
    #[cfg(target_arch = "wasm32")]
    ARENA.keep();
}

fn validate(payload: &[u8]) -> CallResult {
    let response = match from_utf8(payload) {
        Ok(text) => match Reader::document(text) {
            Ok(payload) => judged(payload),
            Err(error) => Response::unreadable(&error),
        },
        Err(_) => Response::unreadable(&"it is not UTF-8"),
    };
    Ok(response.into_json().into_bytes())
}

/// Reviews a request. The reason for a rejection is in the response, which the policy server reports; the log only has
/// the errors that its operators must look after: requests that could not be evaluated.
fn judged(payload: Payload<'_>) -> Response {
    let Request { operation, kind, namespace, name, .. } = &payload.request;
    let [operation, kind, namespace, name] = [operation, &kind.kind, namespace, name].map(Text::clone);
    let response = judge(payload, &Host);
    if let Some(reason) = response.rejection.as_ref().filter(|_| response.error) {
        let logger = Logger::root(HostDrain, o!("policy" => "pod-security-policy"));
        warn!(logger, "rejected without a verdict";
            "operation" => &*operation,
            "kind" => &*kind,
            "namespace" => &*namespace,
            "name" => &*name,
            "reason" => reason,
        );
    }
    response
}

fn validate_settings(payload: &[u8]) -> CallResult {
    let message = match from_utf8(payload) {
        Ok(text) => Settings::parse(text).err().map(|problems| problems.to_string()),
        Err(_) => Some("settings are not UTF-8".to_owned()),
    };
    Ok(match message {
        None => br#"{"valid":true}"#.to_vec(),
        Some(message) => format!(r#"{{"valid":false,"message":{}}}"#, Quoted(&message)).into_bytes(),
    })
}

/// The policy server, which asks the cluster.
struct Host;

impl Cluster for Host {
    fn may_use(&self, question: &Question<'_>) -> Result<bool, String> {
        can_i(question)
    }

    fn now(&self) -> Result<i64, String> {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).ok();
        let seconds = since.and_then(|since| i64::try_from(since.as_secs()).ok());
        seconds.ok_or_else(|| "the clock of the policy server is wrong".to_owned())
    }
}
