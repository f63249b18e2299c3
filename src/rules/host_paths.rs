//! Paths of the node: a writable one can mean the node itself.
//!
//! A prefix stands for whole path elements: `/foo` allows `/foo/bar` and not `/foobar`. Where both start with `/`, `.`,
//! `//` and a trailing `/` mean nothing. Paths of Windows (`c:/data`, `\\.\pipe\agent`) are compared as text, as
//! PodSecurityPolicy compared all of them. Pods may mount a path that is allowed only for reading with `readOnly: true`
//! everywhere, or leave it unmounted.

use std::borrow::Cow;
use std::collections::BinaryHeap;

use crate::json::{Quoted, Text, Value};
use crate::pod::volume_type::VolumeTypes;
use crate::pod::{Container, Pod, Volume, VolumeDetail};
use crate::rule::pattern::{cleaned, cleaned_is_within, has_parent_dir, starts_with_folder};
use crate::rule::{Entry, Findings, Rule, Spec};
use crate::rules::is_refused_by_type;
use crate::schema::{Field, Shape};

pub(crate) const ENTRIES: &[Entry] = &[Entry {
    id: "allowedHostPaths",
    purpose: "The paths of the node that `hostPath` volumes may start with.",
    shape: Some(Shape::List(&Shape::Object(&[
        Field::new(
            "pathPrefix",
            Shape::Text,
            "An absolute path (`/data`, `c:/data`, `\\\\.\\pipe\\agent`); what is in that folder is allowed too.",
        ),
        Field::new("readOnly", Shape::Flag, "Whether it may be mounted only with `readOnly: true`."),
    ]))),
    reads: &["volumes"],
    pod_fields: "`volumes[*].hostPath.path`, containers' `volumeMounts[*].readOnly`",
    default: "empty: every path is allowed, if `volumes` lists `hostPath`",
    ..Entry::USUAL
}];

/// Refuses paths that no prefix allows.
pub(crate) struct HostPaths<'s> {
    types: VolumeTypes,
    prefixes: Vec<Prefix<'s>>,
}

struct Prefix<'s> {
    path: Text<'s>,
    read_only: bool,
}

/// The access that the prefixes allow to a path.
#[derive(PartialEq, Eq)]
enum Access {
    None,
    ReadOnly,
    Full,
}

pub(super) fn load<'s>(spec: &mut Spec<'_, 's>) -> Option<HostPaths<'s>> {
    let list = spec.get("allowedHostPaths").unwrap_or_default().elements();
    let mut prefixes = Vec::with_capacity(list.clone().count());
    for (index, prefix) in list.enumerate() {
        let mut path = prefix.get("pathPrefix").and_then(Value::text).unwrap_or_default();
        let place = format_args!("allowedHostPaths[{index}].pathPrefix");
        if path.is_empty() {
            spec.required(place, "is required");
        } else if has_parent_dir(&path) {
            spec.invalid(place, Quoted(&path), "must not contain '..'");
        } else if !is_absolute(&path) {
            spec.invalid(place, Quoted(&path), RELATIVE);
        }
        if let Cow::Owned(clean) = cleaned(&path) {
            path = clean.into();
        }
        let read_only = prefix.get("readOnly").and_then(Value::flag).unwrap_or_default();
        prefixes.push(Prefix { path, read_only });
    }
    Some(HostPaths { types: spec.volume_types(), prefixes })
}

const RELATIVE: &str = r"must be an absolute path: start with `/`, a drive such as `c:`, or `\\`";

/// Whether a path starts at a root: that of a file system, of a drive, or of the names of devices and hosts.
fn is_absolute(path: &str) -> bool {
    let drive = |path: &str| matches!(path.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic());
    path.starts_with(['/']) || path.starts_with(r"\\") || drive(path)
}

/// Whether a prefix allows a path; both are cleaned.
fn allows(prefix: &str, path: &str) -> bool {
    if prefix.starts_with('/') { cleaned_is_within(path, prefix) } else { starts_with_folder(path, prefix) }
}

