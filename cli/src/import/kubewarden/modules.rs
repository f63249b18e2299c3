//! What each module demands.

use pod_security_policy::pod::VOLUME_TYPES;
use pod_security_policy::pod::safe_sysctls;
use pod_security_policy::schema::kubernetes::NEWEST;
use pod_security_policy::settings::MODES;
use serde_json::{Map, Value, json};

use super::super::Surroundings;
use super::super::piece::{Action, Alternative, Piece};
use super::super::reach::Subject;
use super::settings::Keys;

/// A module, and how its settings are read.
pub(super) struct Module {
    pub(super) name: &'static str,
    pub(super) convert: fn(&mut Keys<'_>, &mut Piece, &Surroundings) -> Converted,
}

/// Why a policy cannot be converted.
type Converted = Result<(), String>;

pub(super) const MODULES: &[Module] = &[
    Module { name: "allow-privilege-escalation-psp", convert: privilege_escalation },
    Module { name: "allowed-fsgroups-psp", convert: fs_groups },
    Module { name: "allowed-proc-mount-types-psp", convert: proc_mounts },
    Module { name: "apparmor-psp", convert: app_armor },
    Module { name: "capabilities-psp", convert: capabilities },
    Module { name: "flexvolume-drivers-psp", convert: flex_volumes },
    Module { name: "host-namespaces-psp", convert: host_namespaces },
    Module { name: "hostpaths-psp", convert: host_paths },
    Module { name: "pod-privileged", convert: privileged },
    Module { name: "pod-runtime-class", convert: runtime_classes },
    Module { name: "readonly-root-filesystem-psp", convert: read_only },
    Module { name: "seccomp-psp", convert: seccomp },
    Module { name: "selinux-psp", convert: se_linux },
    Module { name: "sysctl-psp", convert: sysctls },
    Module { name: "user-group-psp", convert: users },
    Module { name: "volumes-psp", convert: volumes },
    Module { name: "psa-label-enforcer", convert: namespace_labels },
];

const ONE_RULE: &str = "a rule holds for all containers of a pod";

fn privileged(keys: &mut Keys<'_>, piece: &mut Piece, _: &Surroundings) -> Converted {
    piece.set("privileged", false);
    // Without the key, `privileged` decides about HostProcess containers, which the module does not look at.
    piece.set("windowsOptions", json!({"hostProcess": true}));
    for key in ["skip_init_containers", "skip_ephemeral_containers"] {
        if keys.flag(key, false)? {
            piece.differs(key, "true", "that these containers are judged, too", ONE_RULE);
        }
    }
    Ok(())
}

fn privilege_escalation(keys: &mut Keys<'_>, piece: &mut Piece, _: &Surroundings) -> Converted {
    piece.set("allowPrivilegeEscalation", false);
    if !keys.flag("default_allow_privilege_escalation", true)? {
        return Ok(());
    }
    let is = if piece.writes { "filled in with false" } else { "rejected" };
    piece.differs(
        "default_allow_privilege_escalation",
        "that containers without allowPrivilegeEscalation pass, and may escalate",
        format!("that they are {is}"),
        "PodSecurityPolicy reads the absent field as the permission that it is",
    );
    Ok(())
}

fn host_namespaces(keys: &mut Keys<'_>, piece: &mut Piece, _: &Surroundings) -> Converted {
    for (key, field) in
        [("allow_host_ipc", "hostIPC"), ("allow_host_network", "hostNetwork"), ("allow_host_pid", "hostPID")]
    {
        piece.set(field, keys.flag(key, false)?);
    }
    piece.set("hostPorts", keys.list("allow_host_ports")?);
    Ok(())
}

fn host_paths(keys: &mut Keys<'_>, piece: &mut Piece, _: &Surroundings) -> Converted {
    let paths = keys.list("allowedHostPaths")?;
    if paths.is_empty() {
        return Ok(());
    }
    piece.set("allowedHostPaths", paths);
    let is_writable = |path: &&Value| path.get("readOnly") != Some(&Value::Bool(true));
    let prefix = |path: &Value| path.get("pathPrefix").and_then(Value::as_str).unwrap_or_default().to_owned();
    if paths.iter().any(|path| is_writable(&path)) {
        piece.differs(
            "allowedHostPaths[*].readOnly",
            "that a writable path may not be mounted read-only",
            "that it may",
            "PodSecurityPolicy's readOnly: false demands nothing",
        );
    }
    let nested = paths.iter().filter(is_writable).any(|outer| {
        let inner = |path: &&Value| !is_writable(path) && prefix(path).starts_with(&prefix(outer));
        paths.iter().any(|path| inner(&path))
    });
    if nested {
        piece.differs(
            "allowedHostPaths",
            "that the longest prefix decides whether a path may be written to",
            "that any prefix that permits it does",
            "prefixes are alternatives in PodSecurityPolicy",
        );
    }
    piece.differs(
        "allowedHostPaths",
        "that paths of volumes that no container mounts, and mounts of ephemeral containers, pass, and .. is not looked at",
        "that all host paths of a pod are judged, and those with .. are rejected",
        "a volume can be mounted later, by an ephemeral container",
    );
    Ok(())
}

/// The names of the API's keys become PodSecurityPolicy's, where these differ.
fn volumes(keys: &mut Keys<'_>, piece: &mut Piece, _: &Surroundings) -> Converted {
    let mut types: Vec<&str> = Vec::new();
    for name in keys.texts("allowedTypes")? {
        let known = VOLUME_TYPES.iter().find(|known| known.eq_ignore_ascii_case(name));
        match known {
            Some(known) => types.push(known),
            None => piece.differs("allowedTypes", name, "left out", "there is no volume of this type"),
        }
    }
    if types.is_empty() {
        piece.differs(
            "allowedTypes",
            "empty, which rejects every pod",
            "empty, which rejects pods with volumes",
            "PodSecurityPolicy judges volumes",
        );
    }
    if types.contains(&"*") {
        types = vec!["*"];
    }
    piece.set("volumes", types);
    if keys.flag("ignoreInitContainersVolumes", false)? {
        let is = "that all volumes of a pod are judged";
        piece.differs("ignoreInitContainersVolumes", "true", is, "volumes belong to the pod");
    }
    Ok(())
}

fn capabilities(keys: &mut Keys<'_>, piece: &mut Piece, _: &Surroundings) -> Converted {
    piece.set("allowedCapabilities", keys.texts("allowed_capabilities")?);
    let drop = keys.texts("required_drop_capabilities")?;
    if !drop.is_empty() {
        piece.set("requiredDropCapabilities", drop);
    }
    let add = keys.texts("default_add_capabilities")?;
    if !add.is_empty() {
        piece.set("defaultAddCapabilities", add);
        piece.differs(
            "default_add_capabilities",
            "added even where the container drops the capability",
            "added unless it does",
            "PodSecurityPolicy overrides no decision of the author",
        );
    }
    if piece.writes {
        piece
            .repaired
            .push("capabilities-psp removed the securityContext of containers that it did not change");
    }
    Ok(())
}

fn read_only(_: &mut Keys<'_>, piece: &mut Piece, _: &Surroundings) -> Converted {
    // Our mutating half would fill in what theirs demands.
    piece.writes = false;
    piece.set("readOnlyRootFilesystem", true);
    Ok(())
}

/// `{rule, ranges}`, without what only user-group-psp knows.
fn strategy(field: &str, value: &Value, piece: &mut Piece) -> Converted {
    let Some(own) = value.as_object() else { return Err(format!("{field} is {value}, not an object")) };
    let rule = own.get("rule").and_then(Value::as_str).unwrap_or("RunAsAny");
    if own.get("overwrite") == Some(&Value::Bool(true)) {
        piece.differs(
            &format!("{field}.overwrite"),
            "true, which replaces what the pod says",
            "that the pod is rejected if it says otherwise",
            "PodSecurityPolicy overrides no decision of the author",
        );
    }
    if rule == "RunAsAny" {
        return Ok(());
    }
    let mut strategy = Map::from_iter([("rule".to_owned(), rule.into())]);
    if let Some(ranges) =
        own.get("ranges").filter(|ranges| ranges.as_array().is_some_and(|all| !all.is_empty()))
    {
        strategy.insert("ranges".to_owned(), ranges.clone());
    }
    piece.set(field, strategy);
    Ok(())
}

fn users(keys: &mut Keys<'_>, piece: &mut Piece, _: &Surroundings) -> Converted {
    let fields = [
        ("run_as_user", "runAsUser"),
        ("run_as_group", "runAsGroup"),
        ("supplemental_groups", "supplementalGroups"),
    ];
    for (key, field) in fields {
        if let Some(value) = keys.get(key) {
            strategy(field, value, piece)?;
        }
        if field != "supplementalGroups" && piece.spec.contains_key(field) {
            piece.differs(
                key,
                "read in, and written to, each container alone",
                "read from the pod where the container says nothing",
                "containers inherit it",
            );
        }
    }
    if keys.flag("validate_only", false)? {
        piece.writes = false;
        piece.repaired.push("with validate_only, user-group-psp rejected pods that comply as well");
    }
    if keys.flag("validate_container_image_configuration", false)? {
        piece.differs(
            "validate_container_image_configuration",
            "true, which reads USER of the image",
            "that only the pod is read",
            "no policy here reads images; keep the old policy for that",
        );
    }
    Ok(())
}

fn fs_groups(keys: &mut Keys<'_>, piece: &mut Piece, _: &Surroundings) -> Converted {
    let rule = keys.text("rule")?;
    let ranges = keys.list("ranges")?;
    strategy(
        "fsGroup",
        &json!({"rule": if rule.is_empty() { "RunAsAny" } else { rule }, "ranges": ranges}),
        piece,
    )?;
    if piece.writes && piece.spec.contains_key("fsGroup") {
        piece.repaired.push(
            "allowed-fsgroups-psp removed the rest of the pod's securityContext where it filled in fsGroup",
        );
    }
    Ok(())
}

fn se_linux(keys: &mut Keys<'_>, piece: &mut Piece, _: &Surroundings) -> Converted {
    let rule = keys.text("rule")?;
    let mut options = Map::new();
    for key in ["user", "role", "type", "level"] {
        if let Some(value) = keys.get(key).filter(|value| *value != "") {
            options.insert(key.to_owned(), value.clone());
        }
    }
    if rule != "MustRunAs" {
        return if ["", "RunAsAny"].contains(&rule) {
            Ok(())
        } else {
            Err(format!("rule {rule} is not known"))
        };
    }
    piece.set("seLinux", json!({"rule": rule, "seLinuxOptions": options}));
    piece.differs(
        "rule",
        "MustRunAs, which writes to every container, and lets a missing level pass",
        "MustRunAs, which writes to the pod, and compares all options",
        "containers inherit them",
    );
    Ok(())
}

fn seccomp(keys: &mut Keys<'_>, piece: &mut Piece, _: &Surroundings) -> Converted {
    let mut profiles: Vec<String> = Vec::new();
    let annotations = keys.texts("allowed_profiles")?.into_iter().map(|name| match name {
        "docker/default" => "runtime/default".to_owned(),
        name => name.to_owned(),
    });
    profiles.extend(annotations);
    let files = keys.texts("localhost_profiles")?;
    for kind in keys.texts("profile_types")? {
        match kind {
            "RuntimeDefault" => profiles.push("runtime/default".to_owned()),
            "Unconfined" => profiles.push("unconfined".to_owned()),
            "Localhost" => profiles.extend(files.iter().map(|file| format!("localhost/{file}"))),
            other => return Err(format!("profile_types: {other} is not known")),
        }
    }
    if profiles.iter().any(|name| name == "*") {
        profiles.retain(|name| name != "*");
        piece.differs("allowed_profiles", "*, which matched no profile", "left out", "it has no effect");
    }
    let mut unique: Vec<String> = Vec::new();
    for profile in profiles {
        if !unique.contains(&profile) {
            unique.push(profile);
        }
    }
    // Pods without a profile pass: so they do in a policy that has no list, which admits RuntimeDefault besides.
    let without_list = Map::from_iter([(SECCOMP_LIST.to_owned(), Value::Null)]);
    let listed = Map::from_iter([(SECCOMP_LIST.to_owned(), unique.join(",").into())]);
    let alternative = |name: &str, annotations| Alternative {
        name: name.to_owned(),
        annotations,
        ..Alternative::default()
    };
    piece.alternatives.push(alternative("without-a-profile", without_list));
    if !unique.iter().all(|name| name == "runtime/default") {
        piece.alternatives.push(alternative("with-a-listed-profile", listed));
        piece.differs(
            "allowed_profiles",
            "that some containers may have a listed profile, and others none",
            "that all have one, or none",
            "a list demands a profile of every container",
        );
    }
    if !unique.iter().any(|name| name == "runtime/default") {
        piece.differs(
            "allowed_profiles",
            "that RuntimeDefault is rejected",
            "that it passes",
            "it is never weaker than no profile",
        );
    }
    if !files.is_empty() {
        piece.differs(
            "localhost_profiles",
            "compared with the end of the pod's path",
            "compared with the whole path",
            "another folder can hold another profile of that name",
        );
    }
    Ok(())
}

const SECCOMP_LIST: &str = "seccomp.security.alpha.kubernetes.io/allowedProfileNames";
const APP_ARMOR_LIST: &str = "apparmor.security.beta.kubernetes.io/allowedProfileNames";

fn app_armor(keys: &mut Keys<'_>, piece: &mut Piece, _: &Surroundings) -> Converted {
    let profiles = keys.texts("allowed_profiles")?;
    if profiles.is_empty() {
        piece.demand("baseline", Some(vec!["appArmorProfile"]));
        piece.differs(
            "allowed_profiles",
            "empty, which rejects every profile that is set",
            "that runtime/default and profiles of the node pass, and unconfined does not",
            "this is what the Pod Security Standards demand",
        );
        return Ok(());
    }
    piece.annotate(APP_ARMOR_LIST, profiles.join(","));
    piece.differs(
        "allowed_profiles",
        "that containers without an annotation pass, whatever their fields say",
        "that containers must have a listed profile, by their fields or annotations",
        "PodSecurityPolicy's list demands one",
    );
    Ok(())
}

fn proc_mounts(keys: &mut Keys<'_>, piece: &mut Piece, _: &Surroundings) -> Converted {
    if !keys.flag("allow_unmasked_proc_mount_type", false)? {
        piece.set("allowedProcMountTypes", ["Default"].as_slice());
    }
    Ok(())
}

fn flex_volumes(keys: &mut Keys<'_>, piece: &mut Piece, _: &Surroundings) -> Converted {
    let drivers = keys.list("allowedFlexVolumes")?;
    if drivers.is_empty() {
        // An empty list of drivers allows all of them in PodSecurityPolicy.
        let others = VOLUME_TYPES.iter().filter(|name| !["*", "flexVolume"].contains(name));
        piece.set("volumes", others.copied().collect::<Vec<_>>());
        piece.differs(
            "allowedFlexVolumes",
            "that volumes of unknown types pass",
            "that they are rejected",
            "all types but flexVolume are listed by name",
        );
    } else {
        piece.set("allowedFlexVolumes", drivers);
    }
    Ok(())
}

/// Sysctls that are safe for sysctl-psp.
const KNOWN_SAFE: [&str; 4] = [
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range",
];

/// An unsafe sysctl that is not allowed is rejected whether or not it is forbidden, so that forbidden names matter among the
/// safe ones alone: patterns that the allowed names overlap, which PodSecurityPolicy does not accept, become the safe names
/// that they match.
fn sysctls(keys: &mut Keys<'_>, piece: &mut Piece, _: &Surroundings) -> Converted {
    let forbidden = keys.texts("forbiddenSysctls")?;
    let allowed = keys.texts("allowedUnsafeSysctls")?;
    let matches = |pattern: &str, name: &str| match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => pattern == name,
    };
    let overlaps = |pattern: &&str| allowed.iter().any(|name| matches(pattern, name));
    let mut written: Vec<&str> = forbidden.iter().copied().filter(|pattern| !overlaps(pattern)).collect();
    for safe in safe_sysctls(NEWEST) {
        let is_refused =
            !KNOWN_SAFE.contains(&safe) || forbidden.iter().any(|pattern| matches(pattern, safe));
        let is_written = written.iter().any(|pattern| matches(pattern, safe));
        if is_refused && !is_written && !allowed.contains(&safe) {
            written.push(safe);
        }
    }
    if forbidden.iter().any(|name| allowed.contains(name)) {
        return Err("forbiddenSysctls and allowedUnsafeSysctls name the same sysctl".to_owned());
    }
    piece.differs(
        "sysctls",
        "two for `kernel/shmmax` and `kernel.shmmax`",
        "one",
        "the API server and runtimes read both spellings alike",
    );
    piece.set("allowedUnsafeSysctls", allowed);
    piece.set("forbiddenSysctls", written);
    Ok(())
}

