//! The strategies that several rules share.

use std::fmt::{self, Display};

use crate::pod::Pod;
use crate::rule::ranges::IdRanges;
use crate::rule::spec::RANGES;
use crate::rule::{Findings, Spec};
use crate::schema::{Field, Shape};

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

/// The strategy for the id of a user or group; `RunAsAny` demands nothing.
pub(crate) struct IdStrategy {
    /// An id, if set, must be in one of them.
    pub(crate) ranges: IdRanges,
    /// `MustRunAs`: an id must be set, and the lowest of the first range is the default. Otherwise it is `MayRunAs`.
    pub(crate) is_demanded: bool,
}

impl IdStrategy {
    /// Builds the strategy from its name and its ranges.
    pub(crate) fn load(spec: &mut Spec<'_, '_>, field: &str, rule: Option<&str>) -> Option<Self> {
        let is_demanded = rule == Some("MustRunAs");
        let has_ranges = is_demanded || rule == Some("MayRunAs");
        let ranges = spec.ranges(field, has_ranges).filter(|_| has_ranges)?;
        Some(IdStrategy { ranges, is_demanded })
    }

    /// The default id. None for a pod in whose user namespace that id does not exist.
    pub(crate) fn default_id(&self, pod: &Pod<'_>) -> Option<i64> {
        let id = self.ranges.default_id;
        let exists = id <= LAST_MAPPED_ID || !pod.has_user_namespace();
        if self.is_demanded && exists { Some(id) } else { None }
    }

    /// Reports an id that is not allowed; `subject` and `inherited` stand around the demand.
    pub(crate) fn judge(
        &self,
        field: &str,
        id: i64,
        subject: impl Display,
        inherited: &str,
        found: &mut Findings<'_>,
    ) {
        let ranges = &self.ranges;
        if !ranges.allow(id) {
            found.invalid(field, id, format_args!("{subject}must be in the ranges: {ranges}{inherited}"));
            found.wants(|| vec![ranges.default_id.to_string()]);
        }
    }

    /// Reports that no id is set, if one must be.
    pub(crate) fn judge_unset(&self, field: &str, pod: &Pod<'_>, found: &mut Findings<'_>) {
        if self.is_demanded && !pod.is_windows() {
            let (ranges, why) = (&self.ranges, self.not_filled(pod));
            found.required(field, format_args!("must be in the ranges: {ranges}{why}"));
            found.wants(|| vec![ranges.default_id.to_string()]);
        }
    }

    /// Explains for a pod whose id must be set why no default is set, behind the demand.
    pub(crate) fn not_filled(&self, pod: &Pod<'_>) -> impl Display {
        let id = self.ranges.default_id;
        let is_filled = self.default_id(pod).is_some();
        fmt::from_fn(move |f| {
            if is_filled {
                return Ok(());
            }
            write!(
                f,
                "; the default {id} is not filled in, because pods with hostUsers: false have no ids above {LAST_MAPPED_ID}"
            )
        })
    }
}
