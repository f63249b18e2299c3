//! Generates cases from a seed: policies, and pods that fit them but for a few planned violations.
//!
//! A random pod violates a policy in ten respects at once and shows little about any of them. So a pod is generated
//! *from* a policy: each generator first sets its part of the policy, then makes the pod fit, at a boundary where there
//! is one, and some generators then make the pod violate the policy in one respect. About half of the pods are
//! admitted, and most rejections have one cause.

mod admission;
mod edge_cases;
mod empty_values;
mod generators;
mod grants;
mod ids;
mod invalid_settings;
mod pod;
mod policy;
mod request;
mod rewritable;
mod rng;
mod settings;
mod standards;

pub(crate) use rng::Rng;
pub(crate) use standards::VERSIONS;

use crate::case::{Case, StandardCase};

/// The keys of all volume sources of Kubernetes 1.24, each of which has a type in PodSecurityPolicy.
pub const VOLUME_SOURCES: [&str; 29] = generators::TYPES;
pub(crate) use grants::{REQUESTERS, requester_of};

/// The subresources of pods that bring no pod to evaluate.
pub const PASSING_SUBRESOURCES: [&str; 10] = request::KNOWN;

/// The case with this index of a seed's stream.
///
/// Every case has its own generator: it is the same whether or not the others are generated.
#[must_use]
pub fn case(seed: u64, index: u64) -> Case {
    let mut rng = Rng::new(seed, index);
    let name = format!("{seed}-{index}");
    let mut case =
        if rng.percent(10) { settings::case(&mut rng, &name) } else { admission::case(&mut rng, &name) };
    case.psps.iter_mut().for_each(serde_json::Value::sort_all_objects);
    case.pod.sort_all_objects();
    case.old_pod.sort_all_objects();
    case
}

/// As [`case`], with policies that PodSecurityPolicy accepted and settings reject.
#[must_use]
pub fn rewritable_case(seed: u64, index: u64) -> Case {
    let mut rng = Rng::new(seed, index);
    let mut case = admission::case(&mut rng, &format!("{seed}-{index}"));
    for policy in &mut case.psps {
        rewritable::spoil(&mut rng, policy);
        policy.sort_all_objects();
    }
    case.pod.sort_all_objects();
    case.old_pod.sort_all_objects();
    case
}

/// As [`case`], for the Pod Security Standards.
#[must_use]
pub fn standard_case(seed: u64, index: u64) -> StandardCase {
    let mut case = standards::case(&mut Rng::new(seed, index), &format!("{seed}-{index}"));
    case.pod.sort_all_objects();
    case
}

/// The pod of a case at every level and version that matters.
#[must_use]
pub fn at_every_standard(case: &StandardCase) -> Vec<StandardCase> {
    standards::at_every_standard(case)
}

#[cfg(test)]
mod tests {
    use serde::Serialize;
    use sha2::{Digest, Sha256};

    use super::*;

    fn digest<T: Serialize>(cases: impl Iterator<Item = T>) -> String {
        let mut digest = Sha256::new();
        for case in cases {
            digest.update(serde_json::to_vec(&case).unwrap());
        }
        hex::encode(digest.finalize())
    }

    // A change of the generator changes these digests, and the recorded answers then belong to no seed.
    #[test]
    fn the_same_seed_gives_the_same_bytes() {
        assert_eq!(
            digest((0..1000).map(|index| case(1, index))),
            "1c97d262f63353d49221e6dfc819207f65b7bd83e2e5532993ab59a8ad3cb9e4"
        );
        assert_eq!(
            digest((0..1000).map(|index| standard_case(1, index))),
            "cbc0d34a6d285165187c7976dec0757c1f597d31459a02256d5a525b64217c6e"
        );
    }

    #[test]
    fn every_generator_violates_and_nothing_that_occurs_is_missing() {
        let cases: Vec<Case> = (0..2000).map(|index| case(9, index)).collect();
        let texts: Vec<String> = cases.iter().map(|case| serde_json::to_string(case).unwrap()).collect();
        let occurs = |what: &str| assert!(texts.iter().any(|text| text.contains(what)), "{what}");
        let violated = |name: &str| {
            let named = |case: &Case| case.name.split([':', ',']).skip(1).any(|note| note.trim() == name);
            assert!(cases.iter().any(|case| !case.validate_policies && named(case)), "{name}");
        };
        generators::GENERATORS.iter().for_each(|generator| violated(generator.name()));
        VOLUME_SOURCES.iter().for_each(|source| occurs(&format!(r#""{source}":{{"#)));
        VOLUME_SOURCES.iter().for_each(|source| occurs(&format!(r#""{}""#, generators::fs_type(source))));
        for what in ["initContainers", "ephemeralContainers", "generateName"] {
            occurs(&format!(r#""{what}":"#));
        }
        for what in ["UPDATE", "DELETE", "ephemeralcontainers", "ProcMountType=true", "validate"] {
            occurs(&format!(r#":"{what}""#));
        }
        assert!(
            cases.iter().any(|case| case.no_user) && cases.iter().any(|case| case.grants == Some(vec![]))
        );
    }

    #[test]
    fn seeds_differ() {
        assert_ne!(case(1, 0).psps, case(2, 0).psps);
    }

    #[test]
    fn cases_survive_a_round_trip() {
        for index in 0..200 {
            let case = case(5, index);
            let text = serde_json::to_string(&case).unwrap();
            assert_eq!(serde_json::from_str::<Case>(&text).unwrap(), case);
        }
    }
}
