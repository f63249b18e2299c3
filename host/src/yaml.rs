//! YAML and JSON files. JSON is a subset of YAML, so one reader is enough.

use std::{
    fs,
    io::{self, Read},
    path::Path,
};

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::Error;

/// Reads one document. Scalars are resolved as by kwctl: `yes` is a text, not a boolean.
pub(crate) fn read<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    let options = serde_saphyr::options! { strict_booleans: true, with_snippet: false, budget: None };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| Error::NotYaml(error.to_string()))
}

/// Reads a stream of documents as `kubectl` does: `yes` is a boolean and `0644` is octal. Empty documents are skipped.
pub(crate) fn read_manifests(text: &str) -> Result<Vec<Value>, Error> {
    let options = serde_saphyr::options! { legacy_octal_numbers: true, with_snippet: false, budget: None };
    serde_saphyr::from_multiple_with_options(text, options).map_err(|error| Error::NotYaml(error.to_string()))
}

/// A document.
///
/// # Errors
///
/// When it has values that YAML cannot represent.
pub fn to_yaml(document: &impl Serialize) -> Result<String, Error> {
    serde_saphyr::to_string(document).map_err(|error| Error::YamlNotWritten(error.to_string()))
}

/// The text of a file, or of standard input where the path is `-`.
///
/// # Errors
///
/// When it cannot be read, or is not UTF-8.
pub fn read_text(path: &Path) -> Result<String, Error> {
    if path.as_os_str() != "-" {
        return fs::read_to_string(path).map_err(|reason| Error::FileNotRead { path: path.into(), reason });
    }
    let mut text = String::new();
    io::stdin().read_to_string(&mut text).map_err(Error::InputNotRead)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn settings_are_read_by_the_rules_of_kwctl() {
        let text = "a: yes\nb: true\nc: 2027-01-31\nd: 0x10\ne: '1'\n";

        assert_eq!(
            read::<Value>(text).unwrap(),
            json!({"a": "yes", "b": true, "c": "2027-01-31", "d": 16, "e": "1"})
        );
    }

    #[test]
    fn manifests_are_read_by_the_rules_of_kubectl() {
        let text = "---\na: yes\nmode: 0644\n---\n---\n{\"json\": \"no\"}\n";

        assert_eq!(read_manifests(text).unwrap(), [json!({"a": true, "mode": 420}), json!({"json": "no"})]);
    }

    #[test]
    fn duplicate_keys_are_refused() {
        let error = read::<Value>("a: 1\na: 2\n").unwrap_err().to_string();

        assert!(error.starts_with("not YAML: ") && error.contains("duplicate"), "{error}");
    }
}
