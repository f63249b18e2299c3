use super::*;

fn pieces(text: &str) -> Result<Vec<(u32, u32, String)>, String> {
    let mut pieces = Vec::new();
    let read = read(text.as_bytes(), 1, &mut |piece| {
        pieces.push((piece.at.line, piece.at.column, piece.text));
        Ok::<(), ()>(())
    });
    match read {
        Ok(()) => Ok(pieces),
        Err(Stop::Malformed { at, reason, .. }) => Err(format!("{}:{}: {reason}", at.line, at.column)),
        Err(Stop::Refused(())) => Err("refused".to_owned()),
    }
}

#[test]
fn items_of_lists_are_taken_one_by_one() {
    let text = "{\"kind\": \"List\", \"items\": [\n  {\"a\": [1]},\n{\"b\": 2}], \"metadata\": {}}\n{\"c\": \"é\"}  ";
    let piece = |line, column, text: &str| (line, column, text.to_owned());
    assert_eq!(
        pieces(text).unwrap(),
        [piece(2, 3, "{\"a\": [1]}"), piece(3, 1, "{\"b\": 2}"), piece(4, 1, "{\"c\": \"é\"}")]
    );
}

#[test]
fn items_of_another_kind_are_no_list() {
    let text = r#"{"kind": "Menu", "items": [{"a": 1}]}"#;
    assert_eq!(pieces(text).unwrap(), [(1, 1, text.to_owned())]);
}

#[test]
fn an_empty_list_holds_nothing() {
    assert_eq!(pieces(r#"{"items": null, "kind": "List"}"#).unwrap(), []);
    assert_eq!(pieces("").unwrap(), []);
}

#[test]
fn what_is_malformed_has_a_place() {
    let reported = pieces("{\"items\": [\n{\"a\": 1},\n{\"b\" 2}]}").unwrap_err();
    assert_eq!(reported, "3:6: expected `:`");
    assert_eq!(pieces("[1, ").unwrap_err(), "1:4: the text ends too early");
}

#[test]
fn what_is_no_object_is_a_piece() {
    assert_eq!(pieces("5").unwrap(), [(1, 1, "5".to_owned())]);
    assert_eq!(pieces("[5,\n[]]").unwrap(), [(1, 2, "5".to_owned()), (2, 1, "[]".to_owned())]);
}

/// Longer than what is read at once: pieces lie across its ends.
#[test]
fn long_lists_are_read_piece_by_piece() {
    let item = |nth: usize| format!("{{\"name\": \"é{nth}\", \"text\": \"{}\"}}", "x]\\\"".repeat(nth % 700));
    let items: Vec<String> = (0..4000).map(item).collect();
    let text = format!("{{\"items\": [\n{}\n]}}", items.join(",\n  "));
    assert!(text.len() > 3 << 20);
    let expected: Vec<_> =
        (2..).zip(&items).map(|(line, item)| (line, if line == 2 { 1 } else { 3 }, item.clone())).collect();
    assert_eq!(pieces(&text).unwrap(), expected);
    let broken = text.replace("\"é3999\"", "\"é3999\" 5");
    assert_eq!(pieces(&broken).unwrap_err(), "4001:20: expected `,` or `}`");
}

/// Each way of changing one byte of a text, and of leaving out its end, is rejected at the place and with the reason that a
/// parser of the whole has.
#[test]
fn what_is_malformed_is_found_where_a_parser_of_the_whole_finds_it() {
    let text = "{\"a\": [1], \"kind\": \"List\",\n\"items\": [{\"b\": {\"c\": \"d\\n\"}}, 5,\n[true, null]], \"e\": -1.5}\n";
    let mut texts: Vec<String> = (0..text.len()).map(|end| text.chars().take(end).collect()).collect();
    for at in 0..text.len() {
        for byte in [" ", "\"", "{", "}", "[", "]", ",", ":", "\\", "0", "n"] {
            let (before, rest) = text.split_at(at);
            texts.push([before, byte, rest.split_at(1).1].concat());
        }
    }
    let mut malformed = 0;
    for text in texts {
        // What follows the first document is another one.
        let mut whole = serde_json::Deserializer::from_str(&text).into_iter::<IgnoredAny>();
        if text.trim().is_empty() || whole.all(|document| document.is_ok()) {
            assert!(pieces(&text).is_ok(), "{text}");
            continue;
        }
        let documents = pieces(&text).expect_err(&text);
        if text.starts_with('{') {
            let (at, reason, _) = locate(text.as_bytes(), Mark { line: 1, column: 1 }, Open::Document);
            if !reason.starts_with("bytes that are not UTF-8") && !documents.ends_with("must be a list") {
                assert_eq!(documents, format!("{}:{}: {reason}", at.line, at.column), "{text}");
                malformed += 1;
            }
        }
    }
    assert!(malformed > 500, "{malformed}");
}

#[test]
fn items_are_a_list() {
    let reported = pieces("{\"kind\": \"List\",\n \"items\": {}}").unwrap_err();
    assert_eq!(reported, "2:11: the `items` of a list must be a list");
}

#[test]
fn a_header_is_read_in_passing() {
    let text = r#"{"apiVersion": "v1", "kind": "Pod", "spec": {"kind": "x", "metadata": {"name": "y"}}, "metadata": {
        "name": "web", "namespace": "shop", "uid": "u", "ownerReferences": [
            {"apiVersion": "v1", "kind": "Node", "name": "n"}, {"kind": "ReplicaSet", "name": "r", "controller": true}]}}"#;
    let Survey { header, is_odd, is_special } = survey(text.as_bytes()).unwrap();
    let owners: Vec<_> =
        header.metadata.owners.iter().map(|owner| (&*owner.kind, owner.is_controller)).collect();
    assert_eq!(
        (header.api_version.as_deref(), header.kind.as_deref(), header.metadata.name.as_deref(), owners),
        (Some("v1"), Some("Pod"), Some("web"), vec![("Node", false), ("ReplicaSet", true)])
    );
    assert_eq!((header.metadata.is_live, is_odd, is_special), (true, false, false));
}

#[rstest::rstest]
#[case::plain(r#"{"a": 1, "b": -1, "c": {"a": 1}}"#, false, false)]
#[case::repeated(r#"{"a": {"b": 1, "\u0062": 2}}"#, false, true)]
#[case::fraction(r#"[1.0]"#, false, true)]
#[case::number_as_name(r#"{"metadata": {"name": 5}}"#, true, false)]
#[case::list_as_metadata(r#"{"metadata": []}"#, true, false)]
#[case::text_as_metadata(r#"{"metadata": "x"}"#, true, false)]
#[case::object_as_kind(r#"{"kind": {}}"#, true, false)]
#[case::nothing(r#"{"kind": null, "metadata": null}"#, false, false)]
fn what_is_unusual_is_noticed(#[case] text: &str, #[case] odd: bool, #[case] special: bool) {
    let survey = survey(text.as_bytes()).unwrap();
    assert_eq!((survey.is_odd, survey.is_special), (odd, special));
}

#[test]
fn one_of_many_keys_is_repeated() {
    let keys: Vec<String> = (0..40).map(|nth| format!("\"k{nth}\": 0")).collect();
    let text = |more: &str| format!("{{{}, {more}: 0}}", keys.join(", "));
    let is_special = |more| survey(text(more).as_bytes()).unwrap().is_special;
    assert_eq!((is_special("\"k40\""), is_special("\"k3\"")), (false, true));
}
