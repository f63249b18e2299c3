//! The reader against kubectl's own, whose results are frozen in `conformance/golden/yaml.jsonl.gz`.
//!
//! `make yaml-conformance` runs the original (`conformance/yaml-oracle`) on fresh texts, and with `FREEZE=1` keeps its
//! results for the texts of the first seed and of [`CORPUS`].

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use conformance::files;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::json::{self, Piece, Stop};
use super::reading::looks_like_json;
use super::{BYTE_ORDER_MARK, Mark, yaml};

/// kubectl's reading of a text.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Response {
    text: String,
    documents: Vec<Value>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    error: String,
}

/// This reader's reading of a text, or where and why it rejects it.
fn ours(text: &str) -> Result<Vec<Value>, (Mark, String)> {
    let mut documents = Vec::new();
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    // Only here, a list of objects is read as objects.
    if text.starts_with('{') && looks_like_json(text.as_bytes()) == Some(true) {
        let read = json::read(text.as_bytes(), 1, &mut |Piece { text, at, .. }| {
            let live = json::as_kubectl_sends(text, at);
            documents.push(serde_json::from_str(&live.text).map_err(|error| (at, error.to_string()))?);
            Ok(())
        });
        return match read {
            Ok(()) => Ok(documents),
            Err(Stop::Refused(refused)) => Err(refused),
            Err(Stop::Malformed { at, reason, .. }) => Err((at, reason)),
        };
    }
    let mut refused = None;
    yaml::split(text.as_bytes(), 1, &mut |chunk| {
        match yaml::read(&chunk) {
            Ok(document) => documents.extend(document.map(|document| document.value)),
            Err(malformed) => {
                refused.get_or_insert((malformed.at, malformed.reason));
            }
        }
        Ok::<(), std::io::Error>(())
    })
    .map_err(|error| (Mark { line: 1, column: 1 }, error.to_string()))?;
    documents.retain(|document| !document.is_null());
    refused.map_or(Ok(documents), Err)
}

/// Whether two values are equal to an API server: numbers by value, which Go holds in 64 bits.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            // An integer is not a float, whatever its value.
            one.is_f64() == other.is_f64() && one == other
                || large(one) && large(other) && one.as_f64() == other.as_f64()
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(key, one)| other.get(key).is_some_and(|other| same(one, other)))
        }
        _ => one == other,
    }
}

/// Beyond what Go holds as an integer.
fn large(number: &serde_json::Number) -> bool {
    number.as_i64().is_none() && number.as_f64().is_some_and(|value| value.abs() >= 9.2e18)
}

/// How the two readings of a text compare.
#[derive(Debug, Default)]
struct Tally {
    read: usize,
    refused_by_both: usize,
    /// Rejected only here, and why.
    refused: Vec<String>,
    differ: Vec<String>,
}

impl Tally {
    fn count(&mut self, response: &Response) {
        let Response { text, documents, error } = response;
        match ours(text) {
            // This escape is JSON's, and its texts are read as YAML to find their places.
            Ok(_) if text.contains("\\/") && error.contains("unknown escape character") => {
                self.refused_by_both += 1;
            }
            Ok(ours)
                if error.is_empty() && same(&Value::from(ours.clone()), &Value::from(documents.clone())) =>
            {
                self.read += 1;
            }
            Ok(ours) => self.differ.push(format!(
                "{text:?}\n  here:    {}\n  kubectl: {} {error}",
                Value::from(ours),
                Value::from(documents.clone())
            )),
            Err((at, reason)) => {
                assert!(at.line >= 1, "{text:?}: {reason}");
                match error.is_empty() {
                    true => self.refused.push(format!("{text:?}: line {}: {reason}", at.line)),
                    false => self.refused_by_both += 1,
                }
            }
        }
    }
}

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../conformance/golden/yaml.jsonl.gz")
}

