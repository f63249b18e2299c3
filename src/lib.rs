//! `PodSecurityPolicy` as a Kubewarden policy.
