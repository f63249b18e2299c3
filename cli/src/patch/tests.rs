//! Patches contain only the intended changes, and apply.

use conformance::generate;
use rstest::rstest;
use serde_json::json;

use super::*;
use crate::input::{Unwatched, put, steps};

/// The patch that puts values into the objects of a text.
fn patch(name: &str, text: &str, puts: &[(usize, &str, Value)]) -> (Option<String>, Vec<usize>) {
    let text = Text::new(name, text.to_owned());
    let mut patch = Patch::new(&text);
    let mut nth = 0;
    let unread = text.read(&Unwatched, &mut |object| {
        let mut after = object.value();
        for (_, path, value) in puts.iter().filter(|(wanted, ..)| *wanted == nth) {
            put(&mut after, &steps(path), value.clone());
        }
        if after != object.value() {
            patch.change(nth, &object, &after);
        }
        nth += 1;
        Ok(())
    });
    assert!(unread.is_empty(), "{unread:?}");
    patch.finish()
}

/// The lines that a patch takes away and adds.
fn changed_lines(patch: &str) -> String {
    let changed = patch.lines().skip(2).filter(|line| line.starts_with(['+', '-']));
    changed.collect::<Vec<_>>().join("\n")
}

const BLOCK: &str = "# the shop\nkind: Pod\nspec:\n  containers:   # two\n  - name: a  # first\n    securityContext:\n      runAsUser: 1\n  # the second\n  - {name: b, ports: []}\n  hostPID: false\n";

#[rstest]
#[case::at_the_end_of_an_object(BLOCK, "spec.securityContext.runAsUser", json!(5), "+  securityContext:\n+    runAsUser: 5")]
#[case::in_a_list(BLOCK, "spec.containers[0].securityContext.drop", json!(["ALL"]), "+      drop:\n+      - ALL")]
#[case::in_brackets(BLOCK, "spec.containers[1].securityContext", json!({"runAsUser": 5, "add": ["NET_RAW"]}),
    "-  - {name: b, ports: []}\n+  - {name: b, ports: [], securityContext: {runAsUser: 5, add: [NET_RAW]}}")]
#[case::in_empty_brackets("spec: {}\n", "spec.hostPID", json!(true), "-spec: {}\n+spec: {hostPID: true}")]
#[case::a_scalar(BLOCK, "spec.containers[0].securityContext.runAsUser", json!(7), "-      runAsUser: 1\n+      runAsUser: 7")]
#[case::a_list_in_brackets("a: {drop: [ALL]}\n", "a.drop", json!(["ALL", "NET_RAW"]), "-a: {drop: [ALL]}\n+a: {drop: [ALL, NET_RAW]}")]
#[case::a_list_in_lines("a:\n  drop:\n  - ALL  # all\n  b: 1\n", "a.drop", json!(["ALL", "NET_RAW"]),
    "-  - ALL  # all\n+  - ALL\n+  - NET_RAW")]
#[case::a_list_in_deeper_lines("a:\n  drop:\n    - ALL\n", "a.drop", json!(["ALL", "NET_RAW"]), "+    - NET_RAW")]
#[case::nothing("a:\n  b:  # later\nc: 1\n", "a.b.d", json!(true), "+    d: true")]
#[case::null("a:\n  b: null\n", "a.b", json!({"runAsUser": 1}), "-  b: null\n+  b: {runAsUser: 1}")]
#[case::no_line_feed_at_the_end("spec:\n  a: 1", "spec.b", json!(2), "-  a: 1\n+  a: 1\n+  b: 2")]
#[case::windows_lines("spec:\r\n  a: 1\r\n", "spec.b", json!(2), "+  b: 2")]
#[case::behind_a_block_of_text("a:\n  t: |\n    # no comment\n\n    x\n\n# about b\nb: 1\n", "a.u", json!(1), "+  u: 1")]
#[case::json_in_lines("{\n  \"kind\": \"Pod\",\n  \"spec\": {\n    \"a\": \"}\"\n  }\n}\n", "spec.b", json!({"c": [1]}),
    "-    \"a\": \"}\"\n+    \"a\": \"}\",\n+    \"b\": {\n+      \"c\": [\n+        1\n+      ]\n+    }")]
