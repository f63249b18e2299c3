//! Names with a `*` at an end, as Gatekeeper's `match` has them.

use serde_json::Value;

/// A name, or a part of one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Glob {
    Exact(String),
    Start(String),
    End(String),
    Part(String),
}

impl Glob {
    /// Reads a glob; `None` if it has a `*` in the middle, or what no name has.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (rest, open_start) = text.strip_prefix('*').map_or((text, false), |rest| (rest, true));
        let (rest, open_end) = rest.strip_suffix('*').map_or((rest, false), |rest| (rest, true));
        let is_of_name =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.:".contains(&byte);
        if !rest.bytes().all(is_of_name) || (rest.is_empty() && !open_start) {
            return None;
        }
        let rest = rest.to_owned();
        Some(match (open_start, open_end) {
            (false, false) => Glob::Exact(rest),
            (false, true) => Glob::Start(rest),
            (true, false) => Glob::End(rest),
            (true, true) => Glob::Part(rest),
        })
    }

    /// The CEL expression that is true for a text that matches.
    fn expression(&self, subject: &str) -> String {
        let (function, text) = match self {
            Glob::Exact(text) => return format!("{subject} == {}", quoted(text)),
            Glob::Start(text) => ("startsWith", text),
            Glob::End(text) => ("endsWith", text),
            Glob::Part(text) => ("contains", text),
        };
        format!("{subject}.{function}({})", quoted(text))
    }
}

/// A text in CEL.
pub(super) fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// The CEL expression that is true for a text that any of them matches.
pub(super) fn any_of(globs: &[Glob], subject: &str) -> String {
    globs.iter().map(|glob| glob.expression(subject)).collect::<Vec<_>>().join(" || ")
}

/// The names without `*`, and the rest, each once and in order.
pub(super) fn divided(globs: Vec<Glob>) -> (Vec<String>, Vec<Glob>) {
    let mut sorted = globs;
    sorted.sort();
    sorted.dedup();
    let (names, open): (Vec<_>, Vec<_>) = sorted.into_iter().partition(|glob| matches!(glob, Glob::Exact(_)));
    let names = names.into_iter().filter_map(|glob| match glob {
        Glob::Exact(name) => Some(name),
        _ => None,
    });
    (names.collect(), open)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::name("shop", Some("x == \"shop\""))]
    #[case::start("kube-*", Some("x.startsWith(\"kube-\")"))]
    #[case::end("*-system", Some("x.endsWith(\"-system\")"))]
    #[case::part("*test*", Some("x.contains(\"test\")"))]
    #[case::any("*", Some("x.endsWith(\"\")"))]
    #[case::in_the_middle("a*b", None)]
    #[case::not_of_a_name("a\"b", None)]
    #[case::empty("", None)]
    fn becomes_an_expression(#[case] text: &str, #[case] expected: Option<&str>) {
        let expression = Glob::parse(text).map(|glob| any_of(&[glob], "x"));
        assert_eq!(expression.as_deref(), expected);
    }
}
