//! Finding where JSON values end, byte by byte or sixteen at a time.
//!
//! Most of a review is what no policy governs, and most of that is the inside of strings: the speed of these functions
//! is the speed of the policy. All of them take the bytes and a position and return the position behind what they
//! stepped over.

use super::{DEPTH, Fault, Read};

/// The first position from `at` on that is not white space.
pub(super) fn blank(bytes: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\n' | b'\t' | b'\r') = bytes.get(at) {
        at += 1;
    }
    at
}

/// Steps over the value at `at`, whatever it is, which stands within `depth` objects and lists.
pub(super) fn value(bytes: &[u8], mut at: usize, depth: u32) -> Read<usize> {
    // One bit for each object or list that is open here: whether it is an object.
    let mut open: u128 = 0;
    let mut nested = 0;
    'value: loop {
        at = blank(bytes, at);
        match bytes.get(at) {
            Some(b'"') => at = string(bytes, at + 1)?,
            Some(bracket @ (b'{' | b'[')) => {
                if depth + nested == DEPTH {
                    return Err(too_deep());
                }
                let is_object = *bracket == b'{';
                at = blank(bytes, at + 1);
                // The closing bracket stands two behind the opening one in ASCII.
                if bytes.get(at) == Some(&(bracket + 2)) {
                    at += 1;
                } else {
                    nested += 1;
                    open = open << 1 | u128::from(is_object);
                    if is_object {
                        at = key(bytes, at)?;
                    }
                    continue 'value;
                }
            }
            Some(b'-' | b'0'..=b'9') => at = number(bytes, at)?,
            Some(b't') => at = word(bytes, at, b"true")?,
            Some(b'f') => at = word(bytes, at, b"false")?,
            Some(b'n') => at = word(bytes, at, b"null")?,
            Some(_) => return Err(malformed("a value must come here", at)),
            None => return Err(malformed("the document ends too early", at)),
        }
        while nested > 0 {
            at = blank(bytes, at);
            let in_object = open & 1 == 1;
            match bytes.get(at) {
                Some(b',') => {
                    at += 1;
                    if in_object {
                        at = key(bytes, blank(bytes, at))?;
                    }
                    continue 'value;
                }
                Some(b'}') if in_object => {}
                Some(b']') if !in_object => {}
                _ => return Err(malformed("a comma or a closing bracket must come here", at)),
            }
            at += 1;
            nested -= 1;
            open >>= 1;
        }
        return Ok(at);
    }
}

/// Steps over a key and the colon behind it.
fn key(bytes: &[u8], at: usize) -> Read<usize> {
    if bytes.get(at) != Some(&b'"') {
        return Err(malformed("a key in quotes must come here", at));
    }
    let at = blank(bytes, string(bytes, at + 1)?);
    if bytes.get(at) != Some(&b':') {
        return Err(malformed("a colon must come here", at));
    }
    Ok(at + 1)
}

/// Steps over the rest of a string, from behind its opening quote to behind its closing one.
pub(super) fn string(bytes: &[u8], mut at: usize) -> Read<usize> {
    loop {
        at = plain(bytes, at);
        match bytes.get(at) {
            Some(b'"') => return Ok(at + 1),
            Some(b'\\') => match bytes.get(at + 1) {
                Some(b'u') => at = hex(bytes, at + 2)?.1,
                Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => at += 2,
                _ => return Err(malformed("an unknown escape stands in a string", at)),
            },
            Some(_) => return Err(malformed("a control character stands in a string", at)),
            None => return Err(malformed("the document ends within a string", at)),
        }
    }
}

/// Reads the four digits of a `\u` escape.
pub(super) fn hex(bytes: &[u8], at: usize) -> Read<(u32, usize)> {
    let digits = bytes.get(at..at + 4).unwrap_or_default();
    let mut code = 0;
    for digit in digits {
        match char::from(*digit).to_digit(16) {
            Some(value) => code = code * 16 + value,
            None => return Err(malformed("a \\u escape needs four hexadecimal digits", at)),
        }
    }
    if digits.len() == 4 {
        Ok((code, at + 4))
    } else {
        Err(malformed("the document ends within a string", at))
    }
}

