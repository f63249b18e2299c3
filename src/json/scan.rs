//! Finding where JSON values end, byte by byte or sixteen at a time.
//!
//! Most of a review is not governed by policies, and most of that is the inside of strings: the speed of these
//! functions is the speed of the policy. All of them take the bytes and a position and return the position behind the
//! skipped part, or [`FAULT`]: a plain number travels in a register where a `Result` would not. Why something is not
//! JSON is found out afterwards, by a second scan.

use super::DEPTH;

/// Returned for malformed input. No document is as long.
pub(super) const FAULT: usize = usize::MAX;

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

/// Skips the value at `at`, whatever it is, which is within `depth` objects and lists.
pub(super) fn value(bytes: &[u8], mut at: usize, depth: u32) -> usize {
    // One bit for each object or list that is open here: whether it is an object.
    let mut open: u128 = 0;
    let mut nested = 0;
    'value: loop {
        at = blank(bytes, at);
        match bytes.get(at) {
            Some(b'"') => at = string(bytes, at + 1),
            Some(bracket @ (b'{' | b'[')) => {
                if depth + nested == DEPTH {
                    return FAULT;
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
                        at = key(bytes, at);
                    }
                    continue 'value;
                }
            }
            Some(b'-' | b'0'..=b'9') => at = number(bytes, at),
            Some(b't') => at = word(bytes, at, b"true"),
            Some(b'f') => at = word(bytes, at, b"false"),
            Some(b'n') => at = word(bytes, at, b"null"),
            _ => return FAULT,
        }
        while nested > 0 {
            at = blank(bytes, at);
            let in_object = open & 1 == 1;
            match bytes.get(at) {
                Some(b',') => {
                    at += 1;
                    if in_object {
                        at = key(bytes, blank(bytes, at));
                    }
                    continue 'value;
                }
                Some(b'}') if in_object => {}
                Some(b']') if !in_object => {}
                _ => return FAULT,
            }
            at += 1;
            nested -= 1;
            open >>= 1;
        }
        return at;
    }
}

/// Skips a key and the colon behind it.
#[inline(always)]
fn key(bytes: &[u8], at: usize) -> usize {
    if bytes.get(at) != Some(&b'"') {
        return FAULT;
    }
    let at = blank(bytes, string(bytes, at + 1));
    if bytes.get(at) == Some(&b':') { at + 1 } else { FAULT }
}

/// Skips the rest of a string, from behind its opening quote to behind its closing one.
#[inline(always)]
pub(super) fn string(bytes: &[u8], at: usize) -> usize {
    let at = plain(bytes, at);
    if bytes.get(at) == Some(&b'"') { at + 1 } else { escapes(bytes, at) }
}

/// Skips the rest of a string from its first escape on.
#[cold]
pub(super) fn escapes(bytes: &[u8], mut at: usize) -> usize {
    loop {
        match (bytes.get(at), bytes.get(at + 1)) {
            (Some(b'"'), _) => return at + 1,
            (Some(b'\\'), Some(b'u')) if hex(bytes, at + 2).is_some() => at += 6,
            (Some(b'\\'), Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't')) => at += 2,
            _ => return FAULT,
        }
        at = plain(bytes, at);
    }
}

/// The number that the four digits of a `\u` escape make.
pub(super) fn hex(bytes: &[u8], at: usize) -> Option<u32> {
    let digits = bytes.get(at..)?.first_chunk::<4>()?;
    digits.iter().try_fold(0, |code, digit| Some(code * 16 + char::from(*digit).to_digit(16)?))
}

/// Skips a number.
pub(super) fn number(bytes: &[u8], mut at: usize) -> usize {
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
pub(super) fn word<const N: usize>(bytes: &[u8], at: usize, word: &[u8; N]) -> usize {
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
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
const BLOCK: usize = 16;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
const FLAGS: usize = 1;
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
const BLOCK: usize = 8;
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
const FLAGS: usize = 8;

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
