//! What keeps a policy from being tighter, and its workloads from the next level of the Pod Security Standards.

use std::fmt::Write as _;

use comfy_table::Cell;
use pod_security_policy::standards::Level;

use super::evidence::{Evidence, Reason};
use super::needs::Needs;
use crate::report::Look;

/// The report about one policy.
pub(super) fn report(name: &str, needs: &Needs, reasons: &[Reason], look: Look) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = written(name, needs, reasons, look, &mut text);
    text
}

fn written(name: &str, needs: &Needs, reasons: &[Reason], look: Look, text: &mut String) -> std::fmt::Result {
    let noun = if needs.workloads.count == 1 { "workload" } else { "workloads" };
    let style = look.bold();
    writeln!(text, "{style}{name}{style:#}: {} {noun}", needs.workloads.count)?;
    if !reasons.is_empty() {
        writeln!(text, "{}", table(reasons, look))?;
    }
    if let Some(movable) = &needs.movable {
        writeln!(
            text,
            "could move into a user namespace (userNamespaceLevel: RequirePodLevel): {}",
            by(movable)
        )?;
    }
    if let (Some(privileged), true) = (&needs.privileged, needs.runtime_classes.is_empty()) {
        writeln!(text, "need a sandbox to be contained (runtimeClass): {}", by(privileged))?;
    }
    let fails = |level| needs.failing.iter().filter(move |((at, _), _)| *at == level);
    let reached =
        [Level::Restricted, Level::Baseline].into_iter().find(|level| fails(*level).next().is_none());
    let reached = reached.unwrap_or(Level::Privileged);
    writeln!(text, "Pod Security Standards: {reached}")?;
    let next = match reached {
        Level::Restricted => return Ok(()),
        Level::Baseline => Level::Restricted,
        Level::Privileged => Level::Baseline,
    };
    writeln!(text, "{next} is prevented by:")?;
    for ((_, check), (problem, evidence)) in fails(next) {
        writeln!(text, "  {check}: {problem}: {}, {}", by(evidence), at(evidence))?;
    }
    writeln!(text)
}

fn table(reasons: &[Reason], look: Look) -> String {
    let mut table = look.table(&["FIELD", "NEEDED", "BY", "AT"]);
    for Reason { field, need, evidence } in reasons {
        // A terminal has no room for the path; the line is shown instead.
        let place = format!("{}:{}", evidence.place.file, evidence.place.line);
        let at = if look.width().is_some() { place } else { at(evidence) };
        table.add_row([Cell::new(field), Cell::new(need), Cell::new(by(evidence)), Cell::new(at)]);
    }
    table.trim_fmt()
}

fn by(evidence: &Evidence) -> String {
    match evidence.workloads.count {
        1 => evidence.workload.clone(),
        count => format!("{} and {} more", evidence.workload, count - 1),
    }
}

fn at(evidence: &Evidence) -> String {
    format!("{}:{} {}", evidence.place.file, evidence.place.line, evidence.path)
}
