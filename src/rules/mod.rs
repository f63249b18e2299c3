//! The registry: every rule, in the order in which it mutates and objects.

mod app_armor;
mod capabilities;
mod csi_drivers;
mod flex_volumes;
mod fs_group;
mod host_namespaces;
mod host_paths;
mod host_ports;
mod privilege_escalation;
mod privileged;
mod proc_mount;
mod read_only_root_filesystem;
mod run_as_group;
mod run_as_user;
mod runtime_class;
mod se_linux;
mod seccomp;
mod supplemental_groups;
mod sysctls;
mod volumes;

use crate::rule::Entry;
use crate::shape::same_name;

pub use seccomp::adopt_annotations;

/// The entries of every rule file.
///
/// Capabilities come before privilege escalation, which looks at them; otherwise this is the order in which
/// PodSecurityPolicy objected (spec 5).
const FILES: &[&[Entry]] = &[
    fs_group::ENTRIES,
    supplemental_groups::ENTRIES,
    host_namespaces::ENTRIES,
    sysctls::ENTRIES,
    volumes::ENTRIES,
    host_paths::ENTRIES,
    flex_volumes::ENTRIES,
    csi_drivers::ENTRIES,
    runtime_class::ENTRIES,
    run_as_user::ENTRIES,
    run_as_group::ENTRIES,
    se_linux::ENTRIES,
    app_armor::ENTRIES,
    seccomp::ENTRIES,
    privileged::ENTRIES,
    proc_mount::ENTRIES,
    capabilities::ENTRIES,
    host_ports::ENTRIES,
    read_only_root_filesystem::ENTRIES,
    privilege_escalation::ENTRIES,
];

/// How many rules there are; the checks of the Pod Security Standards are numbered behind them.
pub const COUNT: usize = {
    let mut files = FILES;
    let mut count = 0;
    while let Some((file, rest)) = files.split_first() {
        count += file.len();
        files = rest;
    }
    count
};

/// All entries in one row: whoever loads a policy walks along it once for every field.
#[expect(clippy::indexing_slicing, reason = "done by the compiler, which would not accept an empty file")]
static ENTRIES: [&Entry; COUNT] = {
    let mut row = [&fs_group::ENTRIES[0]; COUNT];
    let mut length = 0;
    let mut files = FILES;
    while let Some((file, others)) = files.split_first() {
        let mut file = *file;
        while let Some((entry, rest)) = file.split_first() {
            row[length] = entry;
            length += 1;
            file = rest;
        }
        files = others;
    }
    row
};

/// Every rule with its index.
pub fn all() -> impl Iterator<Item = (usize, &'static Entry)> + Clone {
    ENTRIES.iter().copied().enumerate()
}

/// The index of the rule with this name.
pub fn index(id: &str) -> Option<usize> {
    ENTRIES.iter().position(|entry| same_name(entry.id, id))
}
