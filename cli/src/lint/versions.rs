//! What the lists of a newer Kubernetes would change: settings stay behind that name an older version.

use pod_security_policy::pod::{is_safe_sysctl, safe_sysctls};
use pod_security_policy::schema::kubernetes::NEWEST;
use pod_security_policy::settings::Settings;
use pod_security_policy::standards::{Check, Standard, Version};

use super::finding::{Finding, Level};
use crate::input::Object;

/// Notes about the versions that settings name; `at` is the path of the settings in the object, followed by a dot.
pub(super) fn findings(object: &Object, settings: &Settings<'_>, at: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut note = |path: &str, problem: String| {
        found.push(Finding::new(object, Level::Note, "version", &format!("{at}{path}"), problem));
    };
    let minor = settings.minor;
    if minor < NEWEST && !settings.policies.is_empty() {
        let newer: Vec<&str> = safe_sysctls(NEWEST).filter(|name| !is_safe_sysctl(name, minor)).collect();
        if !newer.is_empty() {
            let newer = newer.join(", ");
            note(
                "kubernetesVersion",
                format!("\"1.{NEWEST}\" would also take these sysctls for safe: {newer}"),
            );
        }
    }
    let modes = [
        ("enforce", settings.standards.enforce),
        ("warn", settings.standards.warn),
        ("audit", settings.standards.audit),
    ];
    for (mode, standard) in modes {
        let Some(standard) = standard else { continue };
        let path = format!("podSecurityStandards.{mode}");
        // `warn` is that of `enforce` where it is left out.
        let is_written = mode != "warn" || Some(standard) != settings.standards.enforce;
        if let Some(changes) = changes(standard).filter(|_| is_written) {
            note(&path, changes);
        }
    }
    found
}

/// How the newest version of a level differs from the one at hand; `None` if it demands the same.
fn changes(standard: Standard) -> Option<String> {
    let newest = Standard { version: Version::Minor(NEWEST), ..standard };
    let ids =
        |checks: Vec<&'static Check>| checks.iter().map(|check| check.id).collect::<Vec<_>>().join(", ");
    let in_force = |id: &str| standard.checks().any(|(_, check)| check.id == id);
    let since = |check: &Check, version: Version| check.at(version).map(|variant| variant.since);
    let (mut relaxed, mut added) = (Vec::new(), Vec::new());
    for (_, check) in newest.checks() {
        if in_force(check.id) {
            if since(check, standard.version) != since(check, newest.version) {
                relaxed.push(check);
            }
        } else if !check.overrides().is_some_and(in_force) {
            added.push(check);
        }
    }
    let parts = [("admits more by", relaxed), ("rejects more by", added)];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(_, checks)| !checks.is_empty())
        .map(|(verb, checks)| format!("{verb} {}", ids(checks)))
        .collect();
    let resolved = standard.resolved();
    (!parts.is_empty()).then(|| format!("{} {} than {resolved}", newest, parts.join("; it ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::{Value, json};

    #[rstest]
    #[case::the_newest(json!({"enforce": "restricted"}), json!(null), &[])]
    #[case::pinned_to_the_newest(json!({"enforce": "restricted:v1.37"}), json!("1.37"), &[])]
    #[case::nothing_is_demanded(json!({"enforce": "privileged:v1.20"}), json!(null), &[])]
    #[case::an_older_level(json!({"enforce": "baseline:v1.31"}), json!(null), &[
        "podSecurityStandards.enforce: baseline:v1.37 admits more by procMount, sysctls; it rejects more by hostProbesAndHostLifecycle than baseline:v1.31"])]
    #[case::latest_of_an_older_version(json!({"audit": "restricted"}), json!("1.36"), &[
        "podSecurityStandards.audit: restricted:v1.37 admits more by sysctls than restricted:latest (v1.36)"])]
    #[case::written_warn(json!({"enforce": "baseline:v1.36", "warn": "restricted:v1.36"}), json!(null), &[
        "podSecurityStandards.enforce: baseline:v1.37 admits more by sysctls than baseline:v1.36",
        "podSecurityStandards.warn: restricted:v1.37 admits more by sysctls than restricted:v1.36"])]
    fn standards_that_stay_behind(#[case] modes: Value, #[case] version: Value, #[case] expected: &[&str]) {
        let settings = json!({"podSecurityStandards": modes, "kubernetesVersion": version}).to_string();
        let settings = Settings::parse(&settings).unwrap();
        let found = findings(&Object::of_value(&json!({})), &settings, "");
        assert_eq!(found.iter().map(ToString::to_string).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn sysctls_of_newer_versions_are_named() {
        let any = json!({"rule": "RunAsAny"});
        let settings = json!({"runAsUser": any, "seLinux": any, "supplementalGroups": any, "fsGroup": any, "kubernetesVersion": "1.31"});
        let settings = settings.to_string();
        let found =
            findings(&Object::of_value(&json!({})), &Settings::parse(&settings).unwrap(), "spec.settings.");
        assert_eq!(
            found.iter().map(ToString::to_string).collect::<Vec<_>>(),
            [
                "spec.settings.kubernetesVersion: \"1.37\" would also take these sysctls for safe: net.ipv4.tcp_rmem, net.ipv4.tcp_wmem, net.ipv4.tcp_slow_start_after_idle, net.ipv4.tcp_notsent_lowat"
            ]
        );
    }
}
