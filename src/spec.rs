//! One PodSecurityPolicy, as rules load from it.

use std::fmt::Display;

use crate::json::Text;
use crate::policy::Policy;
use crate::prose::prose;
use crate::ranges::{IdRange, IdRanges};
use crate::rule::Entry;
use crate::rules;
use crate::shape::{Field, Path, Problems, Shape};
use crate::value::Value;
use crate::volume_types::VolumeTypes;

/// What a policy says to the rules.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Said<'v, 's> {
    /// The fields of the spec by the index of the rule that they are for; `null` where it has none.
    fields: [Value<'v, 's>; rules::COUNT],
    annotations: Value<'v, 's>,
    /// The fields that are written as in the policy before, a bit each, and behind them the annotations.
    repeated: u64,
}

/// The policy before in a list, which is found to be without fault: policies of one cluster have most of their fields in
/// common, and those need not be checked and loaded again.
#[derive(Clone, Copy)]
pub(crate) struct Model<'p, 'v, 's> {
    pub(crate) policy: &'p Policy<'s>,
    pub(crate) said: &'p Said<'v, 's>,
}

/// The bit of the annotations.
const ANNOTATIONS: u64 = 1 << rules::COUNT;

impl<'v, 's> Said<'v, 's> {
    pub(crate) fn new(annotations: Value<'v, 's>, model: Option<&Model<'_, 'v, 's>>) -> Self {
        let mut repeated = 0;
        if let Some(Model { said, .. }) = model {
            // What neither of them has is the same in both; `keep` takes that back for what this one has.
            for (index, field) in said.fields.iter().enumerate() {
                repeated |= u64::from(field.is_absent()) << index;
            }
            if said.annotations.is_written_like(annotations) {
                repeated |= ANNOTATIONS;
            }
        }
        Said { fields: Default::default(), annotations, repeated }
    }

    /// Keeps the field with this number, and says whether it is another than in the policy before.
    pub(crate) fn keep(
        &mut self,
        number: usize,
        value: Value<'v, 's>,
        model: Option<&Model<'_, 'v, 's>>,
    ) -> bool {
        let Some(field) = self.fields.get_mut(number) else { return true };
        *field = value;
        let before = model.and_then(|model| model.said.fields.get(number));
        let repeats = before.is_some_and(|before| before.is_written_like(value));
        let bit = 1 << number;
        self.repeated = if repeats { self.repeated | bit } else { self.repeated & !bit };
        !repeats
    }

    /// Whether all that a rule reads is as in the policy before.
    pub(crate) fn repeats(&self, index: usize, entry: &Entry) -> bool {
        let annotations = if entry.annotations.is_empty() { 0 } else { ANNOTATIONS };
        let others = entry
            .reads
            .iter()
            .filter_map(|field| rules::index(field))
            .fold(0, |bits, other| bits | 1 << other);
        let read = 1 << index | others | annotations;
        self.repeated & read == read
    }
}

/// The spec and the annotations of one policy, and where they stand in the settings.
///
/// Types and unknown keys have been checked before: a value of the wrong type reads as absent here, since settings
/// with a problem never judge a pod.
pub struct Spec<'v, 's> {
    pub(crate) said: &'v Said<'v, 's>,
    /// The rule that is being loaded: its index, and what it reads beside its own field.
    pub(crate) rule: Option<(usize, &'static Entry)>,
    /// The volume types that are listed, once somebody has looked: four rules do.
    pub(crate) volume_types: Option<VolumeTypes>,
    pub(crate) at: Path<'v>,
    pub(crate) annotations_at: Path<'v>,
    pub(crate) problems: &'v mut Problems,
}

/// The shape of `ranges`.
pub(crate) const RANGES: Shape = Shape::List(&Shape::Object(&[
    Field { name: "min", shape: Shape::Integer, doc: prose("The first id of the range.") },
    Field { name: "max", shape: Shape::Integer, doc: prose("The last id of the range.") },
]));

impl<'v, 's> Spec<'v, 's> {
    /// A field of the spec; nothing if it is absent or `null`.
    ///
    /// A rule sees what its entry says that it reads, and nothing else: rules are loaded anew only if that changes.
    pub(crate) fn get(&self, field: &str) -> Option<Value<'v, 's>> {
        let (index, entry) = self.rule?;
        // Most rules look for their own field, and name it by the very same text.
        let index = if std::ptr::eq(field, entry.id) || field == entry.id {
            Some(index)
        } else if entry.reads.contains(&field) {
            rules::index(field)
        } else {
            None
        };
        self.said.fields.get(index?).copied().filter(|value| !value.is_null())
    }

