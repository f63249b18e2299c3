//! Policies out of files.

use std::path::PathBuf;

use pod_security_policy::standards::Standard;

use super::Policies;
use super::load::of_objects;
use super::modules::Modules;
use crate::error::{Error, Outcome};
use crate::input::{self, Stdin};
use crate::rbac::Authority;

/// Loads policies from files, folders and names of levels; `-` is standard input.
///
/// # Errors
///
/// If one of them cannot be read, or there is no policy in them.
pub fn load(sources: &[PathBuf], modules: &Modules, authority: Authority, stdin: Stdin) -> Outcome<Policies> {
    let mut levels = Vec::new();
    let mut paths = Vec::new();
    for source in sources {
        match source.to_str().filter(|_| !source.exists()).map(str::parse::<Standard>) {
            Some(Ok(standard)) => levels.push(standard),
            _ => paths.push(source.clone()),
        }
    }
    for path in &paths {
        if !path.exists() && path.as_os_str() != "-" {
            let error = Error::new(format_args!("{}: there is no such file", path.display()));
            let meant = path.to_str().and_then(nearest_level);
            let meant = meant.map(|level| format!("did you mean `{level}`? ")).unwrap_or_default();
            return Err(error
                .help(format_args!("{meant}levels of the Pod Security Standards are privileged, baseline and restricted, with a version if you like: baseline:v1.31"))
                .into());
        }
    }
    of_objects(&input::read_all(&paths, stdin)?, &levels, modules, authority)
}

/// The level of the Pod Security Standards closest to a text.
fn nearest_level(text: &str) -> Option<String> {
    let (level, version) =
        text.split_once([':', '@']).map_or((text, None), |(level, version)| (level, Some(version)));
    let near = |known: &&str| strsim::damerau_levenshtein(known, &level.to_lowercase());
    let level = ["privileged", "baseline", "restricted"].into_iter().min_by_key(near)?;
    if near(&level) > 3 {
        return None;
    }
    let Some(version) = version else { return Some(level.to_owned()) };
    let digits = version.trim_start_matches(['v', 'V']);
    let minor = digits.split('.').nth(1).unwrap_or_default();
    [
        format!("{level}:{}", version.to_lowercase()),
        format!("{level}:v{digits}"),
        format!("{level}:v1.{minor}"),
        level.to_owned(),
    ]
    .into_iter()
    .find(|candidate| candidate.parse::<Standard>().is_ok())
}
