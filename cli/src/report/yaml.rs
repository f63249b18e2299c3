//! YAML: the same data as JSON.

use serde::Serialize;

use super::Results;

pub(super) fn write(results: &Results) -> Result<String, String> {
    text(&results.complete())
}

/// Any value, as kubectl lays it out: lists start where their key does, and nothing is folded.
pub(super) fn text(value: &impl Serialize) -> Result<String, String> {
    let options = serde_saphyr::ser_options! { compact_list_indent: true, prefer_block_scalars: false, quote_all: false };
    let text = serde_saphyr::to_string_with_options(value, options).map_err(|error| error.to_string())?;
    Ok(text.trim_end().to_owned() + "\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn results_are_yaml() {
        insta::assert_snapshot!(super::write(&super::super::testing::results()).unwrap());
    }

    #[test]
    fn texts_stay_texts_to_kubectl() {
        let value = json!({"a": ["yes", "no", "on", "0644", "1e3", "~", "null", "true", "", "1", "a: b", "- x", "#c", "*", "0x10", "1:30", "y", "2026-01-31"],
            "empty": {}, "none": [], "b": true, "n": 5, "nested": [{"x": [1, 2]}, {"y": {"z": null}}], "long": "word ".repeat(40).trim(), "lines": "a\nb\n"});
        let text = super::text(&value).unwrap();
        insta::assert_snapshot!(text);
        let options = serde_saphyr::options! { legacy_octal_numbers: true };
        let read: serde_json::Value = serde_saphyr::from_str_with_options(&text, options).unwrap();
        assert_eq!(read, value);
    }
}
