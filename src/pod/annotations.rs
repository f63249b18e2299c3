//! The annotations that policies read.

use crate::json::{Decode, Fault, Read, Reader, Text};

/// The annotation that names a pod's seccomp profile, before the field did (Kubernetes 1.3 to 1.26).
pub const SECCOMP_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
/// The annotation, less the container's name, for the seccomp profile of one container.
pub const SECCOMP_CONTAINER: &str = "container.seccomp.security.alpha.kubernetes.io/";
/// The annotation, less the container's name, for the AppArmor profile of one container.
pub const APP_ARMOR_CONTAINER: &str = "container.apparmor.security.beta.kubernetes.io/";
/// The annotation that names the policy which admitted a pod.
pub const ADMITTED_BY: &str = "kubernetes.io/psp";

/// The governed annotations of a pod; all others are skipped.
#[derive(Debug, Clone, Default)]
pub struct Annotations<'a>(Vec<(Text<'a>, Text<'a>)>);

impl<'a> Annotations<'a> {
    /// The value of an annotation.
    pub fn get(&self, key: &str) -> Option<&Text<'a>> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// The value of an annotation whose key is a prefix and a container's name.
    pub fn of_container(&self, prefix: &str, container: &str) -> Option<&Text<'a>> {
        self.0
            .iter()
            .find(|(name, _)| name.strip_prefix(prefix).is_some_and(|rest| rest == container))
            .map(|(_, value)| value)
    }

    /// All governed annotations, in document order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Text<'a>)> {
        self.0.iter().map(|(key, value)| (&**key, value))
    }
}

/// How many annotations are read: keys and values that the API server takes have 256 KiB in all, which is less than this
/// many keys need. It looks only after webhooks that mutate, and here each is looked for among those before it.
const ANNOTATIONS: usize = 8192;

impl<'a> Decode<'a> for Annotations<'a> {
    fn decode(&mut self, reader: &mut Reader<'a>) -> Read<()> {
        let Annotations(governed) = self;
        reader.object(|reader, key| {
            let known = key == SECCOMP_POD
                || key == ADMITTED_BY
                || key.starts_with(SECCOMP_CONTAINER)
                || key.starts_with(APP_ARMOR_CONTAINER);
            if !known {
                return reader.leap();
            }
            if governed.iter().any(|(name, _)| name == key) {
                return Err(Fault::new("stands twice in the same object"));
            }
            if governed.len() == ANNOTATIONS {
                return Err(Fault::new("is one annotation too many: the API server takes none of so many"));
            }
            let mut value = Text::default();
            reader.field(&mut value)?;
            governed.push((key.clone(), value));
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pod::Pod;

    #[test]
    fn more_annotations_than_the_api_server_takes_are_refused() {
        let annotation = |number| format!(r#""{APP_ARMOR_CONTAINER}{number:04}": "unconfined""#);
        let pod = |count| {
            let annotations: Vec<String> = (0..count).map(annotation).collect();
            format!(r#"{{"metadata": {{"annotations": {{{}}}}}, "spec": {{}}}}"#, annotations.join(", "))
        };
        assert!(Reader::document::<Pod<'_>>(&pod(ANNOTATIONS)).is_ok());
        assert_eq!(
            Reader::document::<Pod<'_>>(&pod(ANNOTATIONS + 1)).unwrap_err().to_string(),
            format!(
                "metadata.annotations[{APP_ARMOR_CONTAINER}8192]: is one annotation too many: the API server takes none of so many"
            )
        );
    }
}
