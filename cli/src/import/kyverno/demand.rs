//! From what a rule checks to what settings demand.

use serde_json::{Value, json};

use super::fact::{Fact, Lists, Scope, Test, Values};
use super::pattern::APP_ARMOR;
use crate::import::piece::Piece;

/// The highest id of users and groups.
const MAX_ID: i64 = 2_147_483_647;

/// The version of the Pod Security Standards whose checks are those of the published policies: they do not exempt Windows
/// pods, know the first five safe sysctls, and three types of SELinux.
const BASELINE: &str = "baseline:v1.24";
const RESTRICTED: &str = "restricted:v1.24";

/// The first version with a fourth type of SELinux.
const BASELINE_WITH_ENGINES: &str = "baseline:v1.31";

/// The reason for differences on Windows.
const WINDOWS: &str =
    "the API server refuses such fields in pods for Windows, so that no pod could satisfy it";

/// Adds what the facts of a rule demand. `whole` are the facts of all rules of the policy.
pub(super) fn add(facts: &[Fact], whole: &[Fact], piece: &mut Piece) -> Result<(), String> {
    for fact in facts {
        let is_pair = |other: &Fact| {
            (&other.path, other.absent, &other.test) == (&fact.path, fact.absent, &fact.test)
                && other.scope != fact.scope
        };
        let pair = facts.iter().any(is_pair);
        one(fact, pair, whole, piece).ok_or_else(|| refusal(fact))?;
        if let Scope::Containers(lists) | Scope::Inherited(lists) = fact.scope {
            let missing = lists.missing();
            if !missing.is_empty() {
                let missing = missing.join(" and ");
                piece.differs(
                    &fact.path,
                    format!("not looked at in {missing}"),
                    "demanded of all containers",
                    "settings make no difference between lists of containers",
                );
            }
        }
    }
    let mut noted = Vec::new();
    piece.inexact.retain(|row| {
        !noted.contains(row) && {
            noted.push(row.clone());
            true
        }
    });
    let mut demanded = Vec::new();
    piece.standards.retain(|standard| {
        !demanded.contains(standard) && {
            demanded.push(standard.clone());
            true
        }
    });
    Ok(())
}

