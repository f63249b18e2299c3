//! The Pod Security Standards: the checks that a pod fails, and the containers responsible.

use pod_security_policy::admission::{Report, SetDefault};
use pod_security_policy::pod::{List, Pod, Slot};
use pod_security_policy::rule::{RuleSet, RulesByContainer};
use pod_security_policy::settings::Settings;
use pod_security_policy::standards::{self, Exempted, Failure, Standard};

use super::{Judged, pods};
use crate::input::{Object, put, steps};
use crate::policies::Registration;

/// A check of the Pod Security Standards that a pod fails, and what makes it fail.
#[derive(Clone, Debug)]
pub(crate) struct Failing {
    pub(crate) check: &'static str,
    pub(crate) problem: String,
    /// The paths of the containers that fail it by themselves; that of the pod if it fails without containers.
    pub(crate) paths: Vec<String>,
}

/// The checks that a pod fails, each with the containers responsible.
pub(crate) fn failures(standard: Standard, pod: &Pod<'_>, root: &str) -> Vec<Failing> {
    let slots: Vec<Slot> = List::ALL
        .into_iter()
        .flat_map(|list| (0..pod.list(list).len()).map(move |index| Slot { list, index }))
        .collect();
    standard
        .evaluate(pod)
        .into_iter()
        .map(|failure| {
            let check = standards::index(failure.id).map_or(RuleSet::NONE, |index| RuleSet::NONE.with(index));
            let fails = |exempt_there: &RulesByContainer| {
                let exempted = Exempted { everywhere: RuleSet::NONE, in_containers: exempt_there };
                standard.evaluate_exempting(pod, exempted).iter().any(|other| other.id == failure.id)
            };
            let all = slots.iter().map(|slot| (*slot, check)).collect();
            let mut paths = Vec::new();
            if fails(&all) {
                paths.push(format!("{root}spec"));
            }
            for slot in &slots {
                let others = slots.iter().filter(|other| *other != slot).map(|slot| (*slot, check)).collect();
                // Where the pod fails by itself, the containers responsible cannot be determined.
                if paths.first().is_none_or(|path| !path.ends_with("spec")) && fails(&others) {
                    paths.push(format!("{root}{slot}"));
                }
            }
            Failing { check: failure.id, problem: problem(&failure), paths }
        })
        .collect()
}

/// Evaluates the pods of an object against a standard; for a workload, the pods that it will create.
pub(super) fn hold_to_standard(
    standard: Standard,
    registration: &Registration,
    object: &Object,
    json: &str,
    judged: &mut Judged,
) {
    let name = &registration.name;
    match pods(object, json) {
        Err(error) => {
            judged.find(object, name, "request", &error.path(), error.reason().to_owned());
        }
        Ok(pods) => {
            let before = judged.violations.len();
            for (root, pod) in pods {
                for Failing { check, problem, paths } in failures(standard, &pod, &root) {
                    for path in paths {
                        judged.find(object, name, &format!("pss/{check}"), &path, problem.clone());
                    }
                }
            }
            if judged.violations.len() == before {
                judged.policy = judged.policy.take().or_else(|| Some(name.clone()));
            }
        }
    }
}

/// The checks of the enforced standard that a pod fails after defaulting by the policy that admits it, and the
/// containers responsible.
pub(crate) fn blamed(object: &Object, json: &str, report: &Report, settings: &Settings<'_>) -> Vec<Failing> {
    let Some(standard) = settings.standards.enforce.filter(|_| !report.failures.is_empty()) else {
        return Vec::new();
    };
    let winner = report.opinions.iter().find(|opinion| Some(&opinion.policy) == report.winner.as_ref());
    let filled = filled_in(json, &report.root, winner.map_or(&[][..], |winner| winner.defaults.as_slice()));
    let pods = pods(object, filled.as_deref().unwrap_or(json)).unwrap_or_default();
    let pod = pods.iter().find(|(way, _)| *way == report.root).map(|(_, pod)| pod);
    let found = pod.map(|pod| failures(standard, pod, &report.root)).unwrap_or_default();
    let blamed = report.failures.iter().map(|failure| {
        let known = found.iter().find(|failing| failing.check == failure.id).cloned();
        known.unwrap_or_else(|| Failing {
            check: failure.id,
            problem: problem(failure),
            paths: vec![format!("{}spec", report.root)],
        })
    });
    blamed.collect()
}

/// An object with defaults, whose paths start at its pod; `None` without defaults.
fn filled_in(json: &str, root: &str, defaults: &[SetDefault]) -> Option<String> {
    let mut object = (!defaults.is_empty()).then(|| serde_json::from_str(json).ok())??;
    for SetDefault { edit, .. } in defaults {
        put(&mut object, &steps(&format!("{root}{edit}")), serde_json::from_str(&edit.value).ok()?);
    }
    Some(object.to_string())
}

/// `host namespaces (hostNetwork=true)`
fn problem(failure: &Failure) -> String {
    match failure.detail.is_empty() {
        true => failure.reason.to_owned(),
        false => format!("{} ({})", failure.reason, failure.detail),
    }
}
