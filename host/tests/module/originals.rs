//! The frozen answers of the original, against those of the module; whom a policy is granted to, the host answers.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use conformance::case::{Answered, Case, Outcome};
use conformance::ours::{self, Answer};
use conformance::{compare, deviations, files};
use policy_host::{AdmissionRequest, Grants, Settings, SubjectAccessReview, Unanswered};
use serde_json::json;

use crate::harness::MODULE;

fn frozen(names: &[&str]) -> impl Iterator<Item = Answered<Case, Outcome>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../conformance/golden");
    let paths = names.iter().map(|name| folder.join(format!("{name}.jsonl.gz"))).collect::<Vec<_>>();
    paths.into_iter().flat_map(|path| files::read(&path).unwrap()).map(Result::unwrap)
}

fn answer(case: &Case) -> Answer {
    let grants = case.grants.clone().unwrap_or_default();
    let host = Grants(move |review: &SubjectAccessReview| {
        let asked = &review.resource_attributes;
        assert_eq!((&*asked.verb, &*asked.resource), ("use", "podsecuritypolicies"));
        let groups: Vec<&str> = review.groups.iter().flatten().map(String::as_str).collect();
        let part = |part: &Option<String>| part.clone().unwrap_or_default();
        let (group, policy, namespace) = (part(&asked.group), part(&asked.name), part(&asked.namespace));
        grants.iter().any(|grant| grant.permits(&review.user, &groups, &group, &policy, &namespace))
    });
    let request = AdmissionRequest::from_value(ours::request(case)).unwrap();
    let settings = Settings::try_from(ours::settings(case)).unwrap();
    let response = MODULE.instance(Arc::new(host)).unwrap().review(&request, &settings).unwrap();
    let mutated = (!response.changes.is_empty()).then(|| {
        let mut pod = case.pod.clone();
        json_patch::patch(&mut pod, &response.changes).unwrap();
        pod
    });
    Answer {
        accepted: response.allowed,
        message: (!response.allowed).then(|| response.message().to_owned()),
        winner: response.audit_annotations.and_then(|annotations| annotations.get("policy").cloned()),
        mutated,
    }
}

#[test]
fn pods_are_judged_as_the_original_did() {
    let mut differences = Vec::new();
    let mut deviating: BTreeMap<&str, usize> = BTreeMap::new();
    let mut agreed = 0;
    for Answered { case, result } in frozen(&["golden", "admission"]) {
        if case.validate_policies {
            continue;
        }
        let answer = answer(&case);
        assert_eq!(answer, ours::natively(&case), "{}: the library and the module differ", case.name);
        match compare::admission(&case, &result, &answer) {
            Ok(()) => agreed += 1,
            Err(difference) => match deviations::explain(&case) {
                Some(name) => *deviating.entry(name).or_default() += 1,
                None => differences.push(format!("{}: {difference}", case.name)),
            },
        }
    }
    assert!(agreed > 3000, "{agreed} agree; deviations: {deviating:?}");
    assert_eq!(differences, Vec::<String>::new(), "{agreed} agree; deviations: {deviating:?}");
}

#[test]
fn policies_are_validated_as_the_original_did() {
    let mut differences = Vec::new();
    for Answered { case, result } in frozen(&["golden", "settings"]) {
        if !case.validate_policies {
            continue;
        }
        let settings = json!({"policies": case.psps, "authorization": "None"}).to_string();
        let verdict = MODULE.validate_settings(&settings, Arc::new(Unanswered)).unwrap();
        if let Err(difference) = compare::settings(&case, &result, verdict.message.as_deref()) {
            differences.push(format!("{}: {difference}", case.name));
        }
    }
    assert_eq!(differences, Vec::<String>::new());
}
