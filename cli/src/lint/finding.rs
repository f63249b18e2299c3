//! One finding of a lint.

use std::fmt::{self, Display};

use anstyle::{AnsiColor, Style};
use serde::Serialize;
use serde_sarif::sarif::ResultLevel;

use crate::input::Object;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The module refuses it, or it rejects or admits what it must not.
    Error,
    /// It has not the effect that its author must have meant.
    Warning,
    /// It is legal and unwise.
    Note,
}

impl Level {
    /// The level as a word: `error`
    pub fn name(self) -> &'static str {
        match self {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Note => "note",
        }
    }

    pub(super) fn style(self) -> Style {
        match self {
            Level::Error => AnsiColor::Red,
            Level::Warning => AnsiColor::Yellow,
            Level::Note => AnsiColor::Cyan,
        }
        .on_default()
        .bold()
    }

    /// As GitLab calls it.
    pub(super) fn severity(self) -> &'static str {
        match self {
            Level::Error => "major",
            Level::Warning => "minor",
            Level::Note => "info",
        }
    }

    pub(super) fn sarif(self) -> ResultLevel {
        match self {
            Level::Error => ResultLevel::Error,
            Level::Warning => ResultLevel::Warning,
            Level::Note => ResultLevel::Note,
        }
    }
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub level: Level,
    /// What found it: `settings`, `registration`, `pair`, `advice`, `version` or `input`.
    pub rule: &'static str,
    /// The object: `ClusterAdmissionPolicy psp-mutating`
    pub object: String,
    /// Its file.
    pub file: String,
    /// The line where the object starts.
    #[serde(skip)]
    pub start: u32,
    /// The line of the field.
    pub line: u32,
    /// The column of the field.
    pub column: u32,
    /// The path of the field; empty for the object as a whole.
    pub path: String,
    /// The problem.
    pub problem: String,
    /// A hint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

impl Finding {
    pub(super) fn new(
        object: &Object,
        level: Level,
        rule: &'static str,
        path: &str,
        problem: impl Display,
    ) -> Self {
        let (start, place) = (object.start(), object.place(path));
        let object = if object.kind.is_empty() { "settings".to_owned() } else { object.title() };
        let problem = problem.to_string();
        Finding {
            level,
            rule,
            object,
            file: place.file.to_string(),
            start: start.line,
            line: place.line,
            column: place.column,
            path: path.to_owned(),
            problem,
            help: None,
        }
    }
}

/// `spec.volumes: "*" holds gitRepo`, with the hint in brackets.
impl Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let colon = if self.path.is_empty() { "" } else { ": " };
        write!(f, "{}{colon}{}", self.path, self.problem)?;
        match &self.help {
            Some(help) => write!(f, " ({help})"),
            None => Ok(()),
        }
    }
}

/// How many objects were read, and what was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// PodSecurityPolicies.
    pub policies: usize,
    /// Settings without a registration.
    pub settings: usize,
    /// Registrations of this module.
    pub registrations: usize,
    /// Other objects.
    pub skipped: usize,
    /// Findings that are errors.
    pub errors: usize,
    /// Findings that are warnings.
    pub warnings: usize,
    /// Findings that are notes.
    pub notes: usize,
}

impl Summary {
    /// Whether there was nothing to lint.
    pub fn is_empty(&self) -> bool {
        self.policies + self.settings + self.registrations == 0
    }
}

/// `2 registrations: 1 error, 0 warnings, 3 notes`
impl Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count =
            |count: usize, one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
        let read = [
            (self.policies, "policy", "policies"),
            (self.settings, "file of settings", "files of settings"),
            (self.registrations, "registration", "registrations"),
        ];
        let read = read.iter().filter(|(number, ..)| *number > 0);
        let read: Vec<String> = read.map(|(number, one, many)| count(*number, one, many)).collect();
        let read = if read.is_empty() { "nothing".to_owned() } else { read.join(", ") };
        write!(
            f,
            "{read}: {}, {}, {}",
            count(self.errors, "error", "errors"),
            count(self.warnings, "warning", "warnings"),
            count(self.notes, "note", "notes")
        )
    }
}
