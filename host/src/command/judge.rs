//! `judge`: evaluates manifests, for human readers.

use std::{
    fmt,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use anstream::println;
use anstyle::{AnsiColor, Style};
use clap::Args;
use policy_host::{
    AdmissionResponse, Error, HostCall, HostCalls, LogLine, Manifest, Policy, Settings, Sort, Unanswered,
    changes, read_text,
};

use super::SettingsSource;

/// Judge manifests as if they were created, and show verdicts, changes and objections
#[derive(Debug, Args)]
pub(crate) struct Judge {
    /// The policy's module
    #[arg(value_name = "POLICY")]
    policy: PathBuf,
    #[command(flatten)]
    settings: SettingsSource,
    /// Files with manifests, or folders of such; `-` for standard input
    #[arg(required = true, value_name = "FILE")]
    manifests: Vec<PathBuf>,
}

/// No cluster, and no log: the responses are complete.
struct Quiet;

impl HostCalls for Quiet {
    fn answer(&self, call: &HostCall<'_>) -> Result<Vec<u8>, String> {
        Unanswered.answer(call)
    }

    fn log(&self, _line: &LogLine) {}
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Allowed,
    Mutated,
    Denied,
}

impl Verdict {
    fn of(response: &AdmissionResponse) -> Self {
        match (response.allowed, response.changes.is_empty()) {
            (false, _) => Self::Denied,
            (true, false) => Self::Mutated,
            (true, true) => Self::Allowed,
        }
    }

    fn style(self) -> Style {
        let color = match self {
            Self::Allowed => AnsiColor::Green,
            Self::Mutated => AnsiColor::Yellow,
            Self::Denied => AnsiColor::Red,
        };
        color.on_default().bold()
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Allowed => "ALLOWED",
            Self::Mutated => "MUTATED",
            Self::Denied => "DENIED",
        })
    }
}

impl Judge {
    pub(crate) fn execute(&self) -> Result<ExitCode, Error> {
        let settings = self.settings.read()?;
        let policy = Policy::from_file(&self.policy)?;
        let verdict = policy.instance(Arc::new(Quiet))?.validate_settings(&settings)?;
        if !verdict.valid {
            return Err(Error::SettingsRefused(verdict.message.unwrap_or_default()));
        }

        let (mut verdicts, mut only_pods) = (Vec::new(), true);
        for path in self.files()? {
            let manifests =
                Manifest::read_all(&read_text(&path)?).map_err(|error| error.in_file(path.as_path()))?;
            for manifest in &manifests {
                only_pods &= manifest.kind == "Pod";
                verdicts.push(judge(&policy, &settings, &path, manifest)?);
            }
        }

        let count = |verdict| verdicts.iter().filter(|each| **each == verdict).count();
        let (allowed, mutated, denied) =
            (count(Verdict::Allowed), count(Verdict::Mutated), count(Verdict::Denied));
        let noun = match (only_pods, verdicts.len()) {
            (true, 1) => "pod",
            (true, _) => "pods",
            (false, 1) => "object",
            (false, _) => "objects",
        };
        println!("{} {noun}: {allowed} allowed, {mutated} mutated, {denied} denied", verdicts.len());
        Ok(ExitCode::SUCCESS)
    }

    /// The given files, and those in the given folders, sorted by name.
    fn files(&self) -> Result<Vec<PathBuf>, Error> {
        let mut files = Vec::new();
        for path in &self.manifests {
            if !path.is_dir() {
                files.push(path.clone());
                continue;
            }
            let unread = |reason| Error::FileNotRead { path: path.clone(), reason };
            let mut inside = Vec::new();
            for entry in path.read_dir().map_err(unread)? {
                let entry = entry.map_err(unread)?.path();
                if entry.extension().is_some_and(|kind| kind == "yaml" || kind == "yml" || kind == "json") {
                    inside.push(entry);
                }
            }
            inside.sort();
            files.append(&mut inside);
        }
        Ok(files)
    }
}

fn judge(policy: &Policy, settings: &Settings, path: &Path, manifest: &Manifest) -> Result<Verdict, Error> {
    let response = policy.instance(Arc::new(Quiet))?.review(&manifest.request, settings)?;
    let verdict = Verdict::of(&response);

    let file = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    let (style, name) = (verdict.style(), &manifest.name);
    println!("{style}{verdict:8}{style:#} {file} ({} {name})", manifest.kind);
    if let Some(object) = &manifest.request.object {
        for change in changes(object, &response.changes) {
            let color = match change.sort {
                Sort::Added => AnsiColor::Green,
                Sort::Replaced => AnsiColor::Yellow,
                Sort::Removed => AnsiColor::Red,
            };
            let style = color.on_default();
            println!("         {style}{change}{style:#}");
        }
    }
    if !response.allowed {
        for objection in objections(response.message()) {
            println!("         {objection}");
        }
    }
    let style = AnsiColor::Yellow.on_default();
    for warning in response.warnings.iter().flatten() {
        println!("         {style}warning:{style:#} {warning}");
    }
    println!();
    Ok(verdict)
}

/// One line per objection: a `;` ends one only before a path, since reasons may contain one themselves.
fn objections(message: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for part in message.split("; ") {
        let is_path = part.split_once(": ").is_some_and(|(path, _)| !path.contains(' '));
        match lines.last_mut() {
            Some(line) if !is_path => line.extend(["; ", part]),
            _ => lines.push(part.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_objection_has_its_line_with_all_of_its_reason() {
        let message =
            "spec.hostPID: Invalid value: true: no; spec.x: Required value: set it; or leave; and 3 more";

        assert_eq!(
            objections(message),
            ["spec.hostPID: Invalid value: true: no", "spec.x: Required value: set it; or leave; and 3 more"]
        );
    }
}