/// Adds what one fact demands; `pair`: the same is demanded of the pod and of the containers.
fn one(fact: &Fact, pair: bool, whole: &[Fact], piece: &mut Piece) -> Option<()> {
    let path = fact.path.strip_prefix("securityContext.").unwrap_or(&fact.path);
    let Fact { scope, absent, test, .. } = fact;
    match (scope, path, test) {
        (Scope::Pod, "hostNetwork" | "hostPID" | "hostIPC", Test::In(values)) => {
            (*absent && values.is_only(&["false"])).then_some(())?;
            piece.set(path, false);
        }
        (Scope::Pod, "runtimeClassName", Test::In(values)) => {
            (*absent && plain(values)).then_some(())?;
            piece.set("runtimeClass", json!({"allowedRuntimeClassNames": values.texts}));
        }
        (Scope::Pod, "volumes[].hostPath", Test::Absent) => {
            let types = VOLUMES.iter().filter(|kind| **kind != "hostPath");
            piece.set("volumes", types.copied().collect::<Vec<_>>());
            piece.differs(
                "volumes[].hostPath",
                "volumes of types that this version does not know admitted",
                "rejected",
                "settings list the types that are allowed",
            );
        }
        (Scope::Pod, "volumes[].keys", Test::In(values)) => {
            (*absent && plain(values)).then_some(())?;
            piece.set("volumes", values.texts.iter().map(|key| volume_type(key)).collect::<Vec<_>>());
        }
        (Scope::Pod, "volumes[].hostPath.path", Test::FirstFolder(folder)) => {
            piece.set("allowedHostPaths", json!([{"pathPrefix": format!("/{folder}")}]));
            piece.differs(
                "volumes[].hostPath.path",
                "paths with `..` or `//` judged by their text",
                "`..` rejected, `//` read as `/`",
                "a path with `..` leads out of its folder",
            );
        }
        (Scope::Containers(_), "volumeMounts[].readOnly", Test::ReadOnlyMounts) => {
            piece.set("allowedHostPaths", json!([{"pathPrefix": "/", "readOnly": true}]));
            piece.differs(
                "volumes[].hostPath",
                "any path admitted",
                "paths with `..`, and paths that do not start with `/`, rejected",
                "the prefix `/` stands for all others",
            );
        }
        (Scope::Pod, "supplementalGroups", Test::In(values)) => {
            groups("supplementalGroups", *absent, values, piece)?
        }
        (Scope::Pod, "fsGroup", Test::In(values)) => groups("fsGroup", *absent, values, piece)?,
        (Scope::Pod, "sysctls[].name", Test::In(values)) => {
            (*absent && values.ranges.is_empty()).then_some(())?;
            sysctls(&values.texts, piece)?;
        }
        (Scope::Pod, "runAsUser" | "runAsGroup", Test::In(values)) if !pair => {
            (!absent).then_some(())?;
            piece.set(path, json!({"rule": "MustRunAs", "ranges": ranges(values, MAX_ID)?}));
            piece.differs(
                path,
                "demanded of the pod, whatever its containers say",
                "demanded of each container, which may have it from the pod",
                "settings judge the id that a container runs with",
            );
            set_by_author(path, piece);
        }
        (Scope::Pod | Scope::Containers(_), "runAsUser", Test::In(values)) => {
            if *absent && pair && values.ranges == [(1, i64::MAX)] && values.texts.is_empty() {
                piece.demand(RESTRICTED, Some(vec!["runAsUser"]));
            } else {
                ids("runAsUser", *absent, pair, values, piece)?;
            }
        }
        (Scope::Pod | Scope::Containers(_), "runAsGroup", Test::In(values)) => {
            ids("runAsGroup", *absent, pair, values, piece)?;
        }
        (Scope::Inherited(_), "runAsUser" | "runAsGroup", Test::In(values)) => {
            piece.set(path, json!({"rule": "MustRunAs", "ranges": ranges(values, MAX_ID)?}));
            set_by_author(path, piece);
        }
        (Scope::Inherited(_), "runAsNonRoot", Test::In(values)) => {
            values.is_only(&["true"]).then_some(())?;
            piece.demand(RESTRICTED, Some(vec!["runAsNonRoot"]));
            overridden(path, "`false`", piece);
        }
        (Scope::Inherited(_), "seccompProfile.type", Test::In(values)) => {
            if values.is_only(&["Localhost", "RuntimeDefault"]) {
                piece.demand(RESTRICTED, Some(vec!["seccompProfile_restricted"]));
                overridden(path, "another profile", piece);
            } else {
                values.is_only(&["RuntimeDefault"]).then_some(())?;
                piece.annotate(SECCOMP, "runtime/default");
                set_by_author(path, piece);
            }
        }
        (Scope::Pod | Scope::Containers(_), "seccompProfile.type", Test::In(values)) => {
            absent.then_some(())?;
            if values.is_only(&["Localhost", "RuntimeDefault"]) {
                piece.demand(BASELINE, Some(vec!["seccompProfile_baseline"]));
                both_places(path, *scope, pair, piece);
            } else {
                values.is_only(&["RuntimeDefault"]).then_some(())?;
                // Without its list, the rule admits this profile and none.
                piece.annotate(SECCOMP, Value::Null);
                piece.differs(
                    path,
                    "judged in the pod and in each container",
                    "judged as the profile that a container runs with",
                    "a profile of the pod does not matter where every container has its own",
                );
            }
        }
        (Scope::Pod | Scope::Containers(_), "seLinuxOptions.type", Test::In(values)) => {
            absent.then_some(())?;
            let three = ["container_init_t", "container_kvm_t", "container_t"];
            let four = ["container_engine_t", "container_init_t", "container_kvm_t", "container_t"];
            let level = match values {
                values if values.is_only(&three) => BASELINE,
                values if values.is_only(&four) => BASELINE_WITH_ENGINES,
                _ => return None,
            };
            piece.demand(level, Some(vec!["seLinuxOptions"]));
            both_places(path, *scope, pair, piece);
            se_linux(&["user", "role"], whole, piece);
        }
        (Scope::Pod | Scope::Containers(_), "seLinuxOptions.user" | "seLinuxOptions.role", Test::Absent) => {
            let engines = whole.iter().any(|fact| {
                matches!(&fact.test, Test::In(values) if values.texts.iter().any(|kind| kind == "container_engine_t"))
            });
            let level = if engines { BASELINE_WITH_ENGINES } else { BASELINE };
            piece.demand(level, Some(vec!["seLinuxOptions"]));
            both_places(path, *scope, pair, piece);
            se_linux(&["type", "user", "role"], whole, piece);
        }
        (Scope::Pod | Scope::Containers(_), "windowsOptions.hostProcess", Test::In(values)) => {
            (*absent && values.is_only(&["false"])).then_some(())?;
            piece.set("windowsOptions", json!({"hostProcess": false}));
            both_places(path, *scope, pair, piece);
        }
        (Scope::Pod | Scope::Containers(_), "windowsOptions.runAsUserName", Test::In(values)) => {
            (*absent && plain(values)).then_some(())?;
            piece.set("windowsOptions", json!({"runAsUserNames": values.texts, "hostProcess": true}));
            piece.differs(
                path,
                "a pod that states Windows and no user admitted",
                "rejected",
                "its image decides then, whose user may be any",
            );
            piece.differs(
                path,
                "names compared with regard to case, and for processes of the node too",
                "without, and not for these",
                "Windows makes no difference between cases, and these processes run as users of the node",
            );
        }
        (Scope::Pod, APP_ARMOR, Test::In(values)) => {
            values.is_only(&["localhost/*", "runtime/default"]).then_some(())?;
            piece.demand(BASELINE, Some(vec!["appArmorProfile"]));
            piece.differs(
                "metadata.annotations",
                "only annotations looked at",
                "fields too; an empty annotation is admitted",
                "since Kubernetes 1.30 profiles are fields",
            );
        }
        (Scope::Containers(_), ..) => of_container(path, fact, whole, piece)?,
        _ => return None,
    }
    Some(())
}

