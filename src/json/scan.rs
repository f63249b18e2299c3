//! Finding where JSON values end, byte by byte or sixteen at a time.
//!
//! Most of a review is not governed by policies, and most of that is the inside of strings: the speed of these
//! functions is the speed of the policy. All of them take the bytes and a position and return the position behind the
//! skipped part. Those that are called most return [`FAULT`] for an error: a plain number travels in a register where a
//! `Result` would not.

use super::{Error, Read};

/// Returned for malformed input. No document is as long.
pub(super) const FAULT: usize = usize::MAX;

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

/// The first position from `at` on that is not white space.
#[inline(always)]
pub(super) fn blank(bytes: &[u8], at: usize) -> usize {
    // Policy servers write none: one comparison, mostly, which stands in a hundred places.
    match bytes.get(at) {
        Some(0..=b' ') => blanks(bytes, at),
        _ => at,
    }
}

#[cold]
fn blanks(bytes: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\n' | b'\t' | b'\r') = bytes.get(at) {
        at += 1;
    }
    at
}

/// Skips the rest of a string from its first escape on.
#[cold]
pub(super) fn escapes(bytes: &[u8], mut at: usize) -> Read<usize> {
    loop {
        match (bytes.get(at), bytes.get(at + 1)) {
            (Some(b'"'), _) => return Ok(at + 1),
            (Some(b'\\'), Some(b'u')) if hex(bytes, at + 2).is_some() => at += 6,
            (Some(b'\\'), Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't')) => at += 2,
            (Some(b'\\'), Some(_)) => {
                return Err(Error::malformed("an unknown escape stands in a string", at));
            }
            (Some(0..0x20), _) => {
                return Err(Error::malformed("a control character stands in a string", at));
            }
            _ => return Err(Error::malformed("the document ends within a string", at)),
        }
        at = plain(bytes, at);
    }
}

/// The number that the four digits of a `\u` escape make.
pub(super) fn hex(bytes: &[u8], at: usize) -> Option<u16> {
    let digits = bytes.get(at..)?.first_chunk::<4>()?;
    let code = digits.iter().try_fold(0, |code, digit| Some(code * 16 + char::from(*digit).to_digit(16)?))?;
    u16::try_from(code).ok()
}

/// Skips a number, `true`, `false` or `null`, and returns which of them it is.
#[inline(always)]
pub(super) fn scalar(bytes: &[u8], at: usize) -> Read<(Kind, usize)> {
    let (kind, end) = match bytes.get(at) {
        Some(b't') => (Kind::Flag, word(bytes, at, b"true")),
        Some(b'f') => (Kind::Flag, word(bytes, at, b"false")),
        Some(b'n') => (Kind::Null, word(bytes, at, b"null")),
        Some(_) => (Kind::Number, number(bytes, at)),
        None => return Err(Error::malformed("the document ends too early", at)),
    };
    if end == FAULT { Err(Error::malformed("a value must come here", at)) } else { Ok((kind, end)) }
}

/// Skips a number.
fn number(bytes: &[u8], mut at: usize) -> usize {
    if bytes.get(at) == Some(&b'-') {
        at += 1;
    }
    at = if bytes.get(at) == Some(&b'0') { at + 1 } else { digits(bytes, at) };
    if bytes.get(at) == Some(&b'.') {
        at = digits(bytes, at + 1);
    }
    if let Some(b'e' | b'E') = bytes.get(at) {
        at += 1;
        if let Some(b'+' | b'-') = bytes.get(at) {
            at += 1;
        }
        at = digits(bytes, at);
    }
    at
}

fn digits(bytes: &[u8], start: usize) -> usize {
    let mut at = start;
    while let Some(b'0'..=b'9') = bytes.get(at) {
        at += 1;
    }
    if at > start { at } else { FAULT }
}

/// Skips `true`, `false` or `null`.
fn word<const N: usize>(bytes: &[u8], at: usize, word: &[u8; N]) -> usize {
    if bytes.get(at..).is_some_and(|rest| rest.first_chunk() == Some(word)) { at + N } else { FAULT }
}

/// Where the run of plain characters that starts at `at` ends: at a quote, a backslash, a control character or the end
/// of the document.
#[inline(always)]
pub(super) fn plain(bytes: &[u8], mut at: usize) -> usize {
    while let Some(block) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
        let special = specials(block);
        if special != 0 {
            return at + special.trailing_zeros() as usize / FLAGS;
        }
        at += BLOCK;
    }
    plain_tail(bytes, at)
}

#[cold]
fn plain_tail(bytes: &[u8], mut at: usize) -> usize {
    while let Some(byte) = bytes.get(at) {
        if matches!(byte, b'"' | b'\\' | 0..0x20) {
            break;
        }
        at += 1;
    }
    at
}

/// How many bytes are looked at together, and how many bits of the result each has.
const BLOCK: usize = if HAS_VECTORS { 16 } else { 8 };
const FLAGS: usize = if HAS_VECTORS { 1 } else { 8 };
const HAS_VECTORS: bool = cfg!(all(target_arch = "wasm32", target_feature = "simd128"));

/// Flags the characters of a block that are not plain. Only the lowest flag is exact.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
#[inline(always)]
fn specials(block: &[u8; BLOCK]) -> u32 {
    use core::arch::wasm32::{u8x16_bitmask, u8x16_eq, u8x16_lt, u8x16_splat, v128, v128_load, v128_or};
    #[expect(unsafe_code, reason = "the load is of exactly the sixteen bytes borrowed, at any alignment")]
    let block = unsafe { v128_load(block.as_ptr().cast::<v128>()) };
    let quote = u8x16_eq(block, u8x16_splat(b'"'));
    let backslash = u8x16_eq(block, u8x16_splat(b'\\'));
    let control = u8x16_lt(block, u8x16_splat(0x20));
    u32::from(u8x16_bitmask(v128_or(v128_or(quote, backslash), control)))
}

/// Flags the characters of a block that are not plain. Only the lowest flag is exact.
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
#[inline(always)]
fn specials(block: &[u8; BLOCK]) -> u64 {
    const ONES: u64 = u64::MAX / 0xFF;
    let word = u64::from_le_bytes(*block);
    let has_zero = |word: u64| word.wrapping_sub(ONES) & !word;
    let quote = has_zero(word ^ (ONES * b'"' as u64));
    let backslash = has_zero(word ^ (ONES * b'\\' as u64));
    let control = word.wrapping_sub(ONES * 0x20) & !word;
    (quote | backslash | control) & (ONES << 7)
}