impl HostPaths<'_> {
    fn access(&self, path: &str) -> Access {
        if self.prefixes.is_empty() {
            return Access::Full;
        }
        let path = cleaned(path);
        let mut matching = self.prefixes.iter().filter(|prefix| allows(&prefix.path, &path)).peekable();
        if matching.peek().is_none() {
            return Access::None;
        }
        // Any writable match wins, whatever its place in the list and however specific the others are.
        if matching.all(|prefix| prefix.read_only) { Access::ReadOnly } else { Access::Full }
    }

    /// The indexes of the volumes that may only be read, sorted by their names, each name once. Looked up for each
    /// mount: a search among all volumes each time would be volumes times mounts.
    fn read_only_volumes(&self, pod: &Pod<'_>) -> Vec<usize> {
        let named = pod.judged_volumes().filter_map(|(index, volume)| {
            let read_only = self.access(path(volume)?) == Access::ReadOnly;
            read_only.then_some((&*volume.name, index))
        });
        // A heap sorts as well as `sort_unstable` does and is a twentieth of its code.
        let mut named = named.collect::<BinaryHeap<_>>().into_sorted_vec();
        named.dedup_by_key(|(name, _)| *name);
        named.into_iter().map(|(_, index)| index).collect()
    }
}

/// The path of a volume of the node.
fn path<'v>(volume: &'v Volume<'_>) -> Option<&'v str> {
    match volume.detail()? {
        VolumeDetail::HostPath(path) => Some(path),
        _ => None,
    }
}

