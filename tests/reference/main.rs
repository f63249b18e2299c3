//! The settings reference, the JSON Schema and Rancher's form match the tables of the code.
//!
//! `UPDATE_DOCS=1 cargo test --test reference` writes them anew.
#![allow(clippy::needless_pass_by_value, clippy::unwrap_used, clippy::panic, missing_docs)]

mod chart;
mod examples;
mod page;
mod questions;
mod schema;

use std::fs;
use std::path::{Path, PathBuf};

use pod_security_policy::rule::Entry;
use pod_security_policy::rules;
use pod_security_policy::schema::Shape;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The fields of a PodSecurityPolicy spec, with their shapes.
fn fields() -> impl Iterator<Item = (&'static Entry, Shape)> {
    rules::all().filter_map(|(_, entry)| Some((entry, entry.shape?)))
}

/// The annotations of a PodSecurityPolicy that count.
fn annotations() -> impl Iterator<Item = (&'static Entry, &'static str)> {
    rules::all().flat_map(|(_, entry)| entry.annotations.iter().map(move |name| (entry, *name)))
}

/// Whether a policy without this field is refused.
fn is_required(entry: &Entry) -> bool {
    entry.default == "must be given"
}

/// The meaning of a field, and the behaviour without it.
fn meaning(entry: &Entry) -> String {
    match is_required(entry) {
        true => entry.purpose.to_owned(),
        false => format!("{} Without it: {}.", entry.purpose, entry.default),
    }
}

/// Compares a file with the expected text, or writes it.
fn hold(file: &str, expected: &str) {
    let path: PathBuf = root().join(file);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(path, expected).unwrap();
        return;
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(found == expected, "{file} has drifted: UPDATE_DOCS=1 cargo test --test reference");
}

#[test]
fn the_schema_is_that_of_the_code() {
    hold("schema/settings.schema.json", &schema::text());
}

#[test]
fn the_schema_of_registrations_is_that_of_the_code() {
    hold("schema/registration.schema.json", &schema::registration_text());
}

#[test]
fn the_settings_reference_is_that_of_the_code() {
    hold("docs/settings.md", &page::text());
}

#[test]
fn the_form_is_that_of_the_code() {
    hold("questions-ui.yml", &questions::text());
}
