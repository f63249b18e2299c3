//! The results of `check`, in every format.
//!
//! ```
//! use kubectl_psp::report::{Format, Look, Results};
//!
//! let nothing = Results::default().write(Format::Markdown, Look::new(None, false)).unwrap();
//! assert!(nothing.contains("0 objects"), "{nothing}");
//! ```

pub(crate) mod code_quality;
mod diff;
mod json;
mod junit;
mod layout;
mod markdown;
mod openreports;
mod overview;
pub(crate) mod rule_docs;
pub(crate) mod sarif;
mod table;
mod yaml;

use serde::Serialize;

use crate::error::{Error, Errors, Outcome};
use crate::judge::{Judged, Verdict};

pub use diff::colored;
pub(crate) use diff::of as diff;
pub(crate) use layout::indented;
pub use layout::{Look, wrapped};
pub(crate) use table::style;

/// How results are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum Format {
    /// For people, on a terminal
    #[default]
    Table,
    /// For programs
    Json,
    /// For programs and people
    Yaml,
    /// For code scanning, with file and line of each violation
    Sarif,
    /// For GitLab's code quality, with file and line of each violation
    CodeQuality,
    /// For dashboards: objects of OpenReports, one for each namespace
    #[cfg_attr(feature = "cli", value(name = "openreports"))]
    OpenReports,
    /// For continuous integration: a failed test for each rejected object
    Junit,
    /// For comments on changes
    Markdown,
}

/// All results.
#[derive(Debug, Default)]
pub struct Results {
    /// How many there are.
    pub summary: Summary,
    /// The objects in their order.
    pub results: Vec<Judged>,
    /// Advice about legal but unwise policies.
    pub advice: Vec<String>,
}

/// The number of objects by verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Those that are admitted unchanged.
    pub allowed: usize,
    /// Those that are admitted after defaulting by policies.
    pub changed: usize,
    /// Those that are rejected.
    pub rejected: usize,
    /// Objects without pods, which are not evaluated otherwise.
    pub skipped: usize,
}

impl Summary {
    pub(crate) fn count(&mut self, verdict: Verdict) {
        *match verdict {
            Verdict::Allowed => &mut self.allowed,
            Verdict::Changed => &mut self.changed,
            Verdict::Rejected => &mut self.rejected,
        } += 1;
    }

    /// Whether the input was empty.
    pub fn is_empty(&self) -> bool {
        *self == Summary::default()
    }

    /// The error that the input was empty.
    pub fn no_objects() -> Errors {
        let error = Error::new("there is no object in the input");
        error.help("did the command before the pipe fail?").into()
    }
}

/// `3 objects: 1 allowed, 1 changed, 1 rejected; 2 more are not judged`
impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Summary { allowed, changed, rejected, skipped } = self;
        let judged = allowed + changed + rejected;
        let noun = if judged == 1 { "object" } else { "objects" };
        write!(f, "{judged} {noun}: {allowed} allowed, {changed} changed, {rejected} rejected")?;
        match skipped {
            0 => Ok(()),
            1 => f.write_str("; 1 more is not judged"),
            _ => write!(f, "; {skipped} more are not judged"),
        }
    }
}

/// The results as programs read them.
#[derive(Serialize)]
struct Complete<'r> {
    summary: Summary,
    overview: overview::Overview<'r>,
    results: &'r [Judged],
    advice: &'r [String],
}

impl Results {
    fn complete(&self) -> Complete<'_> {
        let overview = overview::Overview::of(&self.results);
        Complete { summary: self.summary, overview, results: &self.results, advice: &self.advice }
    }

    /// The results in a format; a table has this look.
    ///
    /// # Errors
    ///
    /// If they cannot be written in it.
    pub fn write(&self, format: Format, look: Look) -> Outcome<String> {
        let written = match format {
            Format::Table => Ok(table::write(self, look)),
            Format::Json => json::write(self),
            Format::Yaml => yaml::write(self),
            Format::CodeQuality => code_quality::write(self),
            Format::OpenReports => openreports::write(self),
            Format::Sarif => sarif::write(self),
            Format::Junit => junit::write(self),
            Format::Markdown => Ok(markdown::write(self)),
        };
        written.map_err(|reason| Error::new(format_args!("the results cannot be written: {reason}")).into())
    }
}

/// A value as YAML, laid out as kubectl does.
///
/// # Errors
///
/// If it cannot be written, with the reason.
pub fn to_yaml(value: &impl Serialize) -> Result<String, String> {
    yaml::text(value)
}

/// A text escaped for Markdown, including cells of tables.
pub(crate) fn escaped(text: &str) -> String {
    markdown::cell(text)
}

/// A value as JSON, indented.
///
/// # Errors
///
/// If it cannot be written, with the reason.
pub fn to_json(value: &impl Serialize) -> Result<String, String> {
    json::text(value)
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;
    use crate::judge::{Change, Finding, ViolationKind};
    use serde_json::json;

    /// One object of each verdict, with characters that some format must escape: quotes, bars, angle brackets.
    pub(crate) fn results() -> Results {
        let judged = |verdict, name: &str| Judged {
            kind: "Pod".to_owned(),
            namespace: "shop".to_owned(),
            name: name.to_owned(),
            file: "pods/a.yaml".to_owned(),
            line: 1,
            verdict,
            api_version: "v1".to_owned(),
            before: None,
            policy: (verdict != Verdict::Rejected).then(|| "restricted".to_owned()),
            changes: Vec::new(),
            violations: Vec::new(),
            warnings: Vec::new(),
        };
        let changed = Judged {
            changes: vec![Change {
                path: "spec.containers[0].securityContext.capabilities.drop".to_owned(),
                value: json!(["ALL"]),
            }],
            warnings: vec!["service account \"web\" may use <no> policy".to_owned()],
            line: 12,
            ..judged(Verdict::Changed, "web")
        };
        let rejected = Judged {
            violations: vec![
                Finding {
                    policy: "restricted".to_owned(),
                    rule: "privileged".to_owned(),
                    path: "spec.containers[0].securityContext.privileged".to_owned(),
                    problem: "Invalid value: true: Privileged containers are not allowed".to_owned(),
                    kind: ViolationKind::Invalid,
                    value: "true".to_owned(),
                    detail: "Privileged containers are not allowed".to_owned(),
                    line: 31,
                    column: 9,
                },
                Finding {
                    policy: "restricted".to_owned(),
                    rule: "pss/hostNamespaces".to_owned(),
                    path: String::new(),
                    problem: "a | b & <c>".to_owned(),
                    kind: ViolationKind::Message,
                    value: String::new(),
                    detail: "a | b & <c>".to_owned(),
                    line: 20,
                    column: 1,
                },
            ],
            line: 20,
            ..judged(Verdict::Rejected, "db")
        };
        let results = vec![judged(Verdict::Allowed, "api"), changed, rejected];
        let summary = Summary { allowed: 1, changed: 1, rejected: 1, skipped: 2 };
        Results { summary, results, advice: vec!["psp.yaml:3:1: spec.volumes: `*` holds gitRepo".to_owned()] }
    }
}
