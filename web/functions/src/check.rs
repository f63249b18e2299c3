//! Try: the verdict on each object, and why.

use std::rc::Rc;

use kubectl_psp::check::{Checked, FilePatch, check};
use kubectl_psp::error::{Error, Outcome};
use kubectl_psp::explain::{Subject, explain};
use kubectl_psp::input::{Object, Text};
use kubectl_psp::judge::{Judged, Requester, Review, is_judged, reviews};
use kubectl_psp::policies::Policies;
use kubectl_psp::report::{Look, Summary};
use pod_security_policy::admission::{Cluster as _, Question};
use serde::{Deserialize, Serialize};

use crate::texts::{self, NAMESPACE, PODS, Problem, problems};

/// Checks all objects.
#[derive(Debug, Deserialize)]
pub(crate) struct Check {
    policies: String,
    pods: String,
    /// Seconds since 1970 UTC.
    now: i64,
}

/// What a check found.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Checks {
    errors: Vec<Problem>,
    /// Caveats about the verdicts, and advice about the policies.
    warnings: Vec<String>,
    registrations: Vec<Registration>,
    objects: Vec<Verdict>,
    /// `3 objects: 1 allowed, 1 changed, 1 rejected`
    summary: String,
}

/// What the policy module is given as settings.
#[derive(Debug, Serialize)]
struct Registration {
    name: String,
    settings: String,
}

/// The verdict on one object, and the requests by which the module finds the same.
#[derive(Debug, Serialize)]
struct Verdict {
    /// The index of the object in the text.
    nth: usize,
    title: String,
    judged: Judged,
    reviews: Vec<Review>,
}

impl Check {
    pub(crate) fn answer(self) -> Checks {
        let mut checks = Checks::default();
        let text = Text::new(PODS, self.pods);
        let (objects, errors) = texts::objects(&text);
        checks.errors = errors;
        let policies = match texts::policies(self.policies, self.now) {
            Ok(policies) => policies,
            Err(errors) => {
                checks.errors.splice(0..0, problems(errors));
                return checks;
            }
        };
        checks.warnings = policies.caveats();
        checks.warnings.extend(policies.advice.iter().cloned());
        let registration = |(name, settings): (&str, &str)| Registration {
            name: name.to_owned(),
            settings: settings.to_owned(),
        };
        checks.registrations = policies.documents().into_iter().map(registration).collect();
        let requester = requester();
        let mut summary = Summary::default();
        for (nth, object) in objects.iter().enumerate() {
            match check(object, &policies, &requester, &mut summary) {
                Checked::Judged(judged) => checks.objects.push(Verdict {
                    nth,
                    title: judged.title(),
                    judged: *judged,
                    reviews: reviews(&policies, object, &requester),
                }),
                Checked::Skipped(skipped) => checks.warnings.extend(skipped.doubt),
            }
        }
        checks.summary = summary.to_string();
        checks
    }
}

/// The requester is not known, as in a check without `--as`.
fn requester() -> Requester {
    Requester::new(String::new(), Vec::new(), NAMESPACE.to_owned())
}

/// Explains the verdict on one object.
#[derive(Debug, Deserialize)]
pub(crate) struct Explain {
    policies: String,
    pods: String,
    /// The index of the object in the text.
    nth: usize,
    now: i64,
}

/// Why an object gets its verdict.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Explained {
    errors: Vec<Problem>,
    text: String,
    remedies: Vec<Remedy>,
    /// What policies fill in, as a patch of the text.
    patch: Option<String>,
    /// Why the patch lacks it.
    left_out: Vec<String>,
}

/// A change that would satisfy a policy.
#[derive(Debug, Serialize)]
struct Remedy {
    text: String,
    patch: Option<String>,
}

impl Explain {
    pub(crate) fn answer(self) -> Explained {
        self.explained()
            .unwrap_or_else(|errors| Explained { errors: problems(errors), ..Explained::default() })
    }

    fn explained(self) -> Outcome<Explained> {
        let policies = texts::policies(self.policies, self.now)?;
        let text = Rc::new(Text::new(PODS, self.pods));
        let (objects, _) = texts::objects(&text);
        let Some(object) = objects.get(self.nth).filter(|object| is_judged(object, &policies)) else {
            return Err(Error::new("there is no such object").into());
        };
        let requester = requester();
        let (patch, left_out) = patch(&text, &objects, self.nth, &policies, &requester);
        let subject = Subject { object: object.clone(), text: Rc::clone(&text), nth: self.nth };
        let explanation = explain(&subject, &policies, &requester, Look::default())?;
        let remedies =
            explanation.remedies.into_iter().map(|remedy| Remedy { text: remedy.text, patch: remedy.patch });
        Ok(Explained {
            errors: Vec::new(),
            text: explanation.text,
            remedies: remedies.collect(),
            patch,
            left_out,
        })
    }
}

