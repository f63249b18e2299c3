//! What the registration makes of a policy's response.

use tracing::info;

use super::registration::{PolicyMode, Registration};
use crate::{
    AdmissionResponse, Status,
    response::{StatusCause, StatusDetails},
};

impl Registration {
    /// The response for the API server. An audit gets the policy's own.
    pub(crate) fn constrain(&self, policy: &str, response: AdmissionResponse) -> AdmissionResponse {
        match self.mode {
            PolicyMode::Monitor => {
                monitored(policy, self.allowed_to_mutate, &response);
                AdmissionResponse { allowed: true, patch_type: None, patch: None, status: None, ..response }
            }
            PolicyMode::Protect if self.allowed_to_mutate => self.with_message(response),
            PolicyMode::Protect => self.with_message(response.without_mutation(policy)),
        }
    }

    /// Where the registration has a message, it takes the place of the policy's, which becomes the cause.
    fn with_message(&self, response: AdmissionResponse) -> AdmissionResponse {
        let Some(message) = self.message.clone().filter(|_| !response.allowed) else { return response };
        let status = response.status.unwrap_or_default();
        let cause =
            StatusCause { message: Some(status.message.unwrap_or_default()), ..StatusCause::default() };
        AdmissionResponse {
            status: Some(Status {
                message: Some(message),
                details: Some(StatusDetails { causes: vec![cause] }),
                ..status
            }),
            ..response
        }
    }
}

/// The verdict that is not given, in the policy server's words: documents say how to find rejections in its log.
fn monitored(policy: &str, allowed_to_mutate: bool, response: &AdmissionResponse) {
    info!(
        policy_id = policy,
        allowed_to_mutate,
        response = format!("{response:?}").as_str(),
        "policy evaluation (monitor mode)",
    );
}
