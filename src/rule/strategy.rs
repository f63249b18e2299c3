//! The strategies that several rules share.

use std::fmt::{self, Display};

use crate::json::Text;
use crate::pod::Pod;
use crate::rule::ranges::IdRanges;
use crate::rule::spec::{RANGES, Spec};
use crate::schema::{Field, Shape};

/// The strategy for a group; `RunAsAny` demands nothing.
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
    Field::new("rule", Shape::OneOf(GROUP_STRATEGIES), "What is demanded."),
    Field::new("ranges", RANGES, "The allowed ids; the lowest of the first range is the default."),
]);

/// The last id that is mapped into a pod's own user namespace. A kubelet maps 65536 ids unless its
/// `userNamespaces.idsPerPod` says more (KEP-127), and a container with an id that is not mapped does not start.
const LAST_MAPPED_ID: i64 = 65_535;

/// The default id of the ranges. None for a pod in whose user namespace that id does not exist.
pub(crate) fn default_id(ranges: &IdRanges, pod: &Pod<'_>) -> Option<i64> {
    let id = ranges.default_id();
    if id > LAST_MAPPED_ID && pod.has_user_namespace() { None } else { Some(id) }
}

/// Explains for a pod whose id must be set why no default is set, behind the demand.
pub(crate) struct NotFilled<'n>(pub(crate) &'n IdRanges, pub(crate) &'n Pod<'n>);

impl Display for NotFilled<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let NotFilled(ranges, pod) = self;
        if default_id(ranges, pod).is_some() {
            return Ok(());
        }
        let id = ranges.default_id();
        write!(
            f,
            "; the default {id} is not filled in, because pods with hostUsers: false have no ids above {LAST_MAPPED_ID}"
        )
    }
}

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

    /// Whether a group must be set.
    pub(crate) fn is_demanded(&self) -> bool {
        matches!(self, GroupStrategy::MustRunAs(_))
    }

    /// The default group.
    pub(crate) fn default_id(&self, pod: &Pod<'_>) -> Option<i64> {
        match self {
            GroupStrategy::MustRunAs(ranges) => default_id(ranges, pod),
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
