//! Kinds of objects, as Kyverno names them.

/// Whether a kind, which may have group and version in front, is that of pods.
pub(super) fn is_pod(kind: &str) -> bool {
    let mut parts = kind.rsplit('/');
    let last = parts.next().unwrap_or_default();
    if last == "ephemeralcontainers" {
        return parts.next() == Some("Pod");
    }
    last == "Pod" || last == "*"
}
