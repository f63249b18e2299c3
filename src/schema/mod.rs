//! The allowed form of settings, as data.
//!
//! One table per object drives three things that would otherwise drift apart: the check that finds wrong types and
//! unknown keys, the JSON Schema, and the settings reference.
//!
//! ```
//! use pod_security_policy::schema::subdomain_problem;
//!
//! assert_eq!(subdomain_problem("restricted.example"), None);
//! assert!(subdomain_problem("Restricted").is_some());
//! ```

use std::fmt::{self, Display};

pub(crate) use crate::json::Path;
use crate::json::{Listed, Quoted, STRING, TWICE, Value, joined, place_of, same_name};

pub mod kubernetes;
pub(crate) mod names;

pub use names::subdomain_problem;

/// A key of an object and the shape of its value.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// The key.
    pub name: &'static str,
    /// The shape of its value.
    pub shape: Shape,
    /// Its meaning, in one sentence.
    pub doc: &'static str,
}

impl Field {
    /// A key, the shape of its value, and its meaning, which the module leaves out.
    pub(crate) const fn new(name: &'static str, shape: Shape, doc: &'static str) -> Self {
        Field { name, shape, doc: doc_only(doc) }
    }
}

/// The allowed form of a value.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// `true` or `false`
    Flag,
    /// A whole number
    Integer,
    /// A string
    Text,
    /// One of these strings
    OneOf(&'static [&'static str]),
    /// A list whose elements all look like this
    List(&'static Shape),
    /// An object with these keys and no other
    Object(&'static [Field]),
    /// An object whose keys are free and whose values all look like this
    Map(&'static Shape),
    /// An object of the second shape, or a value of the first.
    Either(&'static Shape, &'static Shape),
    /// Anything: validated elsewhere.
    Any,
}

/// An error in settings: path and reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The path from the root of the settings; empty for the settings as a whole.
    pub path: String,
    /// The problem, and the expected value.
    pub reason: String,
    /// The kind of problem.
    pub kind: ProblemKind,
}

/// The kinds of errors in settings that tools treat on their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProblemKind {
    /// An object has a field that is not known.
    UnknownField,
    /// A value has another type where a string is expected.
    NoString,
    /// A value is missing.
    Required,
    /// Anything else.
    Other,
}

impl Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let colon = if self.path.is_empty() { "" } else { ": " };
        write!(f, "{}{colon}{}", self.path, self.reason)
    }
}

/// All errors in settings, in the order they were found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    /// Adds one.
    pub fn add(&mut self, path: impl Display, reason: impl Display) {
        self.add_kind(ProblemKind::Other, &path, &reason);
    }

    /// Adds that a text is not allowed.
    pub(crate) fn invalid(&mut self, path: impl Display, text: &str, reason: impl Display) {
        self.add(path, format_args!("Invalid value: {}: {reason}", Quoted(text)));
    }

    /// Adds one of a kind. What all problems have in common is compiled once.
    #[cold]
    pub(crate) fn add_kind(&mut self, kind: ProblemKind, path: &dyn Display, reason: &dyn Display) {
        self.0.push(Problem { path: path.to_string(), reason: reason.to_string(), kind });
    }
}

impl Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&joined(&self.0, "; "))
    }
}

impl std::error::Error for Problems {}

impl Shape {
    /// Finds every part of `value` that does not have this shape. A `null` has any shape.
    pub(crate) fn check(&self, value: Value<'_, '_>, path: &Path<'_>, problems: &mut Problems) {
        if value.is_null() {
            return;
        }
        let wanted = match self {
            Shape::Any => return,
            Shape::Either(other, object) => {
                let shape = if value.is_object() { object } else { other };
                return shape.check(value, path, problems);
            }
            Shape::Flag if value.flag().is_some() => return,
            Shape::Integer if value.integer().is_some() => return,
            Shape::Text if value.text().is_some() => return,
            Shape::OneOf(known) if let Some(text) = value.text() => {
                if place_of(&text, known).is_none() {
                    let (value, known) = (Quoted(&text), Listed(known));
                    problems.add(path, format_args!("Unsupported value: {value}: supported values: {known}"));
                }
                return;
            }
            Shape::List(shape) if value.is_list() => {
                for (index, element) in value.elements().enumerate() {
                    if element.is_null() {
                        problems.add(path.index(index), "must not be null");
                    }
                    shape.check(element, &path.index(index), problems);
                }
                return;
            }
            Shape::Object(fields) if value.is_object() => {
                let known = fields.iter().map(|field| field.name);
                check_object(value, path, problems, |key| numbered(fields, key), &known, |_, _| true);
                return;
            }
            Shape::Map(shape) if value.is_object() => {
                for (nth, (key, held)) in value.entries().enumerate() {
                    let place = path.key(&key);
                    if value.entries().take(nth).any(|(earlier, _)| earlier == key) {
                        problems.add(place, TWICE);
                    }
                    shape.check(held, &place, problems);
                }
                return;
            }
            Shape::Flag => "true or false",
            Shape::Integer => "a whole number",
            Shape::Text | Shape::OneOf(_) => STRING,
            Shape::List(_) => "a list",
            Shape::Object(_) | Shape::Map(_) => "an object",
        };
        let kind = if wanted == STRING { ProblemKind::NoString } else { ProblemKind::Other };
        problems.add_kind(kind, path, &format_args!("must be {wanted}, not {}", value.describe()));
    }
}

