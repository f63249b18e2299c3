//! Consistency of the files: the registry against the PSP spec, and the names of fields against the API's own types.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1 as api;
use pod_security_policy::json::{Reader, Text};
use pod_security_policy::pod::{
    self, Capabilities, Container, List, Pod, Profile, SeLinuxOptions, VolumeDetail, WindowsOptions,
};
use pod_security_policy::rules;
use rstest::rstest;
use serde_json::{Value, json};

/// The 24 fields of a PodSecurityPolicy's spec, as `policy/v1beta1` had them in Kubernetes 1.24.
const FIELDS: [&str; 24] = [
    "allowPrivilegeEscalation",
    "allowedCSIDrivers",
    "allowedCapabilities",
    "allowedFlexVolumes",
    "allowedHostPaths",
    "allowedProcMountTypes",
    "allowedUnsafeSysctls",
    "defaultAddCapabilities",
    "defaultAllowPrivilegeEscalation",
    "forbiddenSysctls",
    "fsGroup",
    "hostIPC",
    "hostNetwork",
    "hostPID",
    "hostPorts",
    "privileged",
    "readOnlyRootFilesystem",
    "requiredDropCapabilities",
    "runAsGroup",
    "runAsUser",
    "runtimeClass",
    "seLinux",
    "supplementalGroups",
    "volumes",
];

/// The fields that continue it: what pods have learnt since.
const CONTINUED: [&str; 5] = [
    "allowedClusterTrustBundleSigners",
    "allowedPodCertificateSigners",
    "supplementalGroupsPolicy",
    "userNamespaceLevel",
    "windowsOptions",
];

#[test]
fn every_field_of_the_spec_has_one_rule() {
    let mut ids: Vec<_> =
        rules::all().filter(|(_, entry)| entry.shape.is_some()).map(|(_, entry)| entry.id).collect();
    ids.sort_unstable();
    let mut fields = [&FIELDS[..], &CONTINUED].concat();
    fields.sort_unstable();
    assert_eq!(ids, fields);
}

#[test]
fn two_rules_live_in_annotations() {
    let annotated = rules::all().filter(|(_, entry)| entry.shape.is_none());
    let annotated: BTreeMap<_, _> = annotated.map(|(_, entry)| (entry.id, entry.annotations)).collect();
    let expected = BTreeMap::from([
        (
            "appArmor",
            &[
                "apparmor.security.beta.kubernetes.io/allowedProfileNames",
                "apparmor.security.beta.kubernetes.io/defaultProfileName",
            ][..],
        ),
        (
            "seccomp",
            &[
                "seccomp.security.alpha.kubernetes.io/allowedProfileNames",
                "seccomp.security.alpha.kubernetes.io/defaultProfileName",
            ][..],
        ),
    ]);
    assert_eq!(annotated, expected);
}

#[test]
fn every_rule_is_found_by_its_name_and_documented() {
    assert_eq!(rules::index("privilegd"), None);
    for (index, entry) in rules::all() {
        assert_eq!(rules::index(entry.id), Some(index));
        assert!(index < 64, "a set of rules has 64 places");
        let words = [entry.purpose, entry.pod_fields, entry.mutates, entry.default];
        assert!(words.iter().all(|words| !words.is_empty()), "{entry:?}");
        assert!(entry.purpose.ends_with('.'), "{} has a sentence for its purpose", entry.id);
    }
}

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn security_context() -> api::SecurityContext {
    api::SecurityContext {
        allow_privilege_escalation: Some(true),
        app_armor_profile: Some(api::AppArmorProfile {
            localhost_profile: text("a"),
            type_: "Localhost".to_owned(),
        }),
        capabilities: Some(api::Capabilities {
            add: Some(vec!["A".to_owned()]),
            drop: Some(vec!["B".to_owned()]),
        }),
        privileged: Some(true),
        proc_mount: text("Unmasked"),
        read_only_root_filesystem: Some(false),
        run_as_group: Some(1),
        run_as_non_root: Some(false),
        run_as_user: Some(2),
        se_linux_options: Some(se_linux_options("container")),
        seccomp_profile: Some(api::SeccompProfile {
            localhost_profile: text("s"),
            type_: "Localhost".to_owned(),
        }),
        windows_options: Some(windows_options("container")),
    }
}

