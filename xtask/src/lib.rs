//! What is generated: pages and tables of the documents, the schemas, Rancher's form, the files of the chart, and the
//! engine's table of known fields. All are made from the tables of the code, so that nothing is written twice.
//!
//! `cargo xtask` writes them; a test fails where one is no longer as the code would write it.

mod chart;
mod fields;
mod pages;
mod questions;
mod schema;
mod settings_page;
mod source;
mod tables;

use std::fs;

use anyhow::{Context, Result};

use crate::source::root;

/// A file as the code would write it.
#[derive(Debug)]
pub struct Generated {
    /// From the root of the repository.
    pub path: &'static str,
    /// The whole file, also where only a part of it is generated.
    pub text: String,
}

/// All generated files. Those that other files depend on come first.
///
/// # Errors
///
/// If a source cannot be read, or lacks the place where its generated part stands.
pub fn generated() -> Result<Vec<Generated>> {
    let file = |path, text| Ok(Generated { path, text });
    [
        file("src/admission/unknown_fields/known.txt", fields::table_of_the_engine()?),
        file("schema/settings.schema.json", schema::text()?),
        file("schema/registration.schema.json", schema::registration_text()?),
        file("docs/settings.md", settings_page::text()),
        file("docs/rules.md", pages::rules()?),
        file("docs/pod-security-standards.md", pages::checks()?),
        file("docs/fields.md", fields::page()?),
        file("docs/kubernetes-versions.md", fields::versions()?),
        file("questions-ui.yml", questions::text()?),
        file("charts/pod-security-policy/Chart.yaml", chart::chart_file()?),
        file("charts/pod-security-policy/values.schema.json", chart::values_schema_text()?),
        file("charts/pod-security-policy/questions.yaml", questions::text()?),
        file("charts/pod-security-policy/values.yaml", chart::values()?),
    ]
    .into_iter()
    .collect()
}

/// The page that says how many lines each room has: no test fails where it is a little out of date.
///
/// # Errors
///
/// If a source cannot be read, or a room of the code has no row.
pub fn counted() -> Result<Generated> {
    Ok(Generated { path: "ARCHITECTURE.md", text: pages::rooms()? })
}

impl Generated {
    /// Writes the file if it differs, and says whether it did.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn write(&self) -> Result<bool> {
        let differs = self.has_drifted();
        if differs {
            fs::write(root().join(self.path), &self.text).with_context(|| self.path.to_owned())?;
        }
        Ok(differs)
    }

    fn has_drifted(&self) -> bool {
        fs::read_to_string(root().join(self.path)).ok().as_ref() != Some(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::read;

    #[test]
    fn files_are_as_the_code_writes_them() {
        let drifted: Vec<_> =
            generated().unwrap().into_iter().filter(Generated::has_drifted).map(|file| file.path).collect();
        assert_eq!(drifted, [""; 0], "run `make docs`");
    }

    /// Writing is what `has_drifted` asks for, and a file that is not there has drifted.
    #[test]
    fn a_file_is_written_once() {
        let folder = root().join("target/xtask");
        fs::create_dir_all(&folder).unwrap();
        let file = Generated { path: "target/xtask/written", text: "text\n".to_owned() };
        let _ = fs::remove_file(root().join(file.path));

        let written = [file.write().unwrap(), file.write().unwrap()];

        assert_eq!((written, read(file.path).unwrap()), ([true, false], file.text));
    }
}
