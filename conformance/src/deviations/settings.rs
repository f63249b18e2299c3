//! Policies that the original took and we do not, or the other way round.

use serde_json::Value;

use super::pods::list;
use crate::case::Case;
use crate::ours;

/// What an answer says of settings that do not load.
const INVALID: &str = "the policy's settings are not valid: ";

/// What PodSecurityPolicy forgot to check.
const FORGOTTEN: [&str; 9] = [
    // Strategies that demand what they do not name: the plug-in skipped such policies in silence.
    "ranges: Required value: must provide at least one range",
    "seLinux.seLinuxOptions: Required value",
    // Ports and prefixes that match nothing.
    "hostPorts[",
    ".pathPrefix: Invalid value",
    // Profiles that no pod could have.
    "allowed profiles leave it out",
    "allowedProfileNames]: Invalid value: \"\"",
    // No policy at all.
    "policies: must list at least one policy",
    // A default that the API server refuses in every pod that gets it.
    "invalid AppArmor profile name: \"localhost/\"",
    "`{}` demands none",
];

/// The problems in an answer that refuses the settings.
pub(crate) fn problems(message: &str) -> Option<impl Iterator<Item = &str>> {
    message.strip_prefix(INVALID).map(|list| list.split("; "))
}

/// The policies do not load, for nothing but what was forgotten.
pub(super) fn are_stricter(case: &Case) -> bool {
    ours::problems(case).is_some_and(|problems| {
        problems.split("; ").all(|problem| FORGOTTEN.iter().any(|forgotten| problem.contains(forgotten)))
    })
}

/// A policy lists the volume type `image`.
pub(super) fn list_image(case: &Case) -> bool {
    case.psps.iter().any(|policy| list(policy, "spec.volumes").any(|name| *name == Value::from("image")))
}