/// Adds what a fact demands of containers alone.
fn of_container(path: &str, fact: &Fact, whole: &[Fact], piece: &mut Piece) -> Option<()> {
    let absent = fact.absent;
    match (path, &fact.test) {
        ("capabilities.drop", Test::Has { any, folded: false })
            if *any == ["ALL"]
                && whole.iter().any(|fact| fact.path == ADDED && fact.test == bind_service()) =>
        {
            // With what may be added, it is one check.
            piece.demand(RESTRICTED, Some(vec!["capabilities_restricted"]));
        }
        ("privileged", Test::In(values)) => {
            (absent && values.is_only(&["false"])).then_some(())?;
            piece.set("privileged", false);
            // Without it, `privileged: false` refuses processes of the node as well.
            piece.set("windowsOptions", json!({"hostProcess": true}));
        }
        ("allowPrivilegeEscalation", Test::In(values)) => {
            values.is_only(&["false"]).then_some(())?;
            piece.demand(RESTRICTED, Some(vec!["allowPrivilegeEscalation"]));
            if absent {
                demanded(path, piece);
            }
        }
        ("readOnlyRootFilesystem", Test::In(values)) => {
            values.is_only(&["true"]).then_some(())?;
            piece.set("readOnlyRootFilesystem", true);
            if absent {
                demanded(path, piece);
            }
            set_by_author(path, piece);
        }
        ("procMount", Test::In(values)) => {
            let known = |name: &String| name == "Default" || name == "Unmasked";
            (absent && values.ranges.is_empty() && values.texts.iter().all(known)).then_some(())?;
            (values.texts.iter().any(|name| name == "Default")).then_some(())?;
            piece.set("allowedProcMountTypes", values.texts.clone());
        }
        ("ports[].hostPort", Test::In(values)) => {
            absent.then_some(())?;
            let zero = values.ranges.contains(&(0, 0)) && values.ranges.len() > 1;
            let some = Values { ranges: without_zero(&values.ranges), ..values.clone() };
            piece.set("hostPorts", if some.ranges.is_empty() { json!([]) } else { ranges(&some, 65_535)? });
            if zero {
                piece.differs(
                    path,
                    "`0` next to a port in the range rejected",
                    "admitted",
                    "the port 0 stands for none",
                );
            }
        }
        ("capabilities.add", Test::In(values)) => {
            (absent && plain(values)).then_some(())?;
            piece.set("allowedCapabilities", values.texts.clone());
        }
        ("capabilities.drop", Test::Has { any, folded }) => {
            let names: Vec<&str> = any.iter().map(|name| name.strip_prefix("CAP_").unwrap_or(name)).collect();
            let (first, rest) = names.split_first()?;
            rest.iter().all(|name| name == first).then_some(())?;
            piece.set("requiredDropCapabilities", json!([first]));
            drops(first, any.len() > 1, *folded, piece);
            set_by_author(path, piece);
        }
        _ => return None,
    }
    Some(())
}

