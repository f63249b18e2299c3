//! The four annotations.

use crate::generate::policy::Policy;
use crate::generate::rng::Rng;

const APP_ARMOR: [&str; 12] = [
    "",
    "runtime/default",
    "unconfined",
    "localhost/",
    "localhost/a",
    "localhost/../a",
    "localhost",
    "runtime/default2",
    "Unconfined",
    "*",
    " localhost/a",
    "docker/default",
];
const SECCOMP: [&str; 20] = [
    "",
    "runtime/default",
    "docker/default",
    "unconfined",
    "localhost/a.json",
    "localhost/a/b",
    "localhost/..a",
    "localhost/",
    "localhost//a",
    "localhost/..",
    "localhost/a/../b",
    "localhost/../a",
    "localhost/a/..",
    "localhost",
    "runtime/default2",
    "Unconfined",
    "*",
    " unconfined",
    "RuntimeDefault",
    "localhost/a..b",
];

fn annotate(policy: &mut Policy, what: &str, value: String) {
    policy.annotate(&format!("{what}ProfileName{}", if what.ends_with("allowed") { "s" } else { "" }), value);
}

fn list(rng: &mut Rng, entries: &[&str]) -> String {
    let count = rng.count(1, 4);
    rng.some(entries, count).join(",")
}

pub(super) fn app_armor_default(rng: &mut Rng, policy: &mut Policy) {
    annotate(policy, "apparmor.security.beta.kubernetes.io/default", rng.pick(&APP_ARMOR).to_owned());
}

pub(super) fn app_armor_list(rng: &mut Rng, policy: &mut Policy) {
    annotate(policy, "apparmor.security.beta.kubernetes.io/allowed", list(rng, &APP_ARMOR));
}

pub(super) fn seccomp_default(rng: &mut Rng, policy: &mut Policy) {
    annotate(policy, "seccomp.security.alpha.kubernetes.io/default", rng.pick(&SECCOMP).to_owned());
}

pub(super) fn seccomp_list(rng: &mut Rng, policy: &mut Policy) {
    annotate(policy, "seccomp.security.alpha.kubernetes.io/allowed", list(rng, &SECCOMP));
}
