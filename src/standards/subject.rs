//! The view of a pod that a check sees.

use super::phrases;
use crate::pod::{Container, List, Origin, Pod, PodSecurityContext, Profile, SecurityContext, Slot, Volume};
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

impl<'p> Subject<'p> {
    /// `spec.securityContext`
    pub(super) fn security_context(&self) -> &'p PodSecurityContext<'p> {
        &self.pod.spec.security_context
    }

    /// The names of the matching volumes, of those that the author of the pod or template wrote: a standard does not
    /// look ahead. `None` if none matches.
    pub(super) fn volumes(&self, fits: &mut dyn FnMut(&'p Volume<'p>) -> bool) -> Option<Vec<&'p str>> {
        let written = self.pod.spec.volumes.iter().filter(|volume| volume.origin == Origin::Written);
        let names: Vec<_> = written.filter(|volume| fits(volume)).map(|volume| &*volume.name).collect();
        (!names.is_empty()).then_some(names)
    }

    /// The names of the matching containers, in visiting order and repeated where containers share one. `None` if none
    /// matches.
    pub(super) fn names(&self, fits: &mut dyn FnMut(&'p Container<'p>) -> bool) -> Option<Vec<&'p str>> {
        Some(self.names_of(false, fits)).filter(|names| !names.is_empty())
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

    /// The names of the containers in which something is found, and all findings. `None` if nothing is.
    #[inline(never)]
    pub(super) fn search(
        &self,
        find: &mut dyn FnMut(&'p Container<'p>, &mut Vec<&'p str>),
    ) -> Option<(Vec<&'p str>, Vec<&'p str>)> {
        let mut found = Vec::new();
        let names = self.names(&mut |container| {
            let before = found.len();
            find(container, &mut found);
            found.len() > before
        })?;
        Some((names, found))
    }

    /// Those that set something: the pod, as the caller says, and the containers whose own security context does.
    /// `pod`, `container "a"`, `pod and containers "a", "b"`; `None` if there are none.
    #[inline(never)]
    pub(super) fn setters(
        &self,
        pod: bool,
        sets: &mut dyn FnMut(&'p SecurityContext<'p>) -> bool,
    ) -> Option<String> {
        let names = self.names(&mut |container| sets(&container.security_context));
        match (pod, names.map(|names| phrases::containers(&names))) {
            (true, Some(containers)) => Some("pod and ".to_owned() + &containers),
            (true, None) => Some("pod".to_owned()),
            (false, containers) => containers,
        }
    }

    /// Those that set a profile other than `RuntimeDefault` and `Localhost`, whose file is not checked, and the types
    /// of such profiles. The pod's is given, and where to find a container's.
    pub(super) fn unaccepted_profiles(
        &self,
        pod: Option<&'p Profile<'p>>,
        own: fn(&'p SecurityContext<'p>) -> Option<&'p Profile<'p>>,
    ) -> (Option<String>, Vec<&'p str>) {
        let mut kinds = Vec::new();
        let mut forbids = |profile: Option<&'p Profile<'p>>| {
            let kind = profile.map(|profile| &*profile.kind);
            let forbidden = kind.filter(|kind| !matches!(*kind, "RuntimeDefault" | "Localhost"));
            kinds.extend(forbidden);
            forbidden.is_some()
        };
        let pod = forbids(pod);
        let setters = self.setters(pod, &mut |context| forbids(own(context)));
        (setters, kinds)
    }
}
