//! Where we differ on purpose.

use serde_json::Value;

/// The name of the deviation that a case touches.
pub fn explain(_case: &Value) -> Option<&'static str> {
    None
}
