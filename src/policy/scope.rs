//! Which part of a pod a policy reviews.

use crate::pod::Slot;
use crate::pod::diff::Writable;
use crate::rule::{RuleSet, RulesByContainer};

/// Which part of a pod is reviewed, where defaults may be written, and which rules are exempt there.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// The containers that are reviewed, in visiting order; `None` means all of them.
    pub reviewed: Option<Vec<Slot>>,
    /// Where defaults may be written.
    pub writable: Writable,
    /// The rules that neither validate nor mutate anywhere.
    pub exempt: RuleSet,
    /// The rules that neither validate nor mutate in single containers.
    pub exempt_in: RulesByContainer,
    /// The rules that set no default where it could not be written, because their violations do not deny.
    pub unfilled: RuleSet,
}

impl Scope {
    pub(super) fn reviews(&self, slot: Slot) -> bool {
        self.reviewed.as_ref().is_none_or(|reviewed| reviewed.binary_search(&slot).is_ok())
    }

    /// The rules that are exempt in a container.
    pub(crate) fn exempt_at(&self, slot: Slot) -> RuleSet {
        self.exempt.or(self.exempt_in.at(slot))
    }

    /// Whether anything is exempt.
    pub(crate) fn exempts_nothing(&self) -> bool {
        self.exempt.is_empty() && self.exempt_in.is_empty()
    }

    /// The rules that set no default: those that are exempt, and some where nothing could be written.
    pub(super) fn not_filled(&self, exempt: RuleSet, writable: bool) -> RuleSet {
        if writable { exempt } else { exempt.or(self.unfilled) }
    }
}
