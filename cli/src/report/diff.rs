//! Defaults filled into a manifest, as a unified diff.

use std::path::{Component, Path, PathBuf};

use serde_json::Value;
use similar::TextDiff;

/// The difference between two versions of an object, laid out as YAML; `None` if they are equal.
pub(crate) fn of(before: &Value, after: &Value, title: &str) -> Option<String> {
    if before == after {
        return None;
    }
    let texts = [before, after].map(|value| super::to_yaml(value).unwrap_or_default());
    let [before, after] = &texts;
    let diff = TextDiff::from_lines(before, after);
    let name = title.replace([' ', '/'], "-");
    Some(diff.unified_diff().header(&format!("a/{name}.yaml"), &format!("b/{name}.yaml")).to_string())
}

/// A coloured diff whose file is named relative to the working directory: `patch` rejects other names. Line endings
/// are kept, or the diff would not apply.
pub(crate) fn colored(diff: &str) -> String {
    let line = |(nth, whole): (usize, &str)| {
        let line = whole.trim_end_matches(['\r', '\n']);
        let end = whole.get(line.len()..).unwrap_or_default();
        let named = if nth < 2 { named_from_here(line) } else { None };
        let line = named.as_deref().unwrap_or(line);
        let color = match line.chars().next() {
            Some('+') => anstyle::AnsiColor::Green,
            Some('-') => anstyle::AnsiColor::Red,
            Some('@') => anstyle::AnsiColor::Cyan,
            _ => return format!("{line}{end}"),
        };
        let style = color.on_default();
        format!("{style}{line}{style:#}{end}")
    };
    diff.split_inclusive('\n').enumerate().map(line).collect()
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn a_change_is_a_unified_diff() {
        let before = json!({"kind": "Pod", "spec": {"containers": [{"name": "a"}, {"name": "b"}]}});
        let mut after = before.clone();
        after["spec"]["containers"][0]["securityContext"] = json!({"runAsNonRoot": true});
        insta::assert_snapshot!(super::of(&before, &after, "Pod shop/web").unwrap());
        assert_eq!(super::of(&before, &before, "Pod shop/web"), None);
    }
}
