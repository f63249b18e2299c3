//! The end of an explanation of a rejection: the purpose of the rules, and the remedy.

use super::{BOLD, Picked, Told};
use crate::guidance;
use crate::patch::Patch;
use crate::policies::{Judge, Registration};
use crate::remedy::{Objection, Remedy};
use crate::report::diff;

impl Told {
    /// The purpose of each rule, once.
    pub(super) fn guidance(&mut self, rules: &[String]) {
        let mut reported: Vec<(&str, Vec<&str>, &str)> = Vec::new();
        for rule in rules {
            let about = guidance::of(rule);
            match reported.iter_mut().find(|(paragraph, ..)| *paragraph == about.paragraph) {
                Some((_, rules, _)) if rules.contains(&&**rule) => {}
                Some((_, rules, _)) => rules.push(rule),
                None => reported.push((about.paragraph, vec![rule], about.link)),
            }
        }
        if reported.is_empty() {
            return;
        }
        self.line(format_args!("\n{BOLD}What the rules are for{BOLD:#}"));
        for (paragraph, rules, link) in reported {
            self.line(format_args!("  {}: {paragraph}", rules.join(", ")));
            self.line(format_args!("    {link}"));
        }
    }

    /// The smallest change that satisfies a policy.
    pub(super) fn remedy(
        &mut self,
        registration: &Registration,
        policy: &str,
        remedy: &Remedy,
        picked: &Picked,
    ) {
        let by = called(registration, policy);
        self.line(format_args!("\n{BOLD}The smallest change{BOLD:#} that satisfies {by}"));
        for step in &remedy.steps {
            self.line(format_args!("  {step}"));
        }
        let Picked { object, text, nth } = picked;
        let mut patch = Patch::new(text);
        patch.change(*nth, object, &remedy.object);
        // Changes that cannot be patched into the text are shown in a new layout.
        let shown = patch.finish().0.or_else(|| diff::of(&object.value(), &remedy.object, &object.title()));
        self.0.push_str(&diff::colored(&shown.unwrap_or_default()));
    }

    /// Why there is no such change.
    pub(super) fn stuck(&mut self, registration: &Registration, policy: &str, objection: &Objection) {
        let by = called(registration, policy);
        let Objection { path, problem, .. } = objection;
        self.line(format_args!("\n{BOLD}No change of single fields{BOLD:#} satisfies {by}: {path}: {problem} stays, whatever is tried"));
    }
}

/// A policy, with its registration where that adds information.
fn called(registration: &Registration, policy: &str) -> String {
    let only = matches!(&registration.judge, Judge::Settings(settings) if settings.policies.len() == 1);
    match policy == registration.name || only {
        true => policy.to_owned(),
        false => format!("{policy}, of {}", registration.name),
    }
}
