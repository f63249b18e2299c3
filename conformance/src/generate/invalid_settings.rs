//! Settings that the Kubernetes API accepted although they admit nothing, or not what was meant.
//!
//! The policy of this project refuses to load them, so they are rare: each case with one is a deviation, and shows
//! nothing else.

use serde_json::json;

use super::policy::Policy;
use super::rng::Rng;

type Unsettle = fn(&mut Rng, &mut Policy);

const WAYS: [(&str, Unsettle); 9] = [
    ("no ranges", no_ranges),
    ("no SELinux options", no_se_linux_options),
    ("impossible host ports", impossible_host_ports),
    ("relative path prefix", relative_path_prefix),
    ("default seccomp profile refused", seccomp_default_refused),
    ("default seccomp profile without a list", seccomp_default_without_list),
    ("no AppArmor profile allowed", no_app_armor_profile),
    ("misspelt annotation", misspelt_annotation),
    ("range with one end", range_with_one_end),
];

/// Changes the policy in one such respect, and returns which.
pub(super) fn unsettle(rng: &mut Rng, policy: &mut Policy) -> &'static str {
    let index = rng.count(0, 8);
    let Some((name, way)) = WAYS.get(index) else { return "" };
    way(rng, policy);
    name
}

fn no_ranges(rng: &mut Rng, policy: &mut Policy) {
    let field = rng.pick(&["runAsUser", "fsGroup", "supplementalGroups"]);
    let rule = if field == "runAsUser" { "MustRunAs" } else { rng.pick(&["MustRunAs", "MayRunAs"]) };
    policy.set(field, rng.pick(&[json!({"rule": rule}), json!({"rule": rule, "ranges": []})]));
}

fn no_se_linux_options(_dice: &mut Rng, policy: &mut Policy) {
    policy.set("seLinux", json!({"rule": "MustRunAs"}));
}

fn impossible_host_ports(rng: &mut Rng, policy: &mut Policy) {
    let range = rng.pick(&[
        json!({"min": 81, "max": 80}),
        json!({"min": -1, "max": 80}),
        json!({"min": 1, "max": 65_537}),
    ]);
    policy.set("hostPorts", json!([range]));
}

fn relative_path_prefix(rng: &mut Rng, policy: &mut Policy) {
    policy.set("allowedHostPaths", json!([{"pathPrefix": rng.pick(&["foo", "./foo", "foo/"])}]));
}

fn seccomp_default_refused(_dice: &mut Rng, policy: &mut Policy) {
    policy.annotate("seccomp.security.alpha.kubernetes.io/allowedProfileNames", "runtime/default");
    policy.annotate("seccomp.security.alpha.kubernetes.io/defaultProfileName", "unconfined");
}

fn seccomp_default_without_list(_dice: &mut Rng, policy: &mut Policy) {
    policy.annotations.remove("seccomp.security.alpha.kubernetes.io/allowedProfileNames");
    policy.annotate("seccomp.security.alpha.kubernetes.io/defaultProfileName", "runtime/default");
}

fn no_app_armor_profile(_dice: &mut Rng, policy: &mut Policy) {
    policy.annotate("apparmor.security.beta.kubernetes.io/allowedProfileNames", "");
}

/// A key under one of the two prefixes that PodSecurityPolicy does not read.
fn misspelt_annotation(rng: &mut Rng, policy: &mut Policy) {
    let key = rng.pick(&[
        "seccomp.security.alpha.kubernetes.io/allowedProfileName",
        "seccomp.security.alpha.kubernetes.io/defaultProfile",
        "apparmor.security.beta.kubernetes.io/allowedProfilesNames",
        "apparmor.security.beta.kubernetes.io/DefaultProfileName",
    ]);
    policy.annotate(key, "runtime/default");
}

/// The absent end was 0.
fn range_with_one_end(rng: &mut Rng, policy: &mut Policy) {
    let field = rng.pick(&["runAsUser", "fsGroup", "supplementalGroups", "runAsGroup", "hostPorts"]);
    let range = if rng.percent(80) { json!({"max": 65_535}) } else { json!({"min": 0}) };
    if field == "hostPorts" {
        policy.set(field, json!([range]));
    } else {
        policy.set(field, json!({"rule": "MustRunAs", "ranges": [range]}));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_is_taken_and_changes_the_policy() {
        let mut taken = std::collections::BTreeSet::new();
        for index in 0..200 {
            let mut policy = Policy::default();
            policy.annotate("seccomp.security.alpha.kubernetes.io/allowedProfileNames", "*");
            let before = policy.manifest();
            taken.insert(unsettle(&mut Rng::new(0, index), &mut policy));
            assert_ne!(before, policy.manifest());
        }
        assert_eq!(taken, WAYS.map(|(name, _)| name).into());
    }
}
