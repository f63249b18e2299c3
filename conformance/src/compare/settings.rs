//! The validation of policies.

use crate::case::{Case, Outcome};
use crate::deviations;
use crate::difference::Difference;

/// The strategy that users have gained since (docs/continued.md); PodSecurityPolicy knew it for groups alone.
const CONTINUED: &str = "spec.runAsUser.rule: Unsupported value: \"MayRunAs\"";

/// Whether the verdict on a policy agrees, and every field that the original names is named by us.
///
/// # Errors
///
/// The difference.
pub fn settings(case: &Case, result: &Outcome, problems: Option<&str>) -> Result<(), Difference> {
    let errors: Vec<&String> =
        result.errors.iter().flatten().filter(|error| !error.starts_with(CONTINUED)).collect();
    if errors.is_empty() != problems.is_none() {
        let text = format!("the original says {errors:?}, we say {problems:?}");
        let settings = |problem: &str| format!("settings: {problem}");
        let ways = problems.map_or_else(
            || errors.iter().map(|error| error.split(": ").next().unwrap_or_default().to_owned()).collect(),
            |problems| deviations::each(problems).map(settings).collect(),
        );
        return Err(Difference::new("settings", text, vec![ways]));
    }
    let ours = problems.unwrap_or_default();
    // The original does not say which of several policies is invalid.
    let named = |error: &&String| {
        let field = field(error);
        (0..case.psps.len()).any(|index| {
            let without_spec = field.starts_with("spec.")
                && ours.contains(&format!("policies[{index}].spec: Required value"));
            without_spec || ours.contains(&format!("policies[{index}].{field}"))
        })
    };
    let unnamed: Vec<&String> = errors.into_iter().filter(|error| !named(error)).collect();
    if unnamed.is_empty() {
        return Ok(());
    }
    let text = format!("the fields of {unnamed:?} are not named in {ours:?}");
    let fields = unnamed.into_iter().map(|error| field(error)).collect();
    Err(Difference::new("faults", text, vec![fields]))
}

/// The field that an error of the original names: its paths are irregular.
fn field(error: &str) -> String {
    let path = error.split(": ").next().unwrap_or_default();
    let path = path
        .replace("allowedFlexVolumes.allowedFlexVolumes", "allowedFlexVolumes")
        .replace("allowedCSIDrivers.allowedCSIDriver", "allowedCSIDrivers")
        .replace(".items", "");
    if path.starts_with("spec.") || path.starts_with("metadata") { path } else { format!("spec.{path}") }
}
