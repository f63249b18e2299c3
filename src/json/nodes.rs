//! Reading a value once into a row of nodes, without a block of memory for each.

use super::scan::Kind;
use super::walk::{Sink, Span, walk};
use super::{Error, Read, Reader, Text};

/// A value and, if an object holds it, its key. The values that it holds follow it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node<'a> {
    key: &'a str,
    /// The value as it is written, a string without its quotes.
    pub(super) written: &'a str,
    /// How many nodes the value takes, itself included. While it is being read: the node that holds it.
    span: u32,
    pub(super) kind: Kind,
    key_is_escaped: bool,
    text_is_escaped: bool,
}

impl<'a> Node<'a> {
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
        if self.text_is_escaped { meaning(self.written) } else { Text::Borrowed(self.written) }
    }
}

/// The meaning of a string with escapes in it, which has been read before.
#[cold]
#[inline(never)]
fn meaning<'a>(written: &str) -> Text<'a> {
    let quoted = format!("\"{written}\"");
    Text::Owned(Reader::new(&quoted).string().unwrap_or_default().into_owned())
}

impl<'a> Reader<'a> {
    /// Reads a value into `nodes`.
    ///
    /// # Errors
    ///
    /// The first error, however deep.
    pub(crate) fn nodes(&mut self, nodes: &mut Vec<Node<'a>>) -> Read<()> {
        let mut row = Row { document: self.text, nodes, holder: NONE };
        let end = walk(self.text.as_bytes(), self.at, self.depth, &mut row)?;
        // Whether an escape stands for a character is only known once it is read.
        for node in nodes.iter() {
            for (text, is_escaped) in [(node.key, node.key_is_escaped), (node.written, node.text_is_escaped)]
            {
                if is_escaped {
                    // Its quote in the document, so that an error names its position there.
                    self.at = text.as_ptr().addr().wrapping_sub(self.text.as_ptr().addr()).wrapping_sub(1);
                    self.string()?;
                }
            }
        }
        self.at = end;
        Ok(())
    }
}

/// The nodes as they are read.
struct Row<'a, 'n> {
    document: &'a str,
    nodes: &'n mut Vec<Node<'a>>,
    /// The object or list that is open.
    holder: u32,
}

const NONE: u32 = u32::MAX;

impl<'a> Row<'a, '_> {
    #[inline(always)]
    fn text(&self, span: Span) -> &'a str {
        self.document.get(span.start..span.end).unwrap_or_default()
    }
}

impl Sink for Row<'_, '_> {
    #[inline(always)]
    fn value(&mut self, kind: Kind, key: Span, text: Span) {
        let index = self.nodes.len();
        let is_open = matches!(kind, Kind::List | Kind::Object);
        self.nodes.push(Node {
            key: self.text(key),
            written: self.text(text),
            span: if is_open { self.holder } else { 1 },
            kind,
            key_is_escaped: key.is_escaped,
            text_is_escaped: text.is_escaped,
        });
        if is_open {
            self.holder = u32::try_from(index).unwrap_or(NONE);
        }
    }

    #[inline(always)]
    fn end(&mut self, at: usize) -> Read<()> {
        let length = self.nodes.len();
        let Some(closed) = self.nodes.get_mut(self.holder as usize) else {
            return Err(Error::malformed("a value must come here", at));
        };
        // The end is cut off now that it is known.
        let behind = self.document.len() - at;
        closed.written = closed.written.get(..closed.written.len() - behind).unwrap_or_default();
        let outer = closed.span;
        closed.span = u32::try_from(length).unwrap_or(NONE) - self.holder;
        self.holder = outer;
        Ok(())
    }
}
