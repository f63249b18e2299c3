//! From folders to the files in them.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use crate::error::Error;

/// Patterns of files and folders to exclude.
#[derive(Clone, Debug, Default)]
pub struct Exclude(GlobSet);

/// Folders without manifests of their own; those whose names start with a point are excluded as well.
const LEFT_OUT: [&str; 1] = ["node_modules"];

impl Exclude {
    /// Patterns as in `.gitignore`: `*.tmpl.yaml` and `charts` match at any depth, `charts/*/templates` matches the
    /// end of a path.
    ///
    /// # Errors
    ///
    /// If one is not a valid pattern.
    pub fn new(patterns: &[String]) -> Result<Self, Error> {
        let mut set = GlobSetBuilder::new();
        for pattern in patterns {
            let plain = pattern.trim_start_matches("./").trim_end_matches('/');
            for glob in [plain.to_owned(), format!("**/{plain}")] {
                let glob = GlobBuilder::new(&glob).literal_separator(true).build();
                let wrong = |_| Error::new(format_args!("--exclude {pattern}: is not a file name pattern"));
                set.add(glob.map_err(wrong)?);
            }
        }
        let wrong = |_| Error::new("--exclude: the patterns are too large");
        Ok(Exclude(set.build().map_err(wrong)?))
    }

    fn holds(&self, path: &Path) -> bool {
        !self.0.is_empty() && self.0.is_match(path.strip_prefix("./").unwrap_or(path))
    }
}

/// The files that paths stand for: themselves, and in folders all files with a manifest's extension. A failure to list
/// is an error.
pub(super) fn files(paths: &[PathBuf], exclude: &Exclude) -> Vec<Result<PathBuf, Error>> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            if !exclude.holds(path) {
                files.push(Ok(path.clone()));
            }
            continue;
        }
        let mut walk = Walk { exclude, files: Vec::new(), inside: HashSet::new(), excluded: false };
        walk.folder(path);
        if walk.files.is_empty() && !walk.excluded {
            let reason = format_args!("{}: holds no file that ends in .yaml, .yml or .json", path.display());
            walk.files.push(Err(Error::new(reason)));
        }
        files.append(&mut walk.files);
    }
    files
}

struct Walk<'w> {
    exclude: &'w Exclude,
    files: Vec<Result<PathBuf, Error>>,
    /// The folders that have been entered, by canonical path: a symbolic link may lead to one of them.
    inside: HashSet<PathBuf>,
    excluded: bool,
}

impl Walk<'_> {
    fn folder(&mut self, folder: &Path) {
        let real = match fs::canonicalize(folder) {
            Ok(real) => real,
            Err(error) => return self.files.push(Err(Error::unread(folder, &error))),
        };
        if !self.inside.insert(real) {
            return;
        }
        let entries = match folder.read_dir().and_then(Iterator::collect::<Result<Vec<_>, _>>) {
            Ok(entries) => entries,
            Err(error) => return self.files.push(Err(Error::unread(folder, &error))),
        };
        let mut paths: Vec<PathBuf> = entries.iter().map(fs::DirEntry::path).collect();
        paths.sort();
        for path in paths {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let is_folder = path.is_dir();
            if self.exclude.holds(&path) {
                self.excluded = true;
            } else if is_folder {
                if !name.starts_with('.') && !LEFT_OUT.contains(&&*name) {
                    self.folder(&path);
                }
            } else if is_manifest(&path) && path.exists() {
                self.files.push(Ok(path));
            }
        }
    }
}

fn is_manifest(path: &Path) -> bool {
    path.extension().is_some_and(|kind| kind == "yaml" || kind == "yml" || kind == "json")
}

/// Whether a file's extension says JSON.
pub(super) fn is_json(path: &Path) -> bool {
    path.extension().is_some_and(|kind| kind == "json")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(exclude: &[&str]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        for file in
            ["a.yaml", "b.txt", ".git/c.yaml", "node_modules/d.yaml", "charts/x/templates/e.yaml", "f/g.json"]
        {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        #[cfg(unix)]
        std::os::unix::fs::symlink(folder.path(), folder.path().join("f/loop")).unwrap();
        let exclude = Exclude::new(&exclude.iter().map(ToString::to_string).collect::<Vec<_>>()).unwrap();
        let name = |file: PathBuf| file.strip_prefix(folder.path()).unwrap().display().to_string();
        files(&[folder.path().to_owned()], &exclude).into_iter().map(|file| name(file.unwrap())).collect()
    }

    #[test]
    fn folders_are_walked_once_and_without_those_of_other_programs() {
        assert_eq!(listed(&[]), ["a.yaml", "charts/x/templates/e.yaml", "f/g.json"]);
    }

    #[test]
    fn patterns_leave_files_and_folders_out() {
        assert_eq!(listed(&["charts"]), ["a.yaml", "f/g.json"]);
        assert_eq!(listed(&["./charts/*/templates/"]), ["a.yaml", "f/g.json"]);
        assert_eq!(listed(&["*.json", "**/templates/**"]), ["a.yaml"]);
        assert_eq!(listed(&["templates/*", "a.*"]), ["f/g.json"]);
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        let error = Exclude::new(&["a[".to_owned()]).unwrap_err();
        assert_eq!(error.to_string(), "--exclude a[: is not a file name pattern");
    }
}