fn windows_options(of: &str) -> api::WindowsSecurityContextOptions {
    api::WindowsSecurityContextOptions {
        gmsa_credential_spec: Some(format!("{of} credentials")),
        gmsa_credential_spec_name: Some(format!("{of} account")),
        host_process: Some(true),
        run_as_user_name: Some(format!("{of} user")),
    }
}

fn se_linux_options(of: &str) -> api::SELinuxOptions {
    api::SELinuxOptions {
        level: Some(format!("{of} level")),
        role: Some(format!("{of} role")),
        type_: Some(format!("{of} type")),
        user: Some(format!("{of} user")),
    }
}

fn http_get(host: &str) -> Option<api::HTTPGetAction> {
    Some(api::HTTPGetAction { host: text(host), ..Default::default() })
}

fn tcp_socket(host: &str) -> Option<api::TCPSocketAction> {
    Some(api::TCPSocketAction { host: text(host), ..Default::default() })
}

fn probe(of: &str) -> api::Probe {
    api::Probe { http_get: http_get(of), tcp_socket: tcp_socket(of), ..Default::default() }
}

fn lifecycle() -> api::Lifecycle {
    let handler = |of| api::LifecycleHandler {
        http_get: http_get(of),
        tcp_socket: tcp_socket(of),
        ..Default::default()
    };
    api::Lifecycle {
        post_start: Some(handler("start")),
        pre_stop: Some(handler("stop")),
        ..Default::default()
    }
}

/// A pod with everything that policies read, in the API's own types.
fn full_pod() -> api::Pod {
    let ports = vec![api::ContainerPort { container_port: 80, host_port: Some(8080), ..Default::default() }];
    let volume_mounts = vec![api::VolumeMount {
        name: "v".to_owned(),
        mount_path: "/m".to_owned(),
        read_only: Some(true),
        ..Default::default()
    }];
    let volume_devices = vec![api::VolumeDevice { name: "d".to_owned(), device_path: "/dev/d".to_owned() }];
    let container = |name: &str| api::Container {
        name: name.to_owned(),
        image: text("image"),
        ports: Some(ports.clone()),
        volume_mounts: Some(volume_mounts.clone()),
        volume_devices: Some(volume_devices.clone()),
        liveness_probe: Some(probe("liveness")),
        readiness_probe: Some(probe("readiness")),
        startup_probe: Some(probe("startup")),
        lifecycle: Some(lifecycle()),
        security_context: Some(security_context()),
        ..Default::default()
    };
    let ephemeral = api::EphemeralContainer {
        name: "ephemeral".to_owned(),
        image: text("image"),
        ports: Some(ports.clone()),
        volume_mounts: Some(volume_mounts.clone()),
        volume_devices: Some(volume_devices.clone()),
        liveness_probe: Some(probe("liveness")),
        readiness_probe: Some(probe("readiness")),
        startup_probe: Some(probe("startup")),
        lifecycle: Some(lifecycle()),
        security_context: Some(security_context()),
        target_container_name: text("target"),
        ..Default::default()
    };
    let context = api::PodSecurityContext {
        app_armor_profile: Some(api::AppArmorProfile {
            localhost_profile: None,
            type_: "RuntimeDefault".to_owned(),
        }),
        fs_group: Some(3),
        run_as_group: Some(4),
        run_as_non_root: Some(true),
        run_as_user: Some(5),
        se_linux_options: Some(se_linux_options("pod")),
        seccomp_profile: Some(api::SeccompProfile {
            localhost_profile: None,
            type_: "Unconfined".to_owned(),
        }),
        supplemental_groups: Some(vec![6, 7]),
        sysctls: Some(vec![api::Sysctl { name: "a.b".to_owned(), value: "1".to_owned() }]),
        supplemental_groups_policy: text("Strict"),
        se_linux_change_policy: text("Recursive"),
        windows_options: Some(windows_options("pod")),
        ..Default::default()
    };
    let annotations =
        [pod::SECCOMP_POD, pod::ADMITTED_BY, "other"].map(|key| (key.to_owned(), format!("of {key}")));
    let mut pod = api::Pod::default();
    pod.metadata.annotations = Some(annotations.into());
    pod.spec = Some(api::PodSpec {
        automount_service_account_token: Some(false),
        containers: vec![container("regular")],
        ephemeral_containers: Some(vec![ephemeral]),
        host_ipc: Some(true),
        host_network: Some(true),
        host_pid: Some(true),
        host_users: Some(false),
        init_containers: Some(vec![container("init")]),
        os: Some(api::PodOS { name: "linux".to_owned() }),
        runtime_class_name: text("gvisor"),
        security_context: Some(context),
        service_account: text("old"),
        service_account_name: text("new"),
        share_process_namespace: Some(true),
        ..Default::default()
    });
    pod
}