/// The field for added capabilities.
const ADDED: &str = "securityContext.capabilities.add";

/// The only capability that the restricted level lets containers add.
fn bind_service() -> Test {
    Test::In(Values::text("NET_BIND_SERVICE"))
}

/// The types of volumes that settings know.
const VOLUMES: [&str; 30] = [
    "azureFile",
    "flocker",
    "flexVolume",
    "hostPath",
    "emptyDir",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "gitRepo",
    "secret",
    "nfs",
    "iscsi",
    "glusterfs",
    "persistentVolumeClaim",
    "rbd",
    "cinder",
    "cephFS",
    "downwardAPI",
    "fc",
    "configMap",
    "vsphereVolume",
    "quobyte",
    "azureDisk",
    "photonPersistentDisk",
    "projected",
    "portworxVolume",
    "scaleIO",
    "storageos",
    "csi",
    "ephemeral",
    "image",
];

/// The name that settings have for the key of a volume's source.
pub(super) fn volume_type(key: &str) -> &str {
    if key == "cephfs" { "cephFS" } else { key }
}

const SECCOMP: &str = "seccomp.security.alpha.kubernetes.io/allowedProfileNames";

/// Sysctls that every pod may set unless they are forbidden, and the version of the standards that allows them.
const SAFE_SYSCTLS: [(&str, u64); 14] = [
    ("kernel.shm_rmid_forced", 0),
    ("net.ipv4.ip_local_port_range", 0),
    ("net.ipv4.tcp_syncookies", 0),
    ("net.ipv4.ping_group_range", 0),
    ("net.ipv4.ip_unprivileged_port_start", 0),
    ("net.ipv4.ip_local_reserved_ports", 27),
    ("net.ipv4.tcp_keepalive_time", 29),
    ("net.ipv4.tcp_fin_timeout", 29),
    ("net.ipv4.tcp_keepalive_intvl", 29),
    ("net.ipv4.tcp_keepalive_probes", 29),
    ("net.ipv4.tcp_rmem", 32),
    ("net.ipv4.tcp_wmem", 32),
    ("net.ipv4.tcp_slow_start_after_idle", 37),
    ("net.ipv4.tcp_notsent_lowat", 37),
];

/// The sysctls that the standards allow at a version.
pub(super) fn safe_sysctls(minor: u64) -> impl Iterator<Item = &'static str> {
    SAFE_SYSCTLS.into_iter().filter(move |(_, since)| *since <= minor).map(|(name, _)| name)
}

