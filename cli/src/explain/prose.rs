//! The text of an explanation.

use std::fmt::Write as _;

use crate::report::{Look, rule_docs};

/// The text so far, and how it looks.
pub(super) struct Prose {
    pub(super) text: String,
    pub(super) look: Look,
}

impl Prose {
    pub(super) fn new(look: Look) -> Self {
        Prose { text: String::new(), look }
    }

    pub(super) fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.text, "{line}");
    }

    /// Adds the report of a registration, unless another one was equal: the halves of a pair often are.
    pub(super) fn once(&mut self, start: usize, name: &str, said: &mut Vec<String>) {
        let text = self.text.split_off(start);
        let own = text.replace(name, "");
        if said.contains(&own) {
            let bold = self.look.bold();
            self.line(format_args!("\n{bold}{name}{bold:#}: says the same"));
        } else {
            self.text.push_str(&text);
            said.push(own);
        }
    }

    /// The purpose of each rule, once.
    pub(super) fn purposes(&mut self, rules: &[String]) {
        let mut reported: Vec<(&str, Vec<&str>, &str)> = Vec::new();
        for rule in rules {
            let about = rule_docs::of(rule);
            match reported.iter_mut().find(|(paragraph, ..)| *paragraph == about.paragraph) {
                Some((_, rules, _)) if rules.contains(&&**rule) => {}
                Some((_, rules, _)) => rules.push(rule),
                None => reported.push((about.paragraph, vec![rule], about.link)),
            }
        }
        if reported.is_empty() {
            return;
        }
        let bold = self.look.bold();
        self.line(format_args!("\n{bold}What the rules are for{bold:#}"));
        for (paragraph, rules, link) in reported {
            self.line(format_args!("  {}: {paragraph}", rules.join(", ")));
            self.line(format_args!("    {link}"));
        }
    }
}