fn options(of: &str) -> SeLinuxOptions<'static> {
    let own = |what: &str| Text::from(format!("{of} {what}"));
    SeLinuxOptions { user: own("user"), role: own("role"), kind: own("type"), level: own("level") }
}

fn profile(kind: &'static str, path: &'static str) -> Option<Profile<'static>> {
    Some(Profile { kind: kind.into(), localhost_profile: path.into() })
}

#[test]
fn the_view_reads_what_the_api_writes() {
    let json = serde_json::to_string(&full_pod()).unwrap();
    let pod: Pod<'_> = Reader::document(&json).unwrap();
    let spec = &pod.spec;
    assert_eq!([spec.host_network, spec.host_pid, spec.host_ipc, spec.share_process_namespace], [true; 4]);
    assert_eq!([spec.host_users, spec.automount_service_account_token], [Some(false); 2]);
    assert_eq!(
        [&*spec.os.name, &*spec.service_account_name, &*spec.service_account],
        ["linux", "new", "old"]
    );
    assert_eq!(spec.runtime_class_name.as_deref(), Some("gvisor"));
    let context = &spec.security_context;
    assert_eq!([context.fs_group, context.run_as_group, context.run_as_user], [Some(3), Some(4), Some(5)]);
    assert_eq!((context.run_as_non_root, &context.supplemental_groups), (Some(true), &Some(vec![6, 7])));
    assert_eq!(context.se_linux_options, Some(options("pod")));
    assert_eq!(context.seccomp_profile, profile("Unconfined", ""));
    assert_eq!(context.app_armor_profile, profile("RuntimeDefault", ""));
    assert_eq!(context.supplemental_groups_policy.as_deref(), Some("Strict"));
    assert_eq!(context.se_linux_change_policy.as_deref(), Some("Recursive"));
    assert_windows_options(&context.windows_options, "pod");
    assert_eq!(context.sysctls.iter().map(|sysctl| &*sysctl.name).collect::<Vec<_>>(), ["a.b"]);
    let annotations: Vec<_> = pod.annotations.iter().map(|(key, value)| (key, &**value)).collect();
    let expected = [pod::ADMITTED_BY, pod::SECCOMP_POD].map(|key| (key, format!("of {key}")));
    assert_eq!(annotations, expected.iter().map(|(key, value)| (*key, value.as_str())).collect::<Vec<_>>());
}