#[test]
fn yaml_is_read_as_kubectl_reads_it() {
    let mut tally = Tally::default();
    for response in files::read::<Response>(&golden()).unwrap() {
        tally.count(&response.unwrap());
    }
    let Tally { read, refused_by_both, refused, differ } = tally;
    assert!(differ.is_empty(), "{} differ:\n{}", differ.len(), differ.join("\n"));
    assert!(read > 2000 && refused_by_both > 2000, "{read} read, {refused_by_both} refused");
    assert!(refused.len() * 10 < read, "{} refused here alone:\n{}", refused.len(), refused.join("\n"));
}

/// Runs the original, whose program is named by `YAML_ORACLE`.
#[test]
#[ignore = "needs Go: make yaml-conformance"]
fn fresh_yaml_is_read_as_kubectl_reads_it() {
    let set = |name: &str| std::env::var(name).unwrap_or_default();
    let (seed, cases) = (set("SEED").parse().unwrap_or(1), set("CASES").parse().unwrap_or(6000));
    let mut texts: Vec<String> = CORPUS.iter().map(ToString::to_string).collect();
    texts.extend((0..cases).map(|nth| generated(seed, nth)));
    let responses = asked(&set("YAML_ORACLE"), &texts);
    if set("FREEZE") == "1" {
        files::write(&golden(), responses.iter().cloned().map(Ok)).unwrap();
    }
    let mut tally = Tally::default();
    responses.iter().for_each(|response| tally.count(response));
    let Tally { read, refused_by_both, refused, differ } = tally;
    eprintln!(
        "{read} read alike, {refused_by_both} refused by both, {} here alone, {} differ",
        refused.len(),
        differ.len()
    );
    for refused in refused.iter().take(20) {
        eprintln!("refused here alone: {refused}");
    }
    assert!(differ.is_empty(), "{}", differ[..differ.len().min(20)].join("\n"));
}

