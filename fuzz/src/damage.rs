//! Damages text at random: bytes, pieces, and parts of JSON.

/// Pieces that readers have to distinguish.
const PIECES: [&str; 44] = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    "\\u0000",
    "\\ud83d\\ude00",
    "\\ud800",
    "null",
    "true",
    "false",
    "0",
    "-1",
    "1e3",
    "9223372036854775808",
    "-0",
    "1.5",
    "\"\"",
    "{}",
    "[]",
    "\u{7f}",
    "é",
    "😀",
    "/",
    ".",
    "..",
    "*",
    "[*]",
    " ",
    "\n",
    "localhost/",
    "RuntimeDefault",
    "windows",
    "CAP_SYS_ADMIN",
    "ALL",
    "MustRunAs",
    "RunAsAny",
    "kubernetes.io/psp",
    "\"a\":1,\"a\":2",
    "[[[[[[[[[[[[[[[[",
    "{\"a\":{\"a\":{\"a\":",
];

/// Numbers that look random and are the same for the same seed (SplitMix64).
#[derive(Debug)]
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below a bound; zero if there is none.
    fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap_or(1).max(1);
        usize::try_from(self.next() % bound).unwrap_or_default()
    }

    fn pick<'t>(&mut self, texts: &'t [String]) -> &'t str {
        let index = self.below(texts.len());
        texts.get(index).map(String::as_str).unwrap_or_default()
    }

    /// One of the texts, damaged up to eight times; now and then untouched.
    pub(crate) fn damaged(&mut self, corpus: &[String]) -> String {
        let mut bytes = self.pick(corpus).as_bytes().to_vec();
        for _ in 0..self.below(9) {
            self.damage(&mut bytes, corpus);
        }
        String::from_utf8(bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
    }

    fn damage(&mut self, bytes: &mut Vec<u8>, corpus: &[String]) {
        let from = self.below(bytes.len() + 1);
        let short = self.below(24);
        let to = (from + short).min(bytes.len());
        match self.below(8) {
            0 => drop(bytes.drain(from..to)),
            1 => {
                let piece = bytes.get(from..to).unwrap_or_default().to_vec();
                let at = self.below(bytes.len() + 1);
                bytes.splice(at..at, piece);
            }
            2 => {
                if let Some(byte) = bytes.get_mut(from) {
                    *byte ^= 1 << (self.next() % 7);
                }
            }
            3 => bytes.truncate(from),
            4 => {
                let other = self.pick(corpus).as_bytes();
                let start = other.len().min(from);
                let end = other.len().min(start + 4 * short);
                bytes.splice(from..to, other.get(start..end).unwrap_or_default().to_vec());
            }
            5 => self.value(bytes),
            _ => {
                let index = self.below(PIECES.len());
                let piece = PIECES.get(index).copied().unwrap_or_default();
                let end = if self.below(2) == 0 { from } else { to };
                bytes.splice(from..end, piece.bytes());
            }
        }
    }

    /// Replaces a whole value by a piece, so that the rest stays JSON.
    fn value(&mut self, bytes: &mut Vec<u8>) {
        let colons: Vec<usize> =
            bytes.iter().enumerate().filter(|(_, byte)| **byte == b':').map(|(at, _)| at + 1).collect();
        let index = self.below(colons.len());
        let Some(&start) = colons.get(index) else { return };
        let rest = bytes.get(start..).unwrap_or_default();
        let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']');
        let end = start + rest.iter().position(ends).unwrap_or(rest.len());
        let index = 11 + self.below(12);
        let piece = PIECES.get(index).copied().unwrap_or_default();
        bytes.splice(start..end, piece.bytes());
    }
}
