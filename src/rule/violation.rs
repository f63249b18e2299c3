//! Violations: the rule, the path and the problem.

use std::fmt::{self, Display, Write as _};

use super::RuleSet;

/// How many violations of each action a policy spells out; the rest is counted.
pub const SPELT_OUT: usize = 32;

/// How many bytes a message, an annotation of the audit log, or all warnings of a response may take: the author of a
/// pod chooses how many violations there are, and the API server sends them to the requester.
pub const ROOM: usize = 64 * 1024;

/// The room for the count of the rest.
pub(crate) const TAIL: usize = 64;

/// Items in a row that takes no more than so many bytes. The rest is counted: `a; b; and 3 more`.
pub(crate) struct Row {
    text: String,
    separator: &'static str,
    limit: usize,
    left_out: usize,
}

impl Row {
    pub(crate) fn new(separator: &'static str, limit: usize) -> Self {
        Row { text: String::new(), separator, limit: limit.saturating_sub(TAIL), left_out: 0 }
    }

    /// Adds one. Once one does not fit, all that follow are counted, so that the first ones are shown.
    pub(crate) fn push(&mut self, thing: &dyn Display) {
        let before = self.text.len();
        if self.left_out == 0 {
            let separator = if before == 0 { "" } else { self.separator };
            // Writing to a String cannot fail.
            let _ = write!(self.text, "{separator}{thing}");
        }
        if self.left_out > 0 || self.text.len() > self.limit {
            self.text.truncate(before);
            self.left_out += 1;
        }
    }

    /// The row; `more` items were not even tried.
    pub(crate) fn end(self, more: usize) -> String {
        let Row { mut text, separator, left_out, .. } = self;
        let more = left_out + more;
        if more > 0 {
            let separator = if text.is_empty() { "" } else { separator };
            let _ = write!(text, "{separator}and {more} more");
        }
        text
    }
}

/// `; and 3 more`, if there are more than [`SPELT_OUT`].
pub(crate) fn and_more(in_all: usize, separator: &str) -> String {
    match in_all.saturating_sub(SPELT_OUT) {
        0 => String::new(),
        more => format!("{separator}and {more} more"),
    }
}

/// The action of a violation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Action {
    /// The request is rejected.
    #[default]
    Deny,
    /// The request passes, with a warning.
    Warn,
    /// The request passes, with an audit annotation.
    Audit,
    /// The request passes, and the violation is dropped.
    Ignore,
}

/// The kinds of violations, which are those of the API server's field errors
/// (staging/src/k8s.io/apimachinery/pkg/util/validation/field/errors.go in kubernetes/kubernetes).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ViolationKind {
    /// A value is not allowed.
    Invalid,
    /// A value is missing.
    Required,
    /// A field must not be set, or not to this value.
    Forbidden,
    /// The detail is the whole message, as in the Pod Security Standards.
    Message,
}

/// One field that breaks a policy. Prints as the API server prints field errors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The rule that is violated: a field of the PSP spec, `seccomp` or `appArmor`, or the ID of a check of the Pod
    /// Security Standards.
    pub rule: &'static str,
    /// The action of the violation.
    pub action: Action,
    /// The path of the field from the root of the object, as its author wrote it; empty if the violation is of the
    /// pod as a whole.
    pub path: String,
    /// The kind of problem.
    pub kind: ViolationKind,
    /// The value of the field as JSON; empty for kinds other than [`ViolationKind::Invalid`].
    pub value: String,
    /// The reason: `Privileged containers are not allowed`. Can be empty where the path is enough.
    pub detail: String,
    /// Values of the field that would satisfy the rule, as JSON, where it names such values; for a list, the element that
    /// is missing. For tools that suggest a remedy: the module leaves them out.
    pub wanted: Vec<String>,
}

impl Violation {
    /// The violation without its path: `Invalid value: true: Privileged containers are not allowed`.
    pub fn problem(&self) -> String {
        fmt::from_fn(|f| self.write_problem(f)).to_string()
    }

    fn write_problem(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Violation { kind, value, detail, .. } = self;
        match kind {
            ViolationKind::Invalid if detail.is_empty() => write!(f, "Invalid value: {value}"),
            ViolationKind::Invalid => write!(f, "Invalid value: {value}: {detail}"),
            ViolationKind::Required => write!(f, "Required value: {detail}"),
            ViolationKind::Forbidden => write!(f, "Forbidden: {detail}"),
            ViolationKind::Message => f.write_str(detail),
        }
    }
}

impl Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        self.write_problem(f)
    }
}

/// Violations joined as a response shows them: `a; b; and 3 more`, in no more than [`ROOM`].
pub fn join(violations: &[Violation], in_all: usize) -> String {
    join_within(violations, in_all, ROOM)
}

/// Violations joined in no more than so many bytes.
pub(crate) fn join_within(violations: &[Violation], in_all: usize, limit: usize) -> String {
    let mut row = Row::new("; ", limit);
    violations.iter().for_each(|violation| row.push(violation));
    row.end(in_all.saturating_sub(violations.len()))
}

