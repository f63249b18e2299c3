//! Reading a value once into a row of nodes, without a block of memory for each.

use super::scan::{FAULT, blank, escapes, number, plain, word};
use super::{DEPTH, Read, Reader, Text, diagnose};

/// The type of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Null,
    Flag,
    Number,
    Text,
    List,
    Object,
}

/// A value and, if an object holds it, its key. The values that it holds follow it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node<'a> {
    key: &'a str,
    /// The text of the value: of a string, the text between its quotes.
    text: &'a str,
    /// How many nodes the value takes, itself included. While it is being read: the node that holds it.
    span: u32,
    kind: Kind,
    key_is_escaped: bool,
    text_is_escaped: bool,
}

impl<'a> Node<'a> {
    /// The type of the value.
    #[inline(always)]
    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// How many nodes the value takes, itself included.
    #[inline(always)]
    pub(crate) fn span(&self) -> usize {
        self.span as usize
    }

    /// The key of the value.
    #[inline(always)]
    pub(crate) fn key(&self) -> Text<'a> {
        if self.key_is_escaped { meaning(self.key) } else { Text::Borrowed(self.key) }
    }

    /// The text of a string.
    #[inline(always)]
    pub(crate) fn text(&self) -> Text<'a> {
        if self.text_is_escaped { meaning(self.text) } else { Text::Borrowed(self.text) }
    }

    /// The value as it is written, a string without its quotes.
    #[inline(always)]
    pub(crate) fn written(&self) -> &'a str {
        self.text
    }
}

/// The meaning of a string with escapes in it, which has been read before.
#[cold]
#[inline(never)]
fn meaning<'a>(written: &str) -> Text<'a> {
    unescaped(written).unwrap_or_default()
}

/// The meaning of a string with escapes in it.
#[cold]
fn unescaped<'a>(written: &str) -> Read<Text<'a>> {
    let quoted = format!("\"{written}\"");
    Ok(Text::Owned(Reader::new(&quoted).string()?.into_owned()))
}

impl<'a> Reader<'a> {
    /// Reads a value into `nodes`.
    ///
    /// # Errors
    ///
    /// The first error, however deep.
    pub(crate) fn nodes(&mut self, nodes: &mut Vec<Node<'a>>) -> Read<()> {
        let end = read(self.text, self.at, self.depth, nodes);
        if end == FAULT {
            return Err(diagnose::error(self.text.as_bytes(), self.at, self.depth));
        }
        // Whether an escape stands for a character is only known once it is read.
        for node in nodes.iter() {
            if node.key_is_escaped {
                unescaped(node.key)?;
            }
            if node.text_is_escaped {
                unescaped(node.text)?;
            }
        }
        self.at = end;
        Ok(())
    }
}

/// A string as it is written, and whether there are escapes in it.
type Written<'a> = (&'a str, bool);

const NONE: u32 = u32::MAX;

fn read<'a>(document: &'a str, mut at: usize, depth: u32, nodes: &mut Vec<Node<'a>>) -> usize {
    let bytes = document.as_bytes();
    let mut holder = NONE;
    let mut in_object = false;
    let mut nested = 0;
    let mut key: Written<'a> = ("", false);
    'value: loop {
        at = blank(bytes, at);
        let start = at;
        let (kind, text) = match bytes.get(at) {
            Some(b'"') => {
                let text;
                (text, at) = string(document, at);
                (Kind::Text, text)
            }
            Some(bracket @ (b'{' | b'[')) => {
                if depth + nested == DEPTH {
                    return FAULT;
                }
                let is_object = *bracket == b'{';
                let kind = if is_object { Kind::Object } else { Kind::List };
                at = blank(bytes, at + 1);
                // The closing bracket stands two behind the opening one in ASCII.
                if bytes.get(at) == Some(&(bracket + 2)) {
                    at += 1;
                    (kind, (document.get(start..at).unwrap_or_default(), false))
                } else {
                    let index = nodes.len();
                    // The end is cut off once the end of the value is known.
                    nodes.push(node(kind, holder, key, (document.get(start..).unwrap_or_default(), false)));
                    holder = u32::try_from(index).unwrap_or(NONE);
                    in_object = is_object;
                    nested += 1;
                    if is_object {
                        (key, at) = member(document, at);
                    } else {
                        key = ("", false);
                    }
                    continue 'value;
                }
            }
            Some(b'-' | b'0'..=b'9') => {
                at = number(bytes, at);
                (Kind::Number, (document.get(start..at).unwrap_or_default(), false))
            }
            Some(b't') => {
                at = word(bytes, at, b"true");
                (Kind::Flag, (document.get(start..at).unwrap_or_default(), false))
            }
            Some(b'f') => {
                at = word(bytes, at, b"false");
                (Kind::Flag, (document.get(start..at).unwrap_or_default(), false))
            }
            Some(b'n') => {
                at = word(bytes, at, b"null");
                (Kind::Null, ("", false))
            }
            _ => return FAULT,
        };
        nodes.push(node(kind, 1, key, text));
        while nested > 0 {
            at = blank(bytes, at);
            match bytes.get(at) {
                Some(b',') => {
                    at += 1;
                    if in_object {
                        (key, at) = member(document, blank(bytes, at));
                    }
                    continue 'value;
                }
                Some(b'}') if in_object => {}
                Some(b']') if !in_object => {}
                _ => return FAULT,
            }
            at += 1;
            nested -= 1;
            let length = nodes.len();
            let Some(closed) = nodes.get_mut(holder as usize) else { return FAULT };
            let outer = closed.span;
            let behind = document.len() - at;
            closed.text = closed.text.get(..closed.text.len() - behind).unwrap_or_default();
            closed.span = u32::try_from(length).unwrap_or(NONE) - holder;
            holder = outer;
            in_object = nodes.get(holder as usize).is_some_and(|node| node.kind == Kind::Object);
            key = ("", false);
        }
        return at;
    }
}

#[inline(always)]
fn node<'a>(kind: Kind, span: u32, key: Written<'a>, text: Written<'a>) -> Node<'a> {
    Node { key: key.0, text: text.0, span, kind, key_is_escaped: key.1, text_is_escaped: text.1 }
}

/// A key, and the position behind the colon that follows it.
#[inline(always)]
fn member(document: &str, at: usize) -> (Written<'_>, usize) {
    let bytes = document.as_bytes();
    if bytes.get(at) != Some(&b'"') {
        return (("", false), FAULT);
    }
    let (key, at) = string(document, at);
    let at = blank(bytes, at);
    (key, if bytes.get(at) == Some(&b':') { at + 1 } else { FAULT })
}

/// The text between the quotes that begin at `at`, and the position behind them.
#[inline(never)]
fn string(document: &str, at: usize) -> (Written<'_>, usize) {
    let bytes = document.as_bytes();
    let start = at + 1;
    let mut end = plain(bytes, start);
    let is_escaped = bytes.get(end) != Some(&b'"');
    if is_escaped {
        end = escapes(bytes, end);
        if end == FAULT {
            return (("", false), FAULT);
        }
        end -= 1;
    }
    ((document.get(start..end).unwrap_or_default(), is_escaped), end + 1)
}
