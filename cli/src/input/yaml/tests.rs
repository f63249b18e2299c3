use super::*;

fn read_all(text: &str) -> Vec<(Value, Tree)> {
    let mut documents = Vec::new();
    split(text.as_bytes(), &mut |chunk| {
        documents.push(read(&chunk).map_err(|malformed| io::Error::other(malformed.reason))?);
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
        serde_json::json!({"a": true, "mode": 420, "t": "2026-01-31", "n": null, "q": "1", "f": 1.5, "1": "one",
            "true": "x", "b": "two\nlines\n"})
    );
}

#[test]
fn documents_know_their_lines() {
    let text = "# nothing\n---\n---\nspec:\n  list:\n  - a: 1\n    b: 2\n--- # two\nx: {y: 1}\n...\n";
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
    assert_eq!(find(1, "x.y"), (9, 5));
}

#[test]
fn anchors_and_merges_are_followed() {
    let (value, _) = read_all("base: &b {x: 1}\nuse: *b\nmerged:\n  <<: *b\n  y: 2\n").remove(0);
    assert_eq!(value["use"], serde_json::json!({"x": 1}));
    assert_eq!(value["merged"], serde_json::json!({"x": 1, "y": 2}));
}

#[test]
fn what_is_malformed_has_a_place() {
    for (text, expected) in
        [("a: 1\n b: 2\n", 2), ("\n\na: [1\n", 3), ("a: 1\na: 2\n", 2), ("a:\n\tb: 1\n", 2)]
    {
        let malformed = read(&Chunk { text: text.to_owned(), line: 1 }).err().unwrap();
        assert!(malformed.at.line >= expected, "{text:?}: {:?} {}", malformed.at, malformed.reason);
        assert!(!malformed.reason.contains("line "), "{}", malformed.reason);
    }
}
