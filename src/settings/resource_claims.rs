//! The option `resourceClaims`: whether claims for devices need a policy that allows administrative access.
//!
//! A claim with `adminAccess` reaches devices that other pods use (KEP-5018), and the pods that refer to it do not show
//! that. Those who may run privileged pods have the devices of a node anyway: the creator of such a claim, or of a template
//! for them, needs a policy with `privileged: true`.

use crate::schema::{Field, Shape};

pub(crate) const FIELD: Field = Field::new(
    "resourceClaims",
    Shape::OneOf(&["Deny", "Warn", "Ignore"]),
    "Action for ResourceClaims and ResourceClaimTemplates with `adminAccess` that no policy with `privileged: true` allows.",
);
