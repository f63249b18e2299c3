//! The option `kubernetesVersion`: the version of Kubernetes whose lists hold.
//!
//! Lists grow: sysctls that are safe, types of volumes, what `latest` of the Pod Security Standards demands. On a cluster
//! that is older than the newest version that is known here, the lists of that cluster are the right ones; and where the
//! option is set, a newer version of this policy decides as today.

use crate::json::Value;
use crate::schema::kubernetes::{NEWEST, OLDEST, minor};
use crate::schema::{Field, Problems, Shape};

pub(crate) const FIELD: Field = Field::new(
    "kubernetesVersion",
    Shape::Text,
    "The version of Kubernetes whose lists hold, such as `\"1.30\"`: safe sysctls, types of volumes, `latest` of the standards. Unless given, the newest that is known.",
);

/// Reads the option; its shape is checked with the others'.
pub(crate) fn load(option: Option<Value<'_, '_>>, problems: &mut Problems) -> u64 {
    let Some(option) = option else { return NEWEST };
    let Some(text) = option.text() else {
        // Its shape is reported; why that matters is not to be seen there.
        problems.add(FIELD.name, "write the version in quotes: as a number, 1.30 is 1.3");
        return NEWEST;
    };
    minor(&text).unwrap_or_else(|| {
        let reason = format_args!("must be a version from \"1.{OLDEST}\" to \"1.{NEWEST}\"");
        problems.invalid(FIELD.name, &text, reason);
        NEWEST
    })
}
