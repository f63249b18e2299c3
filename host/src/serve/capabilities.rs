//! `hostCapabilities`: which host calls a policy may make. None at all where the list is absent, as on the policy server.

use crate::{Error, host_calls::OPERATIONS};

/// Patterns of host calls: `kubernetes/can_i`, `kubernetes/*` or `*`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Capabilities(Vec<String>);

impl Capabilities {
    /// Reads patterns, each of which must match a call.
    pub(crate) fn read(patterns: &[String]) -> Result<Self, Error> {
        let known = |pattern: &&String| {
            let calls = OPERATIONS.iter().flat_map(|(namespace, operations)| {
                operations.iter().map(move |operation| format!("{namespace}/{operation}"))
            });
            !calls.filter(|call| !call.starts_with("tracing/")).any(|call| matches(pattern, &call))
        };
        match patterns.iter().find(known) {
            Some(pattern) => Err(Error::RegistrationRefused(format!(
                "hostCapabilities: `{pattern}` matches no host call: write one such as `kubernetes/can_i`, or `*`"
            ))),
            None => Ok(Self(patterns.to_vec())),
        }
    }

    /// Whether the call may be made.
    pub(crate) fn allow(&self, call: &str) -> bool {
        self.0.iter().any(|pattern| matches(pattern, call))
    }
}

fn matches(pattern: &str, call: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) if start.is_empty() || start.ends_with('/') => call.starts_with(start),
        _ => pattern == call,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::absent(&[], "kubernetes/can_i", false)]
    #[case::everything(&["*"], "kubernetes/can_i", true)]
    #[case::one(&["kubernetes/can_i"], "kubernetes/can_i", true)]
    #[case::another(&["kubernetes/can_i"], "kubernetes/get_resource", false)]
    #[case::namespace(&["oci/*", "kubernetes/*"], "kubernetes/get_resource", true)]
    #[case::version(&["oci/v1/*"], "oci/v2/verify", false)]
    fn patterns_allow_what_they_match(#[case] patterns: &[&str], #[case] call: &str, #[case] expected: bool) {
        let patterns: Vec<_> = patterns.iter().map(|&pattern| pattern.to_owned()).collect();
        assert_eq!(Capabilities::read(&patterns).unwrap().allow(call), expected);
    }

    #[rstest]
    #[case::misspelt("kubernetes/can_he")]
    #[case::half("kube*")]
    #[case::always_allowed("tracing/log")]
    fn patterns_without_a_match_are_refused(#[case] pattern: &str) {
        assert_eq!(
            Capabilities::read(&[pattern.to_owned()]).unwrap_err().to_string(),
            format!(
                "hostCapabilities: `{pattern}` matches no host call: write one such as `kubernetes/can_i`, or `*`"
            )
        );
    }
}