fn asked(oracle: &str, texts: &[String]) -> Vec<Response> {
    let mut child =
        Command::new(oracle).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("set YAML_ORACLE");
    let questions: String =
        texts.iter().map(|text| serde_json::json!({"text": text}).to_string() + "\n").collect();
    let mut stdin = child.stdin.take().unwrap();
    let asking = std::thread::spawn(move || stdin.write_all(questions.as_bytes()));
    let output = child.wait_with_output().unwrap();
    asking.join().unwrap().unwrap();
    let responses = String::from_utf8(output.stdout).unwrap();
    responses.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Inputs that some reader misread once, or might.
const CORPUS: &[&str] = &[
    "runAsUser: 1.00065e+09\n",
    "privileged: false\n<<: {privileged: true}\n",
    "a: &a {x: 1}\nb:\n  <<: *a\n  x: 2\nc:\n  x: 2\n  <<: *a\nd:\n  <<: [*a, {x: 3, y: 4}]\n",
    "<<: 1\n",
    "\"<<\": {a: 1}\nb: 1\n",
    "? <<\n: {a: 1}\na: 2\n",
    "a: 1\na: 2\n",
    "a: {b: 1, b: 2}\na: {c: 1}\n",
    "1: a\n\"1\": b\n",
    "yes: a\ntrue: b\n",
    "1.0: a\n1.5: b\n1e3: c\n0x10: d\n010: e\n",
    "~: a\n",
    ": a\n",
    "[a]: b\n",
    "{a: 1}: b\n",
    "a: \"one\ntwo\n\n  three\\\n  four\"\n",
    "a:\n  b: 'one\ntwo'\n",
    "a: one\n  two\n\n  three\n",
    "a: |\n  one\n   two\n\n\n",
    "a: |+\n  one\n\n\nb: >-\n  one\n  two\n\n  three\n",
    "a: |2\n   one\n  two\n",
    "a: >1\n one\n  two\n three\n",
    "a: |\n\n  one\n",
    "a: |\n# no\n",
    "a: # nothing\n  # more\n  b\n",
    "a: b#c\nd: e # f\n#g\n",
    "a: 'it''s'\nb: \"\\x41\\u00e9\\U0001F600\\n\\/\"\n",
    "a: \"\\ud83d\\ude00\"\n",
    "\u{feff}a: 1\n---\n\u{feff}b: 2\n",
    "\u{feff}---\na: 1\n",
    "a: 1\n\u{feff}---\nb: 1\n",
    "a: 1\r\nb:\r\n- c\r\n---\r\nd: |\r\n  e\r\n",
    "a: 1\n---\n---\n# nothing\n---\nb: 1\n...\n",
    "a: 1\n...\nb: 2\n",
    "--- a\n",
    "---a: 1\n",
    "--- # comment\na: 1\n",
    "--- \na: 1\n---\t\nb: 1\n",
    "%YAML 1.1\n---\na: 1\n",
    "%TAG ! tag:example.com,2000:\n---\na: !b c\n",
    "a: !!str 12\nb: !!int \"12\"\nc: !!float 12\nd: !!bool yes\ne: !!null ''\nf: !x 12\ng: !!binary aGVsbG8=\n",
    "a: ! 12\n",
    "a: !!int x\n",
    "a: !!map {b: 1}\nc: !!seq [1]\nd: !!set {e}\n",
    "a: &x\n  b: *x\n",
    "a: *x\n",
    "a: &x 1\nb: &x 2\nc: *x\n",
    "a: &x [1]\n? *x\n: 2\n",
    "&x a: 1\nb: *x\n",
    "a: {b, c: , d}\n",
    "a: [b, , c]\n",
    "a: [b: 1, c]\n",
    "a: [b,]\n",
    "a: {b: 1,}\n",
    "a: {\"b\":1,'c':2}\n",
    "a: {b:1}\n",
    "a: [{b: 1}\n, 2]\n",
    "a:\n- b\n-\n- - c\n  - d\n- e: 1\n  f: 2\n",
    "a:\n  - b\n c: 1\n",
    "a:\n\tb: 1\n",
    "a:\tb\nc: d\t\n",
    "a: b\n\t\nc: d\n",
    "a: @b\n",
    "a: `b`\n",
    "a: %b\n",
    "a: b: c\n",
    "a: -b\nc: - d\n",
    "a: ?b\nd: :e\n",
    "- a\n- b\n",
    "text\n",
    "\"text\"\n",
    "12\n",
    "",
    "# nothing\n",
    "---\n",
    "a: .inf\n",
    "a: .nan\n",
    "a: -0\nb: -0.0\nc: +1\nd: 1_000\ne: 0b11\nf: -0x1F\ng: 0o7\nh: 09.5\ni: 1e-7\nj: 1e21\nk: 1e20\nl: 123456789012345678901234567890\n",
    "a: 12:30:45\nb: 2026-01-31\nc: 2026-01-31T00:00:00Z\nd: 1.2.3\ne: .5\nf: 5.\ng: .\nh: 1e\ni: +.5\nj: 1__0\nk: _1\n",
    "a: 0x\nb: 0b\nc: 0b2\nd: 0o8\ne: 00\nf: -\ng: +\nh: 0_1\ni: 1_\nj: -0b-1\nk: 0b-1\nl: 9223372036854775808\nm: -9223372036854775808\n",
    "a: NULL\nb: Null\nc: nULL\nd: On\ne: oFF\nf: y\ng: N\n",
    "a: null\nb:\nc: ~\nd: ''\n",
    "{\"a\": 1, \"a\": 2}",
    "{\"a\": {\"b\": 1e3, \"c\": 1.5}}\n{\"d\": 1}",
    "{\"a\": 1}\n---\n{\"b\": 2}\n---\n{\"c\": 3}\n",
    "{\"a\": 1,}",
    "{\"a\": \"\\ud83d\\ude00\\/\"}",
    "{a: 1}\n",
    "[{\"a\": 1}]",
    "key with spaces: 1\n'quoted key': 2\n\"\\x41\": 3\n",
    "a: \"x\\\n  y\"\n",
    "a: 'x\n\n\n  y'\n",
    "a:\n    b: 1\n    c:\n        - d\n        -   e: 1\n            f: 2\n",
    "a:\n- b: 1\n- c: |\n    x\n  d: 2\n",
    "a: \u{a0}b\n\u{e9}: \u{1f600}\n",
    "a: b\u{85}c\n",
    "a: b\u{2028}c\n",
    "a: \"b\u{2028}c\"\n",
    "a: \u{7}\n",
    "a: \"unfinished\n",
    "a: [unfinished\n",
    "a: {{ .Values.x }}\n",
    "{{- if .Values.x }}\na: 1\n{{- end }}\n",
    "a: \"{{ .Values.x }}\"\n",
];

/// A random number generator that is the same on all platforms: splitmix64.
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap()
    }

    fn one_in(&mut self, bound: usize) -> bool {
        self.below(bound) == 0
    }

    fn of<'t>(&mut self, all: &[&'t str]) -> &'t str {
        all[self.below(all.len())]
    }
}

