//! What a check says of a workload is what its pod gets: over enumerated and over random cases.

use conformance::case::Case;
use conformance::generate;
use conformance::world::{Part, Rules, Slice};
use serde_json::{Value, json};

use super::{manifest, ours, policies};
use crate::input::Object;
use crate::judge::{self, Judged, Requester, Verdict};
use crate::policies::{Judge, Policies, Registration, WebhookMatch};
use crate::rbac::Authority;

/// The policies of a case, which everybody may use: a workload's pods are made by another account.
fn loaded(case: &Case) -> Option<Policies> {
    let settings =
        ours::settings(&Case { grants: None, no_user: false, steps: String::new(), ..case.clone() });
    let registration = Registration {
        name: "p".to_owned(),
        matches: WebhookMatch::everything(),
        judge: Judge::Settings(policies::parse(settings.to_string()).ok()?),
        document: settings.to_string(),
    };
    Some(Policies::of(vec![registration], Authority::Everybody))
}

/// The pod as that of a template: without a hint, ephemeral containers and a volume for a token.
fn settle(pod: &mut Value) {
    for (parent, key) in
        [("/metadata/annotations", "kubernetes.io/psp"), ("/spec", "ephemeralContainers"), ("", "status")]
    {
        if let Some(parent) = pod.pointer_mut(parent).and_then(Value::as_object_mut) {
            parent.remove(key);
        }
    }
    if let Some(spec) = pod["spec"].as_object_mut() {
        spec.insert("automountServiceAccountToken".to_owned(), false.into());
    }
}

fn deployment(pod: &Value) -> Object {
    let annotations = &pod["metadata"]["annotations"];
    Object::of_value(&json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": pod["metadata"]["namespace"]},
        "spec": {"template": {"metadata": {"annotations": annotations}, "spec": pod["spec"]}},
    }))
}

/// The verdict, the policy, and the messages without their paths.
fn said(judged: &Judged) -> (bool, Option<String>, Vec<String>) {
    let findings = judged.violations.iter().map(|finding| finding.to_string().replace("spec.template.", ""));
    (judged.verdict == Verdict::Rejected, judged.policy.clone(), findings.collect())
}

fn agree(cases: impl Iterator<Item = Case>) -> usize {
    let mut compared = 0;
    for mut case in cases.filter(|case| !case.validate_policies && case.pod["spec"].is_object()) {
        settle(&mut case.pod);
        let created = Case { op: String::new(), sub: String::new(), ..case };
        let (Some(policies), Some(pod)) = (loaded(&created), manifest(&created)) else { continue };
        let judge = |object: &Object| judge::judge(&policies, object, &Requester::default());
        assert_eq!(said(&judge(&deployment(&created.pod))), said(&judge(&pod)), "{}", created.name);
        compared += 1;
    }
    compared
}

#[test]
fn of_random_cases_a_workload_gets_what_its_pod_gets() {
    let compared = agree((0..800).map(|index| generate::case(11, index)));
    assert!(compared > 500, "{compared}");
}

#[test]
fn of_enumerated_cases_a_workload_gets_what_its_pod_gets() {
    let rules = Rules::load().unwrap();
    let numbers = Slice::Seed(11, 800).numbers(rules.len());
    let compared =
        agree(numbers.filter_map(|number| rules.at(number)).map(|(_, query)| query.case().clone()));
    assert!(compared > 700, "{compared}");
}
