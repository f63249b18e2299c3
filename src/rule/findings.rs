//! The violations of a policy by a pod, as its rules find them.

use std::fmt::Display;

use super::violation::{LONGEST, cut, cut_to};
use super::{Action, Enforcement, NonDenying, RuleSet, SPELT_OUT, Violation, ViolationKind};
use crate::pod::Slot;

/// The start of a violation's path.
#[derive(Clone, Copy)]
enum Place<'p> {
    /// From the container being evaluated, or from the pod if none is.
    Here(&'p dyn Display),
    /// From the pod.
    Pod(&'p dyn Display),
    /// From the root of the object.
    Anywhere(&'p str),
}

/// Collects the violations of one policy by one pod.
///
/// Most policies of a list are only asked whether there is any violation, so a finding spells nothing out unless that
/// is requested: paths, values and details arrive as things that could be printed.
#[derive(Debug)]
pub struct Findings<'f> {
    /// The path of the pod in its object, with a trailing dot: `spec.template.` or nothing.
    root: &'f str,
    enforcement: &'f Enforcement,
    collecting: bool,
    /// The rules that are exempt here: for the pod as a whole, or for the container being evaluated.
    exempt: RuleSet,
    rule: (usize, &'static str),
    slot: Option<Slot>,
    denials: usize,
    tolerated: NonDenying,
    violations: Vec<Violation>,
    /// Whether the last violation is spelt out.
    is_spelt_out: bool,
    /// The indexes of the volumes that the rule about host paths lets containers read and not write, once determined.
    read_only_volumes: Option<Vec<usize>>,
}

impl<'f> Findings<'f> {
    /// Counts violations.
    pub fn counting(root: &'f str, enforcement: &'f Enforcement) -> Self {
        Findings {
            root,
            enforcement,
            collecting: false,
            exempt: RuleSet::NONE,
            rule: (0, ""),
            slot: None,
            denials: 0,
            tolerated: NonDenying::default(),
            violations: Vec::new(),
            is_spelt_out: false,
            read_only_volumes: None,
        }
    }

    /// Counts violations and spells them out.
    pub fn collecting(root: &'f str, enforcement: &'f Enforcement) -> Self {
        Findings { collecting: true, ..Findings::counting(root, enforcement) }
    }

    /// Whether nothing that follows matters: a policy that only has to be decided has a violation.
    pub(crate) fn is_decided(&self) -> bool {
        !self.collecting && self.denials > 0
    }

    /// How many violations deny the request.
    pub fn denials(&self) -> usize {
        self.denials
    }

    /// How many violations only warn, and how many only reach the audit log.
    pub(crate) fn tolerated(&self) -> NonDenying {
        self.tolerated
    }

    /// The violations spelt out, those that deny and those that do not, in the order they were found.
    pub fn into_violations(self) -> Vec<Violation> {
        self.violations
    }

    /// Sets the place of the violations that follow: the pod as a whole or a container, and the rules that are exempt there.
    pub(crate) fn enter(&mut self, slot: Option<Slot>, exempt: RuleSet) {
        self.slot = slot;
        self.exempt = exempt;
    }

    /// Sets the rule of the violations that follow.
    pub(crate) fn evaluate(&mut self, rule: (usize, &'static str)) {
        self.rule = rule;
    }

    /// Whether a violation of this other rule would deny the request at the current place.
    pub(crate) fn denies(&self, rule: usize) -> bool {
        if self.exempt.is_empty() && self.enforcement.is_none() {
            return true;
        }
        !self.exempt.has(rule) && self.enforcement.action(rule) == Action::Deny
    }

    /// The volumes that may only be read, which a rule finds once for all containers.
    pub(crate) fn read_only_volumes(&mut self, find: impl FnOnce() -> Vec<usize>) -> &[usize] {
        self.read_only_volumes.get_or_insert_with(find)
    }

    /// A value that is not allowed. `field` continues the path of the container, or of the pod; `detail` can be empty
    /// where that is enough.
    pub(crate) fn invalid(&mut self, field: impl Display, value: impl Display, detail: impl Display) {
        self.report(Place::Here(&field), ViolationKind::Invalid, &value, &detail, false);
    }

    /// A value that is not allowed, at a path from the root of the object.
    pub(crate) fn invalid_elsewhere(&mut self, path: &str, value: impl Display, detail: impl Display) {
        self.report(Place::Anywhere(path), ViolationKind::Invalid, &value, &detail, false);
    }

    /// A value that is forbidden, in a field of the pod that is about the container.
    pub(crate) fn forbidden_of_pod(&mut self, field: impl Display, detail: impl Display) {
        self.report(Place::Pod(&field), ViolationKind::Forbidden, &"", &detail, false);
    }

    /// A value that is not allowed, and that pods of a template will probably have.
    pub(crate) fn invalid_prediction(
        &mut self,
        field: impl Display,
        value: impl Display,
        detail: impl Display,
    ) {
        let warns = self.enforcement.predictions_warn;
        self.report(Place::Here(&field), ViolationKind::Invalid, &value, &detail, warns);
    }

    /// A value that is missing.
    pub(crate) fn required(&mut self, field: impl Display, detail: impl Display) {
        self.report(Place::Here(&field), ViolationKind::Required, &"", &detail, false);
    }

    /// A value that must be absent, or another one.
    pub(crate) fn forbidden(&mut self, field: impl Display, detail: impl Display) {
        self.report(Place::Here(&field), ViolationKind::Forbidden, &"", &detail, false);
    }

    /// Adds values that would satisfy the rule to the violation reported last.
    pub(crate) fn wants(&mut self, values: impl FnOnce() -> Vec<String>) {
        // The module shows none of them.
        if cfg!(not(target_arch = "wasm32"))
            && self.is_spelt_out
            && let Some(violation) = self.violations.last_mut()
        {
            violation.wanted = values();
        }
    }

    fn report(
        &mut self,
        place: Place<'_>,
        kind: ViolationKind,
        value: &dyn Display,
        detail: &dyn Display,
        warns_at_most: bool,
    ) {
        let (index, rule) = self.rule;
        self.is_spelt_out = false;
        let action = match self.enforcement.action(index) {
            Action::Deny if warns_at_most => Action::Warn,
            action => action,
        };
        let count = match action {
            Action::Deny => &mut self.denials,
            Action::Warn => &mut self.tolerated.warned,
            Action::Audit => &mut self.tolerated.audited,
            Action::Ignore => return,
        };
        *count += 1;
        if !self.collecting || *count > SPELT_OUT {
            return;
        }
        let root = self.root;
        let path = match (place, self.slot) {
            (Place::Here(field), Some(slot)) => cut(&format_args!("{root}{slot}.{field}")),
            (Place::Here(field) | Place::Pod(field), _) => cut(&format_args!("{root}{field}")),
            (Place::Anywhere(path), _) => path.to_owned(),
        };
        let (value, room) = match kind {
            ViolationKind::Invalid => {
                let value = cut_to(LONGEST - INVALID, value);
                // Behind a value that is cut there is no room for more.
                let room = (LONGEST - INVALID).checked_sub(value.len() + SEPARATOR);
                (value, room)
            }
            _ => (String::new(), Some(LONGEST)),
        };
        let detail = room.map(|room| cut_to(room, detail)).unwrap_or_default();
        self.violations.push(Violation { rule, action, path, kind, value, detail, wanted: Vec::new() });
        self.is_spelt_out = true;
    }
}

/// The length of `Invalid value: `.
const INVALID: usize = 15;
/// The length of the text between a value and the reason.
const SEPARATOR: usize = 2;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pod::List;
    use crate::rules;
    use rstest::rstest;

    fn entry(id: &'static str) -> (usize, &'static str) {
        (rules::index(id).unwrap(), id)
    }

    fn enforcement(warned: &[&str], audited: &[&str]) -> Enforcement {
        let set =
            |ids: &[&str]| ids.iter().fold(RuleSet::NONE, |set, id| set.with(rules::index(id).unwrap()));
        Enforcement { warned: set(warned), audited: set(audited), ..Enforcement::default() }
    }

    #[test]
    fn places_are_reported_from_the_root_of_the_object() {
        let enforcement = Enforcement::default();
        let mut found = Findings::collecting("spec.template.", &enforcement);
        found.enter(None, RuleSet::NONE);
        found.evaluate(entry("privileged"));
        found.invalid("spec.a", 1, "no");
        found.enter(Some(Slot { list: List::Init, index: 3 }), RuleSet::NONE);
        found.evaluate(entry("privileged"));
        found.required("b", "no");
        found.forbidden("c", "no");
        found.invalid("d", 2, "");
        found.forbidden_of_pod("metadata.e", "no");
        found.invalid_elsewhere("spec.f", 3, "no");
        assert_eq!(found.denials(), 6);
        let reported: Vec<_> = found.into_violations().iter().map(ToString::to_string).collect();
        assert_eq!(
            reported,
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
        let enforcement = Enforcement::default();
        let mut found = Findings::collecting("", &enforcement);
        found.enter(None, RuleSet::NONE);
        found.evaluate(entry("privileged"));
        (0..count).for_each(|nth| found.invalid("a", nth, "no"));
        assert_eq!((found.denials(), found.into_violations().len()), (count, spelt_out));
    }

    #[test]
    fn spells_32_of_each_action_out() {
        let enforcement = enforcement(&["privileged"], &["volumes"]);
        let mut found = Findings::collecting("", &enforcement);
        for id in ["privileged", "volumes", "hostPID"] {
            found.enter(None, RuleSet::NONE);
            found.evaluate(entry(id));
            (0..100).for_each(|nth| found.invalid("a", nth, "no"));
        }
        assert_eq!((found.denials(), found.tolerated()), (100, NonDenying { warned: 100, audited: 100 }));
        assert_eq!((found.tolerated().omitted(), found.into_violations().len()), (136, 96));
    }

    #[test]
    fn a_count_needs_no_words() {
        let enforcement = Enforcement::default();
        let mut found = Findings::counting("", &enforcement);
        found.enter(None, RuleSet::NONE);
        found.evaluate(entry("privileged"));
        found.invalid("a", 1, "no");
        assert_eq!((found.denials(), found.into_violations()), (1, vec![]));
    }

    #[test]
    fn rules_that_do_not_deny_are_reported() {
        let enforcement = enforcement(&["privileged"], &["volumes"]);
        let mut found = Findings::collecting("", &enforcement);
        for id in ["privileged", "volumes", "hostPID"] {
            found.enter(None, RuleSet::NONE);
            found.evaluate(entry(id));
            found.invalid("a", 1, "no");
        }
        assert_eq!(found.denials(), 1);
        let reported: Vec<_> =
            found.into_violations().iter().map(|reported| (reported.rule, reported.action)).collect();
        assert_eq!(
            reported,
            [("privileged", Action::Warn), ("volumes", Action::Audit), ("hostPID", Action::Deny)]
        );
    }

    #[test]
    fn values_that_would_do_belong_to_the_violation_before() {
        let enforcement = Enforcement { ignored: RuleSet::NONE.with(1), ..Enforcement::default() };
        let mut found = Findings::collecting("", &enforcement);
        for (nth, rule) in [(0, "a"), (1, "b"), (2, "c")] {
            found.evaluate((nth, rule));
            found.invalid("a", 1, "no");
            found.wants(|| vec![nth.to_string()]);
        }
        (0..40).for_each(|nth| {
            found.invalid("a", nth, "no");
            found.wants(|| vec!["2".to_owned()]);
        });
        let wanted: Vec<_> = found.into_violations().into_iter().map(|violation| violation.wanted).collect();
        assert_eq!(wanted.len(), 32);
        assert_eq!(
            wanted.get(..3),
            Some(&[vec!["0".to_owned()], vec!["2".to_owned()], vec!["2".to_owned()]][..])
        );
    }

    #[test]
    fn knows_whose_objection_would_deny() {
        let enforcement = enforcement(&["privileged"], &["volumes"]);
        let mut found = Findings::collecting("", &enforcement);
        let exempt_there = RuleSet::NONE.with(rules::index("hostIPC").unwrap());
        found.enter(None, exempt_there);
        found.evaluate(entry("hostPorts"));
        let denying =
            ["privileged", "volumes", "hostIPC", "hostPID"].map(|id| found.denies(rules::number(id)));
        assert_eq!(denying, [false, false, false, true]);
    }
}
