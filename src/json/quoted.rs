//! Writing strings.

use std::fmt::{self, Display, Write as _};

use super::scan;

/// A text as a JSON string, quotes and escapes included.
///
/// Escapes what [RFC 8259](https://www.rfc-editor.org/rfc/rfc8259#section-7) demands and nothing more.
pub struct Quoted<'a>(pub &'a str);

impl Quoted<'_> {
    /// Writes it without the machinery of formatting, which a new instance has to set up.
    pub(crate) fn write_to(&self, out: &mut impl fmt::Write) -> fmt::Result {
        out.write_char('"')?;
        let mut rest = self.0;
        loop {
            let end = scan::plain(rest.as_bytes(), 0);
            out.write_str(rest.get(..end).unwrap_or_default())?;
            match rest.as_bytes().get(end) {
                None => break,
                Some(b'"') => out.write_str("\\\"")?,
                Some(b'\\') => out.write_str("\\\\")?,
                Some(b'\n') => out.write_str("\\n")?,
                Some(b'\r') => out.write_str("\\r")?,
                Some(b'\t') => out.write_str("\\t")?,
                Some(control) => write!(out, "\\u{control:04x}")?,
            }
            rest = rest.get(end + 1..).unwrap_or_default();
        }
        out.write_char('"')
    }
}

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_to(f)
    }
}

/// Strings in quotes, separated by commas.
pub(crate) struct Listed<'a, T: AsRef<str>>(pub(crate) &'a [T]);

impl<T: AsRef<str>> Display for Listed<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&joined(self.0.iter().map(|name| Quoted(name.as_ref())), ", "))
    }
}

/// Items in a row.
pub(crate) fn joined(things: impl IntoIterator<Item: Display>, separator: &str) -> String {
    let mut text = String::new();
    for thing in things {
        let before = if text.is_empty() { "" } else { separator };
        let _ = write!(text, "{before}{thing}");
    }
    text
}
