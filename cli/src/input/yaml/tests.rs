use super::*;

fn read_all(text: &str) -> Vec<(Value, Tree)> {
    let mut documents = Vec::new();
    split(text.as_bytes(), 1, &mut |chunk| {
        let document = read(&chunk).map_err(|malformed| io::Error::other(malformed.reason))?;
        documents.extend(document.map(|document| (document.value, document.tree)));
        Ok::<(), io::Error>(())
    })
    .unwrap();
    documents
}

#[test]
fn scalars_mean_what_they_mean_to_kubectl() {
    let text =
        "a: yes\nmode: 0644\nt: 2026-01-31\nn: ~\nq: '1'\nf: 1.5\n1: one\ntrue: x\nb: |\n  two\n  lines\n";
    let (value, _) = read_all(text).remove(0);
    assert_eq!(
        value,
        serde_json::json!({"a": true, "mode": 420, "t": "2026-01-31", "false": null, "q": "1", "f": 1.5, "1": "one",
            "true": "x", "b": "two\nlines\n"})
    );
}

#[test]
fn documents_know_their_lines() {
    let text = "# nothing\n---\n---\nspec:\n  list:\n  - a: 1\n    b: 2\n--- # two\nx: {z: 1}\n...\n";
    let documents = read_all(text);
    let find = |nth: usize, path| {
        let Mark { line, column } =
            crate::input::place::Layout::Yaml(documents[nth].1.clone()).find("", path);
        (line, column)
    };
    assert_eq!(documents.len(), 2);
    assert_eq!(find(0, "spec.list[0].b"), (7, 5));
    assert_eq!(find(0, "spec.list[0].c"), (6, 5));
    assert_eq!(find(0, "spec"), (4, 1));
    assert_eq!(find(1, "x.z"), (9, 5));
}

#[test]
fn anchors_and_merges_are_followed() {
    let (value, _) = read_all("base: &b {x: 1}\nuse: *b\nmerged:\n  <<: *b\n  z: 2\n").remove(0);
    assert_eq!(value["use"], serde_json::json!({"x": 1}));
    assert_eq!(value["merged"], serde_json::json!({"x": 1, "z": 2}));
}

#[test]
fn what_is_malformed_has_a_place() {
    for (text, expected) in
        [("a: 1\n b: 2\n", 2), ("\n\na: [1\n", 3), ("a: 1\n? [b]\n: 2\n", 2), ("a:\n\tb: 1\n", 2)]
    {
        let malformed = read(&Chunk { text: text.to_owned(), line: 1 }).err().unwrap();
        assert!(malformed.at.line >= expected, "{text:?}: {:?} {}", malformed.at, malformed.reason);
        assert!(!malformed.reason.contains("line "), "{}", malformed.reason);
    }
}

#[test]
fn a_merge_key_counts_where_it_stands() {
    let text = "own: &own {a: 1, b: 1}\nfirst: {<<: *own, a: 2}\nlast: {a: 2, <<: *own}\nmany: {<<: [{a: 3}, *own]}\n";
    let (value, _) = read_all(text).remove(0);
    assert_eq!(value["first"], serde_json::json!({"a": 2, "b": 1}));
    assert_eq!(value["last"], serde_json::json!({"a": 1, "b": 1}));
    assert_eq!(value["many"], serde_json::json!({"a": 3, "b": 1}));
    let read = read(&Chunk { text: text.to_owned(), line: 1 }).unwrap().unwrap();
    let remarks: Vec<String> = read.remarks.iter().map(ToString::to_string).collect();
    assert_eq!(
        remarks,
        [
            "`a` of line 3 is replaced by that of line 1, since the merge key `<<` follows it, as for kubectl; for other readers the first counts"
        ]
    );
}

#[test]
fn quoted_scalars_go_on_at_any_column() {
    let (value, _) = read_all("a:\n  b: \"one\ntwo\"\n  c: 'three\n\nfour'\n").remove(0);
    assert_eq!(value, serde_json::json!({"a": {"b": "one two", "c": "three\nfour"}}));
}

#[test]
fn any_number_of_comments_is_read() {
    let comments = "  # more\n".repeat(5000);
    let (value, _) = read_all(&format!("a:\n{comments}  b: 1\n")).remove(0);
    assert_eq!(value, serde_json::json!({"a": {"b": 1}}));
}

#[test]
fn aliases_do_not_grow_without_bounds() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for nth in 1..9 {
        let list = vec![format!("*a{}", nth - 1); 10].join(", ");
        text.push_str(&format!("a{nth}: &a{nth} [{list}]\n"));
    }
    let malformed = read(&Chunk { text, line: 1 }).err().unwrap();
    assert_eq!(malformed.reason, "aliases make the document too large");
}
