//! The commands about small worlds.

pub(crate) mod dimensions;
pub(crate) mod enumerate;
pub(crate) mod laws;
pub(crate) mod texts;
