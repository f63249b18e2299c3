//! Fields of a pod that this version does not know.
//!
//! The table is made from the API's own types (`xtask/src/fields.rs`). It is read as text, and only where the option
//! `unknownFields` is set: other reviews take nothing of it.

use std::collections::BinaryHeap;
use std::sync::LazyLock;

use super::Evaluator;
use super::response::Response;
use crate::json::{Quoted, Read, Reader, Step, Text};
use crate::rule::{Action, NonDenying, SPELT_OUT, Violation, ViolationKind, cut, join};
use crate::schema::nearest;

/// A line for each type: its name and its fields, each with the type of its value behind a `>` if that has fields. Lines and
/// fields are sorted by name.
const KNOWN: &str = include_str!("unknown_fields/known.txt");

/// The type of a pod's `spec`.
const SPEC: &str = "PodSpec";

/// The name by which violations of the option are known.
const OPTION: &str = "unknownFields";

/// A field that is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownField {
    /// Its path from the pod.
    pub path: String,
    key: String,
    /// The type of the object that has it.
    kind: &'static str,
}

impl UnknownField {
    fn new(path: &str, key: &str, kind: &'static str) -> Self {
        UnknownField { path: cut(&path), key: key.to_owned(), kind }
    }

    /// The known field of the same object that has the most similar name. To find it takes long, so that it is looked for
    /// only where it is shown: a pod can have many such fields.
    pub fn nearest(&self) -> Option<&'static str> {
        let known: Vec<&str> = TYPES.fields(self.kind).iter().map(|(name, _)| *name).collect();
        nearest(&self.key, &known)
    }

    /// The problem, and which field may have been meant.
    pub fn problem(&self) -> String {
        match self.nearest() {
            Some(near) => format!("unknown field; did you mean {}?", Quoted(near)),
            None => "unknown field".to_owned(),
        }
    }
}

/// A type: its name, and its fields, each with the name of the type of its value; that is empty for values without a table.
type Type = (&'static str, Vec<(&'static str, &'static str)>);

/// The types, sorted by name, each with sorted fields: a pod can have very many objects and fields to look up.
struct Types(Vec<Type>);

/// Read once, since tools look at very many pods.
static TYPES: LazyLock<Types> = LazyLock::new(Types::read);

impl Types {
    fn read() -> Self {
        let types = KNOWN.lines().filter_map(|line| {
            let (name, fields) = line.split_once(' ')?;
            let fields = fields.split_ascii_whitespace();
            Some((name, fields.map(|word| word.split_once('>').unwrap_or((word, ""))).collect()))
        });
        Types(types.collect())
    }

    fn fields(&self, kind: &str) -> &[(&'static str, &'static str)] {
        let place = self.0.binary_search_by(|(name, _)| (*name).cmp(kind));
        place.ok().and_then(|place| self.0.get(place)).map_or(&[], |(_, fields)| fields)
    }
}

/// Every field of a pod, as JSON, that is not known, in document order.
///
/// # Errors
///
/// If the text is not JSON.
pub fn unknown_fields(pod: &str) -> Read<Vec<UnknownField>> {
    let mut found = Vec::new();
    each_unknown(pod, &mut |path, key, kind| found.push(UnknownField::new(path, key, kind)))?;
    Ok(found)
}

/// Calls for each unknown field of a pod with its path, its name, and the type of the object that has it. A pod can have
/// very many, so that only what is kept becomes texts of their own.
fn each_unknown(pod: &str, found: &mut Found<'_>) -> Read<()> {
    let mut reader = Reader::new(pod);
    if reader.next_byte() != Some(b'{') {
        return Ok(());
    }
    let types = &*TYPES;
    reader.object(|reader, key| match &**key {
        "spec" => walk(reader, types, SPEC, &mut key.to_string(), found),
        _ => reader.skip_unchecked(),
    })
}

type Found<'a> = dyn FnMut(&str, &str, &'static str) + 'a;

