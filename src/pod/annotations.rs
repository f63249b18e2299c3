//! The annotations that policies read.

use std::collections::BinaryHeap;

use crate::json::{Decode, Error, Read, Reader, TWICE, Text};

/// The annotation that names a pod's seccomp profile, before the field did (Kubernetes 1.3 to 1.26).
pub const SECCOMP_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
/// The annotation, less the container's name, for the seccomp profile of one container.
pub const SECCOMP_CONTAINER: &str = "container.seccomp.security.alpha.kubernetes.io/";
/// The annotation, less the container's name, for the AppArmor profile of one container.
pub const APP_ARMOR_CONTAINER: &str = "container.apparmor.security.beta.kubernetes.io/";
/// The annotation that names the policy which admitted a pod.
pub const ADMITTED_BY: &str = "kubernetes.io/psp";

/// Whether an annotation names a seccomp or an AppArmor profile.
pub(crate) fn names_profile(key: &str) -> bool {
    key == SECCOMP_POD || key.starts_with(SECCOMP_CONTAINER) || key.starts_with(APP_ARMOR_CONTAINER)
}

/// The governed annotations of a pod; all others are skipped.
///
/// They are sorted by their keys: each container is looked up, and the author of a pod chooses how many there are of
/// both.
#[derive(Debug, Clone, Default)]
pub struct Annotations<'a>(Vec<(Text<'a>, Text<'a>)>);

impl<'a> Annotations<'a> {
    /// The value of an annotation.
    pub fn get(&self, key: &str) -> Option<&Text<'a>> {
        self.of_container(key, "")
    }

    /// The value of an annotation whose key is a prefix and a container's name.
    pub fn of_container(&self, prefix: &str, container: &str) -> Option<&Text<'a>> {
        let order = |(key, _): &(Text<'a>, Text<'a>)| match key.strip_prefix(prefix) {
            Some(rest) => rest.cmp(container),
            None => (**key).cmp(prefix),
        };
        let index = self.0.binary_search_by(order).ok()?;
        self.0.get(index).map(|(_, value)| value)
    }

    /// All governed annotations, by their keys.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Text<'a>)> {
        self.0.iter().map(|(key, value)| (&**key, value))
    }
}

impl<'a> Decode<'a> for Annotations<'a> {
    fn decode(&mut self, reader: &mut Reader<'a>) -> Read<()> {
        let Annotations(governed) = self;
        reader.object(|reader, key| {
            if key != ADMITTED_BY && !names_profile(key) {
                return reader.skip_unchecked();
            }
            let mut value = Text::default();
            reader.field(&mut value)?;
            governed.push((key.clone(), value));
            Ok(())
        })?;
        if governed.len() > 1 {
            // A heap sorts as well as `sort_unstable` does and is a twentieth of its code.
            *governed = BinaryHeap::from(std::mem::take(governed)).into_sorted_vec();
        }
        match governed.array_windows().find(|[(one, _), (other, _)]| one == other) {
            Some([(twice, _), _]) => Err(Error::new(TWICE).in_key(twice)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pod::Pod;

    fn pod(annotations: &[(String, &str)]) -> String {
        let annotations: Vec<_> =
            annotations.iter().map(|(key, value)| format!("\"{key}\": \"{value}\"")).collect();
        format!(r#"{{"metadata": {{"annotations": {{{}}}}}, "spec": {{}}}}"#, annotations.join(", "))
    }

    #[test]
    fn each_is_found_whatever_the_order() {
        let names = ["b", "", "ab", "a", "zz", "a-b"];
        let mut all: Vec<_> =
            names.iter().map(|name| (format!("{APP_ARMOR_CONTAINER}{name}"), *name)).collect();
        all.push((SECCOMP_POD.to_owned(), "of the pod"));
        all.extend(names.iter().map(|name| (format!("{SECCOMP_CONTAINER}{name}"), *name)));
        all.push(("example.com/other".to_owned(), "not governed"));
        let text = pod(&all);
        let annotations = Reader::document::<Pod<'_>>(&text).unwrap().annotations;
        for prefix in [APP_ARMOR_CONTAINER, SECCOMP_CONTAINER] {
            for name in names {
                assert_eq!(annotations.of_container(prefix, name).map(|value| &**value), Some(name));
            }
            assert_eq!(annotations.of_container(prefix, "c"), None);
            assert_eq!(annotations.of_container(prefix, "zzz"), None);
        }
        assert_eq!(annotations.get(SECCOMP_POD).map(|value| &**value), Some("of the pod"));
        assert_eq!((annotations.get(ADMITTED_BY), annotations.get("example.com/other")), (None, None));
    }

    #[test]
    fn one_that_stands_twice_is_a_fault_wherever() {
        let key = |name| (format!("{APP_ARMOR_CONTAINER}{name}"), "unconfined");
        let text = pod(&[key("b"), key("a"), key("c"), key("b")]);
        assert_eq!(
            Reader::document::<Pod<'_>>(&text).unwrap_err().to_string(),
            format!("metadata.annotations[{APP_ARMOR_CONTAINER}b]: duplicate key")
        );
    }
}
