//! Tables inside of pages that are otherwise written by hand.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use pod_security_policy::{rules, standards};

use crate::source::{read, root};
use crate::tables::row;

/// The page with this table between the markers of this name.
fn with_table(path: &str, name: &str, table: &str) -> Result<String> {
    let page = read(path)?;
    let parts = || {
        let (head, rest) = page.split_once(&format!("<!-- {name}: begin"))?;
        let (note, rest) = rest.split_once("-->\n")?;
        let (_, tail) = rest.split_once(&format!("<!-- {name}: end -->"))?;
        Some(format!("{head}<!-- {name}: begin{note}-->\n{table}<!-- {name}: end -->{tail}"))
    };
    parts().with_context(|| format!("{path}: no table of {name}"))
}

/// `docs/rules.md`
pub(crate) fn rules() -> Result<String> {
    let mut table =
        String::from("| Rule | Purpose | Reads in a pod | Writes | Without it |\n|---|---|---|---|---|\n");
    for (_, entry) in rules::all() {
        let annotations: Vec<_> = entry.annotations.iter().map(|name| format!("`{name}`")).collect();
        let purpose = match annotations.as_slice() {
            [] => entry.purpose.to_owned(),
            _ => format!("{} Annotations: {}.", entry.purpose, annotations.join(", ")),
        };
        table += &row([&format!("`{}`", entry.id), &purpose, entry.pod_fields, entry.mutates, entry.default]);
    }
    with_table("docs/rules.md", "rules", &table)
}

/// `docs/pod-security-standards.md`
pub(crate) fn checks() -> Result<String> {
    let mut table = String::from(
        "| ID | Level | Purpose | Reads in a pod | Since | Replaced by |\n|---|---|---|---|---|---|\n",
    );
    for (_, check) in standards::all() {
        let versions: Vec<_> = check.variants.iter().map(|variant| format!("v1.{}", variant.since)).collect();
        let replaced = check.overridden_by().map(|other| format!("`{}`", other.id)).unwrap_or_default();
        table += &row([
            &format!("`{}`", check.id),
            check.level.name(),
            check.purpose,
            check.pod_fields,
            &versions.join(", "),
            &replaced,
        ]);
    }
    with_table("docs/pod-security-standards.md", "checks", &table)
}

/// `ARCHITECTURE.md`, whose rows of rooms say how many lines each has.
pub(crate) fn rooms() -> Result<String> {
    let mut page = String::new();
    for line in read("ARCHITECTURE.md")?.split_inclusive('\n') {
        let mut cells: Vec<_> = line.split(" | ").collect();
        if let [room, floor, count, _, _] = &mut cells[..]
            && floor.parse::<u32>().is_ok()
        {
            let room = root().join("src").join(room.trim_matches(['|', ' ', '`']));
            let room = if room.is_dir() { room } else { room.with_extension("rs") };
            let lines = lines(&room)?.to_string();
            *count = &lines;
            page += &cells.join(" | ");
        } else {
            page += line;
        }
    }
    Ok(page)
}

/// The lines of a file with code, or of those in a folder.
fn lines(path: &Path) -> Result<usize> {
    match path.extension() {
        _ if path.is_dir() => fs::read_dir(path)?.map(|entry| lines(&entry?.path())).sum(),
        Some(extension) if extension == "rs" => Ok(fs::read_to_string(path)?.lines().count()),
        _ => Ok(0),
    }
}