/// What policies fill into one object, as a patch of the text.
fn patch(
    text: &Text,
    objects: &[Object],
    wanted: usize,
    policies: &Policies,
    requester: &Requester,
) -> (Option<String>, Vec<String>) {
    let mut patch = FilePatch::new(text);
    for (nth, object) in objects.iter().enumerate() {
        let judged = (nth == wanted).then(|| kubectl_psp::judge::judge(policies, object, requester));
        patch.add(object, judged);
    }
    patch.finish()
}

/// Answers the module's question about grants.
#[derive(Debug, Deserialize)]
pub(crate) struct MayUse {
    policies: String,
    user: String,
    groups: Vec<String>,
    /// The API group: `policy` or `extensions`.
    group: String,
    policy: String,
    namespace: String,
}

/// The answer to a question about grants.
#[derive(Debug, Serialize)]
pub(crate) struct Grant {
    allowed: bool,
}

impl MayUse {
    pub(crate) fn answer(self) -> Grant {
        let MayUse { policies, user, groups, group, policy, namespace } = self;
        let api_group = if group == "extensions" { "extensions" } else { "policy" };
        let groups = groups.into_iter().map(Into::into).collect();
        let question =
            Question { user: user.into(), groups, api_group, policy: &policy, namespace: &namespace };
        let policies = texts::policies(policies, 0);
        Grant { allowed: policies.is_ok_and(|policies| policies.may_use(&question) == Ok(true)) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    const POLICIES: &str = include_str!("../../../examples/psp/restricted.yaml");
    const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  hostPID: true\n  containers: [{name: c}]\n";

    fn call(call: &Value) -> Value {
        serde_json::from_str(&crate::answer(&call.to_string())).unwrap()
    }

    #[test]
    fn objects_are_judged_with_lines_and_requests() {
        let answer = call(&json!({"function": "check", "policies": POLICIES, "pods": POD, "now": 0}));
        let object = &answer["objects"][0];
        assert_eq!(answer["summary"], "1 object: 0 allowed, 0 changed, 1 rejected");
        assert_eq!(
            (&object["title"], &object["judged"]["verdict"]),
            (&json!("Pod default/web"), &json!("rejected"))
        );
        assert_eq!(object["judged"]["violations"][0]["line"], 5);
        assert_eq!(object["reviews"][0]["candidates"][0]["outcome"], "rejects");
    }

    #[test]
    fn errors_have_places() {
        let policies = "kind: PodSecurityPolicy\nmetadata: {name: p}\nspec: {privilegd: true}\n";
        let answer = call(&json!({"function": "check", "policies": policies, "pods": "a: [", "now": 0}));
        let places =
            answer["errors"].as_array().unwrap().iter().map(|error| (&error["file"], &error["line"]));
        assert!(places.clone().any(|place| place == (&json!("policies.yaml"), &json!(3))), "{answer}");
        assert!(places.clone().any(|place| place.0 == &json!("pods.yaml")), "{answer}");
    }

    #[test]
    fn the_smallest_change_is_a_patch_of_the_text() {
        let call =
            call(&json!({"function": "explain", "policies": POLICIES, "pods": POD, "nth": 0, "now": 0}));
        let patch = call["remedies"][0]["patch"].as_str().unwrap();
        assert!(patch.contains("\n-  hostPID: true\n"), "{patch}");
    }

    #[test]
    fn grants_come_from_the_roles_among_the_policies() {
        let roles = "
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: r, namespace: shop}, rules: [{apiGroups: [policy], resources: [podsecuritypolicies], verbs: [use], resourceNames: [restricted]}]}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: r, namespace: shop}, roleRef: {kind: Role, name: r}, subjects: [{kind: User, name: alice}]}
";
        let may = |user: &str| {
            call(&json!({"function": "mayUse", "policies": format!("{POLICIES}{roles}"), "user": user, "groups": [],
                "group": "policy", "policy": "restricted", "namespace": "shop"}))["allowed"].clone()
        };
        assert_eq!((may("alice"), may("bob")), (json!(true), json!(false)));
    }
}