/// The number of the field with this name, and its shape.
pub(crate) fn numbered(fields: &[Field], key: &str) -> Option<(usize, Shape)> {
    let (number, field) = fields.iter().enumerate().find(|(_, field)| same_name(field.name, key))?;
    Some((number, field.shape))
}

/// Checks the values of an object: `find` returns the number, below 64, and the shape of a known key, and `each` gets
/// its value and returns whether it is yet to be checked. Returns whether it is an object at all.
pub(crate) fn check_object<'v, 's>(
    object: Value<'v, 's>,
    path: &Path<'_>,
    problems: &mut Problems,
    find: impl Fn(&str) -> Option<(usize, Shape)>,
    known: &(impl Iterator<Item = &'static str> + Clone),
    mut each: impl FnMut(usize, Value<'v, 's>) -> bool,
) -> bool {
    if !object.is_object() {
        if !object.is_null() {
            problems.add(path, format_args!("must be an object, not {}", object.describe()));
        }
        return false;
    }
    let mut seen = 0_u64;
    for (nth, (key, value)) in object.entries().enumerate() {
        let place = path.key(&key);
        match find(&key) {
            Some((number, shape)) => {
                let bit = 1_u64 << (number & 63);
                if seen & bit != 0 {
                    problems.add(place, TWICE);
                }
                seen |= bit;
                if each(number, value) {
                    shape.check(value, &place, problems);
                }
            }
            None => {
                let known: Vec<&str> = known.clone().collect();
                add_unknown(object, nth, &key, &place, &known, problems);
            }
        }
    }
    true
}

/// Adds that an object has a field that is not known, the `nth` one.
#[cold]
fn add_unknown(
    object: Value<'_, '_>,
    nth: usize,
    key: &str,
    place: &Path<'_>,
    known: &[&str],
    problems: &mut Problems,
) {
    if object.entries().take(nth).any(|(earlier, _)| earlier == key) {
        problems.add(place, TWICE);
    }
    problems.add_kind(ProblemKind::UnknownField, place, &unknown("field", key, known));
}

/// `unknown field; did you mean "privileged"?`
pub(crate) fn unknown(what: &str, name: &str, known: &[&str]) -> String {
    match nearest(name, known) {
        Some(near) => format!("unknown {what}; did you mean {}?", Quoted(near)),
        None => format!("unknown {what}; known are: {}", Listed(known)),
    }
}

/// The known name that takes the fewest edits to reach, if that is at most half of its characters.
pub(crate) fn nearest<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    let edits = |known: &&str| distance(&name.to_ascii_lowercase(), &known.to_ascii_lowercase());
    known.iter().copied().filter(|known| edits(known) * 2 <= known.len()).min_by_key(edits)
}

/// The Levenshtein distance of two texts, cut off at 100 characters.
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (1..=other.chars().count().min(100)).collect();
    for (i, a) in one.chars().take(100).enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, b) in row.iter_mut().zip(other.chars()) {
            let substituted = diagonal + usize::from(a != b);
            diagonal = *cell;
            *cell = substituted.min(left + 1).min(diagonal + 1);
            left = *cell;
        }
    }
    row.last().copied().unwrap_or_else(|| one.chars().count().min(100))
}

