use super::reading::{Others, Reading};
use super::*;

fn objects(text: &str) -> Result<Vec<Object>, String> {
    let (objects, unread) = all(text);
    match unread.errors.first() {
        None => Ok(objects),
        Some(error) => Err(error.to_string()),
    }
}

/// The objects of a text, and the errors.
fn all(text: &str) -> (Vec<Object>, Unread) {
    Text::new("f", text.to_owned()).gather()
}

fn reported(text: &str) -> Vec<String> {
    let objects = objects(text).unwrap();
    objects.iter().map(|object| format!("{} {}", object.title(), object.place("spec.a"))).collect()
}

#[test]
fn streams_lists_and_lists_of_lists_are_read_in_order() {
    let yaml = "kind: Pod\nmetadata: {name: a, namespace: shop}\nspec:\n  a: 1\n---\nkind: List\nitems:\n- kind: Job\n  metadata: {name: b}\n- kind: PodList\n  apiVersion: v1\n  items:\n  - metadata: {generateName: c-}\n    spec: {a: 1}\n";
    let expected = ["Pod shop/a f:4:3", "Job b f:8:3", "Pod c- f:14:12"];
    assert_eq!(reported(yaml), expected);
    let json = "{\"kind\": \"Pod\", \"metadata\": {\"name\": \"a\", \"namespace\": \"shop\"}, \"spec\":\n {\"a\": 1}}\n{\"items\": [{\"kind\": \"Job\", \"metadata\": {\"name\": \"b\"}}], \"kind\": \"List\"}";
    assert_eq!(reported(json), ["Pod shop/a f:2:8", "Job b f:3:12"]);
}

#[test]
fn flow_style_is_yaml() {
    assert_eq!(reported("{kind: Pod, metadata: {name: a}, spec: {a: 1}}"), ["Pod a f:1:41"]);
}

#[test]
fn items_of_a_typed_list_get_its_kind() {
    let items = objects(r#"{"kind": "PodList", "apiVersion": "v1", "items": [{"metadata": {"name": "a"}}]}"#)
        .unwrap();
    assert_eq!((&*items[0].kind, &*items[0].api_version), ("Pod", "v1"));
}

#[test]
fn what_cannot_be_read_is_reported_with_its_place() {
    for (text, expected) in [
        ("hello", "f:1:1: is not a Kubernetes object, but a text"),
        ("kind: [a]", "f:1:1: kind is a list, not a text"),
        ("{\"metadata\": \"a\", \"kind\": \"Pod\"}", "f:1:14: metadata is a text, not an object"),
        ("a: 1\n---\nb: [", "f:3:"),
        ("{\"a\": 1,}", "f:1:9: is not JSON"),
        ("\u{feff}kind: [", "f:1:"),
        ("- kind: Pod", "f:1:1: is not a Kubernetes object, but a list of objects"),
    ] {
        let reported = objects(text).unwrap_err();
        assert!(reported.starts_with(expected), "{text:?}: {reported}");
    }
}

#[test]
fn one_bad_document_does_not_end_the_rest() {
    let (objects, unread) = all("kind: A\n---\nkind: [\n---\nkind: B\n---\nkind: 1\n");
    let kinds: Vec<&str> = objects.iter().map(|object| &*object.kind).collect();
    assert_eq!(kinds, ["A", "B"]);
    let errors: Vec<String> = unread.errors.iter().map(ToString::to_string).collect();
    assert_eq!(
        errors,
        ["f:3:7: is not YAML: a value is missing here; 1 more document of the file cannot be read either"]
    );
}

#[test]
fn lines_of_standard_error_are_no_part_of_what_follows() {
    for text in [
        "Warning: old\nkind: Pod\nspec: {a: 1}\n",
        "Warning: old\n{\"kind\": \"Pod\",\n\"spec\": 1}",
        "Warning: old\nkind: List\nitems:\n- kind: Pod\n",
    ] {
        let objects = objects(text).unwrap();
        assert_eq!((objects.len(), &*objects[0].kind), (1, "Pod"), "{text}");
        assert_eq!(
            objects[0].warnings(),
            ["line 1 is not part of the manifest and passed over: Warning: old"]
        );
        assert!(objects[0].start().line >= 2, "{text}");
    }
}

#[test]
fn each_item_has_the_remarks_of_its_own_lines() {
    let objects =
        objects("kind: List\nitems:\n- kind: A\n  a: 1\n  a: 2\n- kind: B\n- kind: C\n  c: 1\n  c: 1\n")
            .unwrap();
    let remarks: Vec<Vec<String>> = objects.iter().map(Object::warnings).collect();
    let twice = |key, first, last| {
        format!(
            "duplicate key `{key}` in lines {first} and {last}: the last one counts, as for kubectl; other readers refuse it"
        )
    };
    assert_eq!(remarks, [vec![twice("a", 4, 5)], vec![], vec![twice("c", 8, 9)]]);
}

#[test]
fn of_equal_keys_the_last_has_the_place() {
    for (text, line) in [
        ("kind: Pod\nspec:\n  a: 1\n  a: 2\n", 4),
        ("{\"kind\": \"Pod\", \"spec\": {\"a\": 1,\n \"a\": 2}}", 2),
    ] {
        let object = objects(text).unwrap().remove(0);
        assert_eq!(object.value()["spec"]["a"], 2);
        assert_eq!(object.place("spec.a").line, line, "{text}");
    }
}

#[test]
fn utf_16_is_reported_by_name() {
    let mut take = |_| Ok(());
    let mut reading =
        Reading { watch: &Unwatched, take: &mut take, others: Others::Skip, unread: Unread::default() };
    reading.stream(&"f".into(), &[0xFF, 0xFE, b'a', 0][..], false);
    assert!(reading.unread.errors[0].to_string().contains("UTF-16"));
}
