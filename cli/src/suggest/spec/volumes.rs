//! Volumes: types, host paths and drivers.

use std::collections::{BTreeMap, BTreeSet};

use pod_security_policy::pod::VolumeType;
use pod_security_policy::rule::is_within;
use pod_security_policy::standards::RESTRICTED_VOLUMES;
use serde_json::json;

use super::super::evidence::Evidence;
use super::super::needs::{Needs, Used};
use super::{Draft, is_subdomain};

impl Draft {
    pub(super) fn volumes(&mut self, needs: &Needs) {
        let mut types = BTreeSet::new();
        for (key, evidence) in &needs.volumes {
            // Volumes without a type name cannot be listed.
            let known = VolumeType::of_source(key).map(VolumeType::name);
            types.insert(known.unwrap_or("*"));
            if !RESTRICTED_VOLUMES.contains(&key.as_str()) {
                let need = known.map_or_else(|| format!("* for {key}"), str::to_owned);
                self.with_cause("volumes", need, evidence);
            }
        }
        if types.contains("*") {
            types = BTreeSet::from(["*"]);
        }
        self.set("volumes", json!(types));
        let paths = prefixes(&needs.host_paths);
        match &needs.odd_paths {
            Some(evidence) => {
                self.with_cause("allowedHostPaths", "all: a path that does not start with /", evidence);
            }
            None if !paths.is_empty() => {
                for (path, (written, evidence)) in &paths {
                    let need = if *written { format!("{path}, written") } else { (*path).clone() };
                    self.with_cause("allowedHostPaths", need, evidence);
                }
                let entries = paths.iter().map(|(path, (written, _))| {
                    if *written {
                        json!({"pathPrefix": path})
                    } else {
                        json!({"pathPrefix": path, "readOnly": true})
                    }
                });
                self.set("allowedHostPaths", entries.collect());
            }
            None => {}
        }
        self.drivers("allowedFlexVolumes", "driver", &needs.flex_volumes, |name| !name.is_empty());
        self.drivers("allowedCSIDrivers", "name", &needs.csi_drivers, |name| {
            name.len() <= 63 && is_subdomain(&name.to_ascii_lowercase())
        });
    }

    /// Drivers by name, unless one has a name that cannot be listed in a policy.
    fn drivers(
        &mut self,
        field: &'static str,
        key: &str,
        drivers: &Used<String>,
        valid: impl Fn(&str) -> bool,
    ) {
        for (name, evidence) in drivers {
            self.with_cause(field, name, evidence);
        }
        if !drivers.is_empty() && drivers.keys().all(|name| valid(name)) {
            self.set(field, drivers.keys().map(|name| json!({key: name})).collect());
        }
    }
}

/// The paths that are not covered by others.
fn prefixes(paths: &BTreeMap<String, (bool, Evidence)>) -> Vec<(&String, &(bool, Evidence))> {
    let covered = |path: &str, written: bool| {
        paths.iter().any(|(other, (other_written, _))| {
            other != path && is_within(path, other) && (*other_written || !written)
        })
    };
    paths.iter().filter(|(path, (written, _))| !covered(path, *written)).collect()
}
