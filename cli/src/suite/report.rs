//! The results of tests, in every format.

use std::fmt::{self, Display, Write as _};

use anstyle::AnsiColor;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use serde::Serialize;

use super::Ran;
use crate::error::{Error, Outcome};
use crate::report::{self, Look};

/// How results of tests are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum Format {
    /// For people, on a terminal
    #[default]
    Table,
    /// For programs
    Json,
    /// For continuous integration
    Junit,
}

/// The results of all tests.
#[derive(Debug, Default, Serialize)]
pub struct Tested {
    /// How many there are.
    pub summary: Summary,
    /// The tests in their order.
    pub tests: Vec<Ran>,
}

/// The number of tests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Those that pass.
    pub passed: usize,
    /// Those that fail.
    pub failed: usize,
}

/// `3 tests: 2 passed, 1 failed`
impl Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.passed + self.failed;
        let noun = if all == 1 { "test" } else { "tests" };
        write!(f, "{all} {noun}: {} passed, {} failed", self.passed, self.failed)
    }
}

impl Tested {
    /// Adds the tests of a file.
    pub fn add(&mut self, ran: Vec<Ran>) {
        let failed = ran.iter().filter(|ran| !ran.failures.is_empty()).count();
        self.summary.failed += failed;
        self.summary.passed += ran.len() - failed;
        self.tests.extend(ran);
    }

    /// The results in a format; a table has this look.
    ///
    /// # Errors
    ///
    /// If they cannot be written in it.
    pub fn write(&self, format: Format, look: Look) -> Outcome<String> {
        let written = match format {
            Format::Table => Ok(self.table(look)),
            Format::Json => report::to_json(self),
            Format::Junit => self.junit(),
        };
        written.map_err(|reason| Error::new(format_args!("the results cannot be written: {reason}")).into())
    }

    fn table(&self, look: Look) -> String {
        let mut text = String::new();
        for Ran { name, file, line, failures, .. } in &self.tests {
            let (word, color) =
                if failures.is_empty() { ("ok", AnsiColor::Green) } else { ("FAILED", AnsiColor::Red) };
            let style = look.style(color.on_default().bold());
            // Writing to a String cannot fail.
            let line = report::wrapped(&format!("{word} {name} ({file}:{line})"), look, 4);
            let _ = writeln!(text, "{}", line.replacen(word, &format!("{style}{word}{style:#}"), 1));
            if !failures.is_empty() {
                let _ = writeln!(text, "{}", report::indented(&failures.join("\n"), look));
            }
        }
        let bold = look.bold();
        format!("{text}\n{bold}{}{bold:#}\n", self.summary)
    }

    fn junit(&self) -> Result<String, String> {
        let mut report = Report::new("kubectl psp test");
        let mut suites: Vec<TestSuite> = Vec::new();
        for ran in &self.tests {
            if suites.last().is_none_or(|suite| suite.name.as_str() != ran.file) {
                suites.push(TestSuite::new(&*ran.file));
            }
            let status = match ran.failures.first() {
                None => TestCaseStatus::success(),
                Some(first) => {
                    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
                    let place = format!("{}:{}", ran.file, ran.line);
                    status.set_message(&**first).set_type("expectation");
                    status.set_description(format!("{place}\n{}", ran.failures.join("\n")));
                    status
                }
            };
            let mut case = TestCase::new(&*ran.name, status);
            case.set_classname(ran.result.title());
            if let Some(suite) = suites.last_mut() {
                suite.add_test_case(case);
            }
        }
        report.add_test_suites(suites);
        report.to_string().map_err(|error| error.to_string())
    }
}
