//! Every short text over a small alphabet, read and edited: the reader against `serde_json`, the fast skip against one
//! that counts, and edits against edits of a tree.
//!
//! A letter may be a whole token, so that short texts say much. Nothing is drawn: text number `n` is `n` written in the
//! letters of the alphabet.

mod edits;
mod model;
mod reader;
mod skip;

use std::thread;

use crate::world::Slice;

/// Texts that are tried, and what is tried on them.
#[derive(Clone, Copy, Debug)]
pub struct Trial {
    /// Its name.
    pub name: &'static str,
    /// The letters.
    pub alphabet: [&'static str; 10],
    /// How many letters a text has at most.
    pub length: u32,
    /// How a text breaks a promise, if it does; else whether it is JSON.
    check: fn(&str) -> Result<bool, String>,
}

/// The structure of JSON; a letter is a keyword.
const STRUCTURE: [&str; 10] = ["{", "}", "[", "]", ",", ":", "\"", "\\", "0", "null"];
/// Numbers and strings; two letters are the halves of a character beyond 16 bits.
const SCALARS: [&str; 10] = ["0", "-", "+", ".", "e", "\"", "\\", "\\u", "d83d", "de00"];
/// Objects; two letters are a key with its colon.
const OBJECTS: [&str; 10] = ["{", "}", "[", "]", ",", "\"a\":", "\"\\u0061b\" :", " ", "0", "null"];

/// All trials.
pub const TRIALS: [Trial; 4] = [
    Trial { name: "reader, structure", alphabet: STRUCTURE, length: 7, check: reader::check },
    Trial { name: "reader, scalars", alphabet: SCALARS, length: 7, check: reader::check },
    Trial { name: "skip, at the edge of a block", alphabet: STRUCTURE, length: 5, check: skip::check },
    Trial { name: "edits", alphabet: OBJECTS, length: 7, check: edits::check },
];

/// What became of a trial.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tried {
    /// The texts.
    pub texts: u64,
    /// Those that are JSON.
    pub valid: u64,
    /// How many break a promise.
    pub broken: u64,
    /// The first of those, and how.
    pub examples: Vec<(String, String)>,
}

/// How many are kept by each thread.
const KEPT: usize = 5;

impl Trial {
    /// How many texts there are, the empty one included.
    #[must_use]
    pub fn texts(&self) -> u64 {
        (0..=self.length).map(|length| 10_u64.pow(length)).sum()
    }

    /// Tries a slice of the texts, on all cores.
    #[must_use]
    pub fn run(&self, slice: Slice) -> Tried {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let found: Vec<Tried> = thread::scope(|scope| {
            let workers: Vec<_> = (0..threads)
                .map(|worker| {
                    let numbers = slice.numbers(self.texts()).skip(worker).step_by(threads);
                    scope.spawn(move || self.each(numbers))
                })
                .collect();
            workers.into_iter().filter_map(|worker| worker.join().ok()).collect()
        });
        found.into_iter().fold(Tried::default(), |mut sum, more| {
            sum.texts += more.texts;
            sum.valid += more.valid;
            sum.broken += more.broken;
            sum.examples.extend(more.examples);
            sum
        })
    }

    fn each(&self, numbers: impl Iterator<Item = u64>) -> Tried {
        let mut tried = Tried::default();
        let mut text = String::new();
        for number in numbers {
            self.spell(number, &mut text);
            tried.texts += 1;
            match (self.check)(&text) {
                Ok(valid) => tried.valid += u64::from(valid),
                Err(how) => {
                    tried.broken += 1;
                    if tried.examples.len() < KEPT {
                        tried.examples.push((text.clone(), how));
                    }
                }
            }
        }
        tried
    }

    /// The text with a number: shorter ones first.
    fn spell(&self, mut number: u64, text: &mut String) {
        text.clear();
        let mut length = 0;
        let mut as_long = 1;
        while number >= as_long {
            number -= as_long;
            as_long *= 10;
            length += 1;
        }
        for _ in 0..length {
            as_long /= 10;
            let letter = usize::try_from(number / as_long).unwrap_or_default();
            text.push_str(self.alphabet.get(letter).copied().unwrap_or_default());
            number %= as_long;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_text_is_spelt_once() {
        let trial = Trial { length: 3, ..TRIALS[0] };
        let all: BTreeSet<String> = (0..trial.texts())
            .map(|number| {
                let mut text = String::new();
                trial.spell(number, &mut text);
                text
            })
            .collect();
        assert_eq!(all.len(), 1111);
        assert!(["", "null", "{}", "[0]", "]]]"].iter().all(|text| all.contains(*text)));
    }

    #[test]
    fn short_texts_keep_every_promise() {
        for trial in TRIALS {
            let tried = Trial { length: 4, ..trial }.run(Slice::Whole);
            assert_eq!((tried.texts, tried.broken, tried.examples), (11_111, 0, vec![]), "{}", trial.name);
            assert!(tried.valid > 20, "{}: {}", trial.name, tried.valid);
        }
    }
}
