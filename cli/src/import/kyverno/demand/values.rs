//! From allowed values to those of settings.

use pod_security_policy::pod::{is_safe_sysctl, safe_sysctls};
use pod_security_policy::schema::kubernetes::NEWEST;
use serde_json::{Value, json};

use super::super::fact::Values;
use super::restrict::restrict;
use crate::import::piece::Piece;

/// The highest id of users and groups.
pub(super) const MAX_ID: i64 = 2_147_483_647;

/// The name that settings have for the key of a volume's source.
pub(super) fn volume_type(key: &str) -> &str {
    if key == "cephfs" { "cephFS" } else { key }
}

/// Allows these sysctls alone; a trailing `*` stands for any rest.
pub(in crate::import::kyverno) fn sysctls(allowed: &[String], piece: &mut Piece) -> Option<()> {
    let is_pattern =
        |name: &String| !name.trim_end_matches('*').contains(['*', '?']) && !name.ends_with("**");
    allowed.iter().all(is_pattern).then_some(())?;
    let matches = |name: &str| {
        let one = |pattern: &String| {
            pattern.strip_suffix('*').map_or(pattern == name, |prefix| name.starts_with(prefix))
        };
        allowed.iter().any(one)
    };
    let is_unsafe = |name: &&String| !is_safe_sysctl(name, NEWEST);
    restrict(piece, "allowedUnsafeSysctls", allowed.iter().filter(is_unsafe).cloned().collect::<Vec<_>>())?;
    let forbidden: Vec<&str> = safe_sysctls(NEWEST).filter(|name| !matches(name)).collect();
    if !forbidden.is_empty() {
        restrict(piece, "forbiddenSysctls", forbidden)?;
    }
    piece.differs(
        "sysctls[].name",
        "a name spelt with `/` rejected",
        "read as the same name with `.`",
        "the kubelet reads both as one sysctl",
    );
    Some(())
}

/// Names without wildcards.
pub(super) fn plain(values: &Values) -> bool {
    values.ranges.is_empty() && !values.has_wildcards()
}

pub(super) fn without_zero(ranges: &[(i64, i64)]) -> Vec<(i64, i64)> {
    ranges.iter().map(|(min, max)| ((*min).max(1), *max)).filter(|(min, max)| min <= max).collect()
}

/// Ranges as settings write them.
pub(super) fn ranges(values: &Values, max: i64) -> Option<Value> {
    let given = values.texts.is_empty() && !values.ranges.is_empty();
    let list = values.ranges.iter().map(|(low, high)| json!({"min": (*low).max(0), "max": (*high).min(max)}));
    given.then(|| list.collect())
}
