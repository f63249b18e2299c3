//! Every module with several settings, on every pod of the corpus: the settings admit what the module's documentation says.

use serde_json::{Value, json};

use super::super::testing::{Effect, effect_by, pods, registered};
use super::tests::registration;
use super::*;

/// All containers of a pod, without the ephemeral ones.
fn containers(spec: &Value) -> impl Iterator<Item = &Value> {
    ["initContainers", "containers"].into_iter().filter_map(|list| spec.get(list)?.as_array()).flatten()
}

fn contexts(spec: &Value) -> impl Iterator<Item = &Value> {
    containers(spec).map(|container| container.get("securityContext").unwrap_or(&Value::Null))
}

fn texts<'v>(value: &'v Value, path: &str) -> Vec<&'v str> {
    value.pointer(path).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

fn volumes(spec: &Value) -> impl Iterator<Item = &Value> {
    spec.get("volumes").and_then(Value::as_array).into_iter().flatten()
}

fn within(ranges: &Value, id: i64) -> bool {
    let bound = |range: &Value, end: &str| range.get(end).and_then(Value::as_i64).unwrap();
    ranges.as_array().unwrap().iter().any(|range| (bound(range, "min")..=bound(range, "max")).contains(&id))
}

/// Whether an id that is given is outside of the ranges.
fn is_outside(strategy: &Value, id: Option<i64>) -> bool {
    ["MustRunAs", "MayRunAs"].contains(&strategy["rule"].as_str().unwrap())
        && id.is_some_and(|id| !within(&strategy["ranges"], id))
}

