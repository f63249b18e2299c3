//! SARIF 2.1.0, for code scanning: each violation with the file and line of the field.

use std::collections::BTreeSet;

use serde_sarif::sarif::{
    ArtifactLocation, Location, LogicalLocation, Message, MultiformatMessageString, PhysicalLocation, Region,
    ReportingDescriptor, Result as SarifResult, ResultLevel, Run, Sarif, Tool, ToolComponent,
};

use super::{Results, rule_docs};
use crate::judge::{Finding, Judged};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// One result.
pub(crate) struct Entry<'e> {
    /// The ID of its rule; empty if there is none.
    pub(crate) rule: &'e str,
    pub(crate) level: ResultLevel,
    pub(crate) text: String,
    pub(crate) file: &'e str,
    pub(crate) line: u32,
    pub(crate) column: u32,
    /// The object, and the path in it.
    pub(crate) logical: String,
}

pub(super) fn write(results: &Results) -> Result<String, String> {
    let mut found = Vec::new();
    for judged in &results.results {
        found.extend(judged.violations.iter().map(|violation| of_violation(judged, violation)));
        found.extend(judged.warnings.iter().map(|warning| Entry {
            rule: "",
            level: ResultLevel::Warning,
            text: format!("{}: {warning}", judged.title()),
            file: &judged.file,
            line: judged.line,
            column: 1,
            logical: judged.title(),
        }));
    }
    of_entries(&found, &|id| {
        let about = rule_docs::of(id);
        descriptor(id, about.purpose, about.paragraph, Some(about.link))
    })
}

fn of_violation<'j>(judged: &'j Judged, found: &'j Finding) -> Entry<'j> {
    Entry {
        rule: &found.rule,
        level: ResultLevel::Error,
        text: format!("{}: {found} (policy {})", judged.title(), found.policy),
        file: &judged.file,
        line: found.line,
        column: found.column,
        logical: format!("{} {}", judged.title(), found.path),
    }
}

/// A log with these results, whose rules are described.
pub(crate) fn of_entries(
    entries: &[Entry<'_>],
    describe: &dyn Fn(&str) -> ReportingDescriptor,
) -> Result<String, String> {
    let named = entries.iter().map(|entry| entry.rule).filter(|rule| !rule.is_empty());
    let rules: BTreeSet<&str> = named.collect();
    let found: Vec<SarifResult> = entries
        .iter()
        .map(|entry| result(entry, rules.iter().zip(0_i64..).find(|(rule, _)| **rule == entry.rule)))
        .collect();
    let driver = ToolComponent::builder()
        .name("kubectl-psp")
        .version(env!("CARGO_PKG_VERSION"))
        .information_uri(env!("CARGO_PKG_REPOSITORY"))
        .rules(rules.iter().map(|id| describe(id)).collect::<Vec<_>>())
        .build();
    let run = Run::builder().tool(Tool::builder().driver(driver).build()).results(found).build();
    super::to_json(&Sarif::builder().schema(SCHEMA).version("2.1.0").runs(vec![run]).build())
}

/// What a rule is for.
pub(crate) fn descriptor(
    id: &str,
    purpose: &str,
    paragraph: &str,
    link: Option<&str>,
) -> ReportingDescriptor {
    let text = |text: &str| MultiformatMessageString::builder().text(text).build();
    let about = ReportingDescriptor::builder()
        .id(id)
        .short_description(text(purpose))
        .full_description(text(paragraph))
        .help(text(paragraph))
        .build();
    ReportingDescriptor { help_uri: link.map(str::to_owned), ..about }
}

fn result(entry: &Entry<'_>, rule: Option<(&&str, i64)>) -> SarifResult {
    let Entry { level, text, file, line, column, logical, .. } = entry;
    let result = SarifResult::builder()
        .level(*level)
        .message(Message::builder().text(text).build())
        .locations(vec![location(file, *line, *column, logical)])
        .build();
    SarifResult {
        rule_id: rule.map(|(id, _)| (*id).to_owned()),
        rule_index: rule.map(|(_, index)| index),
        ..result
    }
}

fn location(file: &str, line: u32, column: u32, logical: &str) -> Location {
    let region = Region::builder().start_line(i64::from(line)).start_column(i64::from(column)).build();
    let artifact = ArtifactLocation::builder().uri(uri(file)).build();
    let logical = LogicalLocation::builder().fully_qualified_name(logical.trim()).kind("object").build();
    Location::builder()
        .physical_location(PhysicalLocation::builder().artifact_location(artifact).region(region).build())
        .logical_locations(vec![logical])
        .build()
}

/// A path as the reference that SARIF wants.
fn uri(file: &str) -> String {
    let mut uri = String::with_capacity(file.len());
    for byte in file.trim_start_matches("./").bytes() {
        match byte {
            b'\\' => uri.push('/'),
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte));
            }
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_sarif() {
        let version = format!("\"version\": \"{}\"", env!("CARGO_PKG_VERSION"));
        let written =
            write(&super::super::testing::results()).unwrap().replace(&version, "\"version\": \"…\"");
        insta::assert_snapshot!(written);
    }

    #[test]
    fn paths_become_references() {
        assert_eq!(uri("./a b/ü.yaml"), "a%20b/%C3%BC.yaml");
    }
}
