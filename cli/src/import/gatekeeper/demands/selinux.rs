//! SELinux: a list of contexts, of which a pod may set any or none.

use super::BASELINE;
use crate::import::gatekeeper::constraint::{Constraint, Demanded, Why};

const CHECK: &str = "seLinuxOptions";

/// The types that the check allows, and the version from which on; before, it allowed all but the last.
const TYPES: [&str; 4] = ["container_engine_t", "container_init_t", "container_kvm_t", "container_t"];
const WITHOUT_ENGINES: &str = "baseline:v1.30";

/// `MustRunAs` demands one context of every pod, so that only the list of the Pod Security Standards can be said.
pub(super) fn read(constraint: &mut Constraint<'_>) -> Demanded {
    let entries = constraint.parameters.objects("allowedSELinuxOptions");
    let is_a_type =
        |entry: &serde_json::Map<String, serde_json::Value>| entry.keys().all(|key| key == "type");
    let mut types: Vec<&str> = entries
        .iter()
        .filter(|entry| !entry.is_empty())
        .filter_map(|entry| entry.get("type")?.as_str())
        .collect();
    types.sort_unstable();
    types.dedup();
    let [_, without_engines @ ..] = &TYPES;
    let level = match types.as_slice() {
        _ if !entries.iter().all(is_a_type) => None,
        types if types == TYPES.as_slice() => Some(BASELINE),
        types if types == without_engines => Some(WITHOUT_ENGINES),
        _ => None,
    };
    let Some(level) = level else {
        return Why::unsayable(
            "settings demand one SELinux context of every pod, or the types that the Pod Security Standards allow to those that set one, not a list of contexts of which a pod may set any or none; the nearest is the check pss/seLinuxOptions",
        );
    };
    let mut piece = constraint.piece();
    piece.demand(level, Some(vec![CHECK]));
    piece.differs(
        "parameters.allowedSELinuxOptions",
        "a context with a level was rejected",
        "every level is admitted",
        "the Pod Security Standards do not look at levels",
    );
    Ok(vec![piece])
}
