//! The levels whose checks are those of the published policies.

/// Its checks exempt no Windows pods, and know the first five safe sysctls and three types of SELinux.
pub(super) const BASELINE: &str = "baseline:v1.24";
pub(super) const RESTRICTED: &str = "restricted:v1.24";

/// The first version with a fourth type of SELinux.
pub(super) const BASELINE_WITH_ENGINES: &str = "baseline:v1.31";
