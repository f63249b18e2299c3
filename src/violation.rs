//! What a rule objects to, and where.

use std::fmt::{self, Display, Write as _};

use crate::pod::Slot;
use crate::rule::RuleSet;

/// How many violations of each action a policy spells out; the rest is counted.
pub const SPELT_OUT: usize = 32;

/// How many bytes a message, an annotation of the audit log, or all warnings of an answer may take: the author of a pod
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

/// What stands between a rule's objection and the answer.
#[derive(Debug, Clone, Default)]
pub struct Leniency {
    /// The rules whose objections only warn.
    pub warned: RuleSet,
    /// The rules whose objections only reach the audit log.
    pub audited: RuleSet,
    /// The rules whose objections are dropped.
    pub ignored: RuleSet,
    /// Whether an objection to what a pod will probably get, and its template does not have, only warns.
    pub predictions_warn: bool,
}

impl Leniency {
    /// Whether every objection denies.
    pub fn is_none(&self) -> bool {
        self.warned.is_empty() && self.audited.is_empty() && self.ignored.is_empty()
    }

    /// The same for whom nothing is tolerated: rules that are ignored stay so, since they are switched off.
    #[must_use]
    pub fn strict(&self) -> Self {
        Leniency { ignored: self.ignored, ..Leniency::default() }
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
pub struct Tolerated {
    /// Those that its author is told.
    pub warned: usize,
    /// Those that the audit log is told.
    pub audited: usize,
}

impl Tolerated {
    /// How many of them are not spelt out.
    pub(crate) fn untold(self) -> usize {
        self.warned.saturating_sub(SPELT_OUT) + self.audited.saturating_sub(SPELT_OUT)
    }
}

/// How the path of an objection is told.
#[derive(Clone, Copy)]
enum Place<'p> {
    /// From the container being judged, or from the pod if none is.
    Here(&'p dyn Display),
    /// From the pod.
    Pod(&'p dyn Display),
    /// From the root of the object.
    Anywhere(&'p str),
}

/// Collects the objections of one policy to one pod.
///
/// Most policies of a list are only asked whether they object at all, so a finding spells nothing out until it is told
/// to: paths, values and details arrive as things that could be printed.
#[derive(Debug)]
pub struct Findings<'f> {
    /// Where the pod stands in its object, with a trailing dot: `spec.template.` or nothing.
    root: &'f str,
    leniency: &'f Leniency,
    spelling: bool,
    /// The rules that do not object here: to the pod as a whole, or to the container being judged.
    excused: RuleSet,
    rule: (usize, &'static str),
    slot: Option<Slot>,
    denials: usize,
    warned: usize,
    audited: usize,
    violations: Vec<Violation>,
    /// The indexes of the volumes that the rule about host paths lets containers read and not write, once it has looked.
    read_only_volumes: Option<Vec<usize>>,
}

impl<'f> Findings<'f> {
    /// Counts objections.
    pub fn counting(root: &'f str, leniency: &'f Leniency) -> Self {
        Findings {
            root,
            leniency,
            spelling: false,
            excused: RuleSet::NONE,
            rule: (0, ""),
            slot: None,
            denials: 0,
            warned: 0,
            audited: 0,
            violations: Vec::new(),
            read_only_volumes: None,
        }
    }

    /// Counts objections and spells them out.
    pub fn spelling(root: &'f str, leniency: &'f Leniency) -> Self {
        Findings { spelling: true, ..Findings::counting(root, leniency) }
    }

    /// Whether nothing that follows matters: a policy that only has to say whether it objects has done so.
    pub(crate) fn are_settled(&self) -> bool {
        !self.spelling && self.denials > 0
    }

    /// How many objections deny the request.
    pub fn denials(&self) -> usize {
        self.denials
    }

    /// How many objections only warn, and how many only reach the audit log.
    pub(crate) fn tolerated(&self) -> Tolerated {
        Tolerated { warned: self.warned, audited: self.audited }
    }

    /// The objections spelt out, those that deny and those that do not, in the order they were found.
    pub fn into_violations(self) -> Vec<Violation> {
        self.violations
    }

    /// Says whose objections follow, and which rules are excused there.
    pub(crate) fn enter(&mut self, rule: (usize, &'static str), slot: Option<Slot>, excused: RuleSet) {
        self.rule = rule;
        self.slot = slot;
        self.excused = excused;
    }

    /// Whether an objection of this other rule would deny the request where this one is judging.
    pub(crate) fn denies(&self, rule: &str) -> bool {
        if self.excused.is_empty() && self.leniency.is_none() {
            return true;
        }
        let Some(index) = crate::rules::index(rule) else { return true };
        !self.excused.has(index) && self.leniency.action(index) == Action::Deny
    }

    /// What a rule finds out of all volumes once for all containers: those that may only be read.
    pub(crate) fn read_only_volumes(&mut self, find: impl FnOnce() -> Vec<usize>) -> &[usize] {
        self.read_only_volumes.get_or_insert_with(find)
    }

    /// A value that is not allowed. `field` continues the path of the container, or of the pod.
    pub(crate) fn invalid(&mut self, field: impl Display, value: impl Display, detail: impl Display) {
        self.object(Place::Here(&field), &format_args!("Invalid value: {value}: {detail}"));
    }

    /// A value that is not allowed, where the path says all.
    pub(crate) fn invalid_value(&mut self, field: impl Display, value: impl Display) {
        self.object(Place::Here(&field), &format_args!("Invalid value: {value}"));
    }

    /// A value that is not allowed, at a path from the root of the object.
    pub(crate) fn invalid_elsewhere(&mut self, path: &str, value: impl Display, detail: impl Display) {
        self.object(Place::Anywhere(path), &format_args!("Invalid value: {value}: {detail}"));
    }

    /// A value that must not be what it is, in a field of the pod that says something about the container.
    pub(crate) fn forbidden_of_pod(&mut self, field: impl Display, detail: impl Display) {
        self.object(Place::Pod(&field), &format_args!("Forbidden: {detail}"));
    }

    /// A value that is not allowed, and that pods of a template will probably have.
    pub(crate) fn invalid_prediction(
        &mut self,
        field: impl Display,
        value: impl Display,
        detail: impl Display,
    ) {
        let warns = self.leniency.predictions_warn;
        self.act(Place::Here(&field), &format_args!("Invalid value: {value}: {detail}"), warns);
    }

    /// A value that is missing.
    pub(crate) fn required(&mut self, field: impl Display, detail: impl Display) {
        self.object(Place::Here(&field), &format_args!("Required value: {detail}"));
    }

    /// A value that must not be there, or not be what it is.
    pub(crate) fn forbidden(&mut self, field: impl Display, detail: impl Display) {
        self.object(Place::Here(&field), &format_args!("Forbidden: {detail}"));
    }

    fn object(&mut self, place: Place<'_>, problem: &dyn Display) {
        self.act(place, problem, false);
    }

    fn act(&mut self, place: Place<'_>, problem: &dyn Display, warns_at_most: bool) {
        let (index, rule) = self.rule;
        let action = match self.leniency.action(index) {
            Action::Deny if warns_at_most => Action::Warn,
            action => action,
        };
        let count = match action {
            Action::Deny => &mut self.denials,
            Action::Warn => &mut self.warned,
            Action::Audit => &mut self.audited,
            Action::Ignore => return,
        };
        *count += 1;
        if !self.spelling || *count > SPELT_OUT {
            return;
        }
        let root = self.root;
        let path = match (place, self.slot) {
            (Place::Here(field), Some(slot)) => cut(&format_args!("{root}{slot}.{field}")),
            (Place::Here(field) | Place::Pod(field), _) => cut(&format_args!("{root}{field}")),
            (Place::Anywhere(path), _) => path.to_owned(),
        };
        self.violations.push(Violation { rule, action, path, problem: cut(problem) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pod::List;
    use crate::rules;
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
        let told = |limit| join_within(&violations(5), 7, TAIL + limit);
        assert_eq!(told(25), "p0: is bad; p1: is bad; and 5 more");
        assert_eq!(told(22), "p0: is bad; p1: is bad; and 5 more");
        assert_eq!(told(21), "p0: is bad; and 6 more");
        assert_eq!(told(0), "and 7 more");
    }

    #[test]
    fn behind_one_that_does_not_fit_none_does() {
        let mut row = Row::new(", ", TAIL + 5);
        ["a", "b", "too long", "c"].iter().for_each(|thing| row.push(thing));
        assert_eq!(row.end(0), "a, b, and 2 more");
    }

    fn entry(id: &'static str) -> (usize, &'static str) {
        (rules::index(id).unwrap(), id)
    }

    fn leniency(warned: &[&str], audited: &[&str]) -> Leniency {
        let set =
            |ids: &[&str]| ids.iter().fold(RuleSet::NONE, |set, id| set.with(rules::index(id).unwrap()));
        Leniency { warned: set(warned), audited: set(audited), ..Leniency::default() }
    }

    #[test]
    fn places_are_told_from_the_root_of_the_object() {
        let leniency = Leniency::default();
        let mut found = Findings::spelling("spec.template.", &leniency);
        found.enter(entry("privileged"), None, RuleSet::NONE);
        found.invalid("spec.a", 1, "no");
        found.enter(entry("privileged"), Some(Slot { list: List::Init, index: 3 }), RuleSet::NONE);
        found.required("b", "no");
        found.forbidden("c", "no");
        found.invalid_value("d", 2);
        found.forbidden_of_pod("metadata.e", "no");
        found.invalid_elsewhere("spec.f", 3, "no");
        assert_eq!(found.denials(), 6);
        let told: Vec<_> = found.into_violations().iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "spec.template.spec.a: Invalid value: 1: no",
                "spec.template.spec.initContainers[3].b: Required value: no",
                "spec.template.spec.initContainers[3].c: Forbidden: no",
                "spec.template.spec.initContainers[3].d: Invalid value: 2",
                "spec.template.metadata.e: Forbidden: no",
                "spec.f: Invalid value: 3: no",
            ]
        );
    }

    #[rstest]
    #[case::as_many_as_are_spelt_out(32, 32)]
    #[case::one_more(33, 32)]
    #[case::many_more(1_000, 32)]
    fn spells_32_out_and_counts_all(#[case] count: usize, #[case] spelt_out: usize) {
        let leniency = Leniency::default();
        let mut found = Findings::spelling("", &leniency);
        found.enter(entry("privileged"), None, RuleSet::NONE);
        (0..count).for_each(|nth| found.invalid("a", nth, "no"));
        assert_eq!((found.denials(), found.into_violations().len()), (count, spelt_out));
    }

    #[test]
    fn spells_32_of_each_action_out() {
        let leniency = leniency(&["privileged"], &["volumes"]);
        let mut found = Findings::spelling("", &leniency);
        for id in ["privileged", "volumes", "hostPID"] {
            found.enter(entry(id), None, RuleSet::NONE);
            (0..100).for_each(|nth| found.invalid("a", nth, "no"));
        }
        assert_eq!((found.denials(), found.tolerated()), (100, Tolerated { warned: 100, audited: 100 }));
        assert_eq!((found.tolerated().untold(), found.into_violations().len()), (136, 96));
    }

    #[test]
    fn a_count_needs_no_words() {
        let leniency = Leniency::default();
        let mut found = Findings::counting("", &leniency);
        found.enter(entry("privileged"), None, RuleSet::NONE);
        found.invalid("a", 1, "no");
        assert_eq!((found.denials(), found.into_violations()), (1, vec![]));
    }

    #[test]
    fn lenient_rules_deny_nothing_and_are_told() {
        let leniency = leniency(&["privileged"], &["volumes"]);
        let mut found = Findings::spelling("", &leniency);
        for id in ["privileged", "volumes", "hostPID"] {
            found.enter(entry(id), None, RuleSet::NONE);
            found.invalid("a", 1, "no");
        }
        assert_eq!(found.denials(), 1);
        let told: Vec<_> = found.into_violations().iter().map(|told| (told.rule, told.action)).collect();
        assert_eq!(
            told,
            [("privileged", Action::Warn), ("volumes", Action::Audit), ("hostPID", Action::Deny)]
        );
    }

    #[test]
    fn knows_whose_objection_would_deny() {
        let leniency = leniency(&["privileged"], &["volumes"]);
        let mut found = Findings::spelling("", &leniency);
        let excused = RuleSet::NONE.with(rules::index("hostIPC").unwrap());
        found.enter(entry("hostPorts"), None, excused);
        let denying = ["privileged", "volumes", "hostIPC", "hostPID", "unknown"].map(|id| found.denies(id));
        assert_eq!(denying, [false, false, false, true, true]);
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
