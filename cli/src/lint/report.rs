//! Findings in every format.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::Linted;
use super::finding::{Finding, Level};
use crate::error::{Error, Outcome};
use crate::report::{self, Look, code_quality, escaped, sarif};

/// How findings are written.
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
    /// For code scanning, with file and line of each finding
    Sarif,
    /// For GitLab's code quality, with file and line of each finding
    CodeQuality,
    /// For continuous integration: a failed test for each object with errors
    Junit,
    /// For comments on changes
    Markdown,
}

impl Linted {
    /// The findings in a format; a table has this look.
    ///
    /// # Errors
    ///
    /// If they cannot be written in it.
    pub fn write(&self, format: Format, look: Look) -> Outcome<String> {
        let written = match format {
            Format::Table => Ok(self.table(look)),
            Format::Json => report::to_json(self),
            Format::Yaml => report::to_yaml(self),
            Format::Sarif => self.sarif(),
            Format::CodeQuality => self.code_quality(),
            Format::Junit => self.junit(),
            Format::Markdown => Ok(self.markdown()),
        };
        written.map_err(|reason| Error::new(format_args!("the findings cannot be written: {reason}")).into())
    }

    /// A line for each finding, under the object.
    fn table(&self, look: Look) -> String {
        let bold = look.bold();
        let mut text = String::new();
        let mut last = ("", 0);
        for found in &self.findings {
            let Finding { object, file, start, line, .. } = found;
            if last != (&**file, *start) {
                // Writing to a String cannot fail.
                let title = report::wrapped(&format!("{object} ({file}:{start})"), look, 4);
                let _ = writeln!(text, "{bold}{title}{bold:#}");
            }
            last = (&**file, *start);
            let style = look.style(found.level.style());
            let level = found.level.name();
            let said = report::indented(&format!("{level}: line {line}: {found}"), look);
            let _ = writeln!(text, "{}", said.replacen(level, &format!("{style}{level}{style:#}"), 1));
        }
        let space = if text.is_empty() { "" } else { "\n" };
        let summary = report::wrapped(&self.summary.to_string(), look, 2);
        format!("{text}{space}{bold}{summary}{bold:#}\n")
    }

    fn sarif(&self) -> Result<String, String> {
        let found: Vec<sarif::Entry<'_>> = self
            .findings
            .iter()
            .map(|found| sarif::Entry {
                rule: found.rule,
                level: found.level.sarif(),
                text: format!("{}: {found}", found.object),
                file: &found.file,
                line: found.line,
                column: found.column,
                logical: format!("{} {}", found.object, found.path),
            })
            .collect();
        sarif::of_entries(&found, &|id| {
            let purpose = RULES.iter().find(|(rule, _)| *rule == id).map_or("", |(_, purpose)| purpose);
            sarif::descriptor(id, purpose, purpose, None)
        })
    }

    fn code_quality(&self) -> Result<String, String> {
        let entries: Vec<code_quality::Entry<'_>> = self
            .findings
            .iter()
            .map(|found| {
                let Finding { rule: check, object, file, line, path, problem, .. } = found;
                let (description, identity) =
                    (format!("{object}: {found}"), format!("{object} {path} {problem}"));
                let severity = found.level.severity();
                code_quality::Entry { check, severity, description, file, line: *line, identity }
            })
            .collect();
        code_quality::of_entries(&entries)
    }

    /// A test for each object, which fails for its errors.
    fn junit(&self) -> Result<String, String> {
        let mut report = Report::new("kubectl psp lint");
        for file in &self.files {
            let file = file.display().to_string();
            let mut suite = TestSuite::new(&*file);
            let mut objects: BTreeMap<u32, Vec<&Finding>> = BTreeMap::new();
            for found in self.findings.iter().filter(|found| found.file == file) {
                objects.entry(found.start).or_default().push(found);
            }
            if objects.is_empty() {
                suite.add_test_case(TestCase::new(&*file, TestCaseStatus::success()));
            }
            for found in objects.values() {
                suite.add_test_case(case(found));
            }
            report.add_test_suite(suite);
        }
        report.to_string().map_err(|error| error.to_string())
    }

    fn markdown(&self) -> String {
        let mut text = format!("**{}**\n", self.summary);
        if !self.findings.is_empty() {
            text.push_str("\n| Object | Level | Finding |\n|---|---|---|\n");
        }
        for found in &self.findings {
            let Finding { object, file, line, path, problem, .. } = found;
            let level = if found.level == Level::Error { "**error**" } else { found.level.name() };
            let path = if path.is_empty() { String::new() } else { format!("`{}` ", escaped(path)) };
            let help = found.help.as_ref().map_or_else(String::new, |help| format!(" ({})", escaped(help)));
            let _ = writeln!(
                text,
                "| {}<br>`{}:{line}` | {level} | {path}{}{help} |",
                escaped(object),
                escaped(file),
                escaped(problem)
            );
        }
        text
    }
}

/// What finds something: its name, and what it is.
const RULES: [(&str, &str); 6] = [
    ("settings", "The module refuses the settings"),
    ("registration", "The registration does not do what it is for"),
    ("pair", "The two halves of a pair contradict each other"),
    ("advice", "Legal and unwise"),
    ("version", "A newer Kubernetes decides otherwise"),
    ("input", "Readers interpret the text differently"),
];

fn case(found: &[&Finding]) -> TestCase {
    let lines = |wanted: fn(Level) -> bool| -> Vec<String> {
        let found = found.iter().filter(|found| wanted(found.level));
        found.map(|found| format!("{}:{}: {}: {found}", found.file, found.line, found.level.name())).collect()
    };
    let errors = lines(|level| level == Level::Error);
    let status = match errors.len() {
        0 => TestCaseStatus::success(),
        count => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            let noun = if count == 1 { "error" } else { "errors" };
            status
                .set_message(format!("{count} {noun}"))
                .set_type("error")
                .set_description(errors.join("\n"));
            status
        }
    };
    let name = found.first().map(|found| found.object.clone()).unwrap_or_default();
    let mut case = TestCase::new(name, status);
    let others = lines(|level| level != Level::Error);
    if !others.is_empty() {
        case.set_system_out(others.join("\n"));
    }
    case
}
