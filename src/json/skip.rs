//! Skipping values that policies do not govern, sixty-four bytes at a time.
//!
//! To find where an object ends it is enough to count brackets outside of strings. So the inside of a skipped value is
//! checked no further: not its commas, its numbers, or which bracket closes which. The policy server has parsed the
//! review before it wrote it for us, and parses the response in which we write some of it back.

use super::DEPTH;
use super::scan::{FAULT, blank, scalar};

/// How many bytes are looked at together: one for each bit of a mask.
const BLOCK: usize = 64;

/// The position behind the value at `at`, which is within `depth` objects and lists; [`FAULT`] if it has no end or
/// nests too deep.
pub(super) fn over(bytes: &[u8], at: usize, depth: u32) -> usize {
    let at = blank(bytes, at);
    match bytes.get(at) {
        Some(b'{' | b'[') => over_brackets(bytes, at, depth),
        Some(b'"') => over_string(bytes, at + 1),
        _ => scalar(bytes, at).map_or(FAULT, |(_, end)| end),
    }
}

fn over_brackets(bytes: &[u8], mut at: usize, depth: u32) -> usize {
    let mut nested: u32 = 0;
    // All ones where the block before ended within a string.
    let mut within: u64 = 0;
    let mut pending = false;
    let mut last = [0; BLOCK];
    while at < bytes.len() {
        let block = block(bytes, at, &mut last);
        let quotes = quotes(block, &mut pending);
        let strings = fill(quotes) ^ within;
        within = 0_u64.wrapping_sub(strings >> 63);
        let (open, close) = block.brackets();
        let (open, mut close) = (open & !strings, close & !strings);
        let (opened, closed) = (nested + open.count_ones(), close.count_ones());
        if depth + opened > DEPTH && too_deep(open, close, depth + nested) {
            return FAULT;
        }
        if closed >= nested {
            // The value may end here: where as many brackets have closed as have opened before.
            for nth in 1..=closed {
                let first = close & close.wrapping_neg();
                if nested + (open & (first - 1)).count_ones() == nth {
                    return at + first.trailing_zeros() as usize + 1;
                }
                close ^= first;
            }
        }
        nested = opened - closed;
        at += BLOCK;
    }
    FAULT
}

fn over_string(bytes: &[u8], mut at: usize) -> usize {
    let mut pending = false;
    let mut last = [0; BLOCK];
    while at < bytes.len() {
        let quotes = quotes(block(bytes, at, &mut last), &mut pending);
        if quotes != 0 {
            return at + quotes.trailing_zeros() as usize + 1;
        }
        at += BLOCK;
    }
    FAULT
}

/// The quotes that begin or end a string.
#[inline(always)]
fn quotes(block: Block, pending: &mut bool) -> u64 {
    let mut quotes = block.find(b'"');
    // Most reviews have few backslashes.
    if *pending || block.has(b'\\') {
        let escaped;
        (escaped, *pending) = self::escaped(block.find(b'\\'), *pending);
        quotes &= !escaped;
    }
    quotes
}

/// Whether a block nests too deep, bracket by bracket.
#[cold]
fn too_deep(open: u64, close: u64, mut depth: u32) -> bool {
    (0..u64::BITS).any(|bit| {
        depth += (open >> bit & 1) as u32;
        depth = depth.saturating_sub((close >> bit & 1) as u32);
        depth > DEPTH
    })
}

/// The characters that a backslash escapes, and whether the last character of the block is such a backslash itself;
/// `pending` is the same of the block before.
///
/// In a run of backslashes every second one is plain. A run that starts at an odd place is distinguished by adding: the
/// carry runs through all of it.
#[inline(always)]
fn escaped(backslash: u64, pending: bool) -> (u64, bool) {
    const EVEN: u64 = u64::MAX / 3;
    let pending = u64::from(pending);
    let backslash = backslash & !pending;
    let follows = backslash << 1 | pending;
    let odd_starts = backslash & !EVEN & !follows;
    let (carried, pending) = odd_starts.overflowing_add(backslash);
    ((EVEN ^ carried << 1) & follows, pending)
}

/// Ones from each opening quote up to its closing one.
#[inline(always)]
fn fill(quotes: u64) -> u64 {
    let mut filled = quotes;
    filled ^= filled << 1;
    filled ^= filled << 2;
    filled ^= filled << 4;
    filled ^= filled << 8;
    filled ^= filled << 16;
    filled ^ (filled << 32)
}

/// The block at `at`. The last one of a document is padded with zeros, which mean nothing, in `last`.
#[inline(always)]
fn block(bytes: &[u8], at: usize, last: &mut [u8; BLOCK]) -> Block {
    let rest = bytes.get(at..).unwrap_or_default();
    Block::new(rest.first_chunk().unwrap_or_else(|| {
        for (filled, byte) in last.iter_mut().zip(rest) {
            *filled = *byte;
        }
        last
    }))
}

