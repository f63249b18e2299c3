//! Kernel parameters: some are the node's, and one pod can starve all others with them.

use crate::json::Quoted;
use crate::pod::{Pod, is_safe_sysctl};
use crate::rule::pattern::{SysctlPattern, dotted};
use crate::rule::{Entry, Findings, Rule, Spec};
use crate::rules::number;
use crate::schema::Shape;

pub(crate) const ENTRIES: &[Entry] = &[
    Entry {
        id: "forbiddenSysctls",
        purpose: "The sysctls that pods may not set, safe ones included; a trailing `*` matches any suffix, and `/` reads as `.`.",
        shape: Some(Shape::List(&Shape::Text)),
        pod_fields: "`securityContext.sysctls[*].name`",
        default: "none",
        ..Entry::USUAL
    },
    Entry {
        id: "allowedUnsafeSysctls",
        purpose: "The sysctls that pods may set in addition to the safe ones; a trailing `*` matches any suffix, and `/` reads as `.`.",
        shape: Some(Shape::List(&Shape::Text)),
        reads: &["forbiddenSysctls"],
        pod_fields: "`securityContext.sysctls[*].name`",
        default: "none: only safe sysctls",
        ..Entry::USUAL
    },
];

const PATTERN: &str = "must have at most 253 characters and match regex ([a-z0-9]([-_a-z0-9]*[a-z0-9])?\\.)*([a-z0-9][-_a-z0-9]*)?[a-z0-9*]";

/// Refuses forbidden sysctls.
pub(crate) struct Forbidden<'s>(Vec<SysctlPattern<'s>>);

/// Refuses sysctls that are neither safe nor allowed.
pub(crate) struct Unsafe<'s> {
    forbidden: Vec<SysctlPattern<'s>>,
    allowed: Vec<SysctlPattern<'s>>,
    /// The version of Kubernetes whose safe sysctls hold.
    minor: u64,
}

pub(super) fn load_forbidden<'s>(spec: &mut Spec<'_, 's>) -> Option<Forbidden<'s>> {
    let forbidden = load_patterns(spec, "forbiddenSysctls");
    if forbidden.is_empty() { None } else { Some(Forbidden(forbidden)) }
}

pub(super) fn load_allowed<'s>(spec: &mut Spec<'_, 's>) -> Option<Unsafe<'s>> {
    let allowed = load_patterns(spec, "allowedUnsafeSysctls");
    let forbidden = patterns(spec, "forbiddenSysctls");
    for (i, a) in allowed.iter().enumerate() {
        for (j, f) in forbidden.iter().enumerate() {
            report_overlap(spec, (i, a), (j, f));
        }
    }
    Some(Unsafe { forbidden, allowed, minor: spec.minor })
}

fn patterns<'s>(spec: &Spec<'_, 's>, field: &str) -> Vec<SysctlPattern<'s>> {
    spec.texts(field).into_iter().map(SysctlPattern::new).collect()
}

fn load_patterns<'s>(spec: &mut Spec<'_, 's>, field: &str) -> Vec<SysctlPattern<'s>> {
    let patterns = patterns(spec, field);
    for (index, pattern) in patterns.iter().enumerate() {
        let path = format_args!("{field}[{index}]");
        if pattern.text().is_empty() {
            spec.problem(path, "Invalid value: \"\": empty sysctl not allowed");
        } else if !pattern.is_well_formed() {
            spec.invalid(path, Quoted(pattern.text()), PATTERN);
        }
    }
    if patterns.len() > 1 && patterns.iter().any(|pattern| pattern.text().starts_with('*')) {
        spec.problem(field, "Forbidden: if '*' is present, must not specify other sysctls");
    }
    patterns
}

