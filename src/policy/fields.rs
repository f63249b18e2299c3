//! The fields of one policy, and which of them are those of the policy before.

use super::Policy;
use crate::json::Value;
use crate::rule::Entry;
use crate::rule::spec::Spec;
use crate::rules;

/// The fields of a policy, as rules read them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SpecFields<'v, 's> {
    /// The fields of the spec by the index of their rule; `null` where there is none.
    values: [Value<'v, 's>; rules::COUNT],
    annotations: Value<'v, 's>,
    /// The fields that are written as in the policy before, a bit each, and behind them the annotations.
    repeated: u64,
}

/// The previous policy in a list, if it has no errors: policies of one cluster have most of their fields in common, and
/// those need not be checked and loaded again.
#[derive(Clone, Copy)]
pub(crate) struct PreviousPolicy<'p, 'v, 's> {
    pub(crate) policy: &'p Policy<'s>,
    pub(crate) fields: &'p SpecFields<'v, 's>,
}

/// The bit of the annotations.
const ANNOTATIONS: u64 = 1 << rules::COUNT;

impl<'v, 's> SpecFields<'v, 's> {
    pub(crate) fn new(annotations: Value<'v, 's>, previous: Option<&PreviousPolicy<'_, 'v, 's>>) -> Self {
        let mut repeated = 0;
        if let Some(PreviousPolicy { fields, .. }) = previous {
            // A field that both lack is the same in both; `keep` clears that for those that this policy has.
            for (index, field) in fields.values.iter().enumerate() {
                repeated |= u64::from(field.is_absent()) << index;
            }
            if fields.annotations.is_written_like(annotations) {
                repeated |= ANNOTATIONS;
            }
        }
        SpecFields { values: Default::default(), annotations, repeated }
    }

    /// Keeps the field with this number, and returns whether it differs from the previous policy's.
    pub(crate) fn keep(
        &mut self,
        number: usize,
        value: Value<'v, 's>,
        previous: Option<&PreviousPolicy<'_, 'v, 's>>,
    ) -> bool {
        let Some(field) = self.values.get_mut(number) else { return true };
        *field = value;
        let before = previous.and_then(|previous| previous.fields.values.get(number));
        let repeats = before.is_some_and(|before| before.is_written_like(value));
        let bit = 1 << number;
        self.repeated = if repeats { self.repeated | bit } else { self.repeated & !bit };
        !repeats
    }

    /// Hands a rule its own field and those that it reads as well.
    pub(crate) fn hand_to(&self, index: usize, entry: &'static Entry, spec: &mut Spec<'v, 's>) {
        let value = |index: usize| self.values.get(index).copied().unwrap_or_default();
        spec.rule = Some(entry);
        spec.own = value(index);
        for (other, index) in spec.others.iter_mut().zip(rules::read_by(index)) {
            *other = value(*index);
        }
    }

    /// Whether all that a rule reads is as in the previous policy.
    pub(crate) fn repeats(&self, index: usize, entry: &Entry) -> bool {
        let annotations = if entry.annotations.is_empty() { 0 } else { ANNOTATIONS };
        let others = rules::read_by(index).iter().fold(0, |bits, other| bits | 1 << other);
        let read = 1 << index | others | annotations;
        self.repeated & read == read
    }
}
