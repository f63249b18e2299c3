//! `can_i`, the host call for access reviews.

use serde::{Deserialize, Serialize};

use crate::host_calls::{HostCall, HostCalls, Unanswered};

/// Whether a user may perform an action: the parameter of `can_i`.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq, Hash)]
pub struct SubjectAccessReview {
    /// The groups of the user.
    pub groups: Option<Vec<String>>,
    /// The action and its target.
    pub resource_attributes: ResourceAttributes,
    /// The user.
    pub user: String,
}

/// An action and its target.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the fields are those of the API of the same name")]
pub struct ResourceAttributes {
    pub group: Option<String>,
    pub name: Option<String>,
    pub namespace: Option<String>,
    pub resource: String,
    pub subresource: Option<String>,
    pub verb: String,
    pub version: Option<String>,
}

/// The parameters of `can_i`, as the guest writes them.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct CanI {
    pub(crate) subject_access_review: SubjectAccessReview,
    pub(crate) disable_cache: bool,
}

/// Responds to `can_i` by a rule, and leaves everything else unanswered.
#[derive(Debug)]
pub struct Grants<F>(pub F);

impl<F> HostCalls for Grants<F>
where
    F: Fn(&SubjectAccessReview) -> bool + Send + Sync,
{
    fn answer(&self, call: &HostCall<'_>) -> Result<Vec<u8>, String> {
        if (call.namespace, call.operation) != ("kubernetes", "can_i") {
            return Unanswered.answer(call);
        }
        let question: CanI = serde_json::from_slice(call.payload).map_err(|error| error.to_string())?;
        Ok(format!(r#"{{"allowed":{}}}"#, self.0(&question.subject_access_review)).into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAN_I: &[u8] = br#"{"subject_access_review":{"groups":["g"],"resource_attributes":{"group":"policy",
        "name":"restricted","namespace":"team","resource":"podsecuritypolicies","subresource":null,"verb":"use",
        "version":null},"user":"alice"},"disable_cache":false}"#;

    #[test]
    fn grants_answer_by_user_and_name() {
        let grants = Grants(|review: &SubjectAccessReview| {
            review.user == "alice" && review.resource_attributes.name.as_deref() == Some("restricted")
        });
        let call = HostCall { namespace: "kubernetes", operation: "can_i", payload: CAN_I };

        assert_eq!(grants.answer(&call), Ok(br#"{"allowed":true}"#.to_vec()));
    }

    #[test]
    fn grants_answer_nothing_else() {
        let grants = Grants(|_: &SubjectAccessReview| true);
        let call = HostCall { namespace: "kubernetes", operation: "get_resource", payload: b"{}" };

        assert!(grants.answer(&call).is_err());
    }
}
