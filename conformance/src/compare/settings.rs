//! The validation of policies.

use crate::case::{Case, Outcome};
use crate::deviations;

/// Whether the verdict on a policy agrees, and every field that the original names is named by us.
///
/// # Errors
///
/// The difference, told to people.
pub fn settings(case: &Case, result: &Outcome, problems: Option<&str>) -> Result<(), String> {
    let errors = result.errors.as_deref().unwrap_or_default();
    if errors.is_empty() && problems.is_some() && deviations::is_stricter(case) {
        return Ok(());
    }
    if errors.is_empty() != problems.is_none() {
        return Err(format!("the original says {errors:?}, we say {problems:?}"));
    }
    let ours = problems.unwrap_or_default();
    let unnamed = errors.iter().find(|error| !ours.contains(&format!("policies[0].{}", field(error))));
    match unnamed {
        None => Ok(()),
        Some(error) => Err(format!("the field of {error:?} is not named in {ours:?}")),
    }
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
