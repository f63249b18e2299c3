//! The strategies that several rules share.

use crate::json::Text;
use crate::prose::prose;
use crate::ranges::IdRanges;
use crate::shape::{Field, Shape};
use crate::spec::{RANGES, Spec};

/// What a policy demands of a group; `RunAsAny` is no demand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum GroupStrategy {
    /// A group must be set, and be in a range; the default is the lowest id of the first one.
    MustRunAs(IdRanges),
    /// A group, if set, must be in a range.
    MayRunAs(IdRanges),
}

/// The strategies for groups, in the order in which `supplementalGroups` and `fsGroup` always named them.
pub(crate) const GROUP_STRATEGIES: &[&str] = &["MayRunAs", "MustRunAs", "RunAsAny"];

/// The shape of a strategy for groups.
pub(crate) const GROUP_SHAPE: Shape = Shape::Object(&[
    Field { name: "rule", shape: Shape::OneOf(GROUP_STRATEGIES), doc: prose("What is demanded.") },
    Field {
        name: "ranges",
        shape: RANGES,
        doc: prose("The allowed ids; the lowest of the first range is the default."),
    },
]);

impl GroupStrategy {
    /// Loads the strategy of a field that every policy must have.
    pub(crate) fn load(spec: &mut Spec<'_, '_>, field: &str) -> Option<Self> {
        let rule = spec.strategy(field, GROUP_STRATEGIES);
        Self::of_rule(spec, field, rule.as_ref())
    }

    /// Builds the strategy from its name and its ranges.
    pub(crate) fn of_rule(spec: &mut Spec<'_, '_>, field: &str, rule: Option<&Text<'_>>) -> Option<Self> {
        let rule = rule.map(|rule| &**rule);
        let ranges = spec.ranges(field, matches!(rule, Some("MustRunAs" | "MayRunAs")));
        match rule {
            Some("MustRunAs") => ranges.map(GroupStrategy::MustRunAs),
            Some("MayRunAs") => ranges.map(GroupStrategy::MayRunAs),
            _ => None,
        }
    }

    /// The group to write where none is set.
    pub(crate) fn default_id(&self) -> Option<i64> {
        match self {
            GroupStrategy::MustRunAs(ranges) => Some(ranges.default_id()),
            GroupStrategy::MayRunAs(_) => None,
        }
    }

    /// The ids that are allowed.
    pub(crate) fn ranges(&self) -> &IdRanges {
        match self {
            GroupStrategy::MustRunAs(ranges) | GroupStrategy::MayRunAs(ranges) => ranges,
        }
    }
}