impl Rule for HostPaths<'_> {
    fn validate(&self, pod: &Pod<'_>, found: &mut Findings<'_>) {
        for (index, volume) in pod.judged_volumes() {
            let Some(path) = path(volume) else { continue };
            if is_refused_by_type(volume, self.types, found) {
                continue;
            }
            let place = format_args!("spec.volumes[{index}].hostPath.path");
            if has_parent_dir(path) {
                found.invalid(place, Quoted(path), "must not contain '..'");
            } else if self.access(path) == Access::None {
                found.invalid(place, Quoted(path), "is not allowed to be used");
            }
        }
    }

    fn validate_container(&self, pod: &Pod<'_>, container: &Container<'_>, found: &mut Findings<'_>) {
        if self.prefixes.iter().all(|prefix| !prefix.read_only) {
            return;
        }
        for (index, mount) in container.volume_mounts.iter().enumerate().filter(|(_, mount)| !mount.read_only)
        {
            let name = |index: &usize| pod.spec.volumes.get(*index).map(|volume| &*volume.name);
            let read_only = found.read_only_volumes(|| self.read_only_volumes(pod));
            let place = read_only.binary_search_by(|volume| name(volume).cmp(&Some(&*mount.name)));
            let volume = place.ok().and_then(|place| read_only.get(place)).copied();
            let volume = volume.and_then(|index| pod.spec.volumes.get(index));
            if volume.is_some_and(|volume| !is_refused_by_type(volume, self.types, found)) {
                found.invalid(format_args!("volumeMounts[{index}].readOnly"), false, "must be read-only");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use crate::testing::Outcome::{self, Admitted, Objected, Rejected};
    use crate::testing::{judge_pod, judge_within, problems, review_added};

    /// A policy that allows prefixes; those that end in `:ro` for reading only.
    fn prefixes(prefixes: &[&str]) -> Value {
        let allowed: Vec<Value> = prefixes
            .iter()
            .map(|prefix| match prefix.strip_suffix(":ro") {
                Some(path) => json!({"pathPrefix": path, "readOnly": true}),
                None => json!({"pathPrefix": prefix}),
            })
            .collect();
        json!({"volumes": ["hostPath"], "allowedHostPaths": allowed})
    }

    fn volume(path: &str) -> Value {
        json!({"spec": {"volumes": [{"name": "v", "hostPath": {"path": path, "type": "Directory"}}]}})
    }

    #[rstest]
    #[case::no_list_allows_every_path(&[], "/etc", Admitted)]
    #[case::itself(&["/foo"], "/foo", Admitted)]
    #[case::slash_at_the_end(&["/foo"], "/foo/", Admitted)]
    #[case::slash_at_the_end_of_the_prefix(&["/foo/"], "/foo", Admitted)]
    #[case::below(&["/bar", "/foo"], "/foo/bar", Admitted)]
    #[case::sibling_with_the_same_start(&["/foo"], "/foobar",
        Rejected("spec.volumes[0].hostPath.path: Invalid value: \"/foobar\": is not allowed to be used"))]
    #[case::above(&["/foo"], "/", Rejected("spec.volumes[0].hostPath.path: Invalid value: \"/\": is not allowed to be used"))]
    #[case::unclean_but_beneath(&["/foo/./bar"], "//foo//bar/.", Admitted)]
    #[case::the_root_allows_all(&["/"], "/etc", Admitted)]
    #[case::the_root_allows_no_relative_path(&["/"], "etc",
        Rejected("spec.volumes[0].hostPath.path: Invalid value: \"etc\": is not allowed to be used"))]
    #[case::the_root_allows_no_empty_path(&["/"], "", Rejected("spec.volumes[0].hostPath.path: Invalid value: \"\": is not allowed to be used"))]
    #[case::a_way_up(&["/foo"], "/foo/../etc", Rejected("spec.volumes[0].hostPath.path: Invalid value: \"/foo/../etc\": must not contain '..'"))]
    #[case::a_way_up_where_every_path_is_allowed(&[], "/foo/..",
        Rejected("spec.volumes[0].hostPath.path: Invalid value: \"/foo/..\": must not contain '..'"))]
    #[case::a_way_up_on_windows(&["c:/data"], r"c:/data\..\windows",
        Rejected(r#"spec.volumes[0].hostPath.path: Invalid value: "c:/data\\..\\windows": must not contain '..'"#))]
    #[case::a_way_up_behind_another_separator(&["/"], r"/data/..\etc",
        Rejected(r#"spec.volumes[0].hostPath.path: Invalid value: "/data/..\\etc": must not contain '..'"#))]
    #[case::a_pipe(&[r"\\.\pipe\agent"], r"\\.\pipe\agent", Admitted)]
    #[case::another_pipe(&[r"\\.\pipe\agent"], r"\\.\pipe\agent2",
        Rejected(r#"spec.volumes[0].hostPath.path: Invalid value: "\\\\.\\pipe\\agent2": is not allowed to be used"#))]
    #[case::on_a_drive(&["c:/etc/agent"], "c:/etc/agent/conf.d", Admitted)]
    #[case::a_whole_drive(&["c:"], "c:/etc", Admitted)]
    #[case::on_another_drive(&["c:/etc/agent"], "d:/etc/agent",
        Rejected("spec.volumes[0].hostPath.path: Invalid value: \"d:/etc/agent\": is not allowed to be used"))]
    #[case::a_drive_is_not_cleaned(&["c:/etc"], "c:/./etc",
        Rejected("spec.volumes[0].hostPath.path: Invalid value: \"c:/./etc\": is not allowed to be used"))]
    #[case::the_root_holds_no_drive(&["/"], "c:/etc",
        Rejected("spec.volumes[0].hostPath.path: Invalid value: \"c:/etc\": is not allowed to be used"))]
    #[case::unmounted_is_judged_too(&["/foo:ro"], "/etc",
        Rejected("spec.volumes[0].hostPath.path: Invalid value: \"/etc\": is not allowed to be used"))]
    #[case::unmounted_may_be_of_a_read_only_prefix(&["/foo:ro"], "/foo/x", Admitted)]
    fn judges_paths(#[case] allowed: &[&str], #[case] path: &str, #[case] expected: Outcome) {
        judge_pod(prefixes(allowed), volume(path), expected);
    }

    #[rstest]
    #[case::read_only_is_demanded(&["/foo:ro"], "/foo/x", json!([{"name": "v"}]),
        Rejected("volumeMounts[0].readOnly: Invalid value: false: must be read-only"))]
    #[case::read_only_is_given(&["/foo:ro"], "/foo/x", json!([{"name": "v", "readOnly": true}]), Admitted)]
    #[case::each_mount_counts(&["/foo:ro"], "/foo", json!([{"name": "v", "readOnly": true}, {"name": "w"}, {"name": "v", "readOnly": false}, {"name": "v"}]), Objected(&[
        "volumeMounts[2].readOnly: Invalid value: false: must be read-only",
        "volumeMounts[3].readOnly: Invalid value: false: must be read-only",
    ]))]
    #[case::any_writable_prefix_is_enough(&["/foo:ro", "/foo/bar"], "/foo/bar/x", json!([{"name": "v"}]), Admitted)]
    #[case::even_the_less_specific_one(&["/foo", "/foo/bar:ro"], "/foo/bar/x", json!([{"name": "v"}]), Admitted)]
    #[case::a_writable_path_may_be_mounted_read_only(&["/foo"], "/foo", json!([{"name": "v", "readOnly": true}]), Admitted)]
    #[case::the_other_prefix_is_no_help(&["/foo:ro", "/bar"], "/foo/x", json!([{"name": "v"}]),
        Rejected("volumeMounts[0].readOnly: Invalid value: false: must be read-only"))]
    #[case::a_mount_of_nothing(&["/foo:ro"], "/foo", json!([{"name": "w"}]), Admitted)]
    fn judges_mounts(
        #[case] allowed: &[&str],
        #[case] path: &str,
        #[case] mounts: Value,
        #[case] expected: Outcome,
    ) {
        judge_within(volume(path), prefixes(allowed), json!({"volumeMounts": mounts}), expected);
    }

    #[rstest]
    #[case::that_mounts_it(json!([{"name": "v", "readOnly": true}]),
        Some("spec.volumes[0].hostPath.path: Invalid value: \"/etc\": is not allowed to be used"))]
    #[case::that_does_not(json!([]), None)]
    fn judges_what_is_there_for_an_added_container(#[case] mounts: Value, #[case] expected: Option<&str>) {
        let response = review_added(prefixes(&["/foo"]), volume("/etc"), json!({"volumeMounts": mounts}));
        assert_eq!(response.rejection.as_deref(), expected);
    }

    #[rstest]
    #[case::even_a_bad_path("/etc/..")]
    #[case::even_a_path_to_be_read("/foo")]
    fn a_type_that_is_refused_is_refused_once(#[case] path: &str) {
        let mut policy = prefixes(&["/foo:ro"]);
        policy["volumes"] = json!([]);
        let refused =
            "spec.volumes[0]: Invalid value: \"hostPath\": hostPath volumes are not allowed to be used";
        judge_within(volume(path), policy, json!({"volumeMounts": [{"name": "v"}]}), Rejected(refused));
    }

    #[rstest]
    #[case::absent(json!({}), "allowedHostPaths[0].pathPrefix: Required value: is required")]
    #[case::empty(json!({"pathPrefix": ""}), "allowedHostPaths[0].pathPrefix: Required value: is required")]
    #[case::a_way_up(json!({"pathPrefix": "/a/../b"}), "allowedHostPaths[0].pathPrefix: Invalid value: \"/a/../b\": must not contain '..'")]
    #[case::a_way_up_on_windows(json!({"pathPrefix": r"c:\a\..\b"}), r#"allowedHostPaths[0].pathPrefix: Invalid value: "c:\\a\\..\\b": must not contain '..'"#)]
    #[case::relative(json!({"pathPrefix": "a"}), r#"allowedHostPaths[0].pathPrefix: Invalid value: "a": must be an absolute path: start with `/`, a drive such as `c:`, or `\\`"#)]
    #[case::one_backslash(json!({"pathPrefix": r"\a"}), r#"allowedHostPaths[0].pathPrefix: Invalid value: "\\a": must be an absolute path: start with `/`, a drive such as `c:`, or `\\`"#)]
    #[case::no_drive(json!({"pathPrefix": "1:/a"}), r#"allowedHostPaths[0].pathPrefix: Invalid value: "1:/a": must be an absolute path: start with `/`, a drive such as `c:`, or `\\`"#)]
    #[case::misspelt(json!({"pathPrefix": "/a", "readonly": true}), "allowedHostPaths[0].readonly: unknown field; did you mean \"readOnly\"?")]
    #[case::wrong_type(json!({"pathPrefix": "/a", "readOnly": "true"}), "allowedHostPaths[0].readOnly: must be true or false, not the string \"true\"")]
    fn refuses_settings(#[case] prefix: Value, #[case] expected: &str) {
        assert_eq!(problems(&json!({"allowedHostPaths": [prefix]})), expected);
    }
}