/// Allows these sysctls alone; a trailing `*` stands for any rest.
pub(super) fn sysctls(allowed: &[String], piece: &mut Piece) -> Option<()> {
    let is_pattern =
        |name: &String| !name.trim_end_matches('*').contains(['*', '?']) && !name.ends_with("**");
    allowed.iter().all(is_pattern).then_some(())?;
    let matches = |name: &str| {
        let one = |pattern: &String| {
            pattern.strip_suffix('*').map_or(pattern == name, |prefix| name.starts_with(prefix))
        };
        allowed.iter().any(one)
    };
    let is_unsafe = |name: &&String| !SAFE_SYSCTLS.iter().any(|(safe, _)| safe == name);
    piece.set("allowedUnsafeSysctls", allowed.iter().filter(is_unsafe).cloned().collect::<Vec<_>>());
    let forbidden: Vec<&str> =
        SAFE_SYSCTLS.into_iter().map(|(name, _)| name).filter(|name| !matches(name)).collect();
    if !forbidden.is_empty() {
        piece.set("forbiddenSysctls", forbidden);
    }
    piece.differs(
        "sysctls[].name",
        "a name spelt with `/` rejected",
        "read as the same name with `.`",
        "the kubelet reads both as one sysctl",
    );
    Some(())
}

/// Names without wildcards.
fn plain(values: &Values) -> bool {
    values.ranges.is_empty() && !values.has_wildcards()
}

fn without_zero(ranges: &[(i64, i64)]) -> Vec<(i64, i64)> {
    ranges.iter().map(|(min, max)| ((*min).max(1), *max)).filter(|(min, max)| min <= max).collect()
}

/// Ranges as settings write them.
fn ranges(values: &Values, max: i64) -> Option<Value> {
    let given = values.texts.is_empty() && !values.ranges.is_empty();
    let list = values.ranges.iter().map(|(low, high)| json!({"min": (*low).max(0), "max": (*high).min(max)}));
    given.then(|| list.collect())
}

/// A strategy for the groups of a pod.
fn groups(field: &str, absent: bool, values: &Values, piece: &mut Piece) -> Option<()> {
    let rule = if absent { "MayRunAs" } else { "MustRunAs" };
    piece.set(field, json!({"rule": rule, "ranges": ranges(values, MAX_ID)?}));
    if !absent {
        set_by_author(field, piece);
    }
    Some(())
}

/// A strategy for an id that pods may have and containers may override.
fn ids(field: &str, absent: bool, pair: bool, values: &Values, piece: &mut Piece) -> Option<()> {
    let rule = if absent { "MayRunAs" } else { "MustRunAs" };
    piece.set(field, json!({"rule": rule, "ranges": ranges(values, MAX_ID)?}));
    let was = if pair {
        "demanded of the pod and of each container"
    } else {
        "demanded of each container's own field"
    };
    piece.differs(
        field,
        was,
        "demanded of the id that a container runs with",
        "containers without one have that of the pod",
    );
    Some(())
}

/// Notes the differences of a field that must be set and that settings could fill in.
fn set_by_author(field: &str, piece: &mut Piece) {
    piece.differs(field, "demanded of pods for Windows as well", "not demanded of them", WINDOWS);
    if piece.reach.workloads {
        piece.differs(
            field,
            "workloads without it rejected",
            "admitted, their pods rejected",
            "templates are judged with the defaults that a mutating registration would fill in",
        );
    }
}

fn demanded(field: &str, piece: &mut Piece) {
    piece.differs(field, "unset admitted", "rejected", "unset means the opposite of what is demanded");
}

fn overridden(field: &str, value: &str, piece: &mut Piece) {
    piece.differs(
        field,
        format!("a pod with {value} admitted where all containers override it"),
        "rejected",
        "the Pod Security Standards look at the pod and at each container",
    );
}

fn both_places(field: &str, scope: Scope, pair: bool, piece: &mut Piece) {
    let (other, is_stricter) = match scope {
        Scope::Pod => ("containers", !pair),
        _ => ("the pod", !pair),
    };
    if is_stricter {
        piece.differs(
            field,
            format!("not looked at in {other}"),
            "looked at in the pod and in all containers",
            "both decide what a container runs with",
        );
    }
}

/// Notes the fields of SELinux that the policy leaves alone and the check does not.
fn se_linux(fields: &[&str], whole: &[Fact], piece: &mut Piece) {
    for field in fields {
        let is_checked =
            whole.iter().any(|fact| fact.path == format!("securityContext.seLinuxOptions.{field}"));
        if !is_checked {
            piece.differs(
                &format!("seLinuxOptions.{field}"),
                "not looked at",
                "judged as the Pod Security Standards do",
                "one check judges type, user and role",
            );
        }
    }
}

