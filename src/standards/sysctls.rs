//! Kernel parameters are safe for a pod to set where they are its own namespace's; `kernel.core_pattern` ran code on
//! nodes in CVE-2022-0811.
//!
//! | | |
//! |---|---|
//! | Level | baseline |
//! | Pod fields | `spec.securityContext.sysctls[*].name` |
//! | Accepts | the names that are safe, more of them with v1.27, v1.29, v1.32 and v1.37 |
//! | Source | Pod Security Standards, Baseline, "Sysctls" |
//!
//! Names are compared as they are written: `net/ipv4/tcp_syncookies` is not on the list.

use super::{Check, Level, Objection, Subject, Variant, doc_only};
use crate::pod::is_safe_sysctl;

pub(super) const CHECK: Check = Check {
    id: "sysctls",
    level: Level::Baseline,
    purpose: doc_only("Only safe sysctls may be set."),
    pod_fields: doc_only("`securityContext.sysctls[*].name`"),
    variants: &[
        Variant { since: 0, judge: |subject| judge(subject, 0) },
        Variant { since: 27, judge: |subject| judge(subject, 27) },
        Variant { since: 29, judge: |subject| judge(subject, 29) },
        Variant { since: 32, judge: |subject| judge(subject, 32) },
        Variant { since: 37, judge: |subject| judge(subject, 37) },
    ],
};

fn judge(subject: &Subject<'_>, minor: u64) -> Option<Objection> {
    let sysctls = subject.security_context().sysctls.iter().map(|sysctl| &*sysctl.name);
    let forbidden: Vec<&str> = sysctls.filter(|name| !is_safe_sysctl(name, minor)).collect();
    (!forbidden.is_empty()).then(|| Objection { reason: "forbidden sysctls", detail: forbidden.join(", ") })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pod::safe_sysctls;
    use crate::standards::testing::{NOTHING, says, spec};
    use rstest::rstest;
    use serde_json::{Value, json};

    fn setting(names: &[&str]) -> Value {
        let sysctls: Vec<_> = names.iter().map(|name| json!({"name": name, "value": "1"})).collect();
        spec(json!({"securityContext": {"sysctls": sysctls}}))
    }

    #[rstest]
    #[case::none(&[], NOTHING)]
    #[case::unsafe_one(&["kernel.msgmax"], "forbidden sysctls (kernel.msgmax)")]
    #[case::as_they_come(&["z", "net.ipv4.tcp_syncookies", "a", "z"], "forbidden sysctls (z, a, z)")]
    #[case::slashes(&["net/ipv4/tcp_syncookies"], "forbidden sysctls (net/ipv4/tcp_syncookies)")]
    #[case::pattern(&["kernel.*"], "forbidden sysctls (kernel.*)")]
    #[case::no_name(&[""], "forbidden sysctls")]
    fn judges_at_every_version(#[case] names: &[&str], #[case] expected: &str) {
        for version in ["v1.0", "v1.27", "v1.29", "v1.32", "v1.37", "latest"] {
            assert_eq!(says(&CHECK, version, &setting(names)), expected, "{version}");
        }
    }

    #[rstest]
    #[case("v1.0", 5)]
    #[case("v1.26", 5)]
    #[case("v1.27", 6)]
    #[case("v1.28", 6)]
    #[case("v1.29", 10)]
    #[case("v1.31", 10)]
    #[case("v1.32", 12)]
    #[case("v1.36", 12)]
    #[case("v1.37", 14)]
    #[case("v1.99", 14)]
    #[case("latest", 14)]
    fn each_version_knows_more_safe_names(#[case] version: &str, #[case] known: usize) {
        for (nth, name) in safe_sysctls(37).enumerate() {
            let expected = if nth < known { String::new() } else { format!("forbidden sysctls ({name})") };
            assert_eq!(says(&CHECK, version, &setting(&[name])), expected, "{version}");
        }
    }
}
