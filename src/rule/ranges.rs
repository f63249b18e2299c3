//! Ranges of ids and ports, both ends included.

use std::fmt::{self, Display};

/// A range of user or group ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct IdRange {
    /// The first id.
    pub(crate) min: i64,
    /// The last id.
    pub(crate) max: i64,
}

/// At least one range. The first one supplies the default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IdRanges(IdRange, Vec<IdRange>);

impl IdRanges {
    /// Ranges; none from an empty list.
    pub(crate) fn new(ranges: Vec<IdRange>) -> Option<Self> {
        let mut ranges = ranges.into_iter();
        let first = ranges.next()?;
        Some(IdRanges(first, ranges.collect()))
    }

    /// The default: the lowest id of the first range, which need not be the lowest of all.
    pub(crate) fn default_id(&self) -> i64 {
        self.0.min
    }

    /// The default as the only wanted value.
    pub(crate) fn wanted(&self) -> Vec<String> {
        vec![self.default_id().to_string()]
    }

    /// Whether a range holds the id.
    pub(crate) fn allow(&self, id: i64) -> bool {
        self.iter().any(|range| range.min <= id && id <= range.max)
    }

    fn iter(&self) -> impl Iterator<Item = &IdRange> {
        std::iter::once(&self.0).chain(&self.1)
    }
}

/// `[{1 2} {5 9}]`, as PodSecurityPolicy printed them.
impl Display for IdRanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, IdRange { min, max }) in self.iter().enumerate() {
            let before = if nth == 0 { "[" } else { " " };
            write!(f, "{before}{{{min} {max}}}")?;
        }
        f.write_str("]")
    }
}

/// A range of host ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PortRange {
    /// The first port.
    pub(crate) min: i64,
    /// The last port.
    pub(crate) max: i64,
}

/// Host ports that a pod may use; none by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct PortRanges(pub(crate) Vec<PortRange>);

impl PortRanges {
    /// Whether a range holds the port.
    pub(crate) fn allow(&self, port: i64) -> bool {
        self.0.iter().any(|range| range.min <= port && port <= range.max)
    }
}

/// `[8080,9000-9100]`, as PodSecurityPolicy printed them.
impl Display for PortRanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (nth, PortRange { min, max }) in self.0.iter().enumerate() {
            let before = if nth == 0 { "" } else { "," };
            if min == max { write!(f, "{before}{min}")? } else { write!(f, "{before}{min}-{max}")? }
        }
        f.write_str("]")
    }
}