/// How many bytes of a path or a problem are shown. Texts of policies are shorter; names and values that the author of
/// a pod chose need not be, and a list of them is repeated for each of its members.
pub(super) const LONGEST: usize = 1024;

/// The start of the printed text, so that no payload is echoed whole.
pub(crate) fn cut(text: &dyn Display) -> String {
    cut_to(LONGEST, text)
}

/// The start of the printed text, in no more than so many bytes.
pub(crate) fn cut_to(room: usize, text: &dyn Display) -> String {
    let mut cut = Cut { text: String::new(), room };
    // An error means that the rest need not be printed.
    let _ = write!(cut, "{text}");
    cut.text
}

struct Cut {
    text: String,
    room: usize,
}

impl fmt::Write for Cut {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let left = self.room.saturating_sub(self.text.len());
        if text.len() <= left {
            self.text.push_str(text);
            return Ok(());
        }
        self.text.push_str(text.get(..text.floor_char_boundary(left)).unwrap_or_default());
        self.text.push('…');
        Err(fmt::Error)
    }
}

/// What each rule's violations do.
#[derive(Debug, Clone, Default)]
pub struct Enforcement {
    /// The rules whose violations only warn.
    pub warned: RuleSet,
    /// The rules whose violations only reach the audit log.
    pub audited: RuleSet,
    /// The rules whose violations are dropped.
    pub ignored: RuleSet,
    /// Whether a violation by a value that a pod will probably get, and its template does not have, only warns.
    pub predictions_warn: bool,
}

impl Enforcement {
    /// Whether every violation denies.
    pub fn is_none(&self) -> bool {
        self.warned.is_empty() && self.audited.is_empty() && self.ignored.is_empty()
    }

    /// The same with all violations denying: rules that are ignored stay so, since they are switched off.
    #[must_use]
    pub fn strict(&self) -> Self {
        Enforcement { ignored: self.ignored, ..Enforcement::default() }
    }

    /// The action of a rule's violations.
    pub fn action(&self, rule: usize) -> Action {
        match rule {
            rule if self.warned.has(rule) => Action::Warn,
            rule if self.audited.has(rule) => Action::Audit,
            rule if self.ignored.has(rule) => Action::Ignore,
            _ => Action::Deny,
        }
    }
}

/// How many violations do not deny the request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NonDenying {
    /// Those that are warnings.
    pub warned: usize,
    /// Those that are in the audit log.
    pub audited: usize,
}

impl NonDenying {
    /// How many of them are not spelt out.
    pub(crate) fn omitted(self) -> usize {
        self.warned.saturating_sub(SPELT_OUT) + self.audited.saturating_sub(SPELT_OUT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn violations(count: usize) -> Vec<Violation> {
        let violation = |nth| Violation {
            rule: "privileged",
            action: Action::Deny,
            path: format!("p{nth}"),
            kind: ViolationKind::Message,
            value: String::new(),
            detail: "is bad".to_owned(),
            wanted: Vec::new(),
        };
        (0..count).map(violation).collect()
    }

    #[rstest]
    #[case::none(0, 0, "")]
    #[case::one(1, 1, "p0: is bad")]
    #[case::two(2, 2, "p0: is bad; p1: is bad")]
    #[case::more(1, 3, "p0: is bad; and 2 more")]
    fn joins(#[case] spelt_out: usize, #[case] in_all: usize, #[case] expected: &str) {
        assert_eq!(join(&violations(spelt_out), in_all), expected);
    }

    #[test]
    fn what_does_not_fit_is_counted() {
        let reported = |limit| join_within(&violations(5), 7, TAIL + limit);
        assert_eq!(reported(25), "p0: is bad; p1: is bad; and 5 more");
        assert_eq!(reported(22), "p0: is bad; p1: is bad; and 5 more");
        assert_eq!(reported(21), "p0: is bad; and 6 more");
        assert_eq!(reported(0), "and 7 more");
    }

    #[test]
    fn behind_one_that_does_not_fit_none_does() {
        let mut row = Row::new(", ", TAIL + 5);
        ["a", "b", "too long", "c"].iter().for_each(|thing| row.push(thing));
        assert_eq!(row.end(0), "a, b, and 2 more");
    }

    #[rstest]
    #[case::at_the_limit(1024, "")]
    #[case::past_it(1025, "…")]
    #[case::far_past_it(1_000_000, "…")]
    fn cuts_what_is_long(#[case] length: usize, #[case] end: &str) {
        let expected = format!("{}{end}", "x".repeat(length.min(1024)));
        assert_eq!(cut(&"x".repeat(length)), expected);
        assert_eq!(cut(&vec!["x"; length].concat()), expected);
    }

    #[test]
    fn cuts_between_characters() {
        assert_eq!(cut(&format!("x{}", "é".repeat(600))), format!("x{}…", "é".repeat(511)));
    }
}
