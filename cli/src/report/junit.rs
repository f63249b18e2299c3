//! JUnit XML: one test per object, which fails if the object is rejected.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::Results;
use crate::judge::{Judged, Verdict};

pub(super) fn write(results: &Results) -> Result<String, String> {
    let mut report = Report::new("kubectl psp check");
    let mut suites: Vec<TestSuite> = Vec::new();
    for judged in &results.results {
        if suites.last().is_none_or(|suite| suite.name.as_str() != judged.file) {
            suites.push(TestSuite::new(&*judged.file));
        }
        if let Some(suite) = suites.last_mut() {
            suite.add_test_case(case(judged));
        }
    }
    report.add_test_suites(suites);
    report.to_string().map_err(|error| error.to_string())
}

fn case(judged: &Judged) -> TestCase {
    let status = match judged.verdict {
        Verdict::Allowed | Verdict::Changed => TestCaseStatus::success(),
        Verdict::Rejected => {
            let lines: Vec<String> = judged
                .violations
                .iter()
                .map(|found| format!("{}:{}: [{}] {found}", judged.file, found.line, found.policy))
                .collect();
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            let noun = if lines.len() == 1 { "violation" } else { "violations" };
            status.set_message(format!("rejected: {} {noun}", lines.len())).set_type("rejected");
            status.set_description(lines.join("\n"));
            status
        }
    };
    let mut case = TestCase::new(judged.title(), status);
    case.set_classname(judged.policy.as_deref().unwrap_or("rejected"));
    let mut said: Vec<String> = judged.before.iter().map(ToString::to_string).collect();
    let changes = judged.changes.iter().map(|change| format!("+ {}: {}", change.path, change.value));
    said.extend(changes);
    said.extend(judged.warnings.iter().map(|warning| format!("warning: {warning}")));
    if !said.is_empty() {
        case.set_system_out(said.join("\n"));
    }
    case
}

#[cfg(test)]
mod tests {
    #[test]
    fn results_are_junit() {
        insta::assert_snapshot!(super::write(&super::super::testing::results()).unwrap());
    }
}
