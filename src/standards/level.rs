//! Levels and versions of the standards.

use std::fmt::{self, Display};
use std::str::FromStr;

use crate::schema::kubernetes::NEWEST;

/// How strict a standard is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Demands nothing.
    Privileged,
    /// Prevents known privilege escalations.
    Baseline,
    /// Demands best practice, at the cost of some compatibility.
    Restricted,
}

/// The Kubernetes version whose checks apply. `latest` comes after every number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// `v1.N`; one that is newer than every check demands the same as the newest.
    Minor(u64),
    /// `latest`, and the minor version that it stands for.
    Latest(u64),
}

/// A level of a version, which prints as `restricted:latest`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standard {
    /// How strict it is.
    pub level: Level,
    /// The version of its checks.
    pub version: Version,
}

/// Why a text is not a level or a version, in the words of Pod Security admission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unknown(&'static str);

impl Level {
    /// All levels, the strictest last.
    pub const ALL: [Level; 3] = [Level::Privileged, Level::Baseline, Level::Restricted];

    /// The name of the level.
    pub fn name(self) -> &'static str {
        match self {
            Level::Privileged => "privileged",
            Level::Baseline => "baseline",
            Level::Restricted => "restricted",
        }
    }
}

impl Version {
    /// `latest` where no older version is set.
    pub const LATEST: Version = Version::Latest(NEWEST);

    /// The minor version to evaluate by.
    pub fn minor(self) -> u64 {
        match self {
            Version::Minor(minor) | Version::Latest(minor) => minor,
        }
    }

    /// The same version where `latest` stands for `newest`.
    #[must_use]
    pub fn as_of(self, newest: u64) -> Self {
        match self {
            Version::Minor(_) => self,
            Version::Latest(_) => Version::Latest(newest),
        }
    }
}

impl Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Unknown {}

impl Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Version::Minor(minor) => write!(f, "v1.{minor}"),
            Version::Latest(_) => f.write_str("latest"),
        }
    }
}

impl Display for Standard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.level, self.version)
    }
}

impl FromStr for Level {
    type Err = Unknown;

    fn from_str(name: &str) -> Result<Self, Unknown> {
        Level::ALL
            .into_iter()
            .find(|level| level.name() == name)
            .ok_or(Unknown("must be one of privileged, baseline, restricted"))
    }
}

/// Reads `latest` or `v1.N` without leading zeros, where N fits a signed integer of 64 bits.
impl FromStr for Version {
    type Err = Unknown;

    fn from_str(text: &str) -> Result<Self, Unknown> {
        if text == "latest" {
            return Ok(Version::LATEST);
        }
        let digits = text.strip_prefix("v1.").unwrap_or_default();
        let is_plain = digits == "0" || !digits.starts_with(['0', '+', '-']);
        let minor: Option<i64> = digits.parse().ok().filter(|_| is_plain);
        let minor = minor.ok_or(Unknown("must be \"latest\" or \"v1.x\""))?;
        Ok(Version::Minor(minor.unsigned_abs()))
    }
}

/// Reads `restricted` and `restricted:v1.31`; a level alone is that of `latest`.
impl FromStr for Standard {
    type Err = Unknown;

    fn from_str(text: &str) -> Result<Self, Unknown> {
        let (level, version) = text.split_once(':').unwrap_or((text, "latest"));
        Ok(Standard { level: level.parse()?, version: version.parse()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Reader;
    use crate::standards::{details, reasons};
    use rstest::rstest;

    #[rstest]
    #[case::latest("latest", Version::LATEST)]
    #[case::zero("v1.0", Version::Minor(0))]
    #[case::one_digit("v1.8", Version::Minor(8))]
    #[case::two_digits("v1.25", Version::Minor(25))]
    #[case::newer_than_every_check("v1.99", Version::Minor(99))]
    #[case::the_greatest_integer("v1.9223372036854775807", Version::Minor(9_223_372_036_854_775_807))]
    fn reads_versions_and_prints_them_as_they_were(#[case] text: &str, #[case] version: Version) {
        assert_eq!(text.parse(), Ok(version));
        assert_eq!(version.to_string(), text);
    }

    #[rstest]
    #[case::empty("")]
    #[case::no_minor("v1")]
    #[case::empty_minor("v1.")]
    #[case::no_v("1.25")]
    #[case::another_major("v2.0")]
    #[case::leading_zero("v1.01")]
    #[case::two_zeros("v1.00")]
    #[case::patch("v1.25.3")]
    #[case::upper_case("Latest")]
    #[case::sign("v1.+5")]
    #[case::negative("v1.-5")]
    #[case::white_space("v1.25\n")]
    #[case::other_digits("v1.٣")]
    #[case::no_integer("v1.9223372036854775808")]
    #[case::no_number_of_any_size("v1.99999999999999999999999")]
    fn refuses_other_versions(#[case] text: &str) {
        let error = text.parse::<Version>().unwrap_err();
        assert_eq!(error.to_string(), r#"must be "latest" or "v1.x""#);
    }

    #[rstest]
    #[case::typing_error("resticted")]
    #[case::upper_case("Restricted")]
    #[case::empty("")]
    fn refuses_other_levels(#[case] text: &str) {
        let error = text.parse::<Level>().unwrap_err();
        assert_eq!(error.to_string(), "must be one of privileged, baseline, restricted");
    }

    #[rstest]
    #[case::level_alone("baseline", "baseline:latest")]
    #[case::latest("restricted:latest", "restricted:latest")]
    #[case::number("privileged:v1.31", "privileged:v1.31")]
    fn reads_standards(#[case] text: &str, #[case] printed: &str) {
        assert_eq!(text.parse::<Standard>().unwrap().to_string(), printed);
    }

    #[rstest]
    #[case::empty_version("baseline:")]
    #[case::empty_level(":latest")]
    #[case::two_versions("baseline:v1.1:v1.2")]
    fn refuses_other_standards(#[case] text: &str) {
        assert!(text.parse::<Standard>().is_err());
    }

    #[test]
    fn latest_comes_after_every_number() {
        assert!(Version::LATEST > Version::Minor(u64::MAX) && Version::Minor(10) > Version::Minor(9));
    }

    #[test]
    fn failures_are_named_with_and_without_details() {
        let pod = r#"{"spec": {"hostPID": true, "containers": [{"name": "a", "securityContext": {"privileged": true}}]}}"#;
        let failures =
            "baseline:latest".parse::<Standard>().unwrap().evaluate(&Reader::document(pod).unwrap());
        assert_eq!(reasons(&failures), "host namespaces, privileged");
        let detailed = "host namespaces (hostPID=true), privileged (container \"a\" must not set securityContext.privileged=true)";
        assert_eq!(details(&failures), detailed);
    }
}
