//! Paths in documents, and how messages write them.

use std::fmt::{self, Display};

use super::Brief;

/// One segment of a path into a document, whose keys are borrowed here, and owned where they outlive the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<K> {
    /// To the value of a key of an object.
    Key(K),
    /// To an element of a list.
    Index(usize),
}

/// The path from the root of a document to a value. It takes no memory of its own, since many containers have many of
/// them: it refers to the steps that it has in common with others.
#[derive(Clone, Copy)]
pub enum Path<'p> {
    /// Steps that are known as a list, then perhaps one more and those behind it.
    Steps(&'p [Step<&'p str>], Option<Step<&'p str>>, &'p [Step<&'p str>]),
    /// A step further than another path, as a document is descended into.
    Child(&'p Path<'p>, Step<&'p str>),
}

impl<'p> Path<'p> {
    /// The path of the document itself.
    pub const ROOT: Path<'static> = Path::of(&[]);

    /// The path of these steps.
    pub const fn of(steps: &'p [Step<&'p str>]) -> Self {
        Path::Steps(steps, None, &[])
    }

    /// The path of these steps, one more, and those behind it.
    pub const fn through(
        before: &'p [Step<&'p str>],
        step: Step<&'p str>,
        behind: &'p [Step<&'p str>],
    ) -> Self {
        Path::Steps(before, Some(step), behind)
    }

    /// The path of the value of a key.
    #[must_use]
    pub const fn key(&'p self, key: &'p str) -> Self {
        Path::Child(self, Step::Key(key))
    }

    /// The path of an element of a list.
    #[must_use]
    pub const fn index(&'p self, index: usize) -> Self {
        Path::Child(self, Step::Index(index))
    }

    /// The steps.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Step<&'p str>> + use<'p> {
        let path = *self;
        (0..path.len()).filter_map(move |depth| path.get(depth))
    }

    /// The last step.
    pub fn last(&self) -> Option<Step<&'p str>> {
        self.iter().next_back()
    }

    fn len(&self) -> usize {
        match self {
            Path::Steps(before, step, behind) => before.len() + usize::from(step.is_some()) + behind.len(),
            Path::Child(path, _) => path.len() + 1,
        }
    }

    /// The step that leads on from a depth.
    #[inline(never)]
    pub(super) fn get(&self, depth: usize) -> Option<Step<&'p str>> {
        match *self {
            Path::Child(path, step) if depth == path.len() => Some(step),
            Path::Child(path, _) => path.get(depth),
            Path::Steps(before, step, behind) => match depth.checked_sub(before.len()) {
                None => before.get(depth).copied(),
                Some(0) if step.is_some() => step,
                Some(rest) => behind.get(rest - usize::from(step.is_some())).copied(),
            },
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

/// `spec.containers[0].securityContext.runAsUser`
impl Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter().enumerate().try_for_each(|(nth, step)| step.write_to(f, nth == 0))
    }
}

impl<K: AsRef<str>> Step<K> {
    /// Writes the step as it continues a path: `spec`, `.containers`, `[0]`, `[example.com/key]`.
    pub(crate) fn write_to(&self, f: &mut impl fmt::Write, is_first: bool) -> fmt::Result {
        let key = match self {
            Step::Index(index) => return write!(f, "[{index}]"),
            Step::Key(key) => key.as_ref(),
        };
        match key {
            key if key.contains(['.', '/', '[']) => write!(f, "[{}]", Brief(key)),
            key if is_first => write!(f, "{}", Brief(key)),
            key => write!(f, ".{}", Brief(key)),
        }
    }
}
