//! The annotations of PodSecurityPolicies.

/// The annotations of a policy that are settings; a cluster adds others.
pub(super) const ANNOTATIONS: [&str; 4] = [
    "seccomp.security.alpha.kubernetes.io/allowedProfileNames",
    "seccomp.security.alpha.kubernetes.io/defaultProfileName",
    "apparmor.security.beta.kubernetes.io/allowedProfileNames",
    "apparmor.security.beta.kubernetes.io/defaultProfileName",
];