/// A block, to be searched for characters. With this bit set, `[` is `{` and `]` is `}`.
const FOLD: u8 = 0x20;

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
use simd::Block;
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
use words::Block;

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod simd {
    use core::arch::wasm32::{u8x16_bitmask, u8x16_eq, u8x16_splat, v128, v128_any_true, v128_load, v128_or};

    use super::{BLOCK, FOLD};

    /// Sixteen bytes to a vector.
    #[derive(Clone, Copy)]
    pub(super) struct Block(v128, v128, v128, v128);

    impl Block {
        #[inline(always)]
        pub(super) fn new(bytes: &[u8; BLOCK]) -> Self {
            let load = |nth: usize| {
                #[expect(
                    unsafe_code,
                    reason = "all four loads lie within the bytes borrowed, at any alignment"
                )]
                unsafe {
                    v128_load(bytes.as_ptr().cast::<v128>().add(nth))
                }
            };
            Block(load(0), load(1), load(2), load(3))
        }

        /// Each vector by itself. Not the `map` of arrays, which goes through memory.
        #[inline(always)]
        fn each(self, change: impl Fn(v128) -> v128) -> Self {
            Block(change(self.0), change(self.1), change(self.2), change(self.3))
        }

        /// The positions of the characters that are `byte`.
        #[inline(always)]
        pub(super) fn find(self, byte: u8) -> u64 {
            let Block(a, b, c, d) = self.each(|quarter| u8x16_eq(quarter, u8x16_splat(byte)));
            let half = |low, high| u32::from(u8x16_bitmask(low)) | u32::from(u8x16_bitmask(high)) << 16;
            u64::from(half(a, b)) | u64::from(half(c, d)) << 32
        }

        /// Whether a character is `byte`.
        #[inline(always)]
        pub(super) fn has(self, byte: u8) -> bool {
            let Block(a, b, c, d) = self.each(|quarter| u8x16_eq(quarter, u8x16_splat(byte)));
            v128_any_true(v128_or(v128_or(a, b), v128_or(c, d)))
        }

        /// The positions of opening and closing brackets.
        #[inline(always)]
        pub(super) fn brackets(self) -> (u64, u64) {
            let folded = self.each(|quarter| v128_or(quarter, u8x16_splat(FOLD)));
            (folded.find(b'{'), folded.find(b'}'))
        }
    }
}

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
mod words {
    use super::{BLOCK, FOLD};

    const ONES: u64 = u64::MAX / 0xFF;

    /// Eight bytes to a word.
    #[derive(Clone, Copy)]
    pub(super) struct Block([u64; BLOCK / 8]);

    impl Block {
        #[inline(always)]
        pub(super) fn new(bytes: &[u8; BLOCK]) -> Self {
            let (eighths, _) = bytes.as_chunks::<8>();
            let mut words = [0; BLOCK / 8];
            for (word, eighth) in words.iter_mut().zip(eighths) {
                *word = u64::from_le_bytes(*eighth);
            }
            Block(words)
        }

        /// The positions of the characters that are `byte`.
        #[inline(always)]
        pub(super) fn find(self, byte: u8) -> u64 {
            const LOW: u64 = ONES * 0x7F;
            self.0.iter().enumerate().fold(0, |found, (nth, word)| {
                let difference = word ^ (ONES * u64::from(byte));
                // The highest bit of each byte that is zero, gathered in one byte.
                let equal = !(((difference & LOW) + LOW) | difference | LOW);
                found | (equal >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56 << (nth * 8)
            })
        }

        /// Whether a character is `byte`.
        #[inline(always)]
        pub(super) fn has(self, byte: u8) -> bool {
            self.0.iter().any(|word| {
                let difference = word ^ (ONES * u64::from(byte));
                difference.wrapping_sub(ONES) & !difference & (ONES << 7) != 0
            })
        }

        /// The positions of opening and closing brackets.
        #[inline(always)]
        pub(super) fn brackets(self) -> (u64, u64) {
            let folded = Block(self.0.map(|word| word | (ONES * u64::from(FOLD))));
            (folded.find(b'{'), folded.find(b'}'))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::walk::walk;
    use proptest::prelude::*;
    use rstest::rstest;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[rstest]
    #[case::object(r#"{"a":[{}]} "#, 10)]
    #[case::blank_before(" \n[1] ", 5)]
    #[case::bracket_in_a_string(r#"["]",1]"#, 7)]
    #[case::escaped_quote(r#"["\"]",1]"#, 9)]
    #[case::escaped_backslash(r#"["\\"],1]"#, 6)]
    #[case::string("\"]\"", 3)]
    #[case::number("-1.5e3,", 6)]
    #[case::no_end("[[]", FAULT)]
    #[case::string_without_end(r#"["]"#, FAULT)]
    #[case::nothing("", FAULT)]
    fn ends(#[case] text: &str, #[case] end: usize) {
        assert_eq!(over(text.as_bytes(), 0, 0), end);
    }

    #[rstest]
    fn an_escape_may_cross_from_block_to_block(
        #[values(58, 59, 60, 61, 62, 63, 64, 65, 122, 123, 124, 125, 126, 127)] at: usize,
    ) {
        let text = format!(r#"["{}\"]","\\"]"#, "x".repeat(at));
        assert_eq!(over(text.as_bytes(), 0, 0), text.len());
    }

    #[rstest]
    #[case::as_deep_as_may_be(128, 0, true)]
    #[case::one_deeper(129, 0, false)]
    #[case::within_others(100, 28, true)]
    #[case::within_others_one_deeper(101, 28, false)]
    fn counts_depth(#[case] nested: usize, #[case] depth: u32, #[case] found: bool) {
        let text = format!("{}{}", "[".repeat(nested), "]".repeat(nested));
        assert_eq!(over(text.as_bytes(), 0, depth) == text.len(), found);
    }

    fn json() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            Just("null".to_owned()),
            Just("true".to_owned()),
            any::<i32>().prop_map(|number| number.to_string()),
            any::<String>().prop_map(|text| serde_json::Value::from(text).to_string()),
            "[\\[\\]{}\"\\\\]{0,80}".prop_map(|text| serde_json::Value::from(text).to_string()),
        ];
        leaf.prop_recursive(6, 60, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(|list| format!("[{}]", list.join(" , "))),
                prop::collection::vec((any::<String>(), inner), 0..6).prop_map(|members| {
                    let member =
                        |(key, value): (String, String)| format!("{}:{value}", serde_json::Value::from(key));
                    format!("{{{}}}", members.into_iter().map(member).collect::<Vec<_>>().join(","))
                }),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, rng_seed: proptest::test_runner::RngSeed::Fixed(1), ..ProptestConfig::default() })]

