//! The sysctls that every pod may set, which a rule and a check of the Pod Security Standards share.

/// The sysctls that every pod may set, each with the minor version of Kubernetes that found it safe; 0 for the five that
/// `PodSecurityPolicy` knew.
///
/// They are those that the kubelet allows by default, in its order (`pkg/kubelet/sysctl/safe_sysctls.go`), and those that
/// the Pod Security Standards allow. Some of them need a recent kernel there. An older kubelet refuses those that it does
/// not know, whatever the policy says.
const SAFE: [(&str, u64); 14] = [
    ("kernel.shm_rmid_forced", 0),
    ("net.ipv4.ip_local_port_range", 0),
    ("net.ipv4.tcp_syncookies", 0),
    ("net.ipv4.ping_group_range", 0),
    ("net.ipv4.ip_unprivileged_port_start", 0),
    ("net.ipv4.ip_local_reserved_ports", 27),
    ("net.ipv4.tcp_keepalive_time", 29),
    ("net.ipv4.tcp_fin_timeout", 29),
    ("net.ipv4.tcp_keepalive_intvl", 29),
    ("net.ipv4.tcp_keepalive_probes", 29),
    ("net.ipv4.tcp_rmem", 32),
    ("net.ipv4.tcp_wmem", 32),
    ("net.ipv4.tcp_slow_start_after_idle", 37),
    ("net.ipv4.tcp_notsent_lowat", 37),
];

/// The sysctls that a minor version of Kubernetes takes for safe.
pub fn safe_sysctls(minor: u64) -> impl Iterator<Item = &'static str> {
    SAFE.into_iter().filter(move |(_, since)| *since <= minor).map(|(name, _)| name)
}

/// Whether a minor version of Kubernetes takes a sysctl, in the spelling with dots, for safe.
pub fn is_safe_sysctl(name: &str, minor: u64) -> bool {
    safe_sysctls(minor).any(|safe| safe == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `scripts/kubelet-sysctls` records the safe sysctls of the newest kubelet.
    #[test]
    fn what_is_safe_to_the_kubelet_is_safe() {
        let recorded = include_str!("../../conformance/kubelet/safe-sysctls.txt");
        let recorded: Vec<&str> = recorded.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(recorded, safe_sysctls(37).collect::<Vec<_>>());
    }
}