    /// The types under `volumes`.
    pub(crate) fn volume_types(&mut self) -> VolumeTypes {
        let list = self.get("volumes").unwrap_or_default();
        *self.volume_types.get_or_insert_with(|| VolumeTypes::listed(list))
    }

    /// A boolean; absent is `false`.
    pub(crate) fn flag(&self, field: &str) -> bool {
        self.get(field).and_then(Value::flag).unwrap_or_default()
    }

    /// A list of strings; absent is empty.
    pub(crate) fn texts(&self, field: &str) -> Vec<Text<'s>> {
        self.get(field).map(texts).unwrap_or_default()
    }

    /// The strings under `key` of each object in a list; an absent one is empty.
    pub(crate) fn texts_under(&self, field: &str, key: &str) -> Vec<Text<'s>> {
        let elements = self.get(field).unwrap_or_default().elements();
        elements.map(|element| element.get(key).and_then(Value::text).unwrap_or_default()).collect()
    }

    /// An annotation of the policy; absent and empty differ.
    pub(crate) fn annotation(&self, key: &str) -> Option<Text<'s>> {
        self.said.annotations.get(key).and_then(Value::text)
    }

    /// Something is wrong with a field; `field` continues the path of the spec.
    pub(crate) fn problem(&mut self, field: impl Display, reason: impl Display) {
        let at = self.at;
        let dot = if matches!(at, Path::Root) { "" } else { "." };
        self.problems.add(format_args!("{at}{dot}{field}"), reason);
    }

    /// Something is wrong with an annotation.
    pub(crate) fn annotation_problem(&mut self, key: &str, reason: impl Display) {
        let at = self.annotations_at;
        self.problems.add(format_args!("{at}[{key}]"), reason);
    }

    /// The strategy under `field.rule`. Only an absent one is told here: an unknown one is a matter of its shape.
    pub(crate) fn strategy(&mut self, field: &str, known: &[&str]) -> Option<Text<'s>> {
        let rule = self.get(field).and_then(|strategy| strategy.get("rule"));
        if let Some(rule) = rule {
            return rule.text();
        }
        let supported = crate::shape::Listed(known);
        self.problem(
            format_args!("{field}.rule"),
            format_args!("Required value: supported values: {supported}"),
        );
        None
    }

    /// Both ends of a range. `PodSecurityPolicy` read a missing one as 0, so that `{max: 65535}` allowed root and made it
    /// the default; settings must say what they mean.
    pub(crate) fn ends(&mut self, at: impl Display, range: Value<'_, '_>) -> Option<(i64, i64)> {
        let ends = ["min", "max"].map(|end| (end, range.get(end)));
        for (end, _) in ends.iter().filter(|(_, value)| range.is_object() && value.is_none()) {
            self.problem(format_args!("{at}.{end}"), "Required value: both ends of a range must be set");
        }
        match ends.map(|(_, value)| value.and_then(Value::integer)) {
            [Some(min), Some(max)] => Some((min, max)),
            _ => None,
        }
    }

    /// The ranges under `field.ranges`, each of which must hold at least one id. `demanded` says that an empty list
    /// would make the policy one that no pod can satisfy.
    pub(crate) fn ranges(&mut self, field: &str, demanded: bool) -> Option<IdRanges> {
        let list = self.get(field).and_then(|strategy| strategy.get("ranges")).unwrap_or_default();
        let mut ranges = Vec::with_capacity(list.elements().count());
        for (index, range) in list.elements().enumerate() {
            let at = format_args!("{field}.ranges[{index}]");
            let Some((min, max)) = self.ends(at, range) else { continue };
            for (wrong, end, value, reason) in [
                (min < 0, "min", min, "min cannot be negative"),
                (max < 0, "max", max, "max cannot be negative"),
                (min > max, "min", min, "min cannot be greater than max"),
            ] {
                if wrong {
                    let reason = format_args!("Invalid value: {value}: {reason}");
                    self.problem(format_args!("{at}.{end}"), reason);
                }
            }
            ranges.push(IdRange { min, max });
        }
        let is_empty = list.elements().next().is_none();
        let ranges = IdRanges::new(ranges);
        if is_empty && demanded {
            self.problem(format_args!("{field}.ranges"), "Required value: must provide at least one range");
        }
        ranges
    }
}

/// The strings of a list.
pub(crate) fn texts<'s>(value: Value<'_, 's>) -> Vec<Text<'s>> {
    let mut texts = Vec::with_capacity(value.elements().count());
    texts.extend(value.elements().filter_map(Value::text));
    texts
}