#[case::json_in_one_line("{\"kind\":\"Pod\",\"spec\":{\"a\":\"é\"}}\n", "spec.b", json!({"c": [1]}),
    "-{\"kind\":\"Pod\",\"spec\":{\"a\":\"é\"}}\n+{\"kind\":\"Pod\",\"spec\":{\"a\":\"é\", \"b\": {\"c\": [1]}}}")]
#[case::apostrophes("a: {t: it's, q: 'it''s }'}\n", "a.b", json!(1), "-a: {t: it's, q: 'it''s }'}\n+a: {t: it's, q: 'it''s }', b: 1}")]
fn a_patch_touches_what_changes(
    #[case] text: &str,
    #[case] path: &str,
    #[case] value: Value,
    #[case] expected: &str,
) {
    let (patch, failed) = patch("f", text, &[(0, path, value)]);
    let patch = patch.unwrap_or_else(|| panic!("{failed:?}"));
    assert_eq!(changed_lines(&patch).replace('\r', ""), expected, "{patch}");
    let own = patch.split_inclusive('\n').filter(|line| !line.starts_with(['@', '\\']));
    let ends: Vec<bool> = own.skip(2).map(|line| line.ends_with("\r\n")).collect();
    assert_eq!(ends, vec![text.contains('\r'); ends.len()], "lines end as in the file: {patch:?}");
}

#[rstest]
#[case::a_member(BLOCK, "/spec", "hostPID", "-  hostPID: false")]
#[case::a_member_with_lines(
    BLOCK,
    "/spec/containers/0",
    "securityContext",
    "-    securityContext:\n-      runAsUser: 1"
)]
#[case::the_first_behind_a_dash(
    BLOCK,
    "/spec/containers/0",
    "name",
    "-  - name: a  # first\n-    securityContext:\n+  - securityContext:"
)]
#[case::an_element(
    BLOCK,
    "/spec/containers",
    "0",
    "-  - name: a  # first\n-    securityContext:\n-      runAsUser: 1"
)]
#[case::an_element_in_brackets(
    "a: [{name: x}, {name: 'y}'}, {name: z}]\n",
    "/a",
    "1",
    "-a: [{name: x}, {name: 'y}'}, {name: z}]\n+a: [{name: x}, {name: z}]"
)]
#[case::the_last_in_brackets("a: {b: 1, c: \"}\"}\n", "/a", "c", "-a: {b: 1, c: \"}\"}\n+a: {b: 1}")]
#[case::a_list_that_is_not_indented("a:\n  b:\n  - 1\n  - 2\n  c: 3\n", "/a", "b", "-  b:\n-  - 1\n-  - 2")]
#[case::json("{\n  \"a\": {\n    \"b\": 1,\n    \"c\": [1]\n  }\n}\n", "/a", "b", "-    \"b\": 1,")]
#[case::the_last_of_json(
    "{\n  \"a\": {\n    \"b\": 1,\n    \"c\": [1]\n  }\n}\n",
    "/a",
    "c",
    "-    \"b\": 1,\n-    \"c\": [1]\n+    \"b\": 1"
)]
#[case::all_but_the_first(
    "{\"a\": {\"b\": 1, \"c\": 2, \"d\": 3}}\n",
    "/a",
    "c d",
    "-{\"a\": {\"b\": 1, \"c\": 2, \"d\": 3}}\n+{\"a\": {\"b\": 1}}"
)]
#[case::all("{\"a\": {\"b\": 1, \"c\": 2}}\n", "/a", "b c", "-{\"a\": {\"b\": 1, \"c\": 2}}\n+{\"a\": {}}")]
fn what_goes_leaves_the_rest(
    #[case] text: &str,
    #[case] around: &str,
    #[case] gone: &str,
    #[case] expected: &str,
) {
    let text = Text::new("f", text.to_owned());
    let mut patch = Patch::new(&text);
    let unread = text.read(&Unwatched, &mut |object| {
        let mut after = object.value();
        match after.pointer_mut(around).unwrap() {
            Value::Array(elements) => drop(elements.remove(gone.parse().unwrap())),
            around => {
                for key in gone.split(' ') {
                    around.as_object_mut().unwrap().shift_remove(key);
                }
            }
        }
        patch.change(0, &object, &after);
        Ok(())
    });
    assert!(unread.is_empty(), "{unread:?}");
    let (patch, failed) = patch.finish();
    let patch = patch.unwrap_or_else(|| panic!("{failed:?}"));
    assert_eq!(changed_lines(&patch), expected, "{patch}");
}

