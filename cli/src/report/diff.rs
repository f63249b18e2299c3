//! Defaults filled into a manifest, as a unified diff.

use serde_json::Value;
use similar::algorithms::{Capture, Compact, Replace, myers};

use crate::unified::hunks;

/// The difference between two versions of an object, laid out as YAML; `None` if they are equal.
pub(crate) fn of(before: &Value, after: &Value, title: &str) -> Option<String> {
    if before == after {
        return None;
    }
    let texts = [before, after].map(|value| super::to_yaml(value).unwrap_or_default());
    let lines = texts.each_ref().map(|text| text.split_inclusive('\n').collect::<Vec<_>>());
    let [before, after] = lines.each_ref().map(Vec::as_slice);
    // One algorithm by its name: a choice among all that there are is a third of a megabyte in the page.
    let mut ops = Compact::new(Replace::new(Capture::new()), before, after);
    let Ok(()) = myers::diff(&mut ops, before, 0..before.len(), after, 0..after.len());
    let ops = ops.into_inner().into_inner().into_ops();
    let name = title.replace([' ', '/'], "-");
    Some(format!("--- a/{name}.yaml\n+++ b/{name}.yaml\n{}", hunks(ops, before, after)))
}

/// A diff in the colours of a terminal. Line endings are kept, or the diff would not apply.
pub fn colored(diff: &str) -> String {
    let line = |whole: &str| {
        let line = whole.trim_end_matches(['\r', '\n']);
        let end = whole.get(line.len()..).unwrap_or_default();
        let color = match line.chars().next() {
            Some('+') => anstyle::AnsiColor::Green,
            Some('-') => anstyle::AnsiColor::Red,
            Some('@') => anstyle::AnsiColor::Cyan,
            _ => return format!("{line}{end}"),
        };
        let style = color.on_default();
        format!("{style}{line}{style:#}{end}")
    };
    diff.split_inclusive('\n').map(line).collect()
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