/// Steps over a number.
pub(super) fn number(bytes: &[u8], mut at: usize) -> Read<usize> {
    if bytes.get(at) == Some(&b'-') {
        at += 1;
    }
    at = if bytes.get(at) == Some(&b'0') { at + 1 } else { digits(bytes, at)? };
    if bytes.get(at) == Some(&b'.') {
        at = digits(bytes, at + 1)?;
    }
    if let Some(b'e' | b'E') = bytes.get(at) {
        at += 1;
        if let Some(b'+' | b'-') = bytes.get(at) {
            at += 1;
        }
        at = digits(bytes, at)?;
    }
    Ok(at)
}

fn digits(bytes: &[u8], start: usize) -> Read<usize> {
    let mut at = start;
    while let Some(b'0'..=b'9') = bytes.get(at) {
        at += 1;
    }
    if at > start { Ok(at) } else { Err(malformed("a digit must come here", at)) }
}

/// Steps over `true`, `false` or `null`.
pub(super) fn word(bytes: &[u8], at: usize, word: &[u8]) -> Read<usize> {
    let end = at + word.len();
    if bytes.get(at..end) == Some(word) { Ok(end) } else { Err(malformed("a value must come here", at)) }
}

#[cold]
pub(super) fn malformed(reason: &str, at: usize) -> Fault {
    Fault::new(format!("is not JSON: {reason} (byte {at})"))
}

#[cold]
pub(super) fn too_deep() -> Fault {
    Fault::new(format!("is nested deeper than {DEPTH} levels"))
}

/// Where the run of plain characters that starts at `at` ends: at a quote, a backslash, a control character or the end
/// of the document.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub(super) fn plain(bytes: &[u8], mut at: usize) -> usize {
    use core::arch::wasm32::{u8x16_bitmask, u8x16_eq, u8x16_lt, u8x16_splat, u64x2, v128_or};
    let (chunks, tail) = bytes.get(at..).unwrap_or_default().as_chunks::<16>();
    for chunk in chunks {
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = *chunk;
        let low = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
        let block = u64x2(low, u64::from_le_bytes([i, j, k, l, m, n, o, p]));
        let quote = u8x16_eq(block, u8x16_splat(b'"'));
        let backslash = u8x16_eq(block, u8x16_splat(b'\\'));
        let control = u8x16_lt(block, u8x16_splat(0x20));
        let found = u8x16_bitmask(v128_or(v128_or(quote, backslash), control));
        if found != 0 {
            return at + found.trailing_zeros() as usize;
        }
        at += 16;
    }
    at + plain_tail(tail)
}

/// Where the run of plain characters that starts at `at` ends: at a quote, a backslash, a control character or the end
/// of the document.
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
pub(super) fn plain(bytes: &[u8], mut at: usize) -> usize {
    const ONES: u64 = u64::MAX / 0xFF;
    let (chunks, tail) = bytes.get(at..).unwrap_or_default().as_chunks::<8>();
    for chunk in chunks {
        let word = u64::from_le_bytes(*chunk);
        let has_zero = |word: u64| word.wrapping_sub(ONES) & !word;
        let quote = has_zero(word ^ (ONES * b'"' as u64));
        let backslash = has_zero(word ^ (ONES * b'\\' as u64));
        let control = word.wrapping_sub(ONES * 0x20) & !word;
        // Of the flags only the lowest is exact: those above a match may be false.
        let found = (quote | backslash | control) & (ONES << 7);
        if found != 0 {
            return at + (found.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    at + plain_tail(tail)
}

fn plain_tail(tail: &[u8]) -> usize {
    tail.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20)).unwrap_or(tail.len())
}
