//! Worst-case requests: one list, one map or one text takes all the room.
//!
//! The author of a pod chooses the length of these. A policy whose time is more than linear in any of them, or that
//! needs many times the memory, is an outage that a tenant can cause. `policy-host worst` has a table of the costs, and
//! a test doubles each of them.

use std::fmt::Write as _;

use serde_json::{Value, json};

/// A request whose size can be chosen.
#[derive(Clone, Copy, Debug)]
pub struct WorstCase {
    /// The repeated element.
    pub name: &'static str,
    build: fn(usize) -> Case,
}

/// Cases in which a policy does more for each element.
const MORE: &[(&str, usize)] = &[("exemptions", 2), ("sysctls", 2), ("capabilities", 3)];

/// The request and the settings.
#[derive(Debug, Default)]
struct Case {
    settings: Value,
    /// Group and kind; a Pod if empty.
    kind: (&'static str, &'static str),
    sub_resource: &'static str,
    object: String,
    /// Makes an update of it.
    old_object: Option<String>,
}

impl WorstCase {
    /// Every case.
    pub const ALL: &[Self] = &[
        Self { name: "containers, mutated", build: containers_mutated },
        Self { name: "containers as stored, mutated", build: containers_as_stored },
        Self { name: "empty containers, mutated", build: empty_containers },
        Self { name: "containers, refused by 4 policies", build: containers_refused },
        Self { name: "containers, updated, 4 policies", build: containers_updated },
        Self { name: "containers, mutated by 4 policies", build: containers_mutated_by_many },
        Self { name: "containers, 5 exemptions × 4 policies", build: exemptions },
        Self { name: "containers, all standards", build: standards },
        Self { name: "ephemeral containers", build: ephemeral_containers },
        Self { name: "volumes × mounts", build: volumes_and_mounts },
        Self { name: "volumes and mounts of one name", build: volumes_of_one_name },
        Self { name: "volumes, refused", build: volumes_refused },
        Self { name: "empty volumes", build: empty_volumes },
        Self { name: "empty mounts", build: empty_mounts },
        Self { name: "CSI volumes", build: csi_volumes },
        Self { name: "projected sources", build: projected_sources },
        Self { name: "signers of projected sources", build: signers },
        Self { name: "users of Windows containers", build: windows_users },
        Self { name: "claims of a StatefulSet", build: claims },
        Self { name: "slashes in a host path", build: slashes },
        Self { name: "annotations × containers", build: annotations },
        Self { name: "annotations, updated", build: annotations_updated },
        Self { name: "annotations, standards", build: annotations_of_standards },
        Self { name: "sysctls × patterns", build: sysctls },
        Self { name: "groups × ranges", build: groups },
        Self { name: "capabilities", build: capabilities },
        Self { name: "host ports × ranges", build: host_ports },
        Self { name: "environment", build: environment },
        Self { name: "tolerations", build: tolerations },
        Self { name: "unknown fields", build: unknown_fields },
        Self { name: "unknown fields, updated", build: unknown_fields_updated },
        Self { name: "unknown fields, denied", build: unknown_fields_denied },
        Self { name: "empty containers, unknown fields denied", build: empty_containers_denied },
        Self { name: "unknown fields, denied, updated", build: unknown_fields_denied_updated },
        Self { name: "nesting", build: nesting },
        Self { name: "escapes", build: escapes },
        Self { name: "duplicate keys", build: keys_twice },
        Self { name: "labels, updated", build: labels },
        Self { name: "templates", build: templates },
        Self { name: "labels of a Namespace", build: labels_of_a_namespace },
    ];

    /// How many policies evaluate it.
    #[must_use]
    pub fn policies(self) -> usize {
        (self.build)(0).settings.get("policies").and_then(Value::as_array).map_or(1, Vec::len)
    }

    /// How many times the work of one policy may be done: once for each policy, and more where long lists of the
    /// settings are searched for each element, or a pod is evaluated for each exemption.
    #[must_use]
    pub fn allowance(self) -> usize {
        let more = MORE.iter().find(|(name, _)| self.name.contains(name)).map_or(1, |(_, more)| *more);
        self.policies() * more
    }

