//! One PodSecurityPolicy, from which rules are loaded.

use std::fmt::Display;

use crate::json::{Listed, Quoted, Text, Value};
use crate::pod::volume_type::VolumeTypes;
use crate::rule::Entry;
use crate::rule::ranges::{IdRanges, Range};
use crate::schema::{Field, Path, ProblemKind, Problems, Shape};

/// The spec and the annotations of one policy, and their paths in the settings.
///
/// Types and unknown keys have been checked before: a value of the wrong type reads as absent here, since settings with
/// a problem never evaluate a pod.
pub(crate) struct Spec<'v, 's> {
    /// The rule that is being loaded.
    pub(crate) rule: Option<&'static Entry>,
    /// The value of the rule's own field.
    pub(crate) own: Value<'v, 's>,
    /// The values of the other fields that the rule reads, in the order of [`Entry::reads`].
    pub(crate) others: [Value<'v, 's>; MOST_READS],
    /// The annotations of the policy.
    pub(crate) annotations: Value<'v, 's>,
    /// The minor version of Kubernetes whose lists hold.
    pub(crate) minor: u64,
    /// The volume types that are listed, once they are read: four rules use them.
    pub(crate) volume_types: Option<VolumeTypes>,
    pub(crate) at: Path<'v>,
    pub(crate) annotations_at: Path<'v>,
    pub(crate) problems: &'v mut Problems,
}

/// How many fields in addition to its own a rule reads at most.
pub(crate) const MOST_READS: usize = 2;

/// The shape of `ranges`.
pub(crate) const RANGES: Shape = Shape::List(&Shape::Object(&[
    Field::new("min", Shape::Integer, "The first id of the range."),
    Field::new("max", Shape::Integer, "The last id of the range."),
]));

impl<'v, 's> Spec<'v, 's> {
    /// A field of the spec; `None` if it is absent or `null`.
    ///
    /// A rule sees the fields that its entry lists, and nothing else: rules are loaded anew only if those change.
    pub(crate) fn get(&self, field: &str) -> Option<Value<'v, 's>> {
        let entry = self.rule?;
        // Most rules look for their own field, and name it by the very same text.
        let value = if std::ptr::eq(field, entry.id) || field == entry.id {
            self.own
        } else {
            let other = entry.reads.iter().position(|read| *read == field)?;
            *self.others.get(other)?
        };
        if value.is_null() { None } else { Some(value) }
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
        self.annotations.get(key).and_then(Value::text)
    }

    /// Reports an error of a field; `field` continues the path of the spec.
    pub(crate) fn problem(&mut self, field: impl Display, reason: impl Display) {
        let path = self.path(field);
        self.problems.add(path, reason);
    }

    /// Reports a value that is not allowed.
    pub(crate) fn invalid(&mut self, field: impl Display, value: impl Display, reason: impl Display) {
        self.problem(field, format_args!("Invalid value: {value}: {reason}"));
    }

    /// Reports that a field is missing.
    pub(crate) fn required(&mut self, field: impl Display, reason: impl Display) {
        let path = self.path(field);
        self.problems.add_kind(ProblemKind::Required, &path, &format_args!("Required value: {reason}"));
    }

    fn path(&self, field: impl Display) -> String {
        let dot = if self.at == Path::ROOT { "" } else { "." };
        format!("{}{dot}{field}", self.at)
    }

    /// Reports a value that is not allowed in an annotation.
    pub(crate) fn invalid_in_annotation(&mut self, key: &str, value: &str, reason: impl Display) {
        let (at, value) = (self.annotations_at, Quoted(value));
        self.problems.add(format_args!("{at}[{key}]"), format_args!("Invalid value: {value}: {reason}"));
    }

    /// The strategy under `field.rule`. Only an absent one is reported here: an unknown one violates its shape.
    pub(crate) fn strategy(&mut self, field: &str, known: &[&str]) -> Option<Text<'s>> {
        let rule = self.get(field).and_then(|strategy| strategy.get("rule"));
        if let Some(rule) = rule {
            return rule.text();
        }
        self.required(format_args!("{field}.rule"), format_args!("supported values: {}", Listed(known)));
        None
    }

    /// Both ends of a range. `PodSecurityPolicy` read a missing one as 0, so that `{max: 65535}` allowed root and made
    /// it the default; settings must be explicit.
    pub(crate) fn ends(&mut self, at: impl Display, range: Value<'_, '_>) -> Option<Range> {
        let ends = ["min", "max"].map(|end| (end, range.get(end)));
        for (end, _) in ends.iter().filter(|(_, value)| range.is_object() && value.is_none()) {
            self.required(format_args!("{at}.{end}"), "both ends of a range must be set");
        }
        match ends.map(|(_, value)| value.and_then(Value::integer)) {
            [Some(min), Some(max)] => Some(Range { min, max }),
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
            let Some(range) = self.ends(at, range) else { continue };
            let Range { min, max } = range;
            for (wrong, end, value, reason) in [
                (min < 0, "min", min, "min cannot be negative"),
                (max < 0, "max", max, "max cannot be negative"),
                (min > max, "min", min, "min cannot be greater than max"),
            ] {
                if wrong {
                    self.invalid(format_args!("{at}.{end}"), value, reason);
                }
            }
            ranges.push(range);
        }
        if demanded && list.elements().next().is_none() {
            self.required(format_args!("{field}.ranges"), "must provide at least one range");
        }
        IdRanges::new(ranges)
    }
}

/// The strings of a list.
pub(crate) fn texts<'s>(value: Value<'_, 's>) -> Vec<Text<'s>> {
    let mut texts = Vec::with_capacity(value.elements().count());
    texts.extend(value.elements().filter_map(Value::text));
    texts
}
