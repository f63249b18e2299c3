//! A case for an oracle and its answer, key by key as the Go programs spell them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A case for the PodSecurityPolicy oracle.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Case {
    /// Names the case; the result carries it too.
    pub name: String,
    /// The PodSecurityPolicy objects of the cluster.
    pub psps: Vec<Value>,
    /// Whether the objects are to be validated, instead of evaluating a pod.
    #[serde(rename = "ValPSP", default, skip_serializing_if = "is_default")]
    pub validate_policies: bool,
    /// The pod of the request.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub pod: Value,
    /// The pod before an update.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub old_pod: Value,
    /// The operation; `CREATE` if empty.
    #[serde(default, skip_serializing_if = "is_default")]
    pub op: String,
    /// The subresource, if the request is for one.
    #[serde(default, skip_serializing_if = "is_default")]
    pub sub: String,
    /// Name of the requesting user.
    #[serde(default, skip_serializing_if = "is_default")]
    pub user: String,
    /// Groups of the requesting user.
    #[serde(default, skip_serializing_if = "is_default")]
    pub groups: Vec<String>,
    /// Whether the request has no user info.
    #[serde(default, skip_serializing_if = "is_default")]
    pub no_user: bool,
    /// Who may use which policy: absent, everybody may use all; empty, no user may use any.
    #[serde(default, skip_serializing_if = "is_default")]
    pub grants: Option<Vec<Grant>>,
    /// Feature gates of the API server, `Name=bool,Name=bool`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub gates: String,
    /// Whether the API's defaulting of the pods is left out.
    #[serde(default, skip_serializing_if = "is_default")]
    pub raw: bool,
    /// The one phase a creation goes through, `admit` or `validate`; both if empty.
    #[serde(default, skip_serializing_if = "is_default")]
    pub steps: String,
    /// Whether an update changes a field that the original's API does not have, so that the original is to treat it as
    /// a change all the same.
    #[serde(default, skip_serializing_if = "is_default")]
    pub counts: bool,
    /// Whether the pods may be such that the original's API cannot read them, which is its answer then.
    #[serde(default, skip_serializing_if = "is_default")]
    pub loose: bool,
}

/// A binding of the verb `use`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Grant {
    /// The API group the role names; empty for any.
    #[serde(default, skip_serializing_if = "is_default")]
    pub group: String,
    /// The namespace of the binding; empty for one of the whole cluster.
    #[serde(default, skip_serializing_if = "is_default")]
    pub namespace: String,
    /// The policy granted.
    pub policy: String,
    /// The user or group it is granted to.
    pub subject: String,
}

impl Case {
    /// Whether a pod is created in the mutating phase: where defaults are written and annotations become fields.
    #[must_use]
    pub fn creates(&self) -> bool {
        matches!(self.op.as_str(), "" | "CREATE") && self.sub.is_empty() && self.steps != "validate"
    }

    /// Whether any user may use a policy.
    #[must_use]
    pub fn permits(
        &self,
        user: &str,
        groups: &[&str],
        api_group: &str,
        policy: &str,
        namespace: &str,
    ) -> bool {
        let permits = |grant: &Grant| grant.permits(user, groups, api_group, policy, namespace);
        self.grants.as_ref().is_none_or(|grants| grants.iter().any(permits))
    }
}

impl Grant {
    fn permits(&self, user: &str, groups: &[&str], api_group: &str, policy: &str, namespace: &str) -> bool {
        let named = self.subject == user || groups.contains(&self.subject.as_str());
        let anywhere = self.namespace.is_empty() || self.namespace == namespace;
        named && anywhere && self.policy == policy && (self.group.is_empty() || self.group == api_group)
    }
}

