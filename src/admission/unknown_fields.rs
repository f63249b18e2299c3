//! Fields of a pod that this version does not know.
//!
//! The table is made from the API's own types (`tests/fields`). It is read as text, and only where the option
//! `unknownFields` is set: other reviews take nothing of it.

use std::collections::BinaryHeap;

use super::Evaluator;
use super::response::Response;
use crate::json::{Path, Quoted, Read, Reader, Text};
use crate::rule::{Action, NonDenying, SPELT_OUT, Violation, ViolationKind, cut, join};
use crate::schema::nearest;

/// A line for each type: its name and its fields, each with the type of its value behind a `>` if that has fields.
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
    /// The path with `[*]` in place of indexes.
    pub fn pattern(&self) -> String {
        pattern(&self.path)
    }

    /// The known field of the same object that has the most similar name. To find it takes long, so that it is looked for
    /// only where it is shown: a pod can have many such fields.
    pub fn nearest(&self) -> Option<&'static str> {
        nearest(&self.key, fields_of(self.kind).map(|(name, _)| name))
    }

    /// The problem, and which field may have been meant.
    pub fn problem(&self) -> String {
        match self.nearest() {
            Some(near) => format!("unknown field; did you mean {}?", Quoted(near)),
            None => "unknown field".to_owned(),
        }
    }
}

/// The fields of a type, each with the type of its value; nothing for a type that has no table.
fn fields_of(kind: &str) -> impl Iterator<Item = (&'static str, &'static str)> + Clone {
    let line = KNOWN.lines().find_map(|line| line.strip_prefix(kind)?.strip_prefix(' '));
    line.unwrap_or_default().split_ascii_whitespace().map(|word| word.split_once('>').unwrap_or((word, "")))
}

/// Every field of a pod, as JSON, that is not known, in document order.
///
/// # Errors
///
/// If the text is not JSON.
pub fn unknown_fields(pod: &str) -> Read<Vec<UnknownField>> {
    let mut found = Vec::new();
    let mut reader = Reader::new(pod);
    if reader.next_byte() != Some(b'{') {
        return Ok(found);
    }
    let at = Path::ROOT;
    reader.object(|reader, key| match &**key {
        "spec" => walk(reader, SPEC, &at.key(key), &mut found),
        _ => reader.skip_unchecked(),
    })?;
    Ok(found)
}

fn walk(
    reader: &mut Reader<'_>,
    kind: &'static str,
    at: &Path<'_>,
    found: &mut Vec<UnknownField>,
) -> Read<()> {
    match reader.next_byte() {
        Some(b'[') => reader.list(|reader, index| walk(reader, kind, &at.index(index), found)),
        Some(b'{') => {
            let fields = fields_of(kind);
            reader.object(|reader, key: &Text<'_>| match fields.clone().find(|(name, _)| name == key) {
                Some((_, "")) => reader.skip_unchecked(),
                Some((_, of)) => walk(reader, of, &at.key(key), found),
                None => {
                    found.push(UnknownField { path: cut(&at.key(key)), key: key.to_string(), kind });
                    reader.skip_unchecked()
                }
            })
        }
        _ => reader.skip_unchecked(),
    }
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
        let mut unknown = unknown_fields(pod)?;
        unknown.retain(|field| {
            let is_excepted = || {
                let pattern = field.pattern();
                option.except.iter().any(|path| *path == pattern)
            };
            field.path.starts_with(within) && (option.except.is_empty() || !is_excepted())
        });
        for old in old {
            if unknown.is_empty() {
                break;
            }
            let before = unknown_fields(old)?.into_iter().map(|field| field.path);
            let before = before.collect::<BinaryHeap<_>>().into_sorted_vec();
            unknown.retain(|field| before.binary_search(&field.path).is_err());
        }
        let in_all = unknown.len();
        let violations = unknown.iter().take(SPELT_OUT).map(|field| Violation {
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
