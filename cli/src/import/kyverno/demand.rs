//! From what a rule checks to what settings demand.

mod containers;
mod levels;
mod notes;
mod published;
mod restrict;
mod values;

use pod_security_policy::pod::VOLUME_TYPES;
use serde_json::{Value, json};

use super::fact::{Fact, Scope, Test, Values};
use super::pattern::APP_ARMOR;
use crate::import::piece::Piece;
use containers::of_container;
use levels::{BASELINE, BASELINE_WITH_ENGINES, RESTRICTED};
use notes::{both_places, overridden, se_linux, set_by_author};
use published::refusal;
use restrict::{annotate, restrict};
use values::{MAX_ID, plain, ranges, volume_type};

pub(super) use values::sysctls;

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
            restrict(piece, path, false)?;
        }
        (Scope::Pod, "runtimeClassName", Test::In(values)) => {
            (*absent && plain(values)).then_some(())?;
            restrict(piece, "runtimeClass", json!({"allowedRuntimeClassNames": values.texts}))?;
        }
        (Scope::Pod, "volumes[].hostPath", Test::Absent) => {
            let types = VOLUME_TYPES.iter().filter(|kind| !["*", "hostPath"].contains(kind));
            restrict(piece, "volumes", types.copied().collect::<Vec<_>>())?;
            piece.differs(
                "volumes[].hostPath",
                "volumes of types that this version does not know admitted",
                "rejected",
                "settings list the types that are allowed",
            );
        }
        (Scope::Pod, "volumes[].keys", Test::In(values)) => {
            (*absent && plain(values)).then_some(())?;
            restrict(piece, "volumes", values.texts.iter().map(|key| volume_type(key)).collect::<Vec<_>>())?;
        }
        (Scope::Pod, "volumes[].hostPath.path", Test::FirstFolder(folder)) => {
            restrict(piece, "allowedHostPaths", json!([{"pathPrefix": format!("/{folder}")}]))?;
            piece.differs(
                "volumes[].hostPath.path",
                "paths with `..` or `//` judged by their text",
                "`..` rejected, `//` read as `/`",
                "a path with `..` leads out of its folder",
            );
        }
        (Scope::Containers(_), "volumeMounts[].readOnly", Test::ReadOnlyMounts) => {
            restrict(piece, "allowedHostPaths", json!([{"pathPrefix": "/", "readOnly": true}]))?;
            piece.differs(
                "volumes[].hostPath",
                "any path admitted",
                "paths with `..`, and paths that do not start with `/`, rejected",
                "the prefix `/` stands for all others",
            );
        }
        (Scope::Pod, "supplementalGroups", Test::In(values)) => {
            groups("supplementalGroups", *absent, values, piece)?;
        }
        (Scope::Pod, "fsGroup", Test::In(values)) => groups("fsGroup", *absent, values, piece)?,
        (Scope::Pod, "sysctls[].name", Test::In(values)) => {
            (*absent && values.ranges.is_empty()).then_some(())?;
            sysctls(&values.texts, piece)?;
        }
        (Scope::Pod, "runAsUser" | "runAsGroup", Test::In(values)) if !pair => {
            (!absent).then_some(())?;
            restrict(piece, path, json!({"rule": "MustRunAs", "ranges": ranges(values, MAX_ID)?}))?;
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
            restrict(piece, path, json!({"rule": "MustRunAs", "ranges": ranges(values, MAX_ID)?}))?;
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
                annotate(piece, SECCOMP, "runtime/default")?;
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
                annotate(piece, SECCOMP, Value::Null)?;
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
            restrict(piece, "windowsOptions", json!({"hostProcess": false}))?;
            both_places(path, *scope, pair, piece);
        }
        (Scope::Pod | Scope::Containers(_), "windowsOptions.runAsUserName", Test::In(values)) => {
            (*absent && plain(values)).then_some(())?;
            restrict(piece, "windowsOptions", json!({"runAsUserNames": values.texts, "hostProcess": true}))?;
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

const SECCOMP: &str = "seccomp.security.alpha.kubernetes.io/allowedProfileNames";

/// A strategy for the groups of a pod.
fn groups(field: &str, absent: bool, values: &Values, piece: &mut Piece) -> Option<()> {
    let rule = if absent { "MayRunAs" } else { "MustRunAs" };
    restrict(piece, field, json!({"rule": rule, "ranges": ranges(values, MAX_ID)?}))?;
    if !absent {
        set_by_author(field, piece);
    }
    Some(())
}

/// A strategy for an id that pods may have and containers may override.
fn ids(field: &str, absent: bool, pair: bool, values: &Values, piece: &mut Piece) -> Option<()> {
    let rule = if absent { "MayRunAs" } else { "MustRunAs" };
    restrict(piece, field, json!({"rule": rule, "ranges": ranges(values, MAX_ID)?}))?;
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