/// The PodSecurityPolicy oracle's answer to a [`Case`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// The name of the case.
    #[serde(default, skip_serializing_if = "is_default")]
    pub name: String,
    /// The result of the mutating phase: [`Outcome::OK`] or a rejection. Absent on an update.
    #[serde(default, skip_serializing_if = "is_default")]
    pub admit: Option<String>,
    /// The result of the validating phase. Absent when the mutating phase rejected the pod.
    #[serde(default, skip_serializing_if = "is_default")]
    pub validate: Option<String>,
    /// The audit annotations.
    #[serde(default, skip_serializing_if = "is_default")]
    pub audit: Option<BTreeMap<String, String>>,
    /// The pod after the mutating phase.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub pod: Value,
    /// The pod after the registry's preparation.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub stored: Value,
    /// The original's answer to a substitute for a request that it ignored: an update of a
    /// subresource that brings a pod.
    #[serde(default, skip_serializing_if = "is_default")]
    pub law: Option<Box<Outcome>>,
    /// Why each usable policy does not admit the pod, if none does.
    #[serde(default, skip_serializing_if = "is_default")]
    pub reasons: Option<Vec<Reasons>>,
    /// Why the pod cannot be read, if the case allows that.
    #[serde(default, skip_serializing_if = "is_default")]
    pub unread: Option<String>,
    /// The errors in the policies, if their validation was requested.
    #[serde(default, skip_serializing_if = "is_default")]
    pub errors: Option<Vec<String>>,
}

/// Why a policy does not admit a pod.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reasons {
    /// The name of the policy.
    pub policy: String,
    /// Its errors.
    #[serde(default, skip_serializing_if = "is_default")]
    pub errors: String,
    /// The paths of the defaults it would set, where nothing may be.
    #[serde(default, skip_serializing_if = "is_default")]
    pub changes: Vec<String>,
}

impl Outcome {
    /// The result of a phase without objections.
    pub const OK: &'static str = "ok";

    /// The text of the phase that rejected the request, if one did.
    pub fn refusal(&self) -> Option<&str> {
        [&self.admit, &self.validate].into_iter().flatten().map(String::as_str).find(|said| *said != Self::OK)
    }

    /// The policy that won; `None` on a request that is not evaluated.
    pub fn winner(&self) -> Option<&str> {
        let audit = self.audit.as_ref()?;
        ["admit-policy", "validate-policy"]
            .into_iter()
            .find_map(|phase| audit.get(&format!("podsecuritypolicy.policy.k8s.io/{phase}")))
            .map(String::as_str)
    }
}

/// A case for the Pod Security Standards oracle.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StandardCase {
    /// Names the case; the result carries it too.
    pub name: String,
    /// `privileged`, `baseline` or `restricted`.
    pub level: String,
    /// `latest` or `v1.N`.
    pub version: String,
    /// The pod, which is evaluated without defaulting.
    pub pod: Value,
    /// Whether the pod may be one that cannot be read, which is the original's answer then.
    #[serde(default, skip_serializing_if = "is_default")]
    pub loose: bool,
}

/// The Pod Security Standards oracle's answer to a [`StandardCase`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StandardOutcome {
    /// The name of the case.
    pub name: String,
    /// Whether the pod satisfies the standard.
    pub allowed: bool,
    /// The failed checks, joined.
    pub reason: String,
    /// The failed checks with their details, joined.
    pub detail: String,
    /// The API server's response; empty if it would accept the pod.
    pub text: String,
    /// Why the pod cannot be read, if the case allows that.
    #[serde(default, skip_serializing_if = "is_default")]
    pub unread: Option<String>,
}

/// A case with its answer: one line of the recorded cases.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answered<C, R> {
    /// The case.
    pub case: C,
    /// The answer.
    pub result: R,
}

/// A case that an oracle can answer.
pub trait Question: Serialize + for<'de> Deserialize<'de> {
    /// The type of the answer.
    type Answer: Serialize + for<'de> Deserialize<'de>;

    /// The name, which the answer repeats.
    fn name(&self) -> &str;
    /// The name the answer carries.
    fn named(answer: &Self::Answer) -> &str;
}

impl Question for Case {
    type Answer = Outcome;

    fn name(&self) -> &str {
        &self.name
    }

    fn named(answer: &Outcome) -> &str {
        &answer.name
    }
}

impl Question for StandardCase {
    type Answer = StandardOutcome;

    fn name(&self) -> &str {
        &self.name
    }

    fn named(answer: &StandardOutcome) -> &str {
        &answer.name
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
