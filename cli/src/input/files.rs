//! The files that paths stand for.

use std::io;
use std::path::{Path, PathBuf};

use crate::error::{Fault, Faults, Outcome};

/// The files that paths stand for: themselves, and of folders all that ends like a manifest.
///
/// # Errors
///
/// If a folder cannot be read.
pub(super) fn files(paths: &[PathBuf]) -> Outcome<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            let before = files.len();
            walk(path, &mut files)?;
            if files.len() == before {
                return Err(Fault::new(format_args!(
                    "{}: holds no file that ends in .yaml, .yml or .json",
                    path.display()
                ))
                .into());
            }
        } else {
            files.push(path.clone());
        }
    }
    Ok(files)
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> Outcome<()> {
    let unread = |error: io::Error| Faults::from(Fault::unread(folder, &error));
    let mut inside = Vec::new();
    for entry in folder.read_dir().map_err(unread)? {
        inside.push(entry.map_err(unread)?.path());
    }
    inside.sort();
    for path in inside {
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if path.is_dir() && !hidden {
            walk(&path, files)?;
        } else if is_manifest(&path) {
            files.push(path);
        }
    }
    Ok(())
}

fn is_manifest(path: &Path) -> bool {
    path.extension().is_some_and(|kind| kind == "yaml" || kind == "yml" || kind == "json")
}

/// Whether a file says by its name that it holds JSON.
pub(super) fn is_json(path: &Path) -> bool {
    path.extension().is_some_and(|kind| kind == "json")
}
