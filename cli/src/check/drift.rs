//! The policy in the annotation of a live pod, and the one that would admit it now.

use crate::input::Object;
use crate::judge::{self, Before, Requester, Verdict};
use crate::policies::Policies;
use crate::report::Results;

/// The annotation in which an admitted pod keeps the name of its policy.
const ADMITTED_BY: &str = "kubernetes.io/psp";

/// The pods that would not be admitted by the policy that they have.
#[derive(Debug, Default)]
pub struct Drift {
    /// These pods, with both policies.
    pub results: Results,
    same: usize,
    without: usize,
    rejected: usize,
}

impl Drift {
    /// Adds a pod; other objects do not count.
    pub fn add(&mut self, object: &Object, policies: &Policies, requester: &Requester) {
        if object.kind != "Pod" || !object.group().is_empty() {
            return;
        }
        let mut value = object.value();
        let annotations =
            value.pointer_mut("/metadata/annotations").and_then(serde_json::Value::as_object_mut);
        let policy = annotations.and_then(|annotations| annotations.shift_remove(ADMITTED_BY));
        let Some(policy) = policy.as_ref().and_then(serde_json::Value::as_str) else {
            self.without += 1;
            return;
        };
        // As if it were created again: the annotation is a hint to those who judge it.
        let mut pod = object.clone();
        pod.json = value.to_string();
        let mut judged = judge::judge(policies, &pod, requester);
        if judged.policy.as_deref() == Some(policy) {
            self.same += 1;
            return;
        }
        self.rejected += usize::from(judged.verdict == Verdict::Rejected);
        judged.before = Some(Before { verdict: Verdict::Allowed, policy: Some(policy.to_owned()) });
        self.results.summary.count(judged.verdict);
        self.results.results.push(judged);
    }

    /// Whether all pods keep their policy.
    pub fn is_empty(&self) -> bool {
        self.results.results.is_empty()
    }

    /// How many pods there are of each kind.
    pub fn notes(&self) -> Vec<String> {
        let pods = |count: usize| if count == 1 { "1 pod".to_owned() } else { format!("{count} pods") };
        let others = self.results.results.len() - self.rejected;
        let mut notes = vec![format!(
            "{} would get the same policy, {} another one, {} none",
            pods(self.same),
            pods(others),
            pods(self.rejected)
        )];
        if self.without > 0 {
            notes.push(format!(
                "{} without the annotation {ADMITTED_BY}: `check` judges them",
                pods(self.without)
            ));
        }
        notes
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::policies::{Modules, of_objects};
    use crate::rbac::Authority;

    fn pod(name: &str, policy: Option<&str>, host: bool) -> Object {
        let annotations = policy.map_or(json!({}), |policy| json!({ADMITTED_BY: policy}));
        Object::of_value(
            &json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "shop",
            "uid": "1", "annotations": annotations}, "spec": {"hostPID": host, "containers": []}}),
        )
    }

    #[test]
    fn pods_are_held_against_their_annotation() {
        let policy = |name: &str, more: Value| {
            let mut spec = json!({"volumes": ["projected"], "runAsUser": {"rule": "RunAsAny"}, "seLinux": {"rule": "RunAsAny"},
                "supplementalGroups": {"rule": "RunAsAny"}, "fsGroup": {"rule": "RunAsAny"}});
            spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            Object::of_value(
                &json!({"apiVersion": "policy/v1beta1", "kind": "PodSecurityPolicy", "metadata": {"name": name}, "spec": spec}),
            )
        };
        let all = [policy("a", json!({})), policy("b", json!({"hostIPC": true}))];
        let policies = of_objects(&all, &[], &Modules::default(), Authority::Everybody).unwrap();
        let mut drift = Drift::default();
        let requester = Requester::new(String::new(), Vec::new(), "default".to_owned());
        for pod in [
            pod("same", Some("a"), false),
            pod("other", Some("b"), false),
            pod("none", Some("a"), true),
            pod("old", None, false),
        ] {
            drift.add(&pod, &policies, &requester);
        }
        let found = drift.results.results.iter().map(|judged| {
            (
                &*judged.name,
                judged.verdict,
                judged.policy.as_deref(),
                judged.before.as_ref().unwrap().policy.as_deref(),
            )
        });
        let found: Vec<_> = found.collect();
        assert_eq!(
            found,
            [("other", Verdict::Allowed, Some("a"), Some("b")), ("none", Verdict::Rejected, None, Some("a")),]
        );
        assert_eq!(
            drift.notes(),
            [
                "1 pod would get the same policy, 1 pod another one, 1 pod none",
                "1 pod without the annotation kubernetes.io/psp: `check` judges them",
            ]
        );
    }
}