const KEYS: &[&str] = &[
    "a",
    "b",
    "c",
    "spec",
    "metadata",
    "<<",
    "01",
    "1.5",
    "yes",
    "\"q\"",
    "'s'",
    "a b",
    "a.b/c",
    "é",
    "-x",
    "\"a\\x41\"",
];

const ODD_KEYS: &[&str] = &[
    "? a", "*x", "&k a", "!!str 1", "~", "1", "\"1\"", "true", "? *x", "[a]", "{a: 1}", "!t a", "\"a\nb\"",
    "",
];

const SCALARS: &[&str] = &[
    "x",
    "one two",
    "1",
    "08",
    "0644",
    "0x1F",
    "1e3",
    "1.00065e+09",
    "1.5",
    "-3",
    ".5",
    "5.",
    "1_000",
    "0b11",
    "0o17",
    "yes",
    "No",
    "on",
    "~",
    "null",
    "",
    "true",
    "TRUE",
    "2026-01-31",
    "12:30",
    "\"q\"",
    "'s'",
    "\"a\\nb\"",
    "'it''s'",
    "a #b",
    "a#b",
    "[]",
    "{}",
    "[1, 2]",
    "{a: 1}",
    "{a: 1, a: 2}",
    "[a, {b: c}]",
    "\"x\n  y\"",
    "'x\ny'",
    "x\n  y",
    "\"x\\\n  y\"",
    "1e400",
    "18446744073709551615",
    "-9223372036854775809",
    "1.2345678901234567e18",
    "é",
    "0.1",
    "1e-7",
    "+1",
    "_1",
    "1__2",
    "=",
    "''",
    "a\tb",
    "{a, b}",
    "a, b",
    "-1e3",
    "a:b",
    "[a,\n  b]",
    "{a: 1,\n  b: 2}",
    "\"\"",
    "1.",
    "- ",
    "0",
    "-0",
    "00",
];

const ODD_SCALARS: &[&str] = &[
    "*x",
    "*y",
    "&x 1",
    "&y text",
    "!!str 1",
    "!!int 1",
    "!t x",
    "a: b",
    "-",
    "- x",
    "?",
    ":",
    "#",
    "@",
    "`",
    "%",
    "|",
    ">",
    ".inf",
    "\t",
    "{<<: *x, a: 1}",
    "{a: 0, <<: *x}",
    "{<<: [*y, *x]}",
    "[*x, *y]",
    "x:",
    "!!binary aGk=",
    "!!null x",
    "&x {a: 1}",
    "&y [1]",
    "!",
    "]",
    "}",
    "!!float 1",
    "{? a : b}",
    "[a: b]",
    "{a: }",
    "[,]",
    "{a:1}",
    "{\"a\":1}",
];