        #[test]
        fn lands_where_a_strict_reader_stops(text in json(), behind in "[\\[\\]{}\"\\\\, a]{0,70}") {
            let document = format!("{text},{behind}");
            prop_assert_eq!(over(document.as_bytes(), 0, 0), walk(document.as_bytes(), 0, 0, &mut ()).unwrap());
        }
    }

    /// Where the value at the start ends: one byte after the other, and each bracket with its own.
    fn one_by_one(text: &[u8]) -> usize {
        let (mut open, mut within, mut escaped) = (Vec::new(), false, false);
        for (at, byte) in text.iter().enumerate() {
            let is_escaped = std::mem::take(&mut escaped);
            match byte {
                // Outside of a string it is no JSON, which is not what is checked here.
                b'\\' => escaped = !is_escaped,
                b'"' if !is_escaped => within = !within,
                b'{' | b'[' if !within => open.push(byte),
                b'}' | b']' if !within => drop(open.pop()),
                _ => {}
            }
            if open.is_empty() && !within {
                return at + 1;
            }
        }
        FAULT
    }

    /// All texts of six of these letters: at the start of a block, across its edge, and across that of a block of
    /// backslashes. Brackets balance, and no end lies outside of the text.
    #[test]
    fn all_short_texts_end_where_their_brackets_balance() {
        const LETTERS: &[u8; 7] = br#"[]{}"\a"#;
        let tried = AtomicUsize::new(0);
        bolero::check!().exhaustive().with_generator([(); 6].map(|()| 0..LETTERS.len())).for_each(
            |letters| {
                tried.fetch_add(1, Ordering::Relaxed);
                let text = letters.map(|letter| LETTERS[letter]);
                for before in [
                    "[",
                    "{",
                    "\"",
                    &format!("[\"{}\"", "x".repeat(BLOCK - 5)),
                    &format!("[\"{}", r"\".repeat(BLOCK - 3)),
                ] {
                    let text = [before.as_bytes(), &text].concat();
                    let end = over(&text, 0, 0);
                    assert_eq!(end, one_by_one(&text), "{}", String::from_utf8_lossy(&text));
                    assert!(end == FAULT || end <= text.len());
                }
            },
        );
        assert_eq!(tried.into_inner(), LETTERS.len().pow(6));
    }

    proptest! {
        #[test]
        fn escapes_are_those_that_are_found_one_by_one(text in prop::collection::vec(prop::bool::ANY, 0..300)) {
            let mut pending = false;
            let (mut found, mut expected) = (Vec::new(), Vec::new());
            let mut is_escaped = false;
            for (nth, block) in text.chunks(BLOCK).enumerate() {
                let backslash = (0..).zip(block).fold(0, |bits, (bit, is)| bits | u64::from(*is) << bit);
                let escapes;
                (escapes, pending) = escaped(backslash, pending);
                found.extend((0..block.len()).filter(|bit| escapes >> bit & 1 == 1).map(|bit| nth * BLOCK + bit));
            }
            for (at, is_backslash) in text.iter().enumerate() {
                expected.extend(is_escaped.then_some(at));
                is_escaped = *is_backslash && !is_escaped;
            }
            prop_assert_eq!(found, expected);
        }
    }
}
