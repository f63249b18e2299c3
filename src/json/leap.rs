//! Leaping over what no policy governs, sixty-four bytes at a time.
//!
//! To find where an object ends it is enough to count brackets outside of strings. So the inside of what is leapt over
//! is checked no further: not its commas, its numbers, or which bracket closes which. The policy server has parsed the
//! review before it wrote it for us, and what we write back is read strictly once more ([`crate::graft`]).

use super::DEPTH;
use super::scan::{FAULT, blank, value};

/// How many bytes are looked at together: one for each bit of a mask.
const BLOCK: usize = 64;

/// Where the characters that matter stand in a block.
struct Masks {
    quote: u64,
    backslash: u64,
    open: u64,
    close: u64,
}

/// The position behind the value at `at`, which stands within `depth` objects and lists; [`FAULT`] if it has no end or
/// nests too deep.
pub(super) fn over(bytes: &[u8], at: usize, depth: u32) -> usize {
    let mut at = blank(bytes, at);
    if !matches!(bytes.get(at), Some(b'{' | b'[')) {
        return value(bytes, at, depth);
    }
    let mut nested: u32 = 0;
    // All ones where the block before ended within a string.
    let mut within: u64 = 0;
    let mut escaped = false;
    loop {
        let mut masks = masks(bytes, at);
        if escaped || masks.backslash != 0 {
            masks.quote &= !escapes(masks.backslash, &mut escaped);
        }
        let strings = fill(masks.quote) ^ within;
        within = 0_u64.wrapping_sub(strings >> 63);
        let (mut open, mut close) = (masks.open & !strings, masks.close & !strings);
        let deepest = depth + nested + open.count_ones();
        if close.count_ones() < nested && deepest <= DEPTH {
            nested = nested + open.count_ones() - close.count_ones();
        } else {
            while open | close != 0 {
                let bit = (open | close).trailing_zeros();
                let mask = 1 << bit;
                if close & mask != 0 {
                    close ^= mask;
                    nested -= 1;
                    if nested == 0 {
                        return at + bit as usize + 1;
                    }
                } else {
                    open ^= mask;
                    nested += 1;
                    if depth + nested > DEPTH {
                        return FAULT;
                    }
                }
            }
        }
        at += BLOCK;
        if at >= bytes.len() {
            return FAULT;
        }
    }
}

/// The characters that a backslash takes the meaning from. `pending` says that the last one of a block is such a
/// backslash itself.
#[cold]
fn escapes(mut backslash: u64, pending: &mut bool) -> u64 {
    let mut escaped = u64::from(std::mem::take(pending));
    backslash &= !escaped;
    while backslash != 0 {
        let bit = backslash.trailing_zeros();
        *pending = bit == 63;
        let next = (1_u64 << bit) << 1;
        escaped |= next;
        backslash &= !(next | 1 << bit);
    }
    escaped
}

/// Ones from each opening quote up to its closing one.
fn fill(quotes: u64) -> u64 {
    let mut filled = quotes;
    filled ^= filled << 1;
    filled ^= filled << 2;
    filled ^= filled << 4;
    filled ^= filled << 8;
    filled ^= filled << 16;
    filled ^ (filled << 32)
}

/// The masks of the block at `at`; behind the end of the document nothing matters.
fn masks(bytes: &[u8], at: usize) -> Masks {
    let rest = bytes.get(at..).unwrap_or_default();
    if let Some(block) = rest.first_chunk() {
        return masks_of(block);
    }
    let mut block = [0; BLOCK];
    for (padded, byte) in block.iter_mut().zip(rest) {
        *padded = *byte;
    }
    masks_of(&block)
}

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
fn masks_of(block: &[u8; BLOCK]) -> Masks {
    use core::arch::wasm32::{u8x16_bitmask, u8x16_eq, u8x16_splat, v128, v128_load, v128_or};
    let mut masks = Masks { quote: 0, backslash: 0, open: 0, close: 0 };
    let (quarters, _) = block.as_chunks::<16>();
    for (nth, quarter) in quarters.iter().enumerate() {
        #[expect(unsafe_code, reason = "the load is of exactly the sixteen bytes borrowed, at any alignment")]
        let quarter = unsafe { v128_load(quarter.as_ptr().cast::<v128>()) };
        // With this bit set, `[` is `{` and `]` is `}`.
        let folded = v128_or(quarter, u8x16_splat(0x20));
        let mask = |bytes, byte| u64::from(u8x16_bitmask(u8x16_eq(bytes, u8x16_splat(byte)))) << (nth * 16);
        masks.quote |= mask(quarter, b'"');
        masks.backslash |= mask(quarter, b'\\');
        masks.open |= mask(folded, b'{');
        masks.close |= mask(folded, b'}');
    }
    masks
}

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
fn masks_of(block: &[u8; BLOCK]) -> Masks {
    let mask = |is: fn(u8) -> bool| {
        block.iter().enumerate().fold(0, |mask, (bit, byte)| mask | u64::from(is(*byte)) << bit)
    };
    Masks {
        quote: mask(|byte| byte == b'"'),
        backslash: mask(|byte| byte == b'\\'),
        open: mask(|byte| byte | 0x20 == b'{'),
        close: mask(|byte| byte | 0x20 == b'}'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

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
            prop_assert_eq!(over(document.as_bytes(), 0, 0), value(document.as_bytes(), 0, 0));
        }
    }
}