/// `at` is the path of the value that the reader is at.
fn walk(
    reader: &mut Reader<'_>,
    types: &Types,
    kind: &'static str,
    at: &mut String,
    found: &mut Found<'_>,
) -> Read<()> {
    let start = at.len();
    let enter = |at: &mut String, step: Step<&str>| {
        at.truncate(start);
        // Writing to a text does not fail.
        let _ = step.write_to(at, false);
    };
    match reader.next_byte() {
        Some(b'[') => reader.list(|reader, index| {
            enter(at, Step::Index(index));
            walk(reader, types, kind, at, found)
        }),
        Some(b'{') => {
            let fields = types.fields(kind);
            reader.object(|reader, key: &Text<'_>| {
                let place = fields.binary_search_by(|(name, _)| (*name).cmp(key));
                match place.ok().and_then(|place| fields.get(place)) {
                    Some((_, "")) => reader.skip_unchecked(),
                    Some((_, of)) => {
                        enter(at, Step::Key(key));
                        walk(reader, types, of, at, found)
                    }
                    None => {
                        enter(at, Step::Key(key));
                        found(at, key, kind);
                        reader.skip_unchecked()
                    }
                }
            })
        }
        _ => reader.skip_unchecked(),
    }
}

/// A number that most other texts do not have (FNV-1a): to sort by it compares far fewer bytes than to sort paths that
/// start alike. Texts that share it are compared whole.
fn digest(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Whether sorted paths with their digests hold the path.
fn holds(sorted: &[(u64, String)], path: &str) -> bool {
    let digest = digest(path);
    sorted.binary_search_by(|(of, held)| of.cmp(&digest).then_with(|| (**held).cmp(path))).is_ok()
}

/// A path with `[*]` in place of indexes.
fn pattern(path: &str) -> String {
    let mut pattern = String::with_capacity(path.len());
    for (nth, part) in path.split('[').enumerate() {
        let index = part.split_once(']').filter(|(index, _)| index.bytes().all(|byte| byte.is_ascii_digit()));
        match index {
            Some((_, rest)) if nth > 0 => pattern.extend(["[*]", rest]),
            _ if nth > 0 => pattern.extend(["[", part]),
            _ => pattern.push_str(part),
        }
    }
    pattern
}

/// Whether the pattern is that of the path.
fn fits(path: &str, of: &str) -> bool {
    // Most paths differ at their end; only others are worth a text.
    path.bytes().next_back() == of.bytes().next_back() && pattern(path) == of
}

impl<'e> Evaluator<'e> {
    /// Adds the unknown fields of a pod to the response; `old` are pods that it replaces, and `within` the start of the
    /// paths that count.
    pub(super) fn judge_unknown_fields(
        &self,
        pod: &str,
        old: &[&str],
        (root, within): (&str, &str),
        response: &mut Response,
    ) -> Read<()> {
        let Some(option) = &self.settings.unknown_fields else { return Ok(()) };
        let mut before = BinaryHeap::new();
        for old in old {
            each_unknown(old, &mut |path, _, _| before.push((digest(path), path.to_owned())))?;
        }
        let before = before.into_sorted_vec();
        let (mut unknown, mut in_all) = (Vec::new(), 0);
        each_unknown(pod, &mut |path, key, kind| {
            let is_excepted = || option.except.iter().any(|pattern| fits(path, pattern));
            if !path.starts_with(within) || holds(&before, path) || is_excepted() {
                return;
            }
            in_all += 1;
            if in_all <= SPELT_OUT {
                unknown.push(UnknownField::new(path, key, kind));
            }
        })?;
        let violations = unknown.iter().map(|field| Violation {
            rule: OPTION,
            action: option.action,
            path: cut(&format_args!("{root}{}", field.path)),
            kind: ViolationKind::Forbidden,
            value: String::new(),
            detail: field.problem(),
            wanted: Vec::new(),
        });
        let violations: Vec<Violation> = violations.collect();
        let Some(first) = violations.first() else { return Ok(()) };
        match option.action {
            Action::Deny => {
                let reason = join(&violations, in_all);
                if response.rejection.is_none() {
                    response.set_cause(&first.path, first.problem());
                }
                response.rejection = Some(match response.rejection.take() {
                    Some(earlier) => [&*earlier, "; ", &*reason].concat(),
                    None => reason,
                });
                response.mutated_object = None;
                response.edits.clear();
            }
            Action::Warn => response.tolerate(violations, NonDenying { warned: in_all, audited: 0 }),
            Action::Audit => response.tolerate(violations, NonDenying { warned: 0, audited: in_all }),
            Action::Ignore => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
