//! JSON: the complete results, with stable keys.

use serde::Serialize;

use super::Results;

pub(super) fn write(results: &Results) -> Result<String, String> {
    text(&results.complete())
}

/// Any value, indented, with a line feed at the end.
pub(super) fn text(value: &impl Serialize) -> Result<String, String> {
    serde_json::to_string_pretty(value).map(|text| text + "\n").map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    #[test]
    fn results_are_json() {
        insta::assert_snapshot!(super::write(&super::super::testing::results()).unwrap());
    }
}
