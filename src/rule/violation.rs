//! What a rule objects to, and where.

use std::fmt::{self, Display, Write as _};

use super::RuleSet;

/// How many violations of each action a policy spells out; the rest is counted.
pub const SPELT_OUT: usize = 32;

/// How many bytes a message, an annotation of the audit log, or all warnings of an response may take: the author of a pod
/// chooses how much there is to object to, and the API server sends it to whoever waits.
pub const ROOM: usize = 64 * 1024;

/// The room for what is said of what does not fit.
pub(crate) const TAIL: usize = 64;

/// Things in a row that takes no more than so many bytes. What does not fit is counted: `a; b; and 3 more`.
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

    /// One more. Behind one that does not fit none does, so that the first ones are shown and the last ones counted.
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

    /// The row; `more` things are known of that were not even tried.
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

/// What an objection does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Action {
    /// The request is rejected.
    #[default]
    Deny,
    /// The request passes, and its author is told.
    Warn,
    /// The request passes, and the audit log is told.
    Audit,
    /// The request passes, and the objection is dropped.
    Ignore,
}

/// One field that breaks a policy. Prints as the API server prints field errors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The rule that objects: a field of the PSP spec, `seccomp` or `appArmor`, or the ID of a check of the Pod
    /// Security Standards.
    pub rule: &'static str,
    /// What the objection does.
    pub action: Action,
    /// The path of the field from the root of the object, as its author wrote it; empty if the objection is to the
    /// pod as a whole.
    pub path: String,
    /// What is wrong with it: `Invalid value: true: Privileged containers are not allowed`.
    pub problem: String,
}

impl Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.path {
            "" => f.write_str(&self.problem),
            path => write!(f, "{path}: {}", self.problem),
        }
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

/// How many bytes of a path or a problem are told. What policies say is shorter; names and values that the author of a
/// pod chose need not be, and a list of them is told once for each of its members.
const LONGEST: usize = 1024;

/// The start of what is printed, so that no payload is echoed whole.
pub(crate) fn cut(text: &dyn Display) -> String {
    let mut cut = Cut(String::new());
    // An error says that the rest need not be printed.
    let _ = write!(cut, "{text}");
    cut.0
}

struct Cut(String);

impl fmt::Write for Cut {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let left = LONGEST.saturating_sub(self.0.len());
        if text.len() <= left {
            self.0.push_str(text);
            return Ok(());
        }
        self.0.push_str(text.get(..text.floor_char_boundary(left)).unwrap_or_default());
        self.0.push('…');
        Err(fmt::Error)
    }
}

/// What stands between a rule's objection and the response.
#[derive(Debug, Clone, Default)]
pub struct Enforcement {
    /// The rules whose objections only warn.
    pub warned: RuleSet,
    /// The rules whose objections only reach the audit log.
    pub audited: RuleSet,
    /// The rules whose objections are dropped.
    pub ignored: RuleSet,
    /// Whether an objection to what a pod will probably get, and its template does not have, only warns.
    pub predictions_warn: bool,
}

impl Enforcement {
    /// Whether every objection denies.
    pub fn is_none(&self) -> bool {
        self.warned.is_empty() && self.audited.is_empty() && self.ignored.is_empty()
    }

    /// The same for whom nothing is tolerated: rules that are ignored stay so, since they are switched off.
    #[must_use]
    pub fn strict(&self) -> Self {
        Enforcement { ignored: self.ignored, ..Enforcement::default() }
    }

    /// What an objection of a rule does.
    pub fn action(&self, rule: usize) -> Action {
        match rule {
            rule if self.warned.has(rule) => Action::Warn,
            rule if self.audited.has(rule) => Action::Audit,
            rule if self.ignored.has(rule) => Action::Ignore,
            _ => Action::Deny,
        }
    }
}

/// How many objections do not deny the request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NonDenying {
    /// Those that its author is told.
    pub warned: usize,
    /// Those that the audit log is told.
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
            problem: "is bad".to_owned(),
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
