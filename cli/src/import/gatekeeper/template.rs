//! Templates: whether their code is what the library has published.
//!
//! A template may hold several programs, in Rego and in CEL. Each is compared by the digest of its text: lines without
//! the space around them, without empty ones and comments. A list of the digests of all published versions is enough to
//! know an edited copy.

use std::collections::BTreeMap;

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::import::piece::Piece;
use crate::input::Object;

const PUBLISHED: &str = include_str!("templates.txt");

/// The templates of the input, by the kind of their constraints.
#[derive(Debug, Default)]
pub(super) struct Templates(BTreeMap<String, Origin>);

/// Where the code of a template comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    Newest,
    Older,
    Edited,
}

/// The kind of constraints that a template makes.
pub(super) fn kind(template: &Object) -> Option<String> {
    let kind = template.value().pointer("/spec/crd/spec/names/kind")?.as_str()?.to_owned();
    (template.kind == "ConstraintTemplate").then_some(kind)
}

impl Templates {
    /// Reads the templates, with a line for each.
    pub(super) fn read(objects: &[Object]) -> (Self, Vec<(String, String)>) {
        let mut templates = Templates::default();
        let mut lines = Vec::new();
        for object in objects {
            let Some(kind) = kind(object) else { continue };
            let origin = origin(&kind, &object.value());
            let reason = match origin {
                Origin::Newest => "its code is the library's, and what its constraints demand is converted",
                Origin::Older => "its code is that of an earlier version of the library",
                Origin::Edited => EDITED,
            };
            templates.0.insert(kind, origin);
            lines.push((object.title(), reason.to_owned()));
        }
        (templates, lines)
    }

    /// Why constraints of this kind cannot be converted, if their template is not the library's.
    pub(super) fn edited(&self, kind: &str) -> Option<&'static str> {
        self.has(kind, Origin::Edited).then_some(EDITED)
    }

    /// Whether the template of this kind is an earlier version.
    pub(super) fn is_older(&self, kind: &str) -> bool {
        self.has(kind, Origin::Older)
    }

    fn has(&self, kind: &str, origin: Origin) -> bool {
        self.0.get(kind) == Some(&origin)
    }
}

const EDITED: &str = "the code of its template is none that gatekeeper-library has published";

/// Notes that a template is not of the newest version.
pub(super) fn note_age(piece: &mut Piece) {
    piece.differs(
        "ConstraintTemplate",
        "an earlier version of the library's code decided",
        "the newest version's demands are converted",
        "versions differ in details, such as exempt images and updates",
    );
}

fn origin(kind: &str, template: &Value) -> Origin {
    let programs = programs(template);
    let known = |digest: &str| {
        let lines = PUBLISHED.lines().map(|line| line.split(' ').collect::<Vec<_>>());
        lines.into_iter().find_map(|line| match line.as_slice() {
            [of, published, age] if *of == kind && *published == digest => Some(*age == "newest"),
            _ => None,
        })
    };
    let ages: Vec<Option<bool>> = programs.iter().map(|program| known(&digest(program))).collect();
    if ages.is_empty() || ages.contains(&None) {
        Origin::Edited
    } else if ages.contains(&Some(false)) {
        Origin::Older
    } else {
        Origin::Newest
    }
}

/// The programs of a template: Rego with its libraries, and whatever other engines have.
fn programs(template: &Value) -> Vec<String> {
    let targets = template.pointer("/spec/targets").and_then(Value::as_array).into_iter().flatten();
    let mut programs = Vec::new();
    for target in targets {
        programs.extend(rego(target));
        for code in target.get("code").and_then(Value::as_array).into_iter().flatten() {
            let source = code.get("source").unwrap_or(&Value::Null);
            programs.push(rego(source).unwrap_or_else(|| {
                let mut texts = Vec::new();
                collect(source, &mut texts);
                texts.join("\n")
            }));
        }
    }
    programs
}

fn rego(source: &Value) -> Option<String> {
    let main = source.get("rego")?.as_str()?;
    let libraries = source.get("libs").and_then(Value::as_array).into_iter().flatten();
    let texts: Vec<&str> = std::iter::once(main).chain(libraries.filter_map(Value::as_str)).collect();
    Some(texts.join("\n"))
}

/// All keys and values in the order of the keys, which is the one thing that API servers do not keep.
fn collect(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::Object(entries) => {
            let sorted: BTreeMap<_, _> = entries.iter().collect();
            for (key, value) in sorted {
                texts.push(key.clone());
                collect(value, texts);
            }
        }
        Value::Array(elements) => elements.iter().for_each(|element| collect(element, texts)),
        Value::String(text) => texts.push(text.clone()),
        other => texts.push(other.to_string()),
    }
}

fn digest(program: &str) -> String {
    let lines = program.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let normalised = lines.collect::<Vec<_>>().join("\n");
    let digest = Sha256::digest(normalised.as_bytes());
    digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[test]
    fn space_and_comments_do_not_count() {
        assert_eq!(digest("a\n  b\n"), digest("  a\n\n# why\nb"));
        assert_ne!(digest("a\nb"), digest("a b"));
    }

    #[rstest]
    #[case::rego(json!({"rego": "a", "libs": ["b"]}), &["a\nb"])]
    #[case::engines(json!({"code": [{"engine": "K8sNativeValidation", "source": {"variables": [{"name": "x", "expression": "1"}]}},
        {"engine": "Rego", "source": {"rego": "a"}}]}), &["variables\nexpression\n1\nname\nx", "a"])]
    #[case::none(json!({}), &[])]
    fn programs_are_found(#[case] target: Value, #[case] expected: &[&str]) {
        assert_eq!(programs(&json!({"spec": {"targets": [target]}})), expected);
    }

    #[test]
    fn code_that_is_not_listed_is_edited() {
        let template = json!({"spec": {"targets": [{"rego": "package x"}]}});
        assert_eq!(origin("K8sPSPProcMount", &template), Origin::Edited);
        assert_eq!(origin("K8sPSPProcMount", &json!({})), Origin::Edited);
    }

    #[test]
    fn the_list_is_well_formed() {
        let lines: Vec<&str> = PUBLISHED.lines().filter(|line| !line.starts_with('#')).collect();
        assert!(lines.is_sorted() && lines.len() > 200, "{} lines", lines.len());
        for line in lines {
            let [kind, digest, age] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
            assert!(kind.starts_with("K8sPSP") && digest.len() == 32, "{line}");
            assert!(["newest", "older"].contains(&age), "{line}");
        }
    }
}
