use std::fmt::Debug;

use proptest::prelude::*;
use rstest::rstest;
use serde::de::IgnoredAny;

use super::*;

use crate::testing::{config, json_text};

decode! {
    #[derive(Debug, PartialEq)]
    struct Thing<'a> {
        name: Text<'a> = "name",
        size: Option<i64> = "size",
        flag: bool = "flag",
        parts: Vec<Thing<'a>> = "parts",
        inner: Option<Box<Inner>> = "a.b/c",
    }

    #[derive(Debug, PartialEq)]
    struct Inner {
        count: i64 = "count",
    }
}

fn read<'a, T: Decode<'a>>(text: &'a str) -> Result<T, String> {
    Reader::document(text).map_err(|error| error.to_string())
}

#[test]
fn reads_what_it_governs_and_skips_the_rest() {
    let text = r#" {"x": [1, {"y": null}], "name": "a", "size": -7, "flag": true, "parts": [{}, {"size": 0}], "z": 1e5,
        "a.b/c": {"count": 3}} "#;
    let parts = vec![Thing::default(), Thing { size: Some(0), ..Thing::default() }];
    let inner = Some(Box::new(Inner { count: 3 }));
    assert_eq!(read(text), Ok(Thing { name: "a".into(), size: Some(-7), flag: true, parts, inner }));
}

#[test]
fn null_reads_as_absent() {
    let text = r#"{"name": null, "size": null, "flag": null, "parts": null, "a.b/c": null}"#;
    assert_eq!(read(text), Ok(Thing::default()));
}