/// Whether the module rejects a pod, by its documentation; what it fills in counts as admitted.
fn rejects(module: &str, settings: &Value, spec: &Value) -> bool {
    let flag = |key: &str| settings.get(key) == Some(&Value::Bool(true));
    let says = |value: &Value, field: &str| value.get(field) == Some(&Value::Bool(true));
    match module {
        "pod-privileged" => contexts(spec).any(|context| says(context, "privileged")),
        // The API server rejects what the module would write into containers that can escalate anyway.
        "allow-privilege-escalation-psp" => contexts(spec).any(|context| {
            let strong =
                says(context, "privileged") || texts(context, "/capabilities/add").contains(&"CAP_SYS_ADMIN");
            says(context, "allowPrivilegeEscalation") || strong
        }),
        "host-namespaces-psp" => {
            let denied = [
                ("hostIPC", "allow_host_ipc"),
                ("hostPID", "allow_host_pid"),
                ("hostNetwork", "allow_host_network"),
            ];
            let ports = containers(spec).filter_map(|container| container.get("ports")?.as_array()).flatten();
            let mut ports = ports.filter_map(|port| port.get("hostPort")?.as_i64()).filter(|port| *port != 0);
            let allowed = settings.get("allow_host_ports").cloned().unwrap_or_else(|| json!([]));
            denied.iter().any(|(field, key)| says(spec, field) && !flag(key))
                || ports.any(|port| !within(&allowed, port))
        }
        "volumes-psp" => {
            let allowed = texts(settings, "/allowedTypes");
            let kind =
                |volume: &Value| volume.as_object().unwrap().keys().find(|key| *key != "name").cloned();
            let is_allowed = |kind: &str| allowed.contains(&"*") || allowed.contains(&kind);
            volumes(spec).any(|volume| !is_allowed(&kind(volume).unwrap_or_else(|| "emptyDir".to_owned())))
        }
        "flexvolume-drivers-psp" => {
            let drivers: Vec<&Value> =
                settings["allowedFlexVolumes"].as_array().unwrap().iter().map(|one| &one["driver"]).collect();
            volumes(spec)
                .filter_map(|volume| volume.get("flexVolume"))
                .any(|flex| !drivers.contains(&&flex["driver"]))
        }
        "capabilities-psp" => {
            let allowed = texts(settings, "/allowed_capabilities");
            let is_allowed = |name: &&str| allowed.contains(&"*") || allowed.contains(name);
            contexts(spec).any(|context| !texts(context, "/capabilities/add").iter().all(&is_allowed))
        }
        "readonly-root-filesystem-psp" => {
            !contexts(spec).all(|context| says(context, "readOnlyRootFilesystem"))
        }
        "allowed-proc-mount-types-psp" => {
            let is_unmasked =
                |context: &Value| context.get("procMount").is_some_and(|kind| kind == "Unmasked");
            !flag("allow_unmasked_proc_mount_type") && contexts(spec).any(is_unmasked)
        }
        "allowed-fsgroups-psp" => {
            is_outside(settings, spec.pointer("/securityContext/fsGroup").and_then(Value::as_i64))
        }
        "sysctl-psp" => {
            let sysctls =
                spec.pointer("/securityContext/sysctls").and_then(Value::as_array).into_iter().flatten();
            let matches = |list: &str, name: &str| {
                texts(settings, list).iter().any(|pattern| match pattern.strip_suffix('*') {
                    Some(start) => name.starts_with(start),
                    None => *pattern == name,
                })
            };
            let safe = [
                "kernel.shm_rmid_forced",
                "net.ipv4.ip_local_port_range",
                "net.ipv4.tcp_syncookies",
                "net.ipv4.ping_group_range",
            ];
            sysctls.filter_map(|sysctl| sysctl.get("name")?.as_str()).map(|name| name.replace('/', ".")).any(
                |name| {
                    let allowed = matches("/allowedUnsafeSysctls", &name);
                    !allowed && (matches("/forbiddenSysctls", &name) || !safe.contains(&&*name))
                },
            )
        }
        "user-group-psp" => {
            // Containers inherit what the pod says, which the module does not look at; the summary says so.
            let effective = |context: &Value, field: &str| {
                let own = context.get(field).filter(|value| !value.is_null());
                own.or_else(|| spec.get("securityContext")?.get(field))
                    .filter(|value| !value.is_null())
                    .cloned()
            };
            let any = json!({"rule": "RunAsAny"});
            let of = |key: &str| settings.get(key).unwrap_or(&any).clone();
            let (user, group, groups) = (of("run_as_user"), of("run_as_group"), of("supplemental_groups"));
            let non_root = user["rule"] == "MustRunAsNonRoot";
            let supplemental = spec.pointer("/securityContext/supplementalGroups").and_then(Value::as_array);
            let mut supplemental = supplemental.into_iter().flatten().filter_map(Value::as_i64);
            supplemental.any(|id| is_outside(&groups, Some(id)))
                || contexts(spec).any(|context| {
                    let uid = effective(context, "runAsUser").and_then(|id| id.as_i64());
                    let gid = effective(context, "runAsGroup").and_then(|id| id.as_i64());
                    let is_root = uid == Some(0) || effective(context, "runAsNonRoot") == Some(false.into());
                    is_outside(&user, uid) || is_outside(&group, gid) || (non_root && is_root)
                })
        }
        other => panic!("{other} has no documentation here"),
    }
}

