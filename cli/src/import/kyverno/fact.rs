//! What a rule checks, whatever the language that it is written in.

use std::fmt::{self, Display};

/// One demand on a field of pods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fact {
    pub(super) scope: Scope,
    /// The field, from the spec of the pod or from the container: `ports[].hostPort`. A list at its end stands for its
    /// elements.
    pub(super) path: String,
    /// Whether a pod without the field passes.
    pub(super) absent: bool,
    pub(super) test: Test,
}

/// Where a field is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// In the spec of the pod.
    Pod,
    /// In each container of these lists.
    Containers(Lists),
    /// In the pod, where containers may leave it open, or else in each container.
    Inherited(Lists),
}

/// Lists of containers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Lists {
    pub(super) containers: bool,
    pub(super) init: bool,
    pub(super) ephemeral: bool,
}

/// What is demanded of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Test {
    In(Values),
    /// It must not be there.
    Absent,
    /// It must be there.
    Present,
    /// The list has one of these; names may be compared without regard to case.
    Has {
        any: Vec<String>,
        folded: bool,
    },
    /// The path starts with this folder.
    FirstFolder(String),
    /// Mounts of the node's folders are read-only.
    ReadOnlyMounts,
}

/// Allowed values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Values {
    /// Texts and booleans, sorted, each once.
    pub(super) texts: Vec<String>,
    /// Ranges of numbers, sorted.
    pub(super) ranges: Vec<(i64, i64)>,
}

/// A part of a rule that cannot be converted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unread {
    /// The path of the part within its object.
    pub(super) path: String,
    pub(super) reason: String,
}

impl Unread {
    pub(super) fn new(path: impl Into<String>, reason: impl Display) -> Self {
        Unread { path: path.into(), reason: reason.to_string() }
    }
}

impl Lists {
    pub(super) const ALL: Lists = Lists { containers: true, init: true, ephemeral: true };

    /// The list of a field of the pod's spec.
    pub(super) fn of(field: &str) -> Option<Lists> {
        match field {
            "containers" => Some(Lists { containers: true, ..Lists::default() }),
            "initContainers" => Some(Lists { init: true, ..Lists::default() }),
            "ephemeralContainers" => Some(Lists { ephemeral: true, ..Lists::default() }),
            _ => None,
        }
    }

    pub(super) fn and(self, other: Lists) -> Lists {
        Lists {
            containers: self.containers || other.containers,
            init: self.init || other.init,
            ephemeral: self.ephemeral || other.ephemeral,
        }
    }

    /// The lists that are not among these.
    pub(super) fn missing(self) -> Vec<&'static str> {
        let lists = [
            (self.containers, "containers"),
            (self.init, "initContainers"),
            (self.ephemeral, "ephemeralContainers"),
        ];
        lists.into_iter().filter(|(has, _)| !has).map(|(_, name)| name).collect()
    }
}

impl Values {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Values { texts: vec![text.into()], ranges: Vec::new() }
    }

    pub(super) fn range(min: i64, max: i64) -> Self {
        Values { texts: Vec::new(), ranges: vec![(min, max)] }
    }

    /// The values that either allows.
    pub(super) fn or(mut self, other: Values) -> Self {
        self.texts.extend(other.texts);
        self.texts.sort();
        self.texts.dedup();
        self.ranges.extend(other.ranges);
        self.ranges.sort_unstable();
        self.ranges.dedup();
        self
    }

    /// The values that both allow.
    pub(super) fn and(&self, other: &Values) -> Self {
        let texts = self.texts.iter().filter(|text| other.texts.contains(text)).cloned().collect();
        let both = |a: &(i64, i64), b: &(i64, i64)| (a.0.max(b.0), a.1.min(b.1));
        let ranges = self.ranges.iter().flat_map(|a| other.ranges.iter().map(move |b| both(a, b)));
        Values { texts, ranges: ranges.filter(|(min, max)| min <= max).collect() }
    }

    pub(super) fn is_only(&self, texts: &[&str]) -> bool {
        self.ranges.is_empty()
            && self.texts.len() == texts.len()
            && texts.iter().all(|text| self.texts.iter().any(|known| known == text))
    }

    pub(super) fn has_wildcards(&self) -> bool {
        self.texts.iter().any(|text| text.contains(['*', '?']))
    }
}

