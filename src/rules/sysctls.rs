//! Kernel parameters: some are the node's, and one pod can starve all others with them.

use crate::json::{Quoted, Text};
use crate::pattern::{SysctlPattern, dotted};
use crate::pod::Pod;
use crate::rule::{Entry, Rule};
use crate::shape::Shape;
use crate::spec::Spec;
use crate::violation::Findings;

pub(crate) const ENTRIES: &[Entry] = &[
    Entry {
        id: "forbiddenSysctls",
        purpose: "The sysctls that pods may not set, safe ones included; `*` at the end stands for any rest.",
        shape: Some(Shape::List(&Shape::Text)),
        annotations: &[],
        pod_fields: "`securityContext.sysctls[*].name`",
        mutates: "nothing",
        default: "none",
        load: load_forbidden,
    },
    Entry {
        id: "allowedUnsafeSysctls",
        purpose: "The sysctls that pods may set beside the safe ones; `*` at the end stands for any rest.",
        shape: Some(Shape::List(&Shape::Text)),
        annotations: &[],
        pod_fields: "`securityContext.sysctls[*].name`",
        mutates: "nothing",
        default: "none: only safe sysctls",
        load: load_allowed,
    },
];

/// What every pod may set: PodSecurityPolicy's list of 1.24, its last. The kubelet's has grown since.
const SAFE: &[&str] = &[
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_syncookies",
];

const PATTERN: &str = "must have at most 253 characters and match regex ([a-z0-9]([-_a-z0-9]*[a-z0-9])?\\.)*([a-z0-9][-_a-z0-9]*)?[a-z0-9*]";

/// Refuses what is forbidden.
#[derive(Debug)]
struct Forbidden<'s>(Vec<SysctlPattern<'s>>);

/// Refuses what is neither safe nor allowed.
#[derive(Debug)]
struct Unsafe<'s> {
    forbidden: Vec<SysctlPattern<'s>>,
    allowed: Vec<SysctlPattern<'s>>,
}

fn load_forbidden<'s>(spec: &mut Spec<'_, 's>) -> Option<Box<dyn Rule + 's>> {
    let forbidden = load_patterns(spec, "forbiddenSysctls");
    if forbidden.is_empty() { None } else { Some(Box::new(Forbidden(forbidden))) }
}

fn load_allowed<'s>(spec: &mut Spec<'_, 's>) -> Option<Box<dyn Rule + 's>> {
    let allowed = load_patterns(spec, "allowedUnsafeSysctls");
    let forbidden: Vec<_> = spec.texts("forbiddenSysctls").into_iter().map(SysctlPattern::new).collect();
    for (i, a) in allowed.iter().enumerate() {
        for (j, f) in forbidden.iter().enumerate() {
            tell_overlap(spec, (i, a), (j, f));
        }
    }
    Some(Box::new(Unsafe { forbidden, allowed }))
}

fn load_patterns<'s>(spec: &mut Spec<'_, 's>, field: &str) -> Vec<SysctlPattern<'s>> {
    let patterns: Vec<Text<'s>> = spec.texts(field);
    let patterns: Vec<_> = patterns.into_iter().map(SysctlPattern::new).collect();
    for (index, pattern) in patterns.iter().enumerate() {
        let path = format_args!("{field}[{index}]");
        if pattern.text().is_empty() {
            spec.problem(path, "Invalid value: \"\": empty sysctl not allowed");
        } else if !pattern.is_well_formed() {
            spec.problem(path, format_args!("Invalid value: {}: {PATTERN}", Quoted(pattern.text())));
        }
    }
    if patterns.len() > 1 && patterns.iter().any(|pattern| pattern.text().starts_with('*')) {
        spec.problem(field, "Forbidden: if '*' is present, must not specify other sysctls");
    }
    patterns
}

/// Says where a pattern that allows and one that forbids stand for the same names (spec 2.3).
fn tell_overlap(
    spec: &mut Spec<'_, '_>,
    (i, a): (usize, &SysctlPattern<'_>),
    (j, f): (usize, &SysctlPattern<'_>),
) {
    let on_allowed = match (a.prefix(), f.prefix()) {
        (Some(a), Some(f)) if a.starts_with(f) => true,
        (Some(a), Some(f)) if f.starts_with(a) => false,
        (Some(a), None) if f.text().starts_with(a) => false,
        (None, Some(f)) if a.text().starts_with(f) => true,
        (None, None) if a == f => true,
        _ => return,
    };
    let (field, index, entry, other) =
        if on_allowed { ("allowedUnsafeSysctls", i, a, f) } else { ("forbiddenSysctls", j, f, a) };
    let entry = Quoted(entry.text());
    let reason = format_args!("Invalid value: {entry}: sysctl overlaps with {}", other.text());
    spec.problem(format_args!("{field}[{index}]"), reason);
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
            let refused_already = matches(&self.forbidden, &name) && found.denies("forbiddenSysctls");
            if !refused_already && !SAFE.contains(&&*name) && !matches(&self.allowed, &name) {
                let detail = format_args!("unsafe sysctl {} is not allowed", Quoted(&sysctl.name));
                found.forbidden(format_args!("spec.securityContext.sysctls[{index}]"), detail);
            }
        }
    }
}
