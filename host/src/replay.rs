//! Responses from a recording, in the format that `kwctl run --record-host-capabilities-interactions` writes.
//!
//! A recording is a list of exchanges, replayed in order. The request of each is a YAML text of its own, because kwctl
//! writes it so; it must equal the next call of the policy.
//!
//! ```yaml
//! - type: Exchange
//!   request: |
//!     !KubernetesCanI
//!     request:
//!       groups: null
//!       resource_attributes:
//!         group: policy
//!         name: restricted
//!         namespace: team
//!         resource: podsecuritypolicies
//!         subresource: null
//!         verb: use
//!         version: null
//!       user: system:serviceaccount:team:default
//!     disable_cache: false
//!   response:
//!     type: Success
//!     payload: '{"allowed":true}'
//! ```

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use serde::Deserialize;

use crate::{
    Error,
    host_calls::{HostCall, HostCalls},
    question::Question,
    yaml,
};

#[derive(Debug, Deserialize)]
#[serde(tag = "type")]
enum Recorded {
    Exchange { request: String, response: Answer },
}

#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "type")]
enum Answer {
    Success { payload: String },
    Error { message: String },
}

/// Responses from a recording.
#[derive(Debug, Default)]
pub struct Replay {
    exchanges: Mutex<VecDeque<(Question, Answer)>>,
}

impl Replay {
    /// Reads a recording.
    ///
    /// # Errors
    ///
    /// When the text is not YAML, or an exchange has a form that kwctl would not write.
    pub fn from_yaml(text: &str) -> Result<Self, Error> {
        let exchanges = yaml::read::<Vec<Recorded>>(text)?
            .into_iter()
            .enumerate()
            .map(|(index, Recorded::Exchange { request, response })| match yaml::read(&request) {
                Ok(question) => Ok((question, response)),
                Err(error) => Err(Error::ExchangeNotUnderstood(index, error.to_string())),
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { exchanges: Mutex::new(exchanges) })
    }

    /// How many exchanges have not been requested yet.
    pub fn leftovers(&self) -> usize {
        self.exchanges.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn next(&self, call: &HostCall<'_>) -> Result<Vec<u8>, String> {
        let question = Question::of(call)?;
        let next = self.exchanges.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let Some((expected, answer)) = next else {
            return Err("the list of recorded responses is empty".to_owned());
        };
        if expected != question {
            return Err(format!(
                "Replay error: unexpected request. Was expecting {expected}, got {question} instead"
            ));
        }
        match answer {
            Answer::Success { payload } => Ok(payload.into_bytes()),
            Answer::Error { message } => Err(message),
        }
    }
}

impl HostCalls for Replay {
    fn answer(&self, call: &HostCall<'_>) -> Result<Vec<u8>, String> {
        self.next(call).map_err(|reason| format!("Callback evaluation failure: {reason}"))
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const RECORDING: &str = r#"
- type: Exchange
  request: |
    !KubernetesCanI
    request:
      groups: null
      resource_attributes:
        group: policy
        name: restricted
        namespace: team
        resource: podsecuritypolicies
        subresource: null
        verb: use
        version: null
      user: alice
    disable_cache: false
  response:
    type: Success
    payload: '{"allowed":true}'
- type: Exchange
  request: |
    !KubernetesGetResource
    api_version: v1
    kind: Namespace
    name: team
    namespace: null
    disable_cache: false
  response:
    type: Error
    message: no cluster
"#;

    fn ask(replay: &Replay, operation: &str, payload: &str) -> Result<String, String> {
        let call = HostCall { namespace: "kubernetes", operation, payload: payload.as_bytes() };
        replay.answer(&call).map(|answer| String::from_utf8(answer).unwrap())
    }

    fn may_use(name: &str) -> String {
        format!(
            r#"{{"subject_access_review":{{"groups":null,"resource_attributes":{{"group":"policy","name":"{name}",
            "namespace":"team","resource":"podsecuritypolicies","verb":"use"}},"user":"alice"}},"disable_cache":false}}"#
        )
    }

    #[test]
    fn exchanges_are_replayed_in_order_until_they_are_used_up() {
        let replay = Replay::from_yaml(RECORDING).unwrap();
        let team =
            r#"{"api_version":"v1","kind":"Namespace","name":"team","namespace":null,"disable_cache":false}"#;

        assert_eq!(ask(&replay, "can_i", &may_use("restricted")), Ok(r#"{"allowed":true}"#.to_owned()));
        assert_eq!(replay.leftovers(), 1);
        assert_eq!(
            ask(&replay, "get_resource", team),
            Err("Callback evaluation failure: no cluster".to_owned())
        );
        assert_eq!(
            ask(&replay, "get_resource", team),
            Err("Callback evaluation failure: the list of recorded responses is empty".to_owned())
        );
    }

    #[test]
    fn another_question_than_the_recorded_one_is_an_error_that_shows_both() {
        let replay = Replay::from_yaml(RECORDING).unwrap();

        let error = ask(&replay, "can_i", &may_use("baseline")).unwrap_err();

        assert!(
            error.starts_with("Callback evaluation failure: Replay error: unexpected request."),
            "{error}"
        );
        assert!(
            error.contains(r#""name":"restricted""#) && error.contains(r#""name":"baseline""#),
            "{error}"
        );
    }

    #[rstest]
    #[case::no_list("type: Exchange", "not YAML: ")]
    #[case::unknown_question(
        "[{type: Exchange, request: '!Moon {}', response: {type: Success, payload: ''}}]",
        "exchange 0 cannot be replayed: "
    )]
    fn broken_recordings_are_refused(#[case] recording: &str, #[case] expected: &str) {
        let error = Replay::from_yaml(recording).unwrap_err().to_string();

        assert!(error.starts_with(expected), "{error}");
    }
}
