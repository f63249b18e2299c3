//! The values of each part of a pod: one for each way in which the policies can tell values apart.

pub(super) mod ids;
pub(super) mod privileges;
pub(super) mod profiles;
pub(super) mod simple;
pub(super) mod sysctls;
pub(super) mod volumes;
pub(super) mod windows;
