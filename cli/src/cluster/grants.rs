//! Who may use which policy, where roles may not be read: the API server is asked about each identity once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use kube::Client;
use kube::core::Request;
use kube::core::params::PostParams;
use pod_security_policy::admission::{Cluster as Authorizer, Question};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::Refusal;

/// Access reviews, and the answers so far. A review is created without being stored.
pub(super) struct Reviews {
    client: Client,
    runtime: Arc<Runtime>,
    answers: Mutex<BTreeMap<String, Result<bool, String>>>,
}

impl std::fmt::Debug for Reviews {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reviews")
    }
}

impl Reviews {
    pub(super) fn new(client: Client, runtime: Arc<Runtime>) -> Self {
        Reviews { client, runtime, answers: Mutex::default() }
    }

    /// Whether questions are answered at all.
    pub(super) fn probe(&self) -> Result<(), String> {
        let question = Question {
            user: "system:anonymous".into(),
            groups: Vec::new(),
            api_group: "policy",
            policy: "any",
            namespace: "default",
        };
        self.may_use(&question).map(|_| ())
    }

    fn ask(&self, question: &Question<'_>) -> Result<bool, String> {
        let Question { user, api_group, policy, namespace, .. } = question;
        let attributes = json!({"namespace": namespace, "verb": "use", "group": api_group,
            "resource": "podsecuritypolicies", "name": policy});
        let review = json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
            "spec": {"user": &**user, "groups": groups_of(question), "resourceAttributes": attributes}});
        let request = Request::new("/apis/authorization.k8s.io/v1/subjectaccessreviews")
            .create(&PostParams::default(), review.to_string().into_bytes())
            .map_err(|error| error.to_string())?;
        let text = self.runtime.block_on(self.client.request_text(request));
        let text = text.map_err(|error| match Refusal::of(error, "the API server") {
            Refusal::Forbidden(user) => {
                let who = user.as_deref().unwrap_or("you");
                format!("{who} may not create subjectaccessreviews.authorization.k8s.io")
            }
            Refusal::Missing => "the API server answers no access reviews".to_owned(),
            Refusal::Other(error) => error.to_string(),
        })?;
        let answer: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        Ok(answer.pointer("/status/allowed") == Some(&Value::Bool(true)))
    }
}

impl Authorizer for Reviews {
    fn may_use(&self, question: &Question<'_>) -> Result<bool, String> {
        let Question { user, api_group, policy, namespace, .. } = question;
        let key = json!([&**user, groups_of(question), api_group, policy, namespace]).to_string();
        if let Some(known) = self.answers.lock().map_err(|error| error.to_string())?.get(&key) {
            return known.clone();
        }
        let answer = self.ask(question);
        self.answers.lock().map_err(|error| error.to_string())?.insert(key, answer.clone());
        answer
    }
}

fn groups_of<'q>(question: &'q Question<'_>) -> Vec<&'q str> {
    question.groups.iter().map(|group| &**group).collect()
}
