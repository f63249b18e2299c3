//! The requests that the policy module receives about an object, and the responses that it must give.
//!
//! A host that runs the module itself, such as the page, asks it exactly this. A workload is followed by the pods that
//! its controller will create, since the verdict on it is the verdict on them.

use pod_security_policy::admission::{Opinion, Report};
use pod_security_policy::pod::template;
use pod_security_policy::request::Request;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::requester::kind;
use super::{AdmissionChain, Asked, Requester};
use crate::input::{Object, Text};
use crate::policies::{Judge, Policies};

/// One request to the module.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Review {
    /// The index of the registration, as in [`Policies::documents`].
    pub registration: usize,
    /// The path of the template for a pod that a workload will create; `None` for the object itself.
    pub template: Option<String>,
    /// The `AdmissionRequest`, as JSON.
    pub request: String,
    /// The response of the engine, as the module writes it.
    pub response: String,
    /// The policy that admits the pod.
    pub winner: Option<String>,
    /// The result of each policy, in the order in which they are tried.
    pub candidates: Vec<Candidate>,
}

/// The result of one policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Candidate {
    /// The name of the policy.
    pub policy: String,
    /// What it does with the pod.
    pub outcome: Outcome,
    /// The fields that it would fill in.
    pub defaults: Vec<String>,
    /// How many violations deny.
    pub denials: usize,
    /// The first violation.
    pub violation: Option<String>,
}

/// What a policy does with a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Admits it unchanged.
    Admits,
    /// Admits it with its defaults.
    FillsIn,
    /// Rejects it.
    Rejects,
    /// May not be used for it.
    NotGranted,
}

/// The requests about an object, in the order in which the API server sends them.
pub fn reviews(policies: &Policies, object: &Object, requester: &Requester) -> Vec<Review> {
    let mut reviews = of_object(policies, object, requester, None);
    // The user of a workload makes no difference to its pods, which the controller creates.
    let controller = Requester { namespace: requester.namespace.clone(), ..Requester::default() };
    for (path, pod) in pods_to_come(policies, object, requester) {
        reviews.extend(of_object(policies, &pod, &controller, Some(&path)));
    }
    reviews
}

fn of_object(
    policies: &Policies,
    object: &Object,
    requester: &Requester,
    template: Option<&str>,
) -> Vec<Review> {
    let mut chain = AdmissionChain::new(policies, object, requester, &object.json);
    let mut reviews = Vec::new();
    for (nth, registration) in policies.registrations.iter().enumerate() {
        let Judge::Settings(settings) = &registration.judge else { continue };
        if chain.asks(registration) != Asked::Itself {
            continue;
        }
        let request = written(object, &chain.request(settings));
        // A workload has no policies of its own: those of its pods follow.
        let reports = if kind(object).is_pod() { chain.report(settings) } else { Ok(Vec::new()) };
        let report = reports.unwrap_or_default().into_iter().next();
        let response = chain.review(settings);
        reviews.push(Review {
            registration: nth,
            template: template.map(str::to_owned),
            request,
            response: response.clone().into_json(),
            winner: report.as_ref().and_then(|report| report.winner.clone()),
            candidates: report.iter().flat_map(candidates).collect(),
        });
        if response.is_accepted() {
            chain.take(response);
        }
    }
    reviews
}

fn candidates(report: &Report) -> Vec<Candidate> {
    let candidate = |opinion: &Opinion| Candidate {
        policy: opinion.policy.clone(),
        outcome: match opinion {
            Opinion { granted, .. } if *granted != Ok(true) => Outcome::NotGranted,
            Opinion { denials: 1.., .. } => Outcome::Rejects,
            Opinion { defaults, .. } if defaults.is_empty() => Outcome::Admits,
            Opinion { .. } => Outcome::FillsIn,
        },
        defaults: opinion.defaults.iter().map(|default| default.edit.to_string()).collect(),
        denials: opinion.denials,
        violation: opinion.violations.first().map(ToString::to_string),
    };
    report.opinions.iter().map(candidate).collect()
}

/// The pods that the controller of a workload will create, each with the path of its template.
fn pods_to_come(policies: &Policies, object: &Object, requester: &Requester) -> Vec<(String, Object)> {
    let kind = kind(object);
    let declared = policies.registrations.iter().flat_map(|registration| match &registration.judge {
        Judge::Settings(settings) => settings.pod_templates.as_slice(),
        Judge::Standard(_) => &[],
    });
    let declared = declared.filter(|known| known.kind == kind).map(|known| &known.path);
    let mut pods: Vec<(String, Object)> = Vec::new();
    for path in template::built_in(&kind).iter().chain(declared) {
        for template in template::templates(&object.json, path).unwrap_or_default() {
            if pods.iter().any(|(known, _)| *known == template.path) {
                continue;
            }
            let pod = pod_of(object, requester.namespace_of(object), template.text);
            pods.extend(pod.map(|pod| (template.path, pod)));
        }
    }
    pods
}

