//! From the events of the parser to nodes, with anchors resolved.

use std::collections::HashMap;

use super::Malformed;
use super::events::{Event, Events, Problem};
use crate::input::place::Mark;

/// A node of a document, by index; aliases refer to the node that they stand for.
pub(super) struct Node {
    pub(super) at: Mark,
    pub(super) body: Body,
}

pub(super) enum Body {
    Scalar { text: String, tag: Option<String>, is_plain: bool },
    Alias { name: String, node: usize },
    List(Vec<usize>),
    Map(Vec<(usize, usize)>),
}

/// The nodes of a document; the first is its root. `None` if the text holds no document.
///
/// # Errors
///
/// If the text is not YAML, or holds a second document.
pub(super) fn nodes(text: &str) -> Result<Option<Vec<Node>>, Malformed> {
    let lines: Vec<&str> = lines(text).collect();
    let mut nodes = Nodes { lines: &lines, all: Vec::new(), open: Vec::new(), anchors: HashMap::new() };
    let mut events = Events::of(text);
    loop {
        let (at, event) = events.next().map_err(|problem| malformed(&problem, &lines))?;
        match event {
            Event::StreamEnd => break,
            Event::DocumentStart if !nodes.all.is_empty() => {
                let reason =
                    "a second document behind `...`, which kubectl passes over: separate documents by `---`";
                return Err(Malformed { at, reason: reason.to_owned() });
            }
            event => nodes.take(at, event)?,
        }
    }
    Ok(Some(nodes.all).filter(|all| !all.is_empty()))
}

struct Nodes<'n> {
    lines: &'n [&'n str],
    all: Vec<Node>,
    /// Open lists and objects, and for an object the key that waits for its value.
    open: Vec<(usize, Option<usize>)>,
    anchors: HashMap<String, usize>,
}

impl Nodes<'_> {
    fn take(&mut self, at: Mark, event: Event) -> Result<(), Malformed> {
        if let Some(reason) = self.odd_tag(at)
            && matches!(event, Event::Scalar { .. } | Event::ListStart { .. } | Event::MapStart { .. })
        {
            return Err(Malformed { at, reason: reason.to_owned() });
        }
        let number = self.all.len();
        let (body, anchor) = match event {
            Event::End => {
                self.open.pop();
                return Ok(());
            }
            Event::Alias { anchor } => {
                let Some(node) = self.anchors.get(&anchor) else {
                    let reason = format!("there is no anchor `{anchor}` before the alias");
                    return Err(Malformed { at, reason });
                };
                (Body::Alias { name: anchor, node: *node }, None)
            }
            Event::Scalar { anchor, tag, text, is_plain } => (Body::Scalar { text, tag, is_plain }, anchor),
            Event::ListStart { anchor } => (Body::List(Vec::new()), anchor),
            Event::MapStart { anchor } => (Body::Map(Vec::new()), anchor),
            Event::DocumentStart | Event::StreamEnd | Event::Other => return Ok(()),
        };
        let opens = matches!(body, Body::List(_) | Body::Map(_));
        self.all.push(Node { at, body });
        if let Some(anchor) = anchor {
            self.anchors.insert(anchor, number);
        }
        self.enclose(number);
        if opens {
            self.open.push((number, None));
        }
        Ok(())
    }

    /// Puts a node into the enclosing list or object.
    fn enclose(&mut self, number: usize) {
        let Some((around, key)) = self.open.last_mut() else { return };
        match self.all.get_mut(*around).map(|node| &mut node.body) {
            Some(Body::List(elements)) => elements.push(number),
            Some(Body::Map(members)) => match key.take() {
                Some(key) => members.push((key, number)),
                None => *key = Some(number),
            },
            _ => {}
        }
    }

    /// A tag that this parser and kubectl's interpret differently: `!` alone, which makes a text of anything, and one
    /// with a comma or a bracket right behind it.
    fn odd_tag(&self, start: Mark) -> Option<&'static str> {
        let line = self.lines.get(index(start.line)).filter(|line| line.contains('!'))?;
        let rest: String = line.chars().skip(index(start.column)).collect();
        // An anchor may stand before the tag.
        let is_property = |word: &&str| word.starts_with(['!', '&']);
        let tag =
            rest.split_whitespace().take_while(is_property).take(2).find(|word| word.starts_with('!'))?;
        match tag {
            "!" => Some("the tag `!`: write a text in quotes instead"),
            _ if tag.contains([',', '[', ']', '{', '}']) => Some("a tag without a space behind it"),
            _ => None,
        }
    }
}

/// The lines of a text as the parser counts them.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let end = rest.find(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']);
        let (line, behind) = rest.split_at_checked(end?)?;
        let mut characters = behind.chars();
        let first = characters.next();
        rest = characters.as_str();
        if first == Some('\r') {
            rest = rest.strip_prefix('\n').unwrap_or(rest);
        }
        Some(line)
    })
    .chain(std::iter::once(last_line(text)))
}

fn last_line(text: &str) -> &str {
    text.rsplit(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']).next().unwrap_or_default()
}

/// Converts a 1-based index.
fn index(count: u32) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX).saturating_sub(1)
}

/// A position in a line with content: the parser may only report an error after the end.
fn within(at: Mark, lines: &[&str]) -> Mark {
    if lines.iter().skip(index(at.line)).any(|line| !line.is_empty()) {
        return at;
    }
    let last = lines.iter().rposition(|line| !line.is_empty()).unwrap_or_default();
    let length = lines.get(last).map_or(0, |line| line.chars().count());
    let from_one = |count: usize| u32::try_from(count).unwrap_or(u32::MAX).saturating_add(1);
    Mark { line: from_one(last), column: from_one(length.saturating_sub(1)) }
}

fn malformed(problem: &Problem, lines: &[&str]) -> Malformed {
    let Problem { at, problem } = problem;
    let character = lines.get(index(at.line)).and_then(|line| line.chars().nth(index(at.column)));
    Malformed { at: within(*at, lines), reason: reason(problem, character) }
}

/// The problem, in words that need no knowledge of the parser.
fn reason(problem: &str, character: Option<char>) -> String {
    let reason = match (problem, character) {
        (_, Some('\t')) => "a tab where YAML needs spaces",
        ("found character that cannot start any token", Some(character)) => {
            return format!("`{character}` cannot start a value: quote it");
        }
        ("did not find expected key", _) => {
            "a key of the object around it is expected here; is the indentation right?"
        }
        ("could not find expected ':'", _) => "a key without `:` before here",
        ("did not find expected '-' indicator", _) => {
            "an element of the list around it is expected here; is the indentation right?"
        }
        ("did not find expected ',' or ']'", _) => "a `,` or `]` is missing before here",
        ("did not find expected ',' or '}'", _) => "a `,` or `}` is missing before here",
        ("mapping values are not allowed in this context", _) => {
            "a `:` that makes a key where none may be; quote a text that holds `: `"
        }
        ("block sequence entries are not allowed in this context", _) => "a list may not start here",
        ("found unexpected end of stream", _) => "the text ends inside of quotes",
        ("found unexpected document indicator", _) => "the document ends inside of quotes",
        ("found unknown escape character", _) => "an unknown escape in a text in double quotes",
        ("did not find expected <document start>", _) => {
            "a directive, which kubectl does not read, or something behind the document"
        }
        ("did not find expected node content", _) => "a value is missing here",
        ("found undefined tag handle", _) => "a tag of a handle that is not declared",
        ("control characters are not allowed", _) => "a control character",
        ("invalid UTF-8", _) => "bytes that are not UTF-8",
        _ => "the text is malformed here",
    };
    reason.to_owned()
}