/// A sentence that tools and documents print. The module prints none of them and is the smaller for it.
pub(crate) const fn doc_only(sentence: &'static str) -> &'static str {
    if cfg!(target_arch = "wasm32") { "" } else { sentence }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Reader;
    use rstest::rstest;

    const THING: Shape = Shape::Object(&[
        Field { name: "flag", shape: Shape::Flag, doc: "" },
        Field { name: "size", shape: Shape::Integer, doc: "" },
        Field { name: "text", shape: Shape::Text, doc: "" },
        Field { name: "color", shape: Shape::OneOf(&["red", "green"]), doc: "" },
        Field {
            name: "parts",
            shape: Shape::List(&Shape::Object(&[Field { name: "name", shape: Shape::Text, doc: "" }])),
            doc: "",
        },
        Field { name: "notes", shape: Shape::Map(&Shape::Text), doc: "" },
        Field { name: "free", shape: Shape::Any, doc: "" },
    ]);

    fn check(text: &str) -> String {
        checked(text).to_string()
    }

    fn checked(text: &str) -> Problems {
        let mut problems = Problems::default();
        let tree: crate::json::Tree<'_> = Reader::document(text).unwrap();
        THING.check(tree.root(), &Path::ROOT, &mut problems);
        problems
    }

    #[rstest]
    #[case::empty("{}")]
    #[case::null("null")]
    #[case::nulls(r#"{"flag": null, "size": null, "text": null, "color": null, "parts": null, "notes": null, "free": null}"#)]
    #[case::all(r#"{"flag": true, "size": -3, "text": "", "color": "red", "parts": [{"name": "a"}, {}], "notes": {"a.b/c": "d", "e": null}, "free": [{"x": 1}]}"#)]
    fn accepts(#[case] text: &str) {
        assert_eq!(check(text), "");
    }

    #[rstest]
    #[case::flag(r#"{"flag": "true"}"#, "flag: must be true or false, not the string \"true\"")]
    #[case::integer(r#"{"size": "5"}"#, "size: must be a whole number, not the string \"5\"")]
    #[case::fraction(r#"{"size": 5.0}"#, "size: must be a whole number, not 5.0")]
    #[case::large(
        r#"{"size": 9223372036854775808}"#,
        "size: must be a whole number, not 9223372036854775808"
    )]
    #[case::text(r#"{"text": false}"#, "text: must be a string, not false")]
    #[case::one_of(
        r#"{"color": "blue"}"#,
        "color: Unsupported value: \"blue\": supported values: \"red\", \"green\""
    )]
    #[case::one_of_is_a_string(r#"{"color": ["red"]}"#, "color: must be a string, not a list")]
    #[case::list(r#"{"parts": {}}"#, "parts: must be a list, not an object")]
    #[case::element(r#"{"parts": [{}, 5]}"#, "parts[1]: must be an object, not 5")]
    #[case::null_element(r#"{"parts": [null]}"#, "parts[0]: must not be null")]
    #[case::map(r#"{"notes": []}"#, "notes: must be an object, not a list")]
    #[case::value_of_a_map(
        r#"{"notes": {"a": 1, "b.c/d": 2}}"#,
        "notes.a: must be a string, not 1; notes[b.c/d]: must be a string, not 2"
    )]
    #[case::object("[]", "must be an object, not a list")]
    #[case::unknown(r#"{"flags": 1}"#, "flags: unknown field; did you mean \"flag\"?")]
    #[case::capitals(r#"{"FLAG": 1}"#, "FLAG: unknown field; did you mean \"flag\"?")]
    #[case::unknown_in_depth(
        r#"{"parts": [{}, {"nam": 1}]}"#,
        "parts[1].nam: unknown field; did you mean \"name\"?"
    )]
    #[case::nothing_is_near(
        r#"{"parts": [{"qqqqqqqq": 1}]}"#,
        "parts[0].qqqqqqqq: unknown field; known are: \"name\""
    )]
    #[case::even_if_null(
        r#"{"qqqqqqqq": null}"#,
        "qqqqqqqq: unknown field; known are: \"flag\", \"size\", \"text\", \"color\", \"parts\", \"notes\", \"free\""
    )]
    #[case::twice(r#"{"flag": true, "flag": false}"#, "flag: duplicate key")]
    #[case::twice_in_a_map(r#"{"notes": {"a": "b", "a": "b"}}"#, "notes.a: duplicate key")]
    #[case::all_of_it(
        r#"{"flag": 1, "size": {}, "text": 2}"#,
        "flag: must be true or false, not 1; size: must be a whole number, not an object; text: must be a string, not 2"
    )]
    fn refuses(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(check(text), expected);
    }

    #[rstest]
    #[case::a_text(r#"{"text": 2}"#, &[ProblemKind::NoString])]
    #[case::another(r#"{"flag": 1, "size": {}, "parts": 5}"#, &[ProblemKind::Other; 3])]
    fn missing_quotes_are_a_kind_of_their_own(#[case] text: &str, #[case] expected: &[ProblemKind]) {
        let kinds: Vec<_> = checked(text).0.iter().map(|problem| problem.kind).collect();
        assert_eq!(kinds, expected);
    }

    #[rstest]
    #[case::same("abc", "abc", 0)]
    #[case::empty("", "abc", 3)]
    #[case::from_empty("abc", "", 3)]
    #[case::replaced("kitten", "sitting", 3)]
    #[case::left_out("privilegd", "privileged", 1)]
    #[case::put_in("privilegeed", "privileged", 1)]
    #[case::characters_count_not_bytes("é", "e", 1)]
    #[case::long_names_are_cut_off(&"a".repeat(500), &"b".repeat(500), 100)]
    fn distances(#[case] one: &str, #[case] other: &str, #[case] expected: usize) {
        assert_eq!((distance(one, other), distance(other, one)), (expected, expected));
    }
}
