//! The commands about small worlds.

pub(crate) mod enumerate;
pub(crate) mod laws;
