//! Diagnosis of a malformed document: run only once it is known to be malformed.

use super::scan::{FAULT, blank, hex, number, plain, string, word};
use super::{DEPTH, Error};

/// Why the value at `at`, which is within `depth` objects and lists, cannot be skipped.
#[cold]
pub(super) fn error(bytes: &[u8], mut at: usize, depth: u32) -> Error {
    match explain(bytes, &mut at, depth) {
        Err(error) => error,
        Ok(()) => malformed("a value must come here", at),
    }
}

/// An error at a position.
#[cold]
pub(super) fn malformed(reason: &str, at: usize) -> Error {
    Error::new(format!("is not JSON: {reason} (byte {at})"))
}

#[cold]
pub(super) fn too_deep() -> Error {
    Error::new(format!("is nested deeper than {DEPTH} levels"))
}

/// Skips a value as [`value`] does, to report its error.
fn explain(bytes: &[u8], at: &mut usize, depth: u32) -> Result<(), Error> {
    *at = blank(bytes, *at);
    let end = match bytes.get(*at) {
        Some(b'"') => return explain_string(bytes, at),
        Some(bracket @ (b'{' | b'[')) => return explain_elements(bytes, at, depth, *bracket),
        Some(b'-' | b'0'..=b'9') => number(bytes, *at),
        Some(b't') => word(bytes, *at, b"true"),
        Some(b'f') => word(bytes, *at, b"false"),
        Some(b'n') => word(bytes, *at, b"null"),
        Some(_) => FAULT,
        None => return Err(malformed("the document ends too early", *at)),
    };
    if end == FAULT {
        return Err(malformed("a value must come here", *at));
    }
    *at = end;
    Ok(())
}

fn explain_elements(bytes: &[u8], at: &mut usize, depth: u32, bracket: u8) -> Result<(), Error> {
    if depth == DEPTH {
        return Err(too_deep());
    }
    let mut first = true;
    *at = blank(bytes, *at + 1);
    while bytes.get(*at) != Some(&(bracket + 2)) {
        if !std::mem::take(&mut first) {
            if bytes.get(*at) != Some(&b',') {
                return Err(malformed("a comma or a closing bracket must come here", *at));
            }
            *at = blank(bytes, *at + 1);
        }
        if bracket == b'{' {
            if bytes.get(*at) != Some(&b'"') {
                return Err(malformed("a key in quotes must come here", *at));
            }
            explain_string(bytes, at)?;
            *at = blank(bytes, *at);
            if bytes.get(*at) != Some(&b':') {
                return Err(malformed("a colon must come here", *at));
            }
            *at += 1;
        }
        explain(bytes, at, depth + 1)?;
        *at = blank(bytes, *at);
    }
    *at += 1;
    Ok(())
}

fn explain_string(bytes: &[u8], at: &mut usize) -> Result<(), Error> {
    let start = *at;
    *at = string(bytes, start + 1);
    if *at != FAULT {
        return Ok(());
    }
    let mut at = plain(bytes, start + 1);
    loop {
        match (bytes.get(at), bytes.get(at + 1)) {
            (Some(b'\\'), Some(b'u')) if hex(bytes, at + 2).is_some() => at = plain(bytes, at + 6),
            (Some(b'\\'), Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't')) => {
                at = plain(bytes, at + 2);
            }
            (Some(b'\\'), Some(_)) => return Err(malformed("an unknown escape stands in a string", at)),
            (Some(0..0x20), _) => return Err(malformed("a control character stands in a string", at)),
            _ => return Err(malformed("the document ends within a string", at)),
        }
    }
}