#[rstest]
#[case::init(List::Init, "init")]
#[case::regular(List::Regular, "regular")]
#[case::ephemeral(List::Ephemeral, "ephemeral")]
fn the_view_reads_every_container(#[case] list: List, #[case] name: &str) {
    let json = serde_json::to_string(&full_pod()).unwrap();
    let pod: Pod<'_> = Reader::document(&json).unwrap();
    let [
        Container {
            name: own_name,
            image,
            target_container_name,
            ports,
            volume_mounts,
            volume_devices,
            liveness_probe,
            readiness_probe,
            startup_probe,
            lifecycle,
            security_context: context,
        },
    ] = pod.list(list)
    else {
        panic!("there is one container in {list:?}");
    };
    assert_eq!([&**own_name, &**image], [name, "image"]);
    assert_eq!(target_container_name, if list == List::Ephemeral { "target" } else { "" });
    assert_eq!(
        ports.iter().map(|port| (port.container_port, port.host_port)).collect::<Vec<_>>(),
        [(80, 8080)]
    );
    let mounts: Vec<_> =
        volume_mounts.iter().map(|mount| (&*mount.name, &*mount.mount_path, mount.read_only)).collect();
    assert_eq!(mounts, [("v", "/m", true)]);
    assert_eq!(volume_devices.iter().map(|device| &*device.name).collect::<Vec<_>>(), ["d"]);
    assert_eq!(liveness_probe.hosts, ["liveness", "liveness"]);
    assert_eq!(readiness_probe.hosts, ["readiness", "readiness"]);
    assert_eq!(startup_probe.hosts, ["startup", "startup"]);
    assert_eq!(lifecycle.hosts, ["start", "start", "stop", "stop"]);
    assert_eq!([context.privileged, context.allow_privilege_escalation], [Some(true); 2]);
    assert_eq!([context.read_only_root_filesystem, context.run_as_non_root], [Some(false); 2]);
    assert_eq!([context.run_as_group, context.run_as_user], [Some(1), Some(2)]);
    assert_eq!(context.proc_mount.as_deref(), Some("Unmasked"));
    assert_eq!(context.capabilities, Capabilities { add: vec!["A".into()], drop: vec!["B".into()] });
    assert_eq!(context.se_linux_options, Some(options("container")));
    assert_eq!(context.seccomp_profile, profile("Localhost", "s"));
    assert_eq!(context.app_armor_profile, profile("Localhost", "a"));
    assert_windows_options(&context.windows_options, "container");
}

fn assert_windows_options(options: &WindowsOptions<'_>, of: &str) {
    assert_eq!(options.host_process, Some(true));
    assert_eq!(options.run_as_user_name.as_deref(), Some(format!("{of} user").as_str()));
    assert_eq!(options.gmsa_credential_spec_name, format!("{of} account"));
    assert_eq!(options.gmsa_credential_spec, format!("{of} credentials"));
}

fn volume(volume: &api::Volume) -> (String, Option<String>) {
    let json = json!({"spec": {"volumes": [volume]}}).to_string();
    let pod: Pod<'_> = Reader::document(&json).unwrap();
    let source = pod.spec.volumes[0].source.as_ref().unwrap();
    let detail = match &source.detail {
        VolumeDetail::HostPath(text) | VolumeDetail::FlexVolume(text) | VolumeDetail::Csi(text) => {
            Some(text.to_string())
        }
        VolumeDetail::Projected(volume) => Some(volume.text.to_owned()),
        VolumeDetail::Other => None,
    };
    (source.key.to_string(), detail)
}

#[test]
fn the_view_reads_what_counts_of_a_volume() {
    let host_path = api::HostPathVolumeSource { path: "/p".to_owned(), type_: None };
    let flex_volume = api::FlexVolumeSource { driver: "f".to_owned(), ..Default::default() };
    let csi = api::CSIVolumeSource { driver: "c".to_owned(), ..Default::default() };
    for (source, key, detail) in [
        (api::Volume { host_path: Some(host_path), ..Default::default() }, "hostPath", Some("/p")),
        (api::Volume { flex_volume: Some(flex_volume), ..Default::default() }, "flexVolume", Some("f")),
        (api::Volume { csi: Some(csi), ..Default::default() }, "csi", Some("c")),
        (api::Volume { projected: Some(Default::default()), ..Default::default() }, "projected", Some("{}")),
        (api::Volume { cephfs: Some(Default::default()), ..Default::default() }, "cephfs", None),
        (api::Volume { image: Some(Default::default()), ..Default::default() }, "image", None),
    ] {
        assert_eq!(volume(&source), (key.to_owned(), detail.map(str::to_owned)));
    }
}