/// One fact for all lists of containers that share it.
pub(super) fn merged(facts: Vec<Fact>) -> Vec<Fact> {
    let mut merged: Vec<Fact> = Vec::new();
    for fact in facts {
        let same = |known: &&mut Fact| {
            (&known.path, known.absent, &known.test) == (&fact.path, fact.absent, &fact.test)
        };
        let lists = |scope: Scope| if let Scope::Containers(lists) = scope { Some(lists) } else { None };
        let known = merged.iter_mut().filter(same).find(|known| {
            known.scope == fact.scope || (lists(known.scope).is_some() && lists(fact.scope).is_some())
        });
        match (known, lists(fact.scope)) {
            (Some(known), Some(more)) => {
                known.scope = Scope::Containers(lists(known.scope).unwrap_or_default().and(more));
            }
            (Some(_), None) => {}
            (None, _) => merged.push(fact),
        }
    }
    merged
}

/// Two alternatives as one fact: the pod has the field, or each container has.
pub(super) fn inherited(a: &[Fact], b: &[Fact]) -> Option<Fact> {
    match (a, b) {
        ([by_pod, open], [own])
        | ([own], [by_pod, open])
        | ([open, by_pod], [own])
        | ([own], [open, by_pod])
            if by_pod.scope == Scope::Pod =>
        {
            let Scope::Containers(lists) = own.scope else { return None };
            let same = by_pod.path == own.path && by_pod.test == own.test;
            let is_open = open.path == own.path && open.test == own.test && open.scope == own.scope;
            (same && is_open && open.absent && !own.absent && !by_pod.absent)
                .then(|| Fact { scope: Scope::Inherited(lists), ..own.clone() })
        }
        _ => None,
    }
}

/// Two alternatives for the same field as one fact.
pub(super) fn either(a: &Fact, b: &Fact) -> Option<Fact> {
    if (a.scope, &a.path) != (b.scope, &b.path) {
        return None;
    }
    let test = match (&a.test, &b.test) {
        (Test::In(a), Test::In(b)) => Test::In(a.clone().or(b.clone())),
        (Test::Has { any: a, folded }, Test::Has { any: b, folded: other }) if folded == other => {
            Test::Has { any: [a.as_slice(), b].concat(), folded: *folded }
        }
        _ => return None,
    };
    Some(Fact { absent: a.absent || b.absent, test, ..a.clone() })
}

impl Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` must ", self.path)?;
        match &self.test {
            Test::In(values) => write!(f, "be {values}")?,
            Test::Absent => f.write_str("not be set")?,
            Test::Present => f.write_str("be set")?,
            Test::Has { any, folded } => {
                let case = if *folded { " (in any case)" } else { "" };
                write!(f, "have {}{case}", any.join(" or "))?;
            }
            Test::FirstFolder(folder) => write!(f, "be in /{folder}")?,
            Test::ReadOnlyMounts => f.write_str("be true for volumes of type hostPath")?,
        }
        if self.absent && self.test != Test::Absent { f.write_str(", or not be set") } else { Ok(()) }
    }
}

impl Display for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts = self.texts.iter().map(|text| format!("`{text}`"));
        let ranges = self.ranges.iter().map(|(min, max)| match (*min, *max) {
            (min, max) if min == max => format!("`{min}`"),
            (min, i64::MAX) => format!("at least {min}"),
            (i64::MIN, max) => format!("at most {max}"),
            (min, max) => format!("{min}-{max}"),
        });
        f.write_str(&texts.chain(ranges).collect::<Vec<_>>().join(" or "))
    }
}
