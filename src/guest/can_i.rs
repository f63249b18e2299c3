//! The host call `can_i`: a `SubjectAccessReview` by the policy server.
//!
//! Kubewarden's SDK has a function for it, which needs a reader and a writer of JSON of its own: a twentieth of the module.
//! The tests hold what is written and read here to the SDK's types. Where an answer leaves a doubt this is stricter: one
//! without `allowed`, with `allowed` twice, or with `denied` as well allows nothing and is an error.

use simdutf8::basic::from_utf8;
use wapc_guest::host_call;

use crate::admission::cluster::Question;
use crate::json::{Decode, Quoted, Read, Reader, joined, once};

/// Asks the policy server.
pub(super) fn can_i(question: &Question<'_>) -> Result<bool, String> {
    let asked = host_call("kubewarden", "kubernetes", "can_i", written(question).as_bytes());
    let answer = asked.map_err(|error| format!("the policy server could not ask the cluster: {error}"))?;
    allowed(&answer).map_err(|error| format!("the policy server's answer cannot be read: {error}"))
}

/// The payload of the call. An answer may be five seconds old.
fn written(question: &Question<'_>) -> String {
    let Question { user, groups, api_group, policy, namespace } = question;
    let groups = joined(groups.iter().map(|group| Quoted(group)), ",");
    format!(
        concat!(
            r#"{{"subject_access_review":{{"groups":[{}],"resource_attributes":{{"group":{},"name":{},"namespace":{},"#,
            r#""resource":"podsecuritypolicies","subresource":null,"verb":"use","version":null}},"user":{}}},"#,
            r#""disable_cache":false}}"#,
        ),
        groups,
        Quoted(api_group),
        Quoted(policy),
        Quoted(namespace),
        Quoted(user),
    )
}

/// The status of a `SubjectAccessReview`.
#[derive(Default)]
struct Status {
    allowed: Option<bool>,
    denied: bool,
}

impl<'a> Decode<'a> for Status {
    /// Unlike elsewhere, what is skipped is checked too: nothing has parsed the answer before.
    fn decode(&mut self, reader: &mut Reader<'a>) -> Read<()> {
        let mut seen = 0;
        reader.object(|reader, key| match &**key {
            "allowed" => {
                once(&mut seen, 0)?;
                reader.field(&mut self.allowed)
            }
            "denied" => {
                once(&mut seen, 1)?;
                reader.field(&mut self.denied)
            }
            _ => reader.skip(),
        })
    }
}

fn allowed(answer: &[u8]) -> Result<bool, String> {
    let answer = from_utf8(answer).map_err(|_| "it is not UTF-8")?;
    let status: Status = Reader::document(answer).map_err(|error| error.to_string())?;
    match status {
        Status { allowed: Some(true), denied: true } => Err("it is allowed and denied".to_owned()),
        Status { allowed: Some(allowed), .. } => Ok(allowed),
        Status { allowed: None, .. } => Err("it does not say whether it is allowed".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Text;
    use k8s_openapi::api::authorization::v1::SubjectAccessReviewStatus;
    use kubewarden_policy_sdk::host_capabilities::kubernetes::{
        CanIRequest, ResourceAttributes, SubjectAccessReview,
    };
    use rstest::rstest;

    #[test]
    fn the_question_is_written_as_the_sdk_writes_it() {
        let question = Question {
            user: "system:serviceaccount:shop:\"web\"".into(),
            groups: vec!["a\\b".into(), Text::from("c")],
            api_group: "policy",
            policy: "restricted",
            namespace: "shop",
        };
        let subject_access_review = SubjectAccessReview {
            user: question.user.to_string(),
            groups: Some(vec!["a\\b".to_owned(), "c".to_owned()]),
            resource_attributes: ResourceAttributes {
                group: Some("policy".to_owned()),
                name: Some("restricted".to_owned()),
                namespace: Some("shop".to_owned()),
                resource: "podsecuritypolicies".to_owned(),
                verb: "use".to_owned(),
                ..ResourceAttributes::default()
            },
        };
        let request = CanIRequest { subject_access_review, disable_cache: false };
        assert_eq!(written(&question), serde_json::to_string(&request).unwrap());
    }

    #[rstest]
    #[case::granted(r#"{"allowed":true}"#, true)]
    #[case::denied(r#"{"allowed":false,"denied":true,"reason":"RBAC","evaluationError":null}"#, false)]
    #[case::unknown_fields_are_skipped(r#"{"new":{"allowed":false},"allowed":true}"#, true)]
    fn the_answer_is_read_as_the_sdk_reads_it(#[case] answer: &str, #[case] expected: bool) {
        let status: SubjectAccessReviewStatus = serde_json::from_str(answer).unwrap();
        assert_eq!((allowed(answer.as_bytes()), status.allowed), (Ok(expected), expected));
    }

    #[rstest]
    #[case::without_a_verdict(b"{}", "it does not say whether it is allowed")]
    #[case::null(b"{\"allowed\":null}", "it does not say whether it is allowed")]
    #[case::twice(b"{\"allowed\":false,\"allowed\":true}", "allowed: duplicate key")]
    #[case::no_boolean(b"{\"allowed\":\"true\"}", "allowed: must be true or false, not the string \"true\"")]
    #[case::cut_off(
        b"{\"allowed\":true",
        "is not JSON: a comma or a closing bracket must come here (byte 15)"
    )]
    #[case::allowed_and_denied(b"{\"denied\":true,\"allowed\":true}", "it is allowed and denied")]
    #[case::denied_is_no_boolean(
        b"{\"allowed\":true,\"denied\":\"x\"}",
        "denied: must be true or false, not the string \"x\""
    )]
    #[case::brackets_do_not_match(
        b"{\"allowed\":true,\"new\":[}}",
        "new: is not JSON: a value must come here (byte 23)"
    )]
    #[case::something_follows(
        b"{\"allowed\":true}{}",
        "is not JSON: something follows the end of the document (byte 16)"
    )]
    #[case::empty(b"", "is not JSON: the document ends too early (byte 0)")]
    #[case::no_text(b"\xff", "it is not UTF-8")]
    fn an_answer_that_cannot_be_read_allows_nothing(#[case] answer: &[u8], #[case] expected: &str) {
        assert_eq!(allowed(answer), Err(expected.to_owned()));
    }
}
