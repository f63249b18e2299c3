//! Versions of Kubernetes, by which some lists differ.
//!
//! ```
//! use pod_security_policy::schema::kubernetes::{NEWEST, minor};
//!
//! assert_eq!(minor("v1.30"), Some(30));
//! assert_eq!(minor("1.30"), Some(30));
//! assert_eq!(minor(&format!("1.{}", NEWEST + 1)), None);
//! ```

/// The oldest minor version that settings may name: the last that had `PodSecurityPolicy`.
pub const OLDEST: u64 = 24;

/// The newest minor version whose lists are known.
pub const NEWEST: u64 = 37;

/// Reads `v1.30` or `1.30`, without leading zeros; `None` if it is not a known version.
pub fn minor(text: &str) -> Option<u64> {
    let digits = text.strip_prefix('v').unwrap_or(text).strip_prefix("1.")?;
    let is_plain = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|minor| is_plain && (OLDEST..=NEWEST).contains(minor))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::oldest("1.24", Some(24))]
    #[case::newest("v1.37", Some(37))]
    #[case::too_old("1.23", None)]
    #[case::too_new("1.38", None)]
    #[case::one_digit("1.3", None)]
    #[case::patch("1.30.1", None)]
    #[case::minor_alone("30", None)]
    #[case::leading_zero("1.030", None)]
    #[case::sign("1.+30", None)]
    #[case::latest("latest", None)]
    #[case::twice_v("vv1.30", None)]
    #[case::empty("", None)]
    fn reads_versions(#[case] text: &str, #[case] expected: Option<u64>) {
        assert_eq!(minor(text), expected);
    }
}
