//! What recorded pods say about the answers for recorded policies.

use std::path::Path;
use std::rc::Rc;

use conformance::case::{Answered, Case, Outcome};
use conformance::files;
use kubectl_psp::input::Object;
use kubectl_psp::judge::{Verdict, judge};
use kubectl_psp::policies::{Modules, of_objects};
use kubectl_psp::prove::prove;
use kubectl_psp::rbac::Authority;
use serde_json::{Value, json};

use super::{object, psp, requester};

/// Each witness must get both verdicts, and no recorded pod and no witness of another pair may contradict an answer.
#[test]
fn recorded_policies_and_pods_do_not_contradict_an_answer() {
    let cases: Vec<Case> = files::read::<Answered<Case, Outcome>>(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("../conformance/golden/generated.jsonl.gz"),
    )
    .unwrap()
    .take(150)
    .map(|answered| answered.unwrap().case)
    .collect();
    let created = |case: &&Case| {
        case.pod.is_object() && case.creates() && case.pod.pointer("/spec/ephemeralContainers").is_none()
    };
    let mut pods: Vec<Value> = cases.iter().filter(created).map(|case| case.pod.clone()).collect();
    for pod in &mut pods {
        pod.as_object_mut()
            .unwrap()
            .extend([("apiVersion".to_owned(), json!("v1")), ("kind".to_owned(), json!("Pod"))]);
    }
    let policies: Vec<Value> = cases.iter().flat_map(|case| &case.psps).cloned().collect();
    let (mut nothing, mut different) = (Vec::new(), 0);
    for (old, other) in policies.iter().zip(policies.iter().skip(1)).take(14) {
        // One field of another policy makes a difference that is seen; a whole one nearly always makes all.
        let mut new = old.clone();
        for key in ["runAsUser", "volumes", "allowedCapabilities", "hostPorts"] {
            new["spec"][key] = other["spec"][key].clone();
            let sets = [old, &new].map(|policy| {
                let psp = psp("p", policy["spec"].clone());
                of_objects(&[object(&psp)], &[], &Modules::default(), Authority::Everybody)
            });
            let [Ok(old), Ok(new)] = sets else { continue };
            let difference = prove(&old, &new, &requester());
            let (old, new) = (Rc::new(old), Rc::new(new));
            for (answer, admitting, rejecting) in
                [(difference.gained, &new, &old), (difference.lost, &old, &new)]
            {
                assert_eq!(answer.undecided, Vec::<String>::new());
                if answer.is_nothing() {
                    nothing.push((Rc::clone(admitting), Rc::clone(rejecting)));
                }
                for witness in answer.witnesses {
                    let pod = object(&witness.pod);
                    let verdicts = [admitting, rejecting]
                        .map(|set| judge(set, &pod, &requester()).verdict == Verdict::Rejected);
                    assert_eq!(verdicts, [false, true], "{}", witness.pod);
                    different += 1;
                    if different % 3 == 0 {
                        pods.push(witness.pod);
                    }
                }
            }
        }
    }
    // The API server refuses most fields on Windows, so such pods are left out.
    pods.retain(|pod| pod.pointer("/spec/os").is_none());
    let pods: Vec<Object> = pods.iter().map(object).collect();
    let mut admitted = 0;
    for (admitting, rejecting) in &nothing {
        for pod in &pods {
            if judge(admitting, pod, &requester()).verdict != Verdict::Rejected {
                admitted += 1;
                assert_ne!(judge(rejecting, pod, &requester()).verdict, Verdict::Rejected, "{}", pod.title());
            }
        }
    }
    assert!(
        nothing.len() > 20 && different > 50 && admitted > 100,
        "{} {different} {admitted}",
        nothing.len()
    );
}
