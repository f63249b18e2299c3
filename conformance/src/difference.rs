//! A difference between two answers to a case.

/// A difference.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Its kind.
    pub what: &'static str,
    /// A description for human readers.
    pub text: String,
    /// The possible explanations of the difference: the paths of all that differs, of which `winner` and
    /// `unchanged` stand for the choice of a policy.
    pub ways: Vec<Vec<String>>,
    /// Whether this is not a difference from the original's answer to the request, but from the law that applies where
    /// it had none.
    pub from_law: bool,
}

impl Difference {
    pub(crate) fn new(what: &'static str, text: String, ways: Vec<Vec<String>>) -> Self {
        Self { what, text, ways, from_law: false }
    }
}