fn runtime_classes(keys: &mut Keys<'_>, piece: &mut Piece, around: &Surroundings) -> Converted {
    let reserved = keys.texts("reservedRuntimes")?;
    let fallback = keys.text("fallbackRuntime")?;
    if keys.flag("defaultRuntimeReserved", false)? {
        return Err("defaultRuntimeReserved: a pod that names no runtime class is admitted by every PodSecurityPolicy".to_owned());
    }
    if reserved.is_empty() && fallback.is_empty() {
        return Ok(());
    }
    if around.runtime_classes.is_empty() {
        return Err("reservedRuntimes are what pods may not name, and runtimeClass lists what they may: give the cluster's with --runtime-classes".to_owned());
    }
    let allowed =
        around.runtime_classes.iter().map(|class| &*class.name).filter(|name| !reserved.contains(name));
    piece.set("runtimeClass", json!({"allowedRuntimeClassNames": allowed.collect::<Vec<_>>()}));
    piece.differs(
        "reservedRuntimes",
        "that all other runtime classes pass",
        "that those pass which the cluster has today",
        "runtimeClass lists what is allowed",
    );
    if !fallback.is_empty() {
        piece.differs(
            "fallbackRuntime",
            "written in place of a reserved runtime class",
            "left out: such a pod is rejected",
            "PodSecurityPolicy overrides no decision of the author",
        );
    }
    Ok(())
}