/// The pod that a controller makes of a template.
fn pod_of(workload: &Object, namespace: &str, template: &str) -> Option<Object> {
    let template: Value = serde_json::from_str(template).ok()?;
    let mut metadata = template.get("metadata").and_then(Value::as_object).cloned().unwrap_or_default();
    metadata.shift_remove("name");
    metadata.insert("generateName".to_owned(), format!("{}-", workload.name).into());
    metadata.insert("namespace".to_owned(), namespace.into());
    let owner = json!({"apiVersion": workload.api_version, "kind": workload.kind, "name": workload.name,
        "controller": true});
    metadata.insert("ownerReferences".to_owned(), json!([owner]));
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template.get("spec")});
    Text::new("pod.json", pod.to_string()).read_all().ok()?.pop()
}

/// A request as the policy server passes it on.
fn written(object: &Object, request: &Request<'_>) -> String {
    let version = object.api_version.rsplit('/').next().unwrap_or_default();
    let groups: Vec<&str> = request.user.groups.iter().map(|group| &**group).collect();
    let (group, kind) = (&*request.kind.group, &*request.kind.kind);
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct AdmissionRequest<'r> {
        uid: &'r str,
        kind: Value,
        resource: Value,
        name: &'r str,
        namespace: &'r str,
        operation: &'r str,
        user_info: Value,
        /// The text itself: the module must see what the engine sees.
        object: Option<Box<RawValue>>,
    }
    let request = AdmissionRequest {
        uid: "",
        kind: json!({"group": group, "version": version, "kind": kind}),
        resource: json!({"group": group, "version": version, "resource": format!("{}s", kind.to_lowercase())}),
        name: &request.name,
        namespace: &request.namespace,
        operation: &request.operation,
        user_info: json!({"username": &*request.user.username, "groups": groups}),
        object: request.object.and_then(|object| RawValue::from_string(object.to_owned()).ok()),
    };
    // Nothing in it can fail to be written.
    serde_json::to_string(&request).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use pod_security_policy::admission::review;

    use super::*;
    use crate::policies::{Modules, of_objects};
    use crate::rbac::Authority;

    const POLICIES: &str = "
{apiVersion: policy/v1beta1, kind: PodSecurityPolicy, metadata: {name: a}, spec: {runAsUser: {rule: MustRunAs, ranges: [{min: 7, max: 9}]},
  seLinux: {rule: RunAsAny}, fsGroup: {rule: RunAsAny}, supplementalGroups: {rule: RunAsAny}, volumes: ['*']}}
---
{apiVersion: policy/v1beta1, kind: PodSecurityPolicy, metadata: {name: b}, spec: {privileged: true, runAsUser: {rule: RunAsAny},
  seLinux: {rule: RunAsAny}, fsGroup: {rule: RunAsAny}, supplementalGroups: {rule: RunAsAny}, volumes: ['*']}}
";

    fn objects(text: &str) -> Vec<Object> {
        Text::new("test.yaml", text.to_owned()).read_all().unwrap()
    }

    fn policies() -> Policies {
        of_objects(&objects(POLICIES), &[], &Modules::default(), Authority::Everybody).unwrap()
    }

    fn of(manifest: &str) -> Vec<Review> {
        let requester = Requester::new(String::new(), Vec::new(), "shop".to_owned());
        reviews(&policies(), &objects(manifest)[0], &requester)
    }

    #[test]
    fn candidates_say_what_each_policy_does_with_a_pod() {
        let reviews =
            of("{apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {containers: [{name: c}]}}");
        let [review] = reviews.as_slice() else { panic!("{reviews:?}") };
        let candidate = |policy: &str, outcome, defaults: &[&str]| Candidate {
            policy: policy.to_owned(),
            outcome,
            defaults: defaults.iter().map(ToString::to_string).collect(),
            denials: 0,
            violation: None,
        };
        let user = "spec.containers[0].securityContext.runAsUser";
        assert_eq!(review.winner.as_deref(), Some("b"));
        assert_eq!(
            review.candidates,
            [candidate("a", Outcome::FillsIn, &[user]), candidate("b", Outcome::Admits, &[])]
        );
    }

    #[test]
    fn a_workload_is_followed_by_its_pod_which_its_controller_creates() {
        let reviews = of("{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {template:
            {metadata: {labels: {a: b}}, spec: {containers: [{name: c, securityContext: {privileged: true}}]}}}}");
        let about = |review: &Review| {
            let request: Value = serde_json::from_str(&review.request).unwrap();
            let user = request.pointer("/userInfo/username").unwrap().as_str().unwrap().to_owned();
            let kind = request.pointer("/kind/kind").unwrap().as_str().unwrap().to_owned();
            (review.template.clone(), kind, user, review.winner.clone())
        };
        let template = Some("spec.template".to_owned());
        let controller = "system:serviceaccount:kube-system:replicaset-controller";
        assert_eq!(
            reviews.iter().map(about).collect::<Vec<_>>(),
            [
                (None, "Deployment".to_owned(), "kubectl-psp".to_owned(), None),
                (template, "Pod".to_owned(), controller.to_owned(), Some("b".to_owned())),
            ]
        );
    }

    #[test]
    fn the_written_request_gets_the_same_response() {
        let policies = policies();
        let (_, settings) = policies.documents()[0];
        for review_of_it in of(
            "{apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {hostPID: true, containers: [{name: c}]}}",
        ) {
            let payload = format!(r#"{{"request":{},"settings":{settings}}}"#, review_of_it.request);
            assert_eq!(review(&payload, &policies).into_json(), review_of_it.response);
        }
    }
}
