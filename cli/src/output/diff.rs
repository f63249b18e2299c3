//! Patches whose files are named relative to the working directory: `patch` rejects other names.

use std::path::{Component, Path, PathBuf};

/// A patch with its file named from here, in colours, which the output stream strips where they are unwanted.
pub(crate) fn from_here(patch: &str) -> String {
    let header = |(nth, line): (usize, &str)| {
        let bare = line.trim_end_matches(['\r', '\n']);
        let end = line.get(bare.len()..).unwrap_or_default();
        let named = if nth < 2 { named_from_here(bare) } else { None };
        named.map_or_else(|| line.to_owned(), |named| named + end)
    };
    let named: String = patch.split_inclusive('\n').enumerate().map(header).collect();
    kubectl_psp::report::colored(&named)
}

/// A header line with its file relative to the working directory; `None` if it is already, or the file lies
/// elsewhere.
fn named_from_here(header: &str) -> Option<String> {
    let (sign, name) = header.split_at_checked(4).filter(|(sign, _)| ["--- ", "+++ "].contains(sign))?;
    let tab = if name.ends_with('\t') { "\t" } else { "" };
    let path = Path::new(name.trim_end_matches('\t'));
    if path.components().all(|part| matches!(part, Component::Normal(_))) && !name.contains("./") {
        return None;
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new(".")).canonicalize().ok()?;
    let here = std::env::current_dir().and_then(|here| here.canonicalize()).ok()?;
    let path: PathBuf = folder.strip_prefix(here).ok()?.join(path.file_name()?);
    Some(format!("{sign}{}{tab}", path.display()))
}
