//! Paths in documents, and how messages write them.

use std::fmt::{self, Display};

use super::Brief;

/// One segment of a path into a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'p> {
    /// To the value of a key of an object.
    Key(&'p str),
    /// To an element of a list.
    Index(usize),
}

/// The path from the root of a document to a value. It takes no memory of its own, since many containers have many of
/// them: the steps that are the same for all of them are referred to.
#[derive(Clone, Copy)]
pub struct Path<'p> {
    before: &'p [Step<'p>],
    step: Option<Step<'p>>,
    behind: &'p [Step<'p>],
}

impl<'p> Path<'p> {
    /// The path of these steps.
    pub const fn of(steps: &'p [Step<'p>]) -> Self {
        Path { before: steps, step: None, behind: &[] }
    }

    /// The path with one more step and those behind it.
    #[must_use]
    pub const fn then(self, step: Step<'p>, behind: &'p [Step<'p>]) -> Self {
        Path { before: self.before, step: Some(step), behind }
    }

    /// The steps.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Step<'p>> + use<'p> {
        self.before.iter().copied().chain(self.step).chain(self.behind.iter().copied())
    }

    /// The last step.
    pub fn last(&self) -> Option<Step<'p>> {
        self.iter().next_back()
    }

    /// The step that leads on from a depth.
    #[inline(never)]
    pub(super) fn get(&self, depth: usize) -> Option<Step<'p>> {
        match depth.checked_sub(self.before.len()) {
            None => self.before.get(depth).copied(),
            Some(0) if self.step.is_some() => self.step,
            Some(behind) => self.behind.get(behind - usize::from(self.step.is_some())).copied(),
        }
    }
}

impl PartialEq for Path<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Path<'_> {}

impl fmt::Debug for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl Step<'_> {
    /// Writes the step as it continues a path: `spec`, `.containers`, `[0]`, `[example.com/key]`.
    pub(crate) fn write_to(self, f: &mut impl fmt::Write, is_first: bool) -> fmt::Result {
        match self {
            Step::Key(key) if key.contains(['.', '/', '[']) => write!(f, "[{}]", Brief(key)),
            Step::Key(key) if is_first => write!(f, "{}", Brief(key)),
            Step::Key(key) => write!(f, ".{}", Brief(key)),
            Step::Index(index) => write!(f, "[{index}]"),
        }
    }
}

/// A path that grows as a document is descended into, and takes no memory until a message writes it.
#[derive(Clone, Copy)]
pub(crate) enum Nested<'p> {
    Root,
    Key(&'p Nested<'p>, &'p str),
    Index(&'p Nested<'p>, usize),
}

impl Display for Nested<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (parent, step) = match *self {
            Nested::Root => return Ok(()),
            Nested::Key(parent, key) => (parent, Step::Key(key)),
            Nested::Index(parent, index) => (parent, Step::Index(index)),
        };
        parent.fmt(f)?;
        step.write_to(f, matches!(parent, Nested::Root))
    }
}