fn namespace_labels(keys: &mut Keys<'_>, piece: &mut Piece, _: &Surroundings) -> Converted {
    let none = Map::new();
    let modes = keys.get("modes").and_then(Value::as_object).unwrap_or(&none);
    let mut labels = Map::new();
    let mut unversioned = Vec::new();
    for (mode, ..) in MODES {
        let version = format!("{mode}-version");
        let stated = [mode, &version].map(|key| modes.get(key).filter(|value| !value.is_null()));
        let stated = match stated.map(|value| value.map(Value::as_str)) {
            [None, None] => continue,
            [Some(Some(level)), None] => {
                unversioned.push(mode);
                level.to_owned()
            }
            [Some(Some(level)), Some(Some(version))] => format!("{level}:{version}"),
            [None, Some(_)] => return Err(format!("modes.{version} is of no use without modes.{mode}")),
            _ => return Err(format!("modes.{mode} or modes.{version} is not a text")),
        };
        labels.insert(mode.to_owned(), stated.into());
    }
    let is_known = |key: &&String| {
        let named = key.strip_suffix("-version").unwrap_or(key);
        MODES.iter().any(|(mode, ..)| *mode == named)
    };
    if let Some(unknown) = modes.keys().find(|key| !is_known(key)) {
        return Err(format!("modes.{unknown} is not known to it"));
    }
    if labels.is_empty() {
        return Err("modes demands nothing, so that the policy server does not start with it".to_owned());
    }
    piece.options.insert("namespaceLabels".to_owned(), labels.into());
    piece.reach.subject = Subject::Namespaces;
    let was = match (piece.action, piece.writes) {
        (Action::Deny, true) => "rewritten, whenever the namespace is written",
        (Action::Deny, false) => "rejected",
        _ => "logged",
    };
    piece.differs(
        "modes",
        format!("that all other labels are {was}"),
        "that a new namespace without them gets them, weaker ones are rejected and stricter ones kept",
        "labels that are rewritten are not those of the manifest",
    );
    if piece.action != Action::Deny {
        piece.differs(
            "mode",
            "monitor",
            "that weaker labels are rejected once the registration protects",
            "namespaceLabels has no weaker action",
        );
    }
    for mode in unversioned {
        piece.differs(
            &format!("modes.{mode}-version"),
            "any version",
            "that an older one is rejected where it leaves checks out",
            "a level without a version is that of the newest",
        );
    }
    Ok(())
}