/// Reports a place where an allowed and a forbidden pattern match the same names.
fn report_overlap(
    spec: &mut Spec<'_, '_>,
    (i, a): (usize, &SysctlPattern<'_>),
    (j, f): (usize, &SysctlPattern<'_>),
) {
    let on_allowed = match (a.prefix(), f.prefix()) {
        (Some(a), Some(f)) if a.starts_with(f) => true,
        (Some(a), Some(f)) if f.starts_with(a) => false,
        (Some(a), None) if f.dotted().starts_with(a) => false,
        (None, Some(f)) if a.dotted().starts_with(f) => true,
        (None, None) if a.dotted() == f.dotted() => true,
        _ => return,
    };
    let (field, index, entry, other) =
        if on_allowed { ("allowedUnsafeSysctls", i, a, f) } else { ("forbiddenSysctls", j, f, a) };
    let reason = format_args!("sysctl overlaps with {}", other.text());
    spec.invalid(format_args!("{field}[{index}]"), Quoted(entry.text()), reason);
}

fn matches(patterns: &[SysctlPattern<'_>], name: &str) -> bool {
    patterns.iter().any(|pattern| pattern.matches(name))
}

impl Rule for Forbidden<'_> {
    fn validate(&self, pod: &Pod<'_>, found: &mut Findings<'_>) {
        for (index, sysctl) in pod.spec.security_context.sysctls.iter().enumerate() {
            if matches(&self.0, &dotted(&sysctl.name)) {
                let detail = format_args!("sysctl {} is not allowed", Quoted(&sysctl.name));
                found.forbidden(format_args!("spec.securityContext.sysctls[{index}]"), detail);
            }
        }
    }
}

impl Rule for Unsafe<'_> {
    fn validate(&self, pod: &Pod<'_>, found: &mut Findings<'_>) {
        for (index, sysctl) in pod.spec.security_context.sysctls.iter().enumerate() {
            let name = dotted(&sysctl.name);
            let refused_already =
                matches(&self.forbidden, &name) && found.denies(const { number("forbiddenSysctls") });
            if !refused_already && !is_safe_sysctl(&name, self.minor) && !matches(&self.allowed, &name) {
                let detail = format_args!("unsafe sysctl {} is not allowed", Quoted(&sysctl.name));
                found.forbidden(format_args!("spec.securityContext.sysctls[{index}]"), detail);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::PATTERN;
    use crate::pod::safe_sysctls;
    use crate::schema::kubernetes::NEWEST;
    use crate::testing::Outcome::{self, Admitted, Objected, Rejected};
    use crate::testing::{judge_pod, policy, problems, review};

    #[rstest]
    #[case::none(json!({}), &[], Admitted)]
    #[case::safe_ones(json!({}), &safe_sysctls(NEWEST).collect::<Vec<_>>(), Admitted)]
    #[case::safe_in_the_other_spelling(json!({}), &["kernel/shm_rmid_forced"], Admitted)]
    #[case::one_that_no_kubelet_finds_safe(json!({}), &["net.ipv4.tcp_rmem", "net.ipv4.tcp_mem"],
        Rejected("spec.securityContext.sysctls[1]: Forbidden: unsafe sysctl \"net.ipv4.tcp_mem\" is not allowed"))]
    #[case::an_unsafe_one(json!({}), &["kernel.shm_rmid_forced", "kernel.msgmax"],
        Rejected("spec.securityContext.sysctls[1]: Forbidden: unsafe sysctl \"kernel.msgmax\" is not allowed"))]
    #[case::allowed_by_name(json!({"allowedUnsafeSysctls": ["kernel.msgmax"]}), &["kernel.msgmax", "kernel/msgmax"], Admitted)]
    #[case::allowed_by_prefix(json!({"allowedUnsafeSysctls": ["kernel.msg*"]}), &["kernel.msgmax"], Admitted)]
    #[case::a_forbidden_neighbour_is_no_matter(json!({"allowedUnsafeSysctls": ["a.b"], "forbiddenSysctls": ["a.c"]}), &["a.b"], Admitted)]
    #[case::prefix_needs_its_dot(json!({"allowedUnsafeSysctls": ["a.*"]}), &["a"],
        Rejected("spec.securityContext.sysctls[0]: Forbidden: unsafe sysctl \"a\" is not allowed"))]
    #[case::every(json!({"allowedUnsafeSysctls": ["*"]}), &["anything"], Admitted)]
    #[case::forbidden_beats_safe(json!({"forbiddenSysctls": ["net.*"], "allowedUnsafeSysctls": ["kernel.msg*"]}),
        &["net.ipv4.tcp_syncookies", "kernel.msgmax", "kernel.shm_rmid_forced"],
        Rejected("spec.securityContext.sysctls[0]: Forbidden: sysctl \"net.ipv4.tcp_syncookies\" is not allowed"))]
    #[case::forbidden_in_the_other_spelling(json!({"forbiddenSysctls": ["kernel.msg*"]}), &["kernel/msgmax"],
        Rejected("spec.securityContext.sysctls[0]: Forbidden: sysctl \"kernel/msgmax\" is not allowed"))]
    #[case::forbidden_with_both_separators(json!({"forbiddenSysctls": ["net.ipv4.conf.all.forwarding"], "allowedUnsafeSysctls": ["kernel.*"]}),
        &["net.ipv4/conf.all/forwarding", "net/ipv4/conf/all.forwarding", "kernel/msg.max"], Objected(&[
        "spec.securityContext.sysctls[0]: Forbidden: sysctl \"net.ipv4/conf.all/forwarding\" is not allowed",
        "spec.securityContext.sysctls[1]: Forbidden: sysctl \"net/ipv4/conf/all.forwarding\" is not allowed",
    ]))]
    #[case::forbidden_by_a_pattern_with_slashes(json!({"forbiddenSysctls": ["net/ipv4.tcp*"]}), &["net.ipv4/tcp_syncookies"],
        Rejected("spec.securityContext.sysctls[0]: Forbidden: sysctl \"net.ipv4/tcp_syncookies\" is not allowed"))]
    #[case::allowed_by_a_name_with_slashes(json!({"allowedUnsafeSysctls": ["kernel/msgmax"]}), &["kernel.msgmax", "kernel/msgmax"], Admitted)]
    #[case::safe_with_both_separators(json!({}), &["net.ipv4/tcp_syncookies"], Admitted)]
    #[case::an_interface_with_a_dot(json!({"allowedUnsafeSysctls": ["net.ipv4.conf.*"]}), &["net/ipv4/conf/eth0.1/mtu"], Admitted)]
    #[case::each_is_judged_once(json!({"forbiddenSysctls": ["a.b"]}), &["a.b", "a.c"], Objected(&[
        "spec.securityContext.sysctls[0]: Forbidden: sysctl \"a.b\" is not allowed",
        "spec.securityContext.sysctls[1]: Forbidden: unsafe sysctl \"a.c\" is not allowed",
    ]))]
    fn judges(#[case] policy: Value, #[case] names: &[&str], #[case] expected: Outcome) {
        let sysctls: Vec<Value> = names.iter().map(|name| json!({"name": name, "value": "1"})).collect();
        judge_pod(policy, json!({"spec": {"securityContext": {"sysctls": sysctls}}}), expected);
    }

    /// A sysctl that no denying rule matches must not pass because of another spelling.
    #[test]
    fn a_forbidden_sysctl_is_refused_where_unsafe_ones_are_only_warned_of() {
        let settings = policy(&json!({
            "forbiddenSysctls": ["net.ipv4.conf.all.forwarding"],
            "enforcement": {"rules": {"allowedUnsafeSysctls": "Warn"}},
        }));
        for name in
            ["net.ipv4.conf.all.forwarding", "net.ipv4/conf/all/forwarding", "net/ipv4.conf/all.forwarding"]
        {
            let spec = json!({"securityContext": {"sysctls": [{"name": name, "value": "1"}]}});
            let request = json!({"operation": "CREATE", "kind": {"group": "", "kind": "Pod"}, "object": {"spec": spec}});
            let refused =
                format!("spec.securityContext.sysctls[0]: Forbidden: sysctl \"{name}\" is not allowed");
            assert_eq!(review(&settings, &request).rejection, Some(refused));
        }
    }

    #[rstest]
    #[case::the_oldest("1.24", 5)]
    #[case::between_two_changes("1.31", 10)]
    #[case::of_a_change("v1.32", 12)]
    #[case::the_newest("1.37", 14)]
    fn safe_are_those_of_the_version(#[case] version: &str, #[case] known: usize) {
        for (nth, name) in safe_sysctls(NEWEST).enumerate() {
            let spec = json!({"securityContext": {"sysctls": [{"name": name, "value": "1"}]}});
            let request = json!({"operation": "CREATE", "kind": {"group": "", "kind": "Pod"}, "object": {"spec": spec}});
            let refused = format!(
                "spec.securityContext.sysctls[0]: Forbidden: unsafe sysctl \"{name}\" is not allowed"
            );
            let expected = (nth >= known).then_some(refused);
            let settings = policy(&json!({"kubernetesVersion": version}));
            assert_eq!(review(&settings, &request).rejection, expected);
        }
    }

    /// How patterns of both lists may overlap, and errors in single entries.
    #[rstest]
    #[case::both_prefixes_allowed_within_forbidden(&["a.b*"], &["a*"], "allowedUnsafeSysctls[0]: Invalid value: \"a.b*\": sysctl overlaps with a*")]
    #[case::both_prefixes_the_same(&["a*"], &["a*"], "allowedUnsafeSysctls[0]: Invalid value: \"a*\": sysctl overlaps with a*")]
    #[case::both_prefixes_forbidden_within_allowed(&["a*"], &["x", "a.b*"], "forbiddenSysctls[1]: Invalid value: \"a.b*\": sysctl overlaps with a*")]
    #[case::allowed_prefix_holds_a_forbidden_name(&["a*"], &["a.b"], "forbiddenSysctls[0]: Invalid value: \"a.b\": sysctl overlaps with a*")]
    #[case::forbidden_prefix_holds_an_allowed_name(&["x", "a.b"], &["a*"], "allowedUnsafeSysctls[1]: Invalid value: \"a.b\": sysctl overlaps with a*")]
    #[case::the_same_name_in_other_words(&["a/b"], &["a.b"], "allowedUnsafeSysctls[0]: Invalid value: \"a/b\": sysctl overlaps with a.b")]
    #[case::a_prefix_in_other_words(&["a/*"], &["a.b"], "forbiddenSysctls[0]: Invalid value: \"a.b\": sysctl overlaps with a/*")]
    #[case::the_same_name(&["a.b"], &["a.b"], "allowedUnsafeSysctls[0]: Invalid value: \"a.b\": sysctl overlaps with a.b")]
    #[case::empty(&[""], &[], "allowedUnsafeSysctls[0]: Invalid value: \"\": empty sysctl not allowed")]
    #[case::star_beside_others(&[], &["*", "a"], "forbiddenSysctls: Forbidden: if '*' is present, must not specify other sysctls")]
    fn refuses_settings(#[case] allowed: &[&str], #[case] forbidden: &[&str], #[case] expected: &str) {
        assert_eq!(
            problems(&json!({"allowedUnsafeSysctls": allowed, "forbiddenSysctls": forbidden})),
            expected
        );
    }

    #[rstest]
    #[case::two_separators("kernel./msgmax")]
    #[case::separator_at_the_end("kernel/")]
    #[case::star_within("a.*.b")]
    #[case::too_long(&"a".repeat(254))]
    fn refuses_patterns(#[case] pattern: &str) {
        assert_eq!(
            problems(&json!({"allowedUnsafeSysctls": [pattern]})),
            format!("allowedUnsafeSysctls[0]: Invalid value: \"{pattern}\": {PATTERN}")
        );
    }
}