/// Every source that the API knows has a type that a policy can list, and the reverse.
#[test]
fn every_volume_source_of_the_api_can_be_listed() {
    let all = api::Volume {
        aws_elastic_block_store: Some(Default::default()),
        azure_disk: Some(Default::default()),
        azure_file: Some(Default::default()),
        cephfs: Some(Default::default()),
        cinder: Some(Default::default()),
        config_map: Some(Default::default()),
        csi: Some(Default::default()),
        downward_api: Some(Default::default()),
        empty_dir: Some(Default::default()),
        ephemeral: Some(Default::default()),
        fc: Some(Default::default()),
        flex_volume: Some(Default::default()),
        flocker: Some(Default::default()),
        gce_persistent_disk: Some(Default::default()),
        git_repo: Some(Default::default()),
        glusterfs: Some(Default::default()),
        host_path: Some(Default::default()),
        image: Some(Default::default()),
        iscsi: Some(Default::default()),
        name: "v".to_owned(),
        nfs: Some(Default::default()),
        persistent_volume_claim: Some(Default::default()),
        photon_persistent_disk: Some(Default::default()),
        portworx_volume: Some(Default::default()),
        projected: Some(Default::default()),
        quobyte: Some(Default::default()),
        rbd: Some(Default::default()),
        scale_io: Some(Default::default()),
        secret: Some(Default::default()),
        storageos: Some(Default::default()),
        vsphere_volume: Some(Default::default()),
    };
    let json = serde_json::to_value(&all).unwrap();
    let keys = json.as_object().unwrap().keys().filter(|key| *key != "name");
    let mut types: Vec<_> =
        keys.map(|key| if key == "cephfs" { "cephFS" } else { key }).chain(["*"]).collect();
    types.sort_unstable();
    let (_, entry) = rules::all().find(|(_, entry)| entry.id == "volumes").unwrap();
    let Some(pod_security_policy::schema::Shape::List(pod_security_policy::schema::Shape::OneOf(listed))) =
        entry.shape
    else {
        panic!("`volumes` is a list of known names");
    };
    assert_eq!(types, *listed);
}

#[test]
fn fields_that_a_rule_writes_are_fields_of_the_api() {
    let any = json!({"rule": "RunAsAny"});
    let must = json!({"rule": "MustRunAs", "ranges": [{"min": 1, "max": 2}]});
    let settings = json!({
        "runAsUser": must, "runAsGroup": must, "supplementalGroups": must, "fsGroup": must,
        "seLinux": {"rule": "MustRunAs", "seLinuxOptions": {"user": "u", "role": "r", "type": "t", "level": "l"}},
        "runtimeClass": {"allowedRuntimeClassNames": ["r"], "defaultRuntimeClassName": "r"},
        "defaultAddCapabilities": ["A"], "requiredDropCapabilities": ["B"],
        "readOnlyRootFilesystem": true, "allowPrivilegeEscalation": false,
        "annotations": {
            "seccomp.security.alpha.kubernetes.io/allowedProfileNames": "*",
            "seccomp.security.alpha.kubernetes.io/defaultProfileName": "localhost/s",
            "apparmor.security.beta.kubernetes.io/defaultProfileName": "localhost/a",
        },
    });
    let mut non_root = settings.clone();
    non_root["runAsUser"] = json!({"rule": "MustRunAsNonRoot"});
    non_root["runAsGroup"] = any;
    for settings in [settings, non_root] {
        let bare = json!({"metadata": {}, "spec": {"containers": [{"name": "c"}]}});
        let request = json!({"operation": "CREATE", "kind": {"group": "", "version": "v1", "kind": "Pod"}, "object": bare});
        let payload = json!({"request": request, "settings": settings}).to_string();
        let response = pod_security_policy::admission::review(&payload, &NoCluster);
        let written: Value = serde_json::from_str(&response.mutated_object.unwrap()).unwrap();
        // A field that the API does not know is lost when its types read it and write it again.
        let read: api::Pod = serde_json::from_value(written.clone()).unwrap();
        let mut read = serde_json::to_value(read).unwrap();
        for key in ["apiVersion", "kind"] {
            read.as_object_mut().unwrap().remove(key);
        }
        assert_eq!(read, written);
    }
}

struct NoCluster;

impl pod_security_policy::admission::Cluster for NoCluster {
    fn may_use(&self, question: &pod_security_policy::admission::Question<'_>) -> Result<bool, String> {
        panic!("the cluster is not asked without RBAC, but there is {question:?}");
    }
}