/// Notes how demands for drops differ.
fn drops(name: &str, prefixed: bool, folded: bool, piece: &mut Piece) {
    if folded {
        piece.differs(
            "capabilities.drop",
            "names in any letter case accepted",
            "only as Kubernetes spells them",
            "runtimes need not know other spellings",
        );
    }
    if prefixed {
        piece.differs(
            "capabilities.drop",
            format!("`CAP_{name}` accepted"),
            format!("only `{name}`"),
            "runtimes drop nothing for a name with `CAP_`",
        );
    }
    if name != "ALL" {
        piece.differs(
            "capabilities.drop",
            "`ALL` alone not accepted",
            "accepted",
            format!("dropping all capabilities drops {name}"),
        );
    }
}

/// What the published policies demand of fields, for the message about an edited one.
const PUBLISHED: &[(&str, &str, &str)] = &[
    ("hostNetwork", "disallow-host-namespaces", "`false`, or not set"),
    ("hostPID", "disallow-host-namespaces", "`false`, or not set"),
    ("hostIPC", "disallow-host-namespaces", "`false`, or not set"),
    ("volumes[].hostPath", "disallow-host-path", "not set"),
    ("volumes[].keys", "restrict-volume-types", "a list of types"),
    ("volumes[].hostPath.path", "limit-hostpath-vols", "a first folder"),
    ("runtimeClassName", "restrict-runtimeclass", "a list of names"),
    ("ports[].hostPort", "disallow-host-ports-range", "ranges, or not set"),
    ("securityContext.privileged", "disallow-privileged-containers", "`false`, or not set"),
    ("securityContext.allowPrivilegeEscalation", "disallow-privilege-escalation", "`false`"),
    ("securityContext.capabilities.add", "disallow-capabilities", "a list of names"),
    ("securityContext.capabilities.drop", "disallow-capabilities-strict", "`ALL`"),
    ("securityContext.procMount", "disallow-proc-mount", "`Default`, or not set"),
    ("securityContext.readOnlyRootFilesystem", "require-ro-rootfs", "`true`"),
    ("securityContext.runAsNonRoot", "require-run-as-nonroot", "`true` in the pod, or in each container"),
    ("securityContext.runAsUser", "require-run-as-non-root-user", "more than 0, or not set"),
    ("securityContext.runAsGroup", "require-non-root-groups", "more than 0 in the pod, or in each container"),
    ("securityContext.fsGroup", "require-non-root-groups", "more than 0, or not set"),
    ("securityContext.supplementalGroups", "psp-check-supplemental-groups", "ranges, or not set"),
    ("securityContext.seccompProfile.type", "restrict-seccomp", "`RuntimeDefault` or `Localhost`"),
    ("securityContext.seLinuxOptions.type", "disallow-selinux", "the three types for containers, or not set"),
    ("securityContext.seLinuxOptions.user", "disallow-selinux", "not set"),
    ("securityContext.seLinuxOptions.role", "disallow-selinux", "not set"),
    ("securityContext.sysctls[].name", "restrict-sysctls", "a list of names"),
    ("securityContext.windowsOptions.hostProcess", "disallow-host-process", "`false`, or not set"),
    (APP_ARMOR, "restrict-apparmor-profiles", "`runtime/default` or `localhost/*`"),
];

/// Why a fact cannot be said in settings.
fn refusal(fact: &Fact) -> String {
    let scope = match fact.scope {
        Scope::Pod => "in the pod".to_owned(),
        Scope::Containers(Lists::ALL) => "in all containers".to_owned(),
        Scope::Containers(lists) => format!("in containers other than {}", lists.missing().join(" and ")),
        Scope::Inherited(_) => "in the pod or in each container".to_owned(),
    };
    let nearest = PUBLISHED.iter().find(|(path, ..)| *path == fact.path);
    match nearest {
        Some((_, name, demand)) => {
            format!("{fact} {scope}, which settings cannot say: {name} demands {demand}")
        }
        None => format!("{fact} {scope}, which settings cannot say"),
    }
}