#[test]
fn objects_of_one_file_make_one_patch() {
    let text = "a: 1\n---\nkind: List\nitems:\n- a: 1\n- a: 2\n---\nb: 3\n";
    let put = |nth| (nth, "x.y", json!(true));
    let (patch, failed) = patch("some file.yaml", text, &[put(0), put(1), put(2), put(3)]);
    assert_eq!(failed, [0_usize; 0]);
    insta::assert_snapshot!(patch.unwrap());
}

#[test]
fn inner_lines_come_before_outer_ones() {
    let text = "spec:\n  containers:\n  - name: a\n";
    let puts = [(0, "spec.containers[0].b", json!(1)), (0, "spec.c", json!(2)), (0, "d", json!(3))];
    assert_eq!(changed_lines(&patch("f", text, &puts).0.unwrap()), "+    b: 1\n+  c: 2\n+d: 3");
}

#[test]
fn what_cannot_be_written_is_reported() {
    let text = "base: &b {x: 1}\nuse: *b\n---\na: 1\n";
    let (patch, failed) = patch("f", text, &[(0, "use.y", json!(1)), (1, "b", json!(2))]);
    assert_eq!((changed_lines(&patch.unwrap()), failed), ("+b: 2".to_owned(), vec![0]));
}

#[test]
fn items_of_a_typed_list_stand_in_it() {
    let text = "{\"kind\": \"PodList\", \"apiVersion\": \"v1\", \"items\": [\n{\"metadata\": {\"name\": \"a\"}, \"spec\": {}}\n]}\n";
    let (patch, failed) = patch("f", text, &[(0, "spec.a", json!(1))]);
    assert_eq!(failed, [0_usize; 0]);
    assert_eq!(
        changed_lines(&patch.unwrap()),
        "-{\"metadata\": {\"name\": \"a\"}, \"spec\": {}}\n+{\"metadata\": {\"name\": \"a\"}, \"spec\": {\"a\": 1}}"
    );
}

/// From any pod to any other: nearly all can be written, and the result equals that of `git apply`.
#[test]
fn patches_of_anything_apply() {
    let pods: Vec<Value> = (0..100).map(|index| generate::case(7, index).pod).collect();
    let pods: Vec<&Value> = pods.iter().filter(|pod| pod.is_object()).collect();
    let documents: Vec<String> = pods.iter().map(|pod| crate::report::to_yaml(pod).unwrap()).collect();
    let json: Vec<String> = pods.iter().map(|pod| format!("{pod:#}")).collect();
    for (name, text) in [("pods.yaml", documents.join("---\n")), ("pods.json", json.join("\n"))] {
        let text = Text::new(name, text);
        let mut patch = Patch::new(&text);
        let (mut nth, mut changed) = (0, 0);
        let unread = text.read(&Unwatched, &mut |object| {
            let after = pods[(nth + 1) % pods.len()].clone();
            changed += usize::from(object.value() != after);
            patch.change(nth, &object, &after);
            nth += 1;
            Ok(())
        });
        assert!(unread.is_empty(), "{unread:?}");
        let wanted: Vec<usize> = patch.wanted.keys().copied().collect();
        let wrong = patch.wrong(&wanted);
        patch.wanted.retain(|nth, _| !wrong.contains(nth));
        let right: Vec<usize> = patch.wanted.keys().copied().collect();
        let expected = hunks::changed(&text.text, &patch.all(&right));
        let (written, failed) = patch.finish();
        let failed = failed.len() + wrong.len();
        assert!(changed > 80 && failed * 20 < changed, "{name}: {failed} of {changed} cannot be written");
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(name), &text.text).unwrap();
        std::fs::write(folder.path().join("patch"), written.unwrap()).unwrap();
        let mut apply = std::process::Command::new("git");
        let applied = apply.args(["apply", "-p0", "patch"]).current_dir(folder.path()).status().unwrap();
        assert!(applied.success());
        assert_eq!(std::fs::read_to_string(folder.path().join(name)).unwrap(), expected);
    }
}
