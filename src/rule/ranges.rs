//! Ranges of ids and ports, both ends included.

use std::fmt::{self, Display};

/// A range of ids or ports.
#[derive(Clone, Copy)]
pub(crate) struct Range {
    /// The first one.
    pub(crate) min: i64,
    /// The last one.
    pub(crate) max: i64,
}

/// Whether a range holds the number.
fn any_holds(ranges: &[Range], number: i64) -> bool {
    ranges.iter().any(|range| range.min <= number && number <= range.max)
}

/// At least one range of user or group ids.
pub(crate) struct IdRanges {
    /// The default: the lowest id of the first range, which need not be the lowest of all.
    pub(crate) default_id: i64,
    ranges: Vec<Range>,
}

impl IdRanges {
    /// Ranges; none from an empty list.
    pub(crate) fn new(ranges: Vec<Range>) -> Option<Self> {
        Some(IdRanges { default_id: ranges.first()?.min, ranges })
    }

    /// Whether a range holds the id.
    pub(crate) fn allow(&self, id: i64) -> bool {
        any_holds(&self.ranges, id)
    }
}

/// `[{1 2} {5 9}]`, as PodSecurityPolicy printed them.
impl Display for IdRanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, Range { min, max }) in self.ranges.iter().enumerate() {
            let before = if nth == 0 { "[" } else { " " };
            write!(f, "{before}{{{min} {max}}}")?;
        }
        f.write_str("]")
    }
}

/// Host ports that a pod may use.
pub(crate) struct PortRanges(pub(crate) Vec<Range>);

impl PortRanges {
    /// Whether a range holds the port.
    pub(crate) fn allow(&self, port: i64) -> bool {
        any_holds(&self.0, port)
    }
}

/// `[8080,9000-9100]`, as PodSecurityPolicy printed them.
impl Display for PortRanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (nth, Range { min, max }) in self.0.iter().enumerate() {
            let before = if nth == 0 { "" } else { "," };
            if min == max { write!(f, "{before}{min}")? } else { write!(f, "{before}{min}-{max}")? }
        }
        f.write_str("]")
    }
}
