use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Value, json};

use super::*;
use crate::testing::{config, json_text};

/// A path of any steps, split as those of containers are.
fn path_of(steps: Vec<Step<&str>>) -> Path<'_> {
    let (before, behind) = Box::leak(steps.into_boxed_slice()).split_at(1);
    match behind.split_first() {
        Some((step, behind)) => Path::through(before, *step, behind),
        None => Path::of(before),
    }
}

/// An edit written as `a.b[0].c`.
fn edit<'p>(path: &'p str, value: &str) -> Edit<'p> {
    let steps = path.split(['.', '[']).map(|step| match step.strip_suffix(']') {
        Some(index) => Step::Index(index.parse().unwrap()),
        None => Step::Key(step),
    });
    Edit { path: path_of(steps.collect()), value: value.to_owned() }
}

fn grafted(document: &str, edits: &[(&str, &str)]) -> Result<String, String> {
    let edits: Vec<_> = edits.iter().map(|(path, value)| edit(path, value)).collect();
    graft(document, &edits).map_err(|error| error.to_string())
}

#[rstest]
#[case::a_new_member_goes_behind_the_last("{ \"a\" : 1 , \"b\":2\n}", &[("c", "3")], "{ \"a\" : 1 , \"b\":2,\"c\":3\n}")]
#[case::into_an_empty_object("{}", &[("a", "1")], "{\"a\":1}")]
#[case::into_an_empty_object_with_space("{ }", &[("a", "1")], "{\"a\":1 }")]
#[case::in_place_of_what_was_there("{\"a\" : [1, 2] , \"b\":0}", &[("a", "true")], "{\"a\" : true , \"b\":0}")]
#[case::in_place_of_a_null("{\"a\": null, \"b\": null}", &[("a.x", "1")], "{\"a\": {\"x\":1}, \"b\": null}")]
#[case::in_place_of_what_is_no_object("{\"a\": \"text\"}", &[("a.x", "1")], "{\"a\": {\"x\":1}}")]
#[case::missing_objects_are_made("{\"z\":0}", &[("a.b.c", "1")], "{\"z\":0,\"a\":{\"b\":{\"c\":1}}}")]
#[case::once_for_several_edits("{}", &[("a.b", "1"), ("c", "2"), ("a.d", "3")], "{\"a\":{\"b\":1,\"d\":3},\"c\":2}")]
#[case::into_a_list_element("{\"l\": [ {}, {\"x\":1} , {} ]}", &[("l[1].y", "2")], "{\"l\": [ {}, {\"x\":1,\"y\":2} , {} ]}")]
#[case::into_several_list_elements("[{},{},null]", &[], "[{},{},null]")]
#[case::in_any_order("{\"b\":{},\"a\":{}}", &[("a.x", "1"), ("b.x", "2")], "{\"b\":{\"x\":2},\"a\":{\"x\":1}}")]
#[case::a_key_that_needs_escapes("{}", &[("a\"b\\", "1")], "{\"a\\\"b\\\\\":1}")]
#[case::a_key_that_is_escaped("{\"\\u0061\": 0}", &[("a", "1")], "{\"\\u0061\": 1}")]
#[case::duplicates_elsewhere_stay("{\"x\":1,\"x\":2,\"a\":0}", &[("a", "1")], "{\"x\":1,\"x\":2,\"a\":1}")]
#[case::the_whole_document("null", &[("a", "1")], "{\"a\":1}")]
#[case::space_around_the_document(" {\"a\":0}\n", &[("a", "1")], " {\"a\":1}\n")]
#[case::numbers_and_escapes_stay_as_they_are("{\"n\":1.50e+3,\"s\":\"\\u00e9\\/\",\"a\":0}", &[("a", "1")], "{\"n\":1.50e+3,\"s\":\"\\u00e9\\/\",\"a\":1}")]
fn puts_values_in_their_place(
    #[case] document: &str,
    #[case] edits: &[(&str, &str)],
    #[case] expected: &str,
) {
    assert_eq!(grafted(document, edits), Ok(expected.to_owned()));
}

#[rstest]
#[case::list_is_too_short("{\"l\":[{}]}", "l[1].a", "l: must hold more elements")]
#[case::list_is_empty("{\"l\":[]}", "l[0]", "l: must hold more elements")]
#[case::no_list("{\"l\":{}}", "l[0].a", "l: must be a list")]
#[case::null_is_no_list("{\"l\":null}", "l[0].a", "l: must be a list")]
#[case::list_is_missing("{}", "l[0].a", "l: must be a list")]
#[case::list_is_missing_in_what_is_made("{\"a\":null}", "a.b.l[0]", "a.b.l: must be a list")]
#[case::not_json("{\"a\":1 2}", "b", "is not JSON: a comma or a closing bracket must come here (byte 7)")]
#[case::cut_off("{\"a\":{}", "a.b", "is not JSON: a comma or a closing bracket must come here (byte 7)")]
fn refuses(#[case] document: &str, #[case] path: &str, #[case] expected: &str) {
    assert_eq!(grafted(document, &[(path, "1")]), Err(expected.to_owned()));
}