    /// The payload of a policy's `validate`, of about so many bytes.
    #[must_use]
    pub fn payload(self, bytes: usize) -> Vec<u8> {
        let Case { settings, kind: (group, kind), sub_resource, object, old_object } = (self.build)(bytes);
        let kind =
            json!({"group": group, "kind": if kind.is_empty() { "Pod" } else { kind }, "version": "v1"});
        let operation = if old_object.is_some() { "UPDATE" } else { "CREATE" };
        let old = old_object.map(|old| format!(r#""oldObject":{old},"#)).unwrap_or_default();
        format!(
            r#"{{"request":{{"kind":{kind},"namespace":"shop","object":{object},{old}"operation":"{operation}","subResource":"{sub_resource}","uid":"1","userInfo":{{"groups":["system:authenticated"],"username":"alice"}}}},"settings":{settings}}}"#
        )
        .into_bytes()
    }
}

/// As many elements as fit in so many bytes, with commas between them.
fn many(bytes: usize, mut element: impl FnMut(usize, &mut String)) -> String {
    let mut text = String::with_capacity(bytes + 256);
    for index in 0.. {
        if text.len() >= bytes {
            break;
        }
        if index > 0 {
            text.push(',');
        }
        element(index, &mut text);
    }
    text
}

/// Formats into a String, which cannot fail.
macro_rules! put {
    ($text:expr, $($format:tt)+) => {{
        let _ = write!($text, $($format)+);
    }};
}

fn pod(spec: &str) -> String {
    pod_with("", spec)
}

fn pod_with(metadata: &str, spec: &str) -> String {
    format!(r#"{{"apiVersion":"v1","kind":"Pod","metadata":{{{metadata}}},"spec":{{{spec}}}}}"#)
}

fn container(security_context: &str) -> String {
    format!(r#""containers":[{{"image":"i","name":"c","securityContext":{security_context}}}]"#)
}

/// A policy that allows everything, changed.
fn spec(changes: &Value) -> Value {
    let any = json!({"rule": "RunAsAny"});
    let mut spec = json!({
        "privileged": true, "allowPrivilegeEscalation": true, "allowedCapabilities": ["*"], "hostNetwork": true,
        "volumes": ["*"], "runAsUser": any, "seLinux": any, "supplementalGroups": any, "fsGroup": any,
        "hostPorts": [{"min": 0, "max": 65535}], "allowedUnsafeSysctls": ["*"],
    });
    if let (Some(spec), Some(changes)) = (spec.as_object_mut(), changes.as_object()) {
        spec.extend(changes.clone());
    }
    spec
}

/// A policy with every possible default.
fn filling() -> Value {
    let ids = json!({"rule": "MustRunAs", "ranges": [{"min": 1000, "max": 2000}]});
    spec(&json!({
        "privileged": false, "allowPrivilegeEscalation": false, "defaultAllowPrivilegeEscalation": false,
        "readOnlyRootFilesystem": true, "requiredDropCapabilities": ["NET_RAW", "SYS_ADMIN"], "allowedCapabilities": ["CHOWN"],
        "defaultAddCapabilities": ["CHOWN"], "runAsUser": ids, "runAsGroup": ids, "supplementalGroups": ids, "fsGroup": ids,
        "seLinux": {"rule": "MustRunAs", "seLinuxOptions": {"level": "s0:c123,c456", "role": "r", "type": "t", "user": "u"}},
        "annotations": {
            "apparmor.security.beta.kubernetes.io/defaultProfileName": "runtime/default",
            "apparmor.security.beta.kubernetes.io/allowedProfileNames": "runtime/default",
            "seccomp.security.alpha.kubernetes.io/defaultProfileName": "runtime/default",
            "seccomp.security.alpha.kubernetes.io/allowedProfileNames": "runtime/default",
        },
    }))
}

/// So many policies, all different.
fn policies(count: usize, spec: &Value) -> Value {
    let policies = (0..count).map(|nth| {
        let mut spec = spec.clone();
        let annotations = spec.as_object_mut().and_then(|spec| spec.remove("annotations"));
        if let Some(spec) = spec.as_object_mut() {
            spec.insert(
                "allowedFlexVolumes".to_owned(),
                json!([{"driver": format!("example.com/driver-{nth}")}]),
            );
        }
        json!({"metadata": {"name": format!("policy-{nth:03}"), "annotations": annotations}, "spec": spec})
    });
    json!({"policies": policies.collect::<Vec<_>>(), "authorization": "None"})
}

fn named_containers(bytes: usize) -> String {
    many(bytes, |index, text| put!(text, r#"{{"image":"registry.example/web:{index}","name":"c{index}"}}"#))
}

fn containers_mutated(bytes: usize) -> Case {
    let object = pod(&format!(r#""containers":[{}]"#, named_containers(bytes)));
    Case { settings: filling(), object, ..Case::default() }
}

/// With the defaults that the API server gives them before any policy sees them.
fn containers_as_stored(bytes: usize) -> Case {
    let containers = many(bytes, |index, text| {
        put!(
            text,
            r#"{{"image":"i","imagePullPolicy":"Always","name":"c{index}","resources":{{}},"terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File"}}"#
        );
    });
    Case { settings: filling(), object: pod(&format!(r#""containers":[{containers}]"#)), ..Case::default() }
}

fn empty_containers(bytes: usize) -> Case {
    let containers = many(bytes, |_, text| text.push_str("{}"));
    Case { settings: filling(), object: pod(&format!(r#""containers":[{containers}]"#)), ..Case::default() }
}

fn refused_containers(bytes: usize) -> String {
    many(bytes, |index, text| put!(text, r#"{{"name":"c{index}","securityContext":{{"privileged":true}}}}"#))
}

fn containers_refused(bytes: usize) -> Case {
    let object = pod(&format!(r#""initContainers":[{}]"#, refused_containers(bytes)));
    Case { settings: policies(4, &filling()), object, ..Case::default() }
}

fn containers_updated(bytes: usize) -> Case {
    let containers = named_containers(bytes / 2);
    let object = |more| {
        pod(&format!(r#""activeDeadlineSeconds":{more},"containers":[{containers}],"hostname":"h{more}""#))
    };
    Case {
        settings: policies(4, &filling()),
        object: object(1),
        old_object: Some(object(2)),
        ..Case::default()
    }
}

fn containers_mutated_by_many(bytes: usize) -> Case {
    let mut refused = filling();
    if let Some(refused) = refused.as_object_mut() {
        refused.insert("hostNetwork".to_owned(), json!(false));
    }
    let object = pod(&format!(r#""containers":[{}],"hostNetwork":true"#, named_containers(bytes)));
    Case { settings: policies(4, &refused), object, ..Case::default() }
}

fn exemptions(bytes: usize) -> Case {
    let mut settings = policies(4, &filling());
    let exemptions = (0..5).map(|nth| {
        let images = [format!("registry.example/web:{nth}"), format!("registry-{nth}.example/*")];
        json!({
            "name": format!("e{nth}"), "reason": "r", "match": {"namespaces": ["shop"], "images": images},
            "rules": ["privileged", "readOnlyRootFilesystem"],
        })
    });
    if let Some(settings) = settings.as_object_mut() {
        settings.insert("exemptions".to_owned(), exemptions.collect());
    }
    let containers = many(bytes, |index, text| {
        let image = index % 7;
        put!(
            text,
            r#"{{"image":"registry-{image}.example/web","name":"c{index}","securityContext":{{"privileged":true}}}}"#
        );
    });
    Case { settings, object: pod(&format!(r#""containers":[{containers}]"#)), ..Case::default() }
}

fn all_standards() -> Value {
    json!({"podSecurityStandards": {"enforce": "restricted", "warn": "restricted:v1.18", "audit": "baseline:v1.18"}})
}

fn standards(bytes: usize) -> Case {
    let object = pod(&format!(r#""containers":[{}]"#, refused_containers(bytes)));
    Case { settings: all_standards(), object, ..Case::default() }
}

/// Half of them are new, and each mounts a volume.
fn ephemeral_containers(bytes: usize) -> Case {
    let containers = |prefix: &str, bytes| {
        many(bytes, |index, text| {
            put!(
                text,
                r#"{{"name":"{prefix}{index}","volumeMounts":[{{"mountPath":"/v","name":"v{index}"}}]}}"#
            );
        })
    };
    let volumes = many(bytes / 12, |index, text| put!(text, r#"{{"emptyDir":{{}},"name":"v{index}"}}"#));
    let (old, new) = (containers("old", bytes / 4), containers("new", bytes / 4));
    let object = |ephemeral: &str| {
        pod(&format!(
            r#""containers":[{{"name":"c"}}],"ephemeralContainers":[{ephemeral}],"volumes":[{volumes}]"#
        ))
    };
    Case {
        settings: policies(4, &filling()),
        sub_resource: "ephemeralcontainers",
        object: object(&format!("{old},{new}")),
        old_object: Some(object(&old)),
        ..Case::default()
    }
}

/// Policies whose rule about host paths checks every mount.
fn host_paths() -> Value {
    let prefixes: Vec<_> =
        (0..20).map(|nth| json!({"pathPrefix": format!("/var/log/{nth}"), "readOnly": true})).collect();
    policies(4, &spec(&json!({"allowedHostPaths": prefixes})))
}

fn volumes_and_mounts(bytes: usize) -> Case {
    let volumes = many(bytes / 2, |index, text| {
        put!(text, r#"{{"hostPath":{{"path":"/var/log/{}/{index}"}},"name":"v{index}"}}"#, index % 20);
    });
    let mounts = many(bytes / 2, |index, text| {
        if index > 0 && index % 4 == 0 {
            text.truncate(text.len() - 1);
            text.push_str(r#"]},{"volumeMounts":["#);
        }
        put!(text, r#"{{"mountPath":"/v","name":"v{index}"}}"#);
    });
    let object = pod(&format!(r#""containers":[{{"volumeMounts":[{mounts}]}}],"volumes":[{volumes}]"#));
    Case { settings: host_paths(), object, ..Case::default() }
}

fn volumes_of_one_name(bytes: usize) -> Case {
    let volumes = many(bytes / 2, |_, text| text.push_str(r#"{"hostPath":{"path":"/"},"name":"v"}"#));
    let mounts = many(bytes / 2, |_, text| text.push_str(r#"{"name":"v"}"#));
    let object = pod(&format!(r#""containers":[{{"volumeMounts":[{mounts}]}}],"volumes":[{volumes}]"#));
    Case { settings: host_paths(), object, ..Case::default() }
}

fn volumes_refused(bytes: usize) -> Case {
    let volumes = many(bytes, |index, text| put!(text, r#"{{"moonDisk":{{}},"name":"v{index}"}}"#));
    let mut settings = policies(4, &spec(&json!({"volumes": ["emptyDir", "secret"]})));
    if let Some(settings) = settings.as_object_mut() {
        settings.insert("podSecurityStandards".to_owned(), json!({"enforce": "restricted"}));
    }
    Case { settings, object: pod(&format!(r#""containers":[],"volumes":[{volumes}]"#)), ..Case::default() }
}

fn empty_volumes(bytes: usize) -> Case {
    let volumes = many(bytes, |_, text| text.push_str("{}"));
    Case {
        settings: filling(),
        object: pod(&format!(r#""containers":[],"volumes":[{volumes}]"#)),
        ..Case::default()
    }
}

fn empty_mounts(bytes: usize) -> Case {
    let mounts = many(bytes, |_, text| text.push_str("{}"));
    let object = pod(&format!(r#""containers":[{{"volumeMounts":[{mounts}]}}]"#));
    Case { settings: host_paths(), object, ..Case::default() }
}

fn csi_volumes(bytes: usize) -> Case {
    let drivers: Vec<_> = (0..20).map(|nth| json!({"name": format!("driver-{nth}.example")})).collect();
    let volumes = many(bytes, |index, text| {
        put!(text, r#"{{"csi":{{"driver":"driver-{}.example"}},"name":"v{index}"}}"#, index % 21);
    });
    let settings = policies(4, &spec(&json!({"volumes": ["csi"], "allowedCSIDrivers": drivers})));
    Case { settings, object: pod(&format!(r#""containers":[],"volumes":[{volumes}]"#)), ..Case::default() }
}

fn projected_sources(bytes: usize) -> Case {
    let sources = many(bytes, |_, text| text.push_str(r#"{"configMap":{"name":"kube-root-ca.crt"}}"#));
    let volumes =
        format!(r#"{{"name":"v","projected":{{"sources":[{sources},{{"serviceAccountToken":{{}}}}]}}}}"#);
    let settings = policies(4, &spec(&json!({"volumes": ["secret"]})));
    Case { settings, object: pod(&format!(r#""containers":[],"volumes":[{volumes}]"#)), ..Case::default() }
}

fn signers(bytes: usize) -> Case {
    let sources = many(bytes, |index, text| {
        put!(
            text,
            r#"{{"podCertificate":{{"signerName":"a/{index}"}}}},{{"clusterTrustBundle":{{"name":"a:{index}:b"}}}}"#
        );
    });
    let allowed: Vec<String> = (0..10).map(|nth| format!("example.com/signer-{nth}/*")).collect();
    let settings = policies(
        4,
        &spec(&json!({"allowedPodCertificateSigners": allowed, "allowedClusterTrustBundleSigners": allowed})),
    );
    let volumes = format!(r#"{{"name":"v","projected":{{"sources":[{sources}]}}}}"#);
    Case { settings, object: pod(&format!(r#""containers":[],"volumes":[{volumes}]"#)), ..Case::default() }
}

fn windows_users(bytes: usize) -> Case {
    let containers = many(bytes, |index, text| {
        let own = r#"{"windowsOptions":{"runAsUserName":"u","gmsaCredentialSpecName":"g"}}"#;
        put!(text, r#"{{"name":"c{index}","securityContext":{own}}}"#);
    });
    let names: Vec<String> = (0..10).map(|nth| format!("user-{nth}")).collect();
    let options = json!({"runAsUserNames": names, "gmsaCredentialSpecNames": names});
    let settings = policies(4, &spec(&json!({"windowsOptions": options})));
    let object = pod(&format!(r#""os":{{"name":"windows"}},"containers":[{containers}]"#));
    Case { settings, object, ..Case::default() }
}

fn claims(bytes: usize) -> Case {
    let volumes =
        many(bytes / 2, |index, text| put!(text, r#"{{"hostPath":{{"path":"/"}},"name":"v{index}"}}"#));
    let claims =
        many(bytes / 2, |index, text| put!(text, r#"{{"metadata":{{"name":"v{index}"}},"spec":{{}}}}"#));
    let object = format!(
        r#"{{"spec":{{"template":{{"spec":{{"containers":[{{"name":"c"}}],"volumes":[{volumes}]}}}},"volumeClaimTemplates":[{claims}]}}}}"#
    );
    let settings = policies(4, &spec(&json!({"volumes": ["emptyDir"]})));
    Case { settings, kind: ("apps", "StatefulSet"), object, ..Case::default() }
}

fn slashes(bytes: usize) -> Case {
    let path = "/.".repeat(bytes / 2);
    let volumes = format!(r#"{{"hostPath":{{"path":"{path}"}},"name":"v"}}"#);
    Case {
        settings: host_paths(),
        object: pod(&format!(r#""containers":[],"volumes":[{volumes}]"#)),
        ..Case::default()
    }
}

fn profiles(bytes: usize, prefix: &str) -> String {
    many(bytes, |index, text| put!(text, r#""{prefix}c{index}":"unconfined""#))
}

const APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";
const SECCOMP: &str = "container.seccomp.security.alpha.kubernetes.io/";

fn annotations(bytes: usize) -> Case {
    let annotations = [profiles(bytes / 3, APP_ARMOR), profiles(bytes / 3, SECCOMP)].join(",");
    let metadata = format!(r#""annotations":{{{annotations}}}"#);
    let object = pod_with(&metadata, &format!(r#""containers":[{}]"#, named_containers(bytes / 3)));
    let settings = policies(4, &filling());
    Case { settings, object, ..Case::default() }
}

fn annotations_updated(bytes: usize) -> Case {
    let annotations = profiles(bytes / 2, APP_ARMOR);
    let object = |more| {
        let metadata = format!(r#""annotations":{{{annotations},"{SECCOMP}c":"{more}"}}"#);
        pod_with(&metadata, r#""containers":[{"name":"c"}]"#)
    };
    Case { settings: filling(), object: object("a"), old_object: Some(object("b")), ..Case::default() }
}

fn annotations_of_standards(bytes: usize) -> Case {
    Case { settings: all_standards(), ..annotations(bytes) }
}

fn sysctls(bytes: usize) -> Case {
    let sysctls = many(bytes, |index, text| put!(text, r#"{{"name":"net.core/x{index}","value":"1"}}"#));
    let patterns = |start: &str| (0..20).map(|nth| format!("{start}.p{nth}*")).collect::<Vec<_>>();
    let settings = policies(
        4,
        &spec(&json!({"forbiddenSysctls": patterns("kernel"), "allowedUnsafeSysctls": patterns("net.core")})),
    );
    let object = pod(&format!(r#""containers":[],"securityContext":{{"sysctls":[{sysctls}]}}"#));
    Case { settings, object, ..Case::default() }
}

fn groups(bytes: usize) -> Case {
    let groups = many(bytes, |_, text| text.push('7'));
    let ranges: Vec<_> = (0..20).map(|nth| json!({"min": 1000 + nth, "max": 1000 + nth})).collect();
    let mut allowed = ranges.clone();
    allowed.push(json!({"min": 7, "max": 7}));
    let mut settings =
        policies(4, &spec(&json!({"supplementalGroups": {"rule": "MustRunAs", "ranges": ranges}})));
    if let Some(list) = settings.pointer_mut("/policies").and_then(Value::as_array_mut) {
        let spec = spec(
            &json!({"supplementalGroups": {"rule": "MustRunAs", "ranges": allowed}, "readOnlyRootFilesystem": true}),
        );
        list.push(json!({"metadata": {"name": "policy-last"}, "spec": spec}));
    }
    let object = pod(&format!(
        r#""containers":[{{"name":"c"}}],"securityContext":{{"supplementalGroups":[{groups}]}}"#
    ));
    Case { settings, object, ..Case::default() }
}

fn capabilities(bytes: usize) -> Case {
    let names = |bytes| many(bytes, |index, text| put!(text, r#""C{index}""#));
    let (add, drop) = (names(bytes / 2), many(bytes / 2, |_, text| text.push_str(r#""""#)));
    let object = pod(&container(&format!(r#"{{"capabilities":{{"add":[{add}],"drop":[{drop}]}}}}"#)));
    let settings = policies(
        4,
        &spec(&json!({"requiredDropCapabilities": ["NET_RAW"], "defaultAddCapabilities": ["CHOWN"],
        "allowedCapabilities": ["C1", "C2", "C3"]})),
    );
    Case { settings, object, ..Case::default() }
}

fn host_ports(bytes: usize) -> Case {
    let ports =
        many(bytes, |index, text| put!(text, r#"{{"containerPort":1,"hostPort":{}}}"#, index % 65_535 + 1));
    let ranges: Vec<_> = (0..20).map(|nth| json!({"min": nth, "max": nth})).collect();
    let settings = policies(4, &spec(&json!({ "hostPorts": ranges })));
    Case { settings, object: pod(&format!(r#""containers":[{{"ports":[{ports}]}}]"#)), ..Case::default() }
}

fn environment(bytes: usize) -> Case {
    let variables = many(bytes, |index, text| put!(text, r#"{{"name":"V{index}","value":"{index}"}}"#));
    let object = pod(&format!(r#""containers":[{{"env":[{variables}],"image":"i","name":"c"}}]"#));
    Case { settings: filling(), object, ..Case::default() }
}

fn tolerations(bytes: usize) -> Case {
    let tolerations =
        many(bytes / 2, |index, text| put!(text, r#"{{"key":"k{index}","operator":"Exists"}}"#));
    let object =
        |more: &str| pod(&format!(r#""containers":[{{"name":"c"}}],"tolerations":[{more}{tolerations}]"#));
    let old = object("");
    Case {
        settings: filling(),
        object: object(r#"{"key":"new"},"#),
        old_object: Some(old),
        ..Case::default()
    }
}

fn unknown_fields(bytes: usize) -> Case {
    let fields = |bytes| many(bytes, |index, text| put!(text, r#""x{index}":{{"y":[1,"]"]}}"#));
    let (of_pod, of_container) = (fields(bytes / 2), fields(bytes / 2));
    let object = pod(&format!(r#"{of_pod},"containers":[{{{of_container},"name":"c"}}]"#));
    Case { settings: filling(), object, ..Case::default() }
}

fn unknown_fields_updated(bytes: usize) -> Case {
    let fields = many(bytes / 2, |index, text| put!(text, r#""x{index}":{{}}"#));
    let object = |more| pod(&format!(r#"{fields},"y":"{more}","containers":[{{"name":"c"}}]"#));
    Case { settings: filling(), object: object("a"), old_object: Some(object("b")), ..Case::default() }
}

fn denied_unknown(case: Case) -> Case {
    let mut settings = case.settings;
    if let Some(settings) = settings.as_object_mut() {
        let except = ["spec.future", "spec.containers[*].future"];
        settings.insert("unknownFields".to_owned(), json!({"action": "Deny", "except": except}));
    }
    Case { settings, ..case }
}

fn empty_containers_denied(bytes: usize) -> Case {
    denied_unknown(empty_containers(bytes))
}

fn unknown_fields_denied(bytes: usize) -> Case {
    denied_unknown(unknown_fields(bytes))
}

fn unknown_fields_denied_updated(bytes: usize) -> Case {
    denied_unknown(unknown_fields_updated(bytes))
}

fn nesting(bytes: usize) -> Case {
    let (open, close) = ("[".repeat(100), "]".repeat(100));
    let lists = many(bytes / 2, |_, text| put!(text, "{open}{close}"));
    let object =
        |more| pod_with(&format!(r#""x":[{lists}]"#), &format!(r#""containers":[{{"name":"c{more}"}}]"#));
    Case { settings: filling(), object: object(1), old_object: Some(object(2)), ..Case::default() }
}

fn escapes(bytes: usize) -> Case {
    let containers = many(bytes / 2, |index, text| {
        put!(text, r#"{{"\u006eame":"c\u002d{index}","image":"\"\\\n\u00e9"}}"#);
    });
    let image = r"\u0041".repeat(bytes / 12);
    let object = pod(&format!(r#""containers":[{containers},{{"image":"{image}","name":"c"}}]"#));
    Case { settings: spec(&json!({})), object, ..Case::default() }
}

fn keys_twice(bytes: usize) -> Case {
    let keys = many(bytes / 2, |index, text| put!(text, r#""k{}":1"#, index / 2));
    let object = |name| pod_with(&keys, &format!(r#""containers":[{{"name":"{name}"}}]"#));
    Case { settings: filling(), object: object("a"), old_object: Some(object("b")), ..Case::default() }
}

fn labels(bytes: usize) -> Case {
    let labels = many(bytes / 2, |index, text| put!(text, r#""k{index}":"v""#));
    let object = |more| pod_with(&format!(r#""labels":{{{labels},"l":"{more}"}}"#), &container("{}"));
    Case { settings: filling(), object: object("a"), old_object: Some(object("b")), ..Case::default() }
}

fn templates(bytes: usize) -> Case {
    let templates = many(bytes, |index, text| {
        put!(
            text,
            r#"{{"metadata":{{"labels":{{"app":"{}"}}}},"spec":{{"containers":[{{"name":"c{index}","securityContext":{{"privileged":true}}}}]}}}}"#,
            "x".repeat(500)
        );
    });
    let mut settings = policies(4, &filling());
    if let Some(settings) = settings.as_object_mut() {
        settings.insert(
            "podTemplates".to_owned(),
            json!([{"apiGroup": "example.com", "kind": "Set", "path": "spec.templates[*]"}]),
        );
        settings.insert("workloads".to_owned(), json!("Warn"));
    }
    let object = format!(r#"{{"spec":{{"templates":[{templates}]}}}}"#);
    Case { settings, kind: ("example.com", "Set"), object, ..Case::default() }
}

fn labels_of_a_namespace(bytes: usize) -> Case {
    let labels = |bytes| many(bytes, |index, text| put!(text, r#""k{index}":"v""#));
    let object = format!(r#"{{"metadata":{{"labels":{{{}}},"name":"n"}}}}"#, labels(bytes));
    let settings = json!({"namespaceLabels": {"enforce": "restricted", "warn": "restricted"}});
    Case { settings, kind: ("", "Namespace"), object, ..Case::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_are_requests_of_the_size_that_is_asked_for() {
        for case in WorstCase::ALL {
            for bytes in [50_000, 100_000] {
                let payload = case.payload(bytes);
                // Settings come on top.
                assert!(
                    (bytes * 9 / 10..bytes + 60_000).contains(&payload.len()),
                    "{}: {}",
                    case.name,
                    payload.len()
                );
                let payload: Value =
                    serde_json::from_slice(&payload).unwrap_or_else(|error| panic!("{}: {error}", case.name));
                assert!(payload.pointer("/request/object").is_some_and(Value::is_object), "{}", case.name);
            }
        }
    }
}
