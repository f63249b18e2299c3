//! The policy module: waPC in, an answer out.

use kubewarden_policy_sdk::host_capabilities::kubernetes::{
    CanIRequest, ResourceAttributes, SubjectAccessReview, can_i,
};
use kubewarden_policy_sdk::logging::KubewardenDrain;
use kubewarden_policy_sdk::{protocol_version_guest, settings};
use simdutf8::basic::from_utf8;
use slog::{Logger, o, warn};
use wapc_guest::{CallResult, register_function};

use crate::admission::review;
use crate::answer::Answer;
use crate::cluster::{Cluster, Question};
use crate::json::Reader;
use crate::request::Payload;
use crate::settings::Settings;

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
    register_function("protocol_version", protocol_version_guest);
    #[cfg(target_arch = "wasm32")]
    ARENA.keep();
}

fn validate(payload: &[u8]) -> CallResult {
    let Ok(text) = from_utf8(payload) else {
        return Ok(Answer::rejected("the request cannot be read: it is not UTF-8").to_json().into_bytes());
    };
    let answer = review(text, &Host);
    if let Some(reason) = &answer.rejection {
        log(text, reason);
    }
    Ok(answer.to_json().into_bytes())
}

fn validate_settings(payload: &[u8]) -> CallResult {
    let message = match from_utf8(payload) {
        Ok(text) => Settings::parse(text).err().map(|problems| problems.to_string()),
        Err(_) => Some("settings are not UTF-8".to_owned()),
    };
    let response = settings::SettingsValidationResponse { valid: message.is_none(), message };
    Ok(serde_json::to_vec(&response)?)
}

/// One line per rejection; what is accepted is not worth one.
fn log(payload: &str, reason: &str) {
    let payload: Payload<'_> = Reader::document(payload).unwrap_or_default();
    let request = payload.request;
    let logger = Logger::root(KubewardenDrain::new(), o!("policy" => "pod-security-policy"));
    warn!(logger, "rejected";
        "operation" => &*request.operation,
        "kind" => &*request.kind.kind,
        "namespace" => &*request.namespace,
        "name" => &*request.name,
        "reason" => reason,
    );
}

/// The policy server, which asks the cluster.
struct Host;

impl Cluster for Host {
    fn may_use(&self, question: &Question<'_>) -> Result<bool, String> {
        let review = SubjectAccessReview {
            user: question.user.to_string(),
            groups: Some(question.groups.iter().map(ToString::to_string).collect()),
            resource_attributes: ResourceAttributes {
                group: Some(question.api_group.to_owned()),
                name: Some(question.policy.to_owned()),
                namespace: Some(question.namespace.to_owned()),
                resource: "podsecuritypolicies".to_owned(),
                verb: "use".to_owned(),
                ..ResourceAttributes::default()
            },
        };
        match can_i(CanIRequest { subject_access_review: review, disable_cache: false }) {
            Ok(status) => Ok(status.allowed),
            Err(error) => Err(format!("the policy server could not ask the cluster: {error}")),
        }
    }
}