#[rstest]
#[case::none(&[], 0)]
#[case::steps_of_lists_add_nothing(&[("l[0][12]", "true")], 4 + 7)]
#[case::keys_with_what_stands_around_them(&[("a.bc", "1")], 1 + (1 + 6) + (2 + 6))]
#[case::shared_keys_count_once(&[("a.b", "1"), ("a.c", "22")], (1 + 7 + 7) + (2 + 7))]
#[case::behind_another_key_nothing_is_shared(&[("a.b.x", "1"), ("a.c.x", "1")], (1 + 7 + 7 + 7) + (1 + 7 + 7))]
#[case::only_the_edit_before_counts(&[("a", "1"), ("b", "1"), ("a", "1")], 3 * 8)]
fn the_room_is_that_of_values_and_new_keys(#[case] edits: &[(&str, &str)], #[case] expected: usize) {
    let edits: Vec<_> = edits.iter().map(|(path, value)| edit(path, value)).collect();
    assert_eq!(growth(&edits.iter().collect::<Vec<_>>()), expected);
}

/// The response is written around the document in place, so that room must be left.
#[test]
fn a_document_is_written_into_room_that_is_taken_once() {
    let (document, edits) = (r#"{"a":{}}"#, [edit("a.b.c", "\"value\""), edit("d", "1")]);
    let grafted = graft(document, &edits).unwrap();
    assert_eq!(grafted, r#"{"a":{"b":{"c":"value"}},"d":1}"#);
    assert_eq!(grafted.capacity(), document.len() + (7 + 7 + 7 + 7) + (1 + 7) + ROOM);
}

#[rstest]
#[case::fields(
    "spec.containers[0].securityContext.runAsUser",
    "spec.containers[0].securityContext.runAsUser"
)]
#[case::list_in_a_list("a[0][12]", "a[0][12]")]
fn prints_its_path(#[case] path: &str, #[case] expected: &str) {
    assert_eq!(edit(path, "1").to_string(), expected);
}

#[test]
fn debugging_shows_the_steps() {
    let path = Path::of(&[Step::Key("a"), Step::Index(1)]);
    assert_eq!(format!("{path:?}"), r#"[Key("a"), Index(1)]"#);
}

#[test]
fn prints_keys_with_dots_in_brackets() {
    let path = Path::of(&[Step::Key("metadata"), Step::Key("annotations"), Step::Key("kubernetes.io/psp")]);
    assert_eq!(Edit { path, value: String::new() }.to_string(), "metadata.annotations[kubernetes.io/psp]");
}

/// A value, and places in it to edit: each place is a path, taken at every fork by one number.
fn document_and_ways() -> impl Strategy<Value = (Value, Vec<Vec<usize>>, bool)> {
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(Value::from),
        "[a-c\"é]{0,3}".prop_map(Value::from)
    ];
    let value = leaf.prop_recursive(4, 30, 4, |inner| {
        prop_oneof![
            1 => prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            2 => prop::collection::vec(("[a-d]", inner), 0..4).prop_map(|members| members.into_iter().collect()),
        ]
    });
    (value, prop::collection::vec(prop::collection::vec(0..7_usize, 1..6), 0..6), any::<bool>())
}

const KEYS: [&str; 7] = ["a", "b", "c", "d", "e \"f\"", "g", "h.i"];

/// The steps of such a path: through elements that exist, and keys that need not.
fn steps(value: &Value, way: &[usize]) -> Vec<Step<&'static str>> {
    let mut steps = Vec::new();
    let mut here = Some(value);
    for choice in way {
        match here {
            Some(Value::Array(list)) if list.is_empty() => break,
            Some(Value::Array(list)) => {
                let index = choice % list.len();
                steps.push(Step::Index(index));
                here = list.get(index);
            }
            _ => {
                steps.push(Step::Key(KEYS[*choice]));
                here = here.and_then(|value| value.get(KEYS[*choice]));
            }
        }
    }
    steps
}

/// The same edit of a tree.
fn apply(mut value: &mut Value, path: &[Step<&str>], edited: Value) {
    for step in path {
        value = match step {
            Step::Index(index) => &mut value[*index],
            Step::Key(key) => {
                if !value.is_object() {
                    *value = json!({});
                }
                value.as_object_mut().unwrap().entry(*key).or_insert(json!(null))
            }
        };
    }
    *value = edited;
}

proptest! {
    #![proptest_config(config(2_000))]

    #[test]
    fn without_edits_nothing_changes(document in json_text()) {
        assert_eq!(graft(&document, &[]), Ok(document));
    }

    #[test]
    fn edits_change_what_they_name_and_nothing_else((value, ways, pretty) in document_and_ways()) {
        let mut edits: Vec<Edit<'_>> = Vec::new();
        let mut expected = value.clone();
        for (nth, way) in ways.iter().enumerate() {
            let path = steps(&value, way);
            let meets = |other: &Edit<'_>| other.path.iter().zip(&path).all(|(one, other)| one == *other);
            if path.is_empty() || edits.iter().any(meets) {
                continue;
            }
            let edited = json!({ "edit": nth });
            apply(&mut expected, &path, edited.clone());
            edits.push(Edit { path: path_of(path), value: edited.to_string() });
        }
        let document = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
        let edited = graft(&document, &edits).unwrap();
        let edited: Value = serde_json::from_str(&edited).unwrap_or_else(|error| panic!("{error}: {edited}"));
        // As texts, since the order of members counts too.
        assert_eq!(edited.to_string(), expected.to_string());
    }
}
