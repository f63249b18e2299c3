//! Policies that the original accepted and we do not, or the reverse.

use serde_json::Value;

use super::pods::{at, list};
use crate::case::Case;
use crate::ours;

/// The prefix of an answer about settings that do not load.
const INVALID: &str = "the policy's settings are not valid: ";

/// Errors that PodSecurityPolicy did not check.
const FORGOTTEN: [&str; 12] = [
    // Strategies without the values they require: the plug-in skipped such policies silently.
    "ranges: Required value: must provide at least one range",
    "seLinux.seLinuxOptions: Required value",
    // Ports and prefixes that match nothing.
    "must be between 0 and 65535",
    "min cannot be greater than max",
    // An absent end was 0: `{max: 65535}` made root the default.
    "both ends of a range must be set",
    // A key that resembles one of the four.
    "unknown annotation",
    "must be an absolute path",
    // Profiles that no pod could have.
    "allowed profiles leave it out",
    "allowedProfileNames]: Invalid value: \"\"",
    // Values that the API itself would not have stored: a hand-written case passes them to the plug-in all the same.
    "must be empty when all capabilities are allowed by a wildcard",
    // The name of another policy of the list, which cannot exist in a cluster.
    "metadata.name: Duplicate value",
    // No policy at all.
    "must list at least one policy",
];

/// The problems, if all are in one of the policies; some concern more than one field.
pub(crate) fn each(problems: &str) -> impl Iterator<Item = &str> {
    problems.split("; policies")
}

/// The problems in an answer that rejects the settings.
pub(crate) fn problems(message: &str) -> Option<impl Iterator<Item = &str>> {
    message.strip_prefix(INVALID).map(each)
}

/// The profile that has no name.
const NAMELESS: [&str; 2] = [
    "invalid AppArmor profile name: \"localhost/\"",
    "Invalid value: \"localhost/\": must be a valid seccomp profile",
];

fn is_about(problem: &str, kinds: &[&str]) -> bool {
    kinds.iter().any(|kind| problem.contains(kind))
}

/// The policies do not load, only because of settings that PodSecurityPolicy did not check.
pub(super) fn are_stricter(case: &Case) -> bool {
    let known = |problem: &str| is_about(problem, &FORGOTTEN) || is_about(problem, &NAMELESS);
    ours::problems(case).is_some_and(|problems| {
        each(&problems).all(known) && each(&problems).any(|problem| is_about(problem, &FORGOTTEN))
    })
}

/// The policies do not load, only because of a profile of the node without a name.
pub(super) fn name_no_profile(case: &Case) -> bool {
    ours::problems(case).is_some_and(|problems| each(&problems).all(|problem| is_about(problem, &NAMELESS)))
}

const STRATEGIES: [&str; 4] = ["runAsUser", "runAsGroup", "supplementalGroups", "fsGroup"];

/// A policy has a range with an absent end, which the original read as 0.
pub(super) fn one_ended_range(case: &Case) -> bool {
    STRATEGIES.into_iter().any(|field| !one_ended(case, field).is_empty())
}

/// Whether a path is that of such a range.
pub(super) fn is_one_ended(case: &Case, path: &str) -> bool {
    STRATEGIES.into_iter().any(|field| {
        one_ended(case, field).iter().any(|index| path.contains(&format!("spec.{field}.ranges[{index}]")))
    })
}

/// The indexes of such ranges of a strategy, in all policies together.
fn one_ended(case: &Case, field: &str) -> Vec<usize> {
    let path = format!("spec.{field}.ranges");
    let lacks_an_end = |range: &Value| ["min", "max"].iter().any(|end| at(range, end).is_null());
    let ranges = case.psps.iter().flat_map(|policy| list(policy, &path).enumerate());
    ranges.filter(|(_, range)| lacks_an_end(range)).map(|(index, _)| index).collect()
}

/// A policy lists the volume type `image`.
pub(super) fn list_image(case: &Case) -> bool {
    case.psps.iter().any(|policy| list(policy, "spec.volumes").any(|name| *name == "image"))
}
