//! SARIF 2.1.0, for code scanning: each violation with the file and line of the field.

use std::collections::BTreeMap;

use serde_sarif::sarif::{
    ArtifactLocation, Location, LogicalLocation, Message, MultiformatMessageString, PhysicalLocation, Region,
    ReportingDescriptor, Result as SarifResult, ResultLevel, Run, Sarif, Tool, ToolComponent,
};

use super::{Results, rule_docs};
use crate::judge::{Finding, Judged};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

pub(super) fn write(results: &Results) -> Result<String, String> {
    let mut rules: BTreeMap<&str, i64> = BTreeMap::new();
    for found in results.results.iter().flat_map(|judged| &judged.violations) {
        rules.entry(&found.rule).or_default();
    }
    for (index, number) in rules.values_mut().zip(0..) {
        *index = number;
    }
    let mut found = Vec::new();
    for judged in &results.results {
        for violation in &judged.violations {
            found.push(result(judged, violation, rules.get(&*violation.rule).copied().unwrap_or_default()));
        }
        for warning in &judged.warnings {
            let message = Message::builder().text(format!("{}: {warning}", judged.title())).build();
            let at = location(judged, judged.line, 1, "");
            found.push(
                SarifResult::builder()
                    .level(ResultLevel::Warning)
                    .message(message)
                    .locations(vec![at])
                    .build(),
            );
        }
    }
    let driver = ToolComponent::builder()
        .name("kubectl-psp")
        .version(env!("CARGO_PKG_VERSION"))
        .information_uri(env!("CARGO_PKG_REPOSITORY"))
        .rules(rules.keys().map(|id| descriptor(id)).collect::<Vec<_>>())
        .build();
    let run = Run::builder().tool(Tool::builder().driver(driver).build()).results(found).build();
    super::to_json(&Sarif::builder().schema(SCHEMA).version("2.1.0").runs(vec![run]).build())
}

fn descriptor(id: &str) -> ReportingDescriptor {
    let about = rule_docs::of(id);
    let text = |text: &str| MultiformatMessageString::builder().text(text).build();
    ReportingDescriptor::builder()
        .id(id)
        .short_description(text(about.purpose))
        .full_description(text(about.paragraph))
        .help(text(about.paragraph))
        .help_uri(about.link)
        .build()
}

fn result(judged: &Judged, found: &Finding, index: i64) -> SarifResult {
    let text = format!("{}: {found} (policy {})", judged.title(), found.policy);
    SarifResult::builder()
        .rule_id(&found.rule)
        .rule_index(index)
        .level(ResultLevel::Error)
        .message(Message::builder().text(text).build())
        .locations(vec![location(judged, found.line, found.column, &found.path)])
        .build()
}

fn location(judged: &Judged, line: u32, column: u32, path: &str) -> Location {
    let region = Region::builder().start_line(i64::from(line)).start_column(i64::from(column)).build();
    let artifact = ArtifactLocation::builder().uri(uri(&judged.file)).build();
    let name = format!("{} {path}", judged.title());
    let logical = LogicalLocation::builder().fully_qualified_name(name.trim()).kind("object").build();
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