/// A text that may be YAML: nested keys and lists, every style of scalar, and occasionally a mistake.
fn generated(seed: u64, nth: u64) -> String {
    let mut draw = Draw(seed.wrapping_mul(0x1000_0000).wrapping_add(nth));
    let mut text = String::new();
    for document in 0..=usize::from(draw.one_in(6)) + usize::from(draw.one_in(12)) {
        if document > 0 || draw.one_in(8) {
            text.push_str(draw.of(&[
                "---\n",
                "---\n",
                "---\n",
                "---\n",
                "---\n",
                "--- # c\n",
                "---\n---\n",
                "...\n---\n",
                "--- \n",
                "--- x\n",
            ]));
        }
        if draw.one_in(60) {
            text.push_str(BYTE_ORDER_MARK);
        }
        if draw.one_in(4) {
            text.push_str("x: &x {a: 1, b: 2}\ny: &y\n  b: 3\n  c: [4]\n");
        }
        block(&mut draw, &mut text, 0, 0);
    }
    if draw.one_in(10) {
        text = text.replace('\n', "\r\n");
    }
    if draw.one_in(6) {
        slip(&mut draw, &mut text);
    }
    text
}

fn block(draw: &mut Draw, text: &mut String, indent: usize, depth: usize) {
    let is_list = depth > 0 && draw.one_in(4);
    for _ in 0..=draw.below(3) {
        if draw.one_in(8) {
            text.push_str(draw.of(&["# comment\n", "  # comment\n", "\n", "   \n", "\t\n", "#\n"]));
        }
        text.push_str(&" ".repeat(indent));
        if is_list {
            text.push_str(if draw.one_in(12) { draw.of(&["-   ", "-", "-\t"]) } else { "- " });
            if draw.one_in(3) {
                text.push_str(key(draw));
                text.push_str(": ");
            }
        } else {
            text.push_str(key(draw));
            text.push_str(match draw.one_in(10) {
                true => draw.of(&[":  ", ":", " : ", ":\t"]),
                false => ": ",
            });
        }
        match draw.below(9) {
            0..=1 if depth < 4 => {
                text.push('\n');
                let deeper = if draw.one_in(12) { indent + draw.below(4) } else { indent + 2 };
                block(draw, text, deeper, depth + 1);
            }
            2 => literal(draw, text, indent),
            _ => {
                let scalars = if draw.one_in(12) { ODD_SCALARS } else { SCALARS };
                text.push_str(draw.of(scalars));
                text.push_str(draw.of(&["\n", "\n", "\n", "\n", " # c\n", "  \n", "\t\n", "\n\n"]));
            }
        }
    }
}

fn key(draw: &mut Draw) -> &'static str {
    let keys = if draw.one_in(16) { ODD_KEYS } else { KEYS };
    draw.of(keys)
}

fn literal(draw: &mut Draw, text: &mut String, indent: usize) {
    text.push_str(draw.of(&["|", ">", "|-", ">-", "|+", ">+", "|2", ">1-", "| # c"]));
    text.push('\n');
    let least = draw.below(3);
    for _ in 0..draw.below(4) {
        let more = if draw.one_in(12) { draw.below(3) } else { 2 + least };
        text.push_str(&" ".repeat(indent + more));
        text.push_str(draw.of(&["one", "two three", "", "# four", "- five", "six: 7", "\teight"]));
        text.push('\n');
    }
    if draw.one_in(3) {
        text.push('\n');
    }
}

/// Removes a character, inserts one, or truncates the text.
fn slip(draw: &mut Draw, text: &mut String) {
    let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    let Some(at) = places.get(draw.below(places.len().max(1))).copied() else { return };
    match draw.below(8) {
        0..=3 => {
            text.remove(at);
        }
        4..=6 => text.insert_str(
            at,
            draw.of(&[
                " ", "\n", "\t", ":", "-", "#", "\"", "'", "{", "}", "[", "]", ",", "&", "*", "!", "|",
                "\u{feff}", "\r", "\u{85}", "\\",
            ]),
        ),
        _ => text.truncate(at),
    }
}