/// Modules, whether they write, and their settings.
fn policies() -> Vec<(&'static str, bool, Value)> {
    let ranges = |min: i64, max: i64| json!([{"min": min, "max": max}]);
    let strategy = |rule: &str, min: i64, max: i64| json!({"rule": rule, "ranges": ranges(min, max)});
    let mut policies = vec![
        ("pod-privileged", false, json!({})),
        ("allow-privilege-escalation-psp", true, json!({"default_allow_privilege_escalation": false})),
        ("readonly-root-filesystem-psp", false, json!({})),
        ("readonly-root-filesystem-psp", true, json!(null)),
        ("allowed-proc-mount-types-psp", false, json!({})),
        ("allowed-proc-mount-types-psp", false, json!({"allow_unmasked_proc_mount_type": true})),
        ("flexvolume-drivers-psp", false, json!({"allowedFlexVolumes": []})),
        (
            "flexvolume-drivers-psp",
            false,
            json!({"allowedFlexVolumes": [{"driver": "example/lvm"}, {"driver": "a"}]}),
        ),
        ("user-group-psp", true, json!({"run_as_user": {"rule": "MustRunAsNonRoot"}})),
        ("allowed-fsgroups-psp", true, json!({"rule": "RunAsAny"})),
    ];
    for names in [&[][..], &["CHOWN"], &["NET_BIND_SERVICE", "SYS_ADMIN"], &["*"]] {
        policies.push(("capabilities-psp", false, json!({"allowed_capabilities": names})));
    }
    policies.push((
        "capabilities-psp",
        true,
        json!({"allowed_capabilities": ["CHOWN"], "required_drop_capabilities": ["NET_RAW"]}),
    ));
    for (ipc, network, pid) in
        [(false, false, false), (true, false, false), (false, true, true), (true, true, true)]
    {
        for ports in [json!([]), ranges(1, 65535), ranges(5000, 6000)] {
            let settings = json!({"allow_host_ipc": ipc, "allow_host_network": network, "allow_host_pid": pid, "allow_host_ports": ports});
            policies.push(("host-namespaces-psp", false, settings));
        }
    }
    for types in
        [&["*"][..], &["configMap", "emptyDir", "projected", "secret"], &["hostPath"], &["nfs", "emptyDir"]]
    {
        policies.push(("volumes-psp", false, json!({"allowedTypes": types})));
    }
    for (min, max) in [(1, 100), (1000, 2000), (100, 65535)] {
        policies.push(("allowed-fsgroups-psp", true, strategy("MustRunAs", min, max)));
        policies.push(("allowed-fsgroups-psp", true, strategy("MayRunAs", min, max)));
        policies.push(("user-group-psp", true, json!({"run_as_user": strategy("MustRunAs", min, max)})));
        policies.push(("user-group-psp", true, json!({"run_as_group": strategy("MayRunAs", min, max)})));
        policies.push((
            "user-group-psp",
            true,
            json!({"supplemental_groups": strategy("MayRunAs", min, max)}),
        ));
    }
    for (forbidden, allowed) in [
        (&[][..], &[][..]),
        (&["kernel.*"], &["kernel.msgmax"]),
        (&["net.*"], &[]),
        (&["*"], &[]),
        (&[], &["net.core.somaxconn"]),
    ] {
        policies.push((
            "sysctl-psp",
            false,
            json!({"forbiddenSysctls": forbidden, "allowedUnsafeSysctls": allowed}),
        ));
    }
    policies
}

#[test]
fn modules_reject_what_their_documentation_says() {
    let (policies, mut pods) = (policies(), pods());
    // The API server refuses such a path.
    pods.remove("paths/path-upwards");
    assert!(policies.len() >= 40 && pods.len() >= 200, "{} policies, {} pods", policies.len(), pods.len());
    let mut differing = Vec::new();
    for (module, mutating, settings) in &policies {
        let findings = read(&[registration(module, *mutating, settings)], &Surroundings::default());
        assert!(findings.refused.is_empty(), "{module} {settings}: {:?}", findings.refused);
        let registered = (!findings.pieces.is_empty()).then(|| registered(&findings.pieces));
        for (name, spec) in &pods {
            let effect = registered.as_ref().map(|registered| effect_by(registered, spec));
            let is_rejected = effect == Some(Effect::Rejected);
            if is_rejected != rejects(module, settings, spec) {
                differing.push(format!("{module} {settings} rejects {name}: {is_rejected}"));
            }
        }
    }
    assert_eq!(differing, KNOWN);
}

/// The difference that a warning of the conversion says.
const KNOWN: [&str; 1] =
    [r#"flexvolume-drivers-psp {"allowedFlexVolumes":[]} rejects volumes/unknown: true"#];
