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
