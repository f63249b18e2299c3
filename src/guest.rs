//! The policy module: waPC in, an answer out.

use std::fmt::Display;
use std::time::{SystemTime, UNIX_EPOCH};

use simdutf8::basic::from_utf8;
use wapc_guest::{CallResult, host_call, register_function};

use crate::admission::review;
use crate::answer::Answer;
use crate::cluster::{Cluster, Question};
use crate::json::{Quoted, Reader, decode};
use crate::request::Payload;
use crate::settings::Settings;
use crate::shape::Listed;

#[cfg(target_arch = "wasm32")]
mod arena;
#[cfg(target_arch = "wasm32")]
mod compare;

#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ARENA: arena::Arena = arena::Arena::new();

/// The host calls this once, before any function of the policy.
#[expect(unsafe_code, reason = "the host finds the function by its name")]
#[unsafe(no_mangle)]
pub(crate) extern "C" fn wapc_init() {
    register_function("validate", validate);
    register_function("validate_settings", validate_settings);
    register_function("protocol_version", |_| Ok(br#""v1""#.to_vec()));
    #[cfg(target_arch = "wasm32")]
    ARENA.keep();
}

fn validate(payload: &[u8]) -> CallResult {
    let Ok(text) = from_utf8(payload) else {
        return Ok(Answer::rejected("the request cannot be read: it is not UTF-8").into_json().into_bytes());
    };
    let answer = review(text, &Host);
    if let Some(reason) = &answer.rejection {
        log(text, reason);
    }
    Ok(answer.into_json().into_bytes())
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

/// One line per rejection; what is accepted is not worth one.
fn log(payload: &str, reason: &str) {
    let payload: Payload<'_> = Reader::document(payload).unwrap_or_default();
    let request = payload.request;
    let line = format!(
        r#"{{"level":"warning","message":"rejected","policy":"pod-security-policy","operation":{},"kind":{},"namespace":{},"name":{},"reason":{}}}"#,
        Quoted(&request.operation),
        Quoted(&request.kind.kind),
        Quoted(&request.namespace),
        Quoted(&request.name),
        Quoted(reason),
    );
    // A request is answered whether or not the line arrives.
    let _ = host_call("kubewarden", "tracing", "log", line.as_bytes());
}

/// The policy server, which asks the cluster.
struct Host;

/// What an access review says.
#[derive(Default)]
struct Reviewed {
    allowed: bool,
}

decode!(Reviewed { "allowed" => allowed });

impl Cluster for Host {
    fn may_use(&self, question: &Question<'_>) -> Result<bool, String> {
        let Question { user, groups, api_group, policy, namespace } = question;
        let review = format!(
            r#"{{"subject_access_review":{{"groups":[{}],"resource_attributes":{{"group":"{api_group}","name":{},"namespace":{},"resource":"podsecuritypolicies","subresource":null,"verb":"use","version":null}},"user":{}}},"disable_cache":false}}"#,
            Listed(groups),
            Quoted(policy),
            Quoted(namespace),
            Quoted(user),
        );
        let failed = |error: &dyn Display| format!("the policy server could not ask the cluster: {error}");
        let answer = host_call("kubewarden", "kubernetes", "can_i", review.as_bytes()).map_err(|error| {
            failed(&format_args!("error invoking host capability kubernetes.can_i: {error}"))
        })?;
        let text = from_utf8(&answer).map_err(|error| failed(&error))?;
        let Reviewed { allowed } = Reader::document(text).map_err(|fault| failed(&fault))?;
        Ok(allowed)
    }

    fn now(&self) -> Result<i64, String> {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        since
            .ok()
            .and_then(|since| i64::try_from(since.as_secs()).ok())
            .ok_or_else(|| "the clock of the policy server is wrong".to_owned())
    }
}
