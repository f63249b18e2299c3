use super::*;

fn objects(text: &str) -> Result<Vec<Object>, String> {
    let mut objects = Vec::new();
    let read = read_stream(&"f".into(), text.as_bytes(), false, &Unwatched, &mut |object| {
        objects.push(object);
        Ok(())
    });
    match read {
        Ok(()) => Ok(objects),
        Err(Faults(faults)) => Err(faults[0].to_string()),
    }
}

fn told(text: &str) -> Vec<String> {
    let objects = objects(text).unwrap();
    objects.iter().map(|object| format!("{} {}", object.title(), object.place("spec.a"))).collect()
}

#[test]
fn streams_lists_and_lists_of_lists_are_read_in_order() {
    let yaml = "kind: Pod\nmetadata: {name: a, namespace: shop}\nspec:\n  a: 1\n---\nkind: List\nitems:\n- kind: Job\n  metadata: {name: b}\n- kind: PodList\n  apiVersion: v1\n  items:\n  - metadata: {generateName: c-}\n    spec: {a: 1}\n";
    let expected = ["Pod shop/a f:4:3", "Job b f:8:3", "Pod c- f:14:12"];
    assert_eq!(told(yaml), expected);
    let json = "{\"kind\": \"Pod\", \"metadata\": {\"name\": \"a\", \"namespace\": \"shop\"}, \"spec\":\n {\"a\": 1}}\n{\"items\": [{\"kind\": \"Job\", \"metadata\": {\"name\": \"b\"}}], \"kind\": \"List\"}";
    assert_eq!(told(json), ["Pod shop/a f:2:8", "Job b f:3:12"]);
}

#[test]
fn flow_style_is_yaml() {
    assert_eq!(told("{kind: Pod, metadata: {name: a}, spec: {a: 1}}"), ["Pod a f:1:41"]);
}

#[test]
fn items_of_a_typed_list_get_its_kind() {
    let items = objects(r#"{"kind": "PodList", "apiVersion": "v1", "items": [{"metadata": {"name": "a"}}]}"#)
        .unwrap();
    assert_eq!((&*items[0].kind, &*items[0].api_version), ("Pod", "v1"));
}

#[test]
fn what_cannot_be_read_is_told_with_its_place() {
    for (text, expected) in [
        ("hello", "f:1:1: is no Kubernetes object"),
        ("kind: [a]", "f:1:1: is no Kubernetes object"),
        ("a: 1\n---\nb: [", "f:3:"),
        ("{\"a\": 1,}", "f:1:9: is not JSON"),
        ("\u{feff}kind: [", "f:1:"),
    ] {
        let told = objects(text).unwrap_err();
        assert!(told.starts_with(expected), "{text:?}: {told}");
    }
}

#[test]
fn utf_16_is_told_by_name() {
    let text = [0xFF, 0xFE, b'a', 0];
    let read = read_stream(&"f".into(), &text[..], false, &Unwatched, &mut |_| Ok(()));
    assert!(read.unwrap_err().0[0].to_string().contains("UTF-16"));
}