#[rstest]
#[case::empty("", "is not JSON: the document ends too early (byte 0)")]
#[case::white_space(" \n\t\r", "is not JSON: the document ends too early (byte 4)")]
#[case::not_json("x", "is not JSON: a value must come here (byte 0)")]
#[case::byte_order_mark("\u{feff}{}", "is not JSON: a value must come here (byte 0)")]
#[case::other_white_space("\u{a0}{}", "is not JSON: a value must come here (byte 0)")]
#[case::something_follows("{} {}", "is not JSON: something follows the end of the document (byte 3)")]
#[case::null_is_no_object("null", "must be an object, not null")]
#[case::list_is_no_object("[]", "must be an object, not a list")]
#[case::string_is_no_object(r#""text""#, "must be an object, not the string \"text\"")]
#[case::string_is_no_flag(r#"{"flag": "true"}"#, "flag: must be true or false, not the string \"true\"")]
#[case::number_is_no_flag(r#"{"flag": 0}"#, "flag: must be true or false, not 0")]
#[case::string_is_no_number(r#"{"size": "0"}"#, "size: must be a whole number, not the string \"0\"")]
#[case::fraction(r#"{"size": 1.0}"#, "size: must be a whole number of 64 bits, not 1.0")]
#[case::exponent(r#"{"size": 1e3}"#, "size: must be a whole number of 64 bits, not 1e3")]
#[case::too_large(
    r#"{"size": 9223372036854775808}"#,
    "size: must be a whole number of 64 bits, not 9223372036854775808"
)]
#[case::number_is_no_string(r#"{"name": 5}"#, "name: must be a string, not 5")]
#[case::object_is_no_list(r#"{"parts": {"a": 1}}"#, "parts: must be a list, not an object")]
#[case::null_in_a_list(r#"{"parts": [{}, null]}"#, "parts[1]: must be an object, not null")]
#[case::deep(
    r#"{"parts": [{}, {"parts": [{"size": true}]}]}"#,
    "parts[1].parts[0].size: must be a whole number, not true"
)]
#[case::key_with_dots(
    r#"{"parts": [{"a.b/c": {"count": []}}]}"#,
    "parts[0][a.b/c].count: must be a whole number, not a list"
)]
#[case::twice(r#"{"parts": [{"size": 1, "name": "", "size": 1}]}"#, "parts[0].size: duplicate key")]
#[case::twice_in_an_escape(r#"{"size": 1, "\u0073ize": 2}"#, "size: duplicate key")]
#[case::twice_as_null(r#"{"size": null, "size": 2}"#, "size: duplicate key")]
#[case::key_without_quotes("{size: 1}", "is not JSON: a key in quotes must come here (byte 1)")]
#[case::no_colon(r#"{"size" 1}"#, "size: is not JSON: a colon must come here (byte 8)")]
#[case::no_value(r#"{"size": }"#, "size: is not JSON: a value must come here (byte 9)")]
#[case::no_comma(
    r#"{"size": 1 "flag": true}"#,
    "is not JSON: a comma or a closing bracket must come here (byte 11)"
)]
#[case::comma_at_the_end(r#"{"size": 1,}"#, "is not JSON: a key in quotes must come here (byte 11)")]
#[case::comma_at_the_end_of_a_list(
    r#"{"parts": [{},]}"#,
    "parts[1]: is not JSON: a value must come here (byte 14)"
)]
#[case::other_bracket(
    r#"{"parts": [{}}"#,
    "parts: is not JSON: a comma or a closing bracket must come here (byte 13)"
)]
#[case::ends_in_an_object(
    r#"{"size": 1"#,
    "is not JSON: a comma or a closing bracket must come here (byte 10)"
)]
#[case::ends_in_a_string(r#"{"name": "ab"#, "name: is not JSON: the document ends within a string (byte 12)")]
#[case::ends_in_an_escape(
    r#"{"name": "a\"#,
    "name: is not JSON: the document ends within a string (byte 11)"
)]
#[case::unknown_escape(
    r#"{"name": "\x"}"#,
    "name: is not JSON: an unknown escape stands in a string (byte 10)"
)]
#[case::behind_other_escapes(
    r#"{"name": "\n\u0041\q"}"#,
    "name: is not JSON: an unknown escape stands in a string (byte 18)"
)]
#[case::short_escape(
    r#"{"name": "\u12"}"#,
    "name: is not JSON: an unknown escape stands in a string (byte 10)"
)]
#[case::half_a_pair(
    r#"{"name": "\ud800x"}"#,
    "name: is not JSON: half a surrogate pair stands in a string (byte 10)"
)]
#[case::pair_of_something_else(
    r#"{"name": "\ud800\u0041"}"#,
    "name: is not JSON: half a surrogate pair stands in a string (byte 10)"
)]
#[case::second_half(
    r#"{"name": "\udc00"}"#,
    "name: is not JSON: half a surrogate pair stands in a string (byte 10)"
)]
#[case::line_feed_in_a_string(
    "{\"name\": \"a\nb\"}",
    "name: is not JSON: a control character stands in a string (byte 11)"
)]
#[case::zero_in_front(
    r#"{"size": 01}"#,
    "is not JSON: a comma or a closing bracket must come here (byte 10)"
)]
#[case::plus(r#"{"size": +1}"#, "size: is not JSON: a value must come here (byte 9)")]
#[case::minus_alone(r#"{"size": -}"#, "size: is not JSON: a value must come here (byte 9)")]
#[case::point_at_the_end(r#"{"size": 1.}"#, "size: is not JSON: a value must come here (byte 9)")]
#[case::word(r#"{"flag": truth}"#, "flag: is not JSON: a value must come here (byte 9)")]
#[case::bracket_missing_in_what_is_not_governed(
    r#"{"parts": [{"x": [0, {"y": 1]}]}"#,
    "parts[0]: is not JSON: a comma or a closing bracket must come here (byte 30)"
)]
fn reports_what_is_wrong_and_where(#[case] text: &str, #[case] expected: &str) {
    assert_eq!(read::<Thing<'_>>(text), Err(expected.to_owned()));
}

#[test]
fn echoes_no_more_than_the_start_of_what_it_refuses() {
    let long = "x".repeat(1_000_000);
    let cut = "x".repeat(99);
    assert_eq!(
        read::<Thing<'_>>(&format!("\"{long}\"")),
        Err(format!("must be an object, not the string \"{cut}…"))
    );
    let digits = "1".repeat(1_000_000);
    assert_eq!(
        read::<Thing<'_>>(&format!("{{\"size\": {digits}}}")),
        Err(format!("size: must be a whole number of 64 bits, not {}…", "1".repeat(100)))
    );
    assert_eq!(
        read::<Thing<'_>>(&format!("{{\"{long}\": x}}")),
        Err(format!("{}…: is not JSON: a value must come here (byte 1000005)", "x".repeat(100)))
    );
}

#[rstest]
#[case::lists("[", "]")]
#[case::objects("{\"a\":", "}")]
fn nests_128_levels_deep_and_no_deeper(#[case] open: &str, #[case] close: &str) {
    let nested = |levels: usize| format!("{}0{}", open.repeat(levels), close.repeat(levels));
    assert_eq!(Reader::new(&nested(128)).skip(), Ok(()));
    assert_eq!(read::<Tree<'_>>(&nested(128)).map(|_| ()), Ok(()));
    let too_deep = Err(Error::new("is nested deeper than 128 levels"));
    assert_eq!(Reader::new(&nested(129)).skip(), too_deep);
    // Far deeper: the stack is not at risk.
    assert_eq!(Reader::new(&nested(1_000_000)).skip(), too_deep);
    assert_eq!(Reader::new(&nested(1_000_000)).skip_unchecked(), too_deep);
}

#[test]
fn siblings_do_not_add_up_to_depth() {
    let text = format!("[{}[]]", "{\"a\":[[]]},".repeat(500));
    assert_eq!(Reader::new(&text).skip(), Ok(()));
}

#[rstest]
#[case::plain("\"a b\"", "a b")]
#[case::empty("\"\"", "")]
#[case::escapes(r#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t")]
#[case::in_between(r#""a\nb\tc""#, "a\nb\tc")]
#[case::unicode(r#""\u00e9\u20AC""#, "é€")]
#[case::pair(r#""x\uD83D\ude00y""#, "x😀y")]
#[case::last_of_the_first_plane(r#""\uffff""#, "\u{ffff}")]
#[case::last_of_all(r#""\udbff\udfff""#, "\u{10ffff}")]
#[case::nul(r#""\u0000""#, "\0")]
#[case::not_ascii("\"é€😀\u{7f}\"", "é€😀\u{7f}")]
fn reads_strings(#[case] text: &str, #[case] expected: &str) {
    assert_eq!(read::<Text<'_>>(text), Ok(expected.into()));
    assert_eq!(serde_json::from_str::<String>(text).unwrap(), expected, "serde_json");
}

#[test]
fn borrows_what_holds_no_escape() {
    assert!(matches!(read::<Text<'_>>(r#""a b""#), Ok(Cow::Borrowed("a b"))));
    assert!(matches!(read::<Text<'_>>(r#""a\u0020b""#), Ok(Cow::Owned(text)) if text == "a b"));
}

#[rstest]
#[case::zero("0", 0)]
#[case::minus_zero("-0", 0)]
#[case::smallest("-9223372036854775808", i64::MIN)]
#[case::largest("9223372036854775807", i64::MAX)]
fn reads_integers(#[case] text: &str, #[case] expected: i64) {
    assert_eq!(read::<i64>(text), Ok(expected));
}

#[test]
fn reports_the_text_of_a_value_without_the_space_around_it() {
    let mut reader = Reader::new("[ {\"a\" : 1} , 2 ]");
    let mut texts = Vec::new();
    reader
        .list(|reader, _| {
            texts.push(reader.raw()?);
            Ok(())
        })
        .unwrap();
    assert_eq!(texts, ["{\"a\" : 1}", "2"]);
}

#[rstest]
#[case::from_further_up(Error::new("is bad").in_key("b").in_path("spec.a"), "spec.a.b: is bad")]
#[case::from_twice_further_up(Error::new("is bad").in_path("spec.a").in_path("oldObject"), "oldObject.spec.a: is bad")]
#[case::of_a_list(Error::new("is bad").in_key("c").at(1).in_key("b").in_path("a[0]"), "a[0].b[1].c: is bad")]
#[case::without_a_path(Error::new("is bad"), "is bad")]
fn paths(#[case] error: Error, #[case] expected: &str) {
    assert_eq!(error.to_string(), expected);
}

/// Where the run ends, byte by byte.
fn plain_run_slowly(bytes: &[u8], from: usize) -> usize {
    let special = |byte: &u8| *byte < 0x20 || *byte == b'"' || *byte == b'\\';
    (from..bytes.len()).find(|at| special(&bytes[*at])).unwrap_or(bytes.len().max(from))
}

#[test]
fn plain_runs_end_at_every_special_byte_wherever_it_stands() {
    // Next to each special byte those that differ in one bit or by one, which a trick with carries could mistake.
    let plain = [b' ', b'!', b'#', b'[', b']', 0x7f, 0x80, 0x9f, 0xa0, 0xa2, 0xdc, 0xff];
    for special in (0..0x20).chain([b'"', b'\\']) {
        for around in plain {
            for length in 0..20 {
                for position in 0..length {
                    let mut bytes = vec![around; length];
                    bytes[position] = special;
                    for from in 0..=length {
                        assert_eq!(
                            scan::plain(&bytes, from),
                            plain_run_slowly(&bytes, from),
                            "{special:#x} at {position} of {length} times {around:#x}, from {from}"
                        );
                    }
                }
            }
        }
    }
}

/// Such a text with a few characters cut out, put in, or cut off.
fn garbled_text() -> impl Strategy<Value = String> {
    let pieces = vec![
        "", "", "\"", "\\", "\\u", "\\ud800", "{", "}", "[", "]", ",", ":", "0", "-", ".", "e", "1", " ",
        "\n", "\u{0}", "\u{1f}", "é", "\u{feff}", "n", "null", "true", "x", "/",
    ];
    let change = (any::<prop::sample::Index>(), 0..3_usize, prop::sample::select(pieces));
    (json_text(), prop::collection::vec(change, 1..4), any::<prop::sample::Index>(), any::<bool>()).prop_map(
        |(text, changes, end, cut)| {
            let mut characters: Vec<char> = text.chars().collect();
            for (at, removed, piece) in changes {
                let at = at.index(characters.len() + 1);
                let end = (at + removed).min(characters.len());
                characters.splice(at..end, piece.chars());
            }
            if cut {
                characters.truncate(end.index(characters.len() + 1));
            }
            characters.into_iter().collect()
        },
    )
}

/// The value that serde_json would read. Of two members with one key it keeps the last.
/// Whatever reads it, an error names the position in the document.
#[rstest]
#[case::of_a_value(r#"{"a": 1, "b": ["\ud800"]}"#)]
#[case::of_a_key(r#"{"a": 1, "b": {"\ud800":1}}"#)]
fn half_a_pair_in_a_tree_has_its_position(#[case] text: &str) {
    let error = read::<Tree<'_>>(text).unwrap_err().to_string();
    assert_eq!(error, "is not JSON: half a surrogate pair stands in a string (byte 16)");
}

fn as_serde(value: Value<'_, '_>) -> serde_json::Value {
    if value.is_object() {
        value.entries().map(|(key, held)| (key.to_string(), as_serde(held))).collect()
    } else if value.is_list() {
        value.elements().map(as_serde).collect()
    } else if let Some(text) = value.text() {
        text.to_string().into()
    } else if let Some(number) = value.number() {
        serde_json::from_str(number).unwrap()
    } else {
        value.flag().into()
    }
}

fn assert_agrees_with_serde_json(text: &str) {
    // Reading a value, which looks into strings. See below for numbers that do not fit into a float.
    let theirs: Result<serde_json::Value, _> = serde_json::from_str(text);
    if !theirs.as_ref().is_err_and(|error| error.to_string().starts_with("number out of range")) {
        let ours = read::<Tree<'_>>(text).ok().map(|tree| as_serde(tree.root()));
        assert_eq!(ours, theirs.ok(), "reading {text:?}");
    }
    // Skipping one, which does not distinguish halves of surrogate pairs; neither does serde_json.
    let mut reader = Reader::new(text);
    let skipped = reader.skip().and_then(|()| reader.end());
    assert_eq!(
        skipped.is_ok(),
        serde_json::from_str::<IgnoredAny>(text).is_ok(),
        "skipping {text:?}: {skipped:?}"
    );
}

proptest! {
    #![proptest_config(config(2_000))]

    #[test]
    fn reads_what_serde_json_reads(text in json_text()) {
        assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok(), "the generator makes JSON: {text:?}");
        assert_agrees_with_serde_json(&text);
    }

    #[test]
    fn refuses_what_serde_json_refuses(text in garbled_text()) {
        assert_agrees_with_serde_json(&text);
    }

    #[test]
    fn reads_integers_like_serde_json(text in "-?[0-9]{1,21}([.][0-9]|e[0-9])?") {
        // Except -0, which is a fraction to serde_json and a whole number to the API server.
        prop_assume!(text != "-0");
        assert_eq!(read::<i64>(&text).ok(), serde_json::from_str::<i64>(&text).ok());
    }

    #[test]
    fn quotes_what_any_reader_reads_back(text in any::<String>()) {
        let quoted = Quoted(&text).to_string();
        assert_eq!(serde_json::from_str::<String>(&quoted).unwrap(), text.clone());
        assert_eq!(read::<Text<'_>>(&quoted), Ok(text.as_str().into()));
        // serde_json has short escapes for two more control characters.
        let written = serde_json::to_string(&text).unwrap();
        if !text.contains(['\u{8}', '\u{c}']) {
            assert_eq!(quoted, written);
        }
    }

    #[test]
    fn plain_runs_end_where_they_should(bytes in prop::collection::vec(any::<u8>(), 0..40), from in 0..40_usize) {
        let from = from.min(bytes.len());
        assert_eq!(scan::plain(&bytes, from), plain_run_slowly(&bytes, from));
    }
}

#[test]
fn quotes_all_control_characters() {
    let all: String = (0..0x20_u8).map(char::from).collect();
    let quoted = Quoted(&all).to_string();
    assert_eq!(serde_json::from_str::<String>(&quoted).unwrap(), all);
    assert!(quoted.contains("\\u0008\\t\\n\\u000b\\u000c\\r"), "{quoted}");
}

/// Where we differ from `serde_json` on purpose.
#[rstest]
// It reads every number that is not an integer as a float, and has no room for this one. We keep the text, which is
// JSON.
#[case::huge_exponent("1e999")]
// It stops one level earlier when it builds a value; when it skips one, it never stops.
#[case::depth(&format!("{}{}", "[".repeat(128), "]".repeat(128)))]
fn reads_more_than_serde_json(#[case] text: &str) {
    assert_eq!(read::<Tree<'_>>(text).map(|_| ()), Ok(()));
    assert!(serde_json::from_str::<serde_json::Value>(text).is_err());
}

#[test]
fn elements_take_no_more_memory_than_there_is_room_for() {
    let list = |count: usize| format!("[{}0]", "0,".repeat(count - 1));
    let most = ELEMENTS / size_of::<i64>();
    assert_eq!(Reader::document::<Vec<i64>>(&list(most)).unwrap().len(), most);
    assert_eq!(
        Reader::document::<Vec<i64>>(&list(most + 1)).unwrap_err().to_string(),
        format!("[{most}]: is one element more than can be judged")
    );
}

/// What is skipped has no path, only a position.
#[rstest]
#[case::behind_a_list_that_ends(
    "[[1, 2], [2 3]]",
    "is not JSON: a comma or a closing bracket must come here (byte 12)"
)]
#[case::behind_an_object_that_ends(
    r#"[{"a": {}}, {"b" 1}]"#,
    "is not JSON: a colon must come here (byte 17)"
)]
fn a_skipped_value_is_wrong_at_a_position(#[case] text: &str, #[case] expected: &str) {
    assert_eq!(Reader::new(text).skip().map_err(|error| error.to_string()), Err(expected.to_owned()));
}

/// Readers of streams look for the end of each value from where it starts.
#[rstest]
#[case::object("[{\"a\": \"]\"}, 2]", 1, Some(11))]
#[case::number("[{}, 25]", 5, Some(7))]
#[case::no_end("[[]", 0, None)]
fn values_end_where_they_do(#[case] text: &str, #[case] at: usize, #[case] expected: Option<usize>) {
    assert_eq!(end_of_value(text.as_bytes(), at), expected);
}

#[test]
fn the_last_step_of_a_path() {
    let volume = Path::ROOT.key("spec");
    let volume = volume.key("volumes");
    assert_eq!(Path::ROOT.last(), None);
    assert_eq!(volume.last(), Some(Step::Key("volumes")));
    assert_eq!(volume.index(2).last(), Some(Step::Index(2)));
}
