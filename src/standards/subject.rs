//! The view of a pod that a check sees.

use super::phrases;
use crate::pod::{Container, List, Origin, Pod, PodSecurityContext, SecurityContext, Slot, Volume};
use crate::rule::RulesByContainer;

/// A pod, without the containers that are exempt from the check that looks at it.
///
/// Inheritance makes no difference here: the standards evaluate each value where it is written.
pub(super) struct Subject<'p> {
    pub(super) pod: &'p Pod<'p>,
    /// Who is exempt from which checks.
    pub(super) exempt: &'p RulesByContainer,
    /// The index of the check.
    pub(super) check: usize,
}

/// Why a check fails.
pub(super) struct Objection {
    pub(super) reason: &'static str,
    pub(super) detail: String,
}

/// The pod and the containers that set something.
pub(super) struct Setters<'p> {
    pod: bool,
    containers: Vec<&'p str>,
}

impl<'p> Subject<'p> {
    /// `spec.securityContext`
    pub(super) fn security_context(&self) -> &'p PodSecurityContext<'p> {
        &self.pod.spec.security_context
    }

    /// Whether containers run in a user namespace, where root is unprivileged on the node (KEP-127).
    pub(super) fn has_user_namespace(&self) -> bool {
        self.pod.has_user_namespace()
    }

    /// The names of the matching volumes, of those that the author of the pod or template wrote: a standard does not
    /// look ahead.
    pub(super) fn volumes(&self, fits: &mut dyn FnMut(&Volume<'p>) -> bool) -> Vec<&'p str> {
        let mut names = Vec::new();
        for volume in &self.pod.spec.volumes {
            if matches!(volume.origin, Origin::Written) && fits(volume) {
                names.push(&*volume.name);
            }
        }
        names
    }

    /// The names of the matching containers, in visiting order and repeated where containers share one.
    pub(super) fn names(&self, fits: &mut dyn FnMut(&'p Container<'p>) -> bool) -> Vec<&'p str> {
        self.names_of(false, fits)
    }

    /// The names of the containers that are evaluated, or of those that are exempt, sorted to be searched.
    pub(super) fn sorted_names(&self, exempt: bool) -> Vec<&'p str> {
        phrases::set(self.names_of(exempt, &mut |_| true))
    }

    // Inlined into every check, this and `search` would be a third of their code.
    #[inline(never)]
    fn names_of(&self, exempt: bool, fits: &mut dyn FnMut(&'p Container<'p>) -> bool) -> Vec<&'p str> {
        let mut names = Vec::new();
        for list in List::ALL {
            for (index, container) in self.pod.list(list).iter().enumerate() {
                let is_exempt = self.exempt.at(Slot { list, index }).has(self.check);
                if is_exempt == exempt && fits(container) {
                    names.push(&*container.name);
                }
            }
        }
        names
    }

    /// The names of the containers in which something is found, and all findings.
    #[inline(never)]
    pub(super) fn search(
        &self,
        find: &mut dyn FnMut(&'p Container<'p>, &mut Vec<&'p str>),
    ) -> (Vec<&'p str>, Vec<&'p str>) {
        let mut found = Vec::new();
        let names = self.names(&mut |container| {
            let before = found.len();
            find(container, &mut found);
            found.len() > before
        });
        (names, found)
    }

    /// Those that set something: the pod, as the caller says, and the containers whose own security context does.
    pub(super) fn setters(
        &self,
        pod: bool,
        sets: &mut dyn FnMut(&'p SecurityContext<'p>) -> bool,
    ) -> Setters<'p> {
        Setters { pod, containers: self.names(&mut |container| sets(&container.security_context)) }
    }
}

impl Setters<'_> {
    pub(super) fn is_empty(&self) -> bool {
        !self.pod && self.containers.is_empty()
    }

    /// `pod`, `container "a"`, `pod and containers "a", "b"`
    #[cold]
    pub(super) fn phrase(&self) -> String {
        match (self.pod, self.containers.as_slice()) {
            (true, []) => "pod".to_owned(),
            (true, names) => ["pod and ", &phrases::containers(names)].concat(),
            (false, []) => String::new(),
            (false, names) => phrases::containers(names),
        }
    }
}
