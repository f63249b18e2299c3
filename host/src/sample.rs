//! Requests to measure with, identical on every run to the byte.
//!
//! They are generated rather than stored, so that this code shows what makes a request typical. All are reviews of a
//! CREATE of a pod, as a ReplicaSet's controller sends it to the API server. Under `benches/data/settings.yaml`,
//! `small`, `typical` and `large` are accepted unchanged, `typical-rejected` has a privileged container, and
//! `typical-mutated` leaves all fields unset that the policy can fill in.

#![expect(clippy::indexing_slicing, reason = "only documents that are written in this file are indexed")]

use clap::ValueEnum;
use serde_json::{Value, json};

use crate::managed_fields::managed_fields;

/// The volume with the service account's token.
const TOKEN: &str = "kube-api-access-x7k2p";

/// A request to measure with.
#[derive(Clone, Copy, Debug, ValueEnum, PartialEq, Eq)]
pub enum Sample {
    /// 0.8 KB: one container and nothing that can be left out
    Small,
    /// 12 KB: 2 containers, 1 init container, 20 environment variables each, managed fields
    Typical,
    /// As typical, with a privileged container
    TypicalRejected,
    /// As typical, without security contexts
    TypicalMutated,
    /// 400 KB: 50 containers
    Large,
}

impl Sample {
    /// Every sample, smallest first.
    pub const ALL: &[Self] =
        &[Self::Small, Self::Typical, Self::TypicalRejected, Self::TypicalMutated, Self::Large];

    /// The name, as on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Typical => "typical",
            Self::TypicalRejected => "typical-rejected",
            Self::TypicalMutated => "typical-mutated",
            Self::Large => "large",
        }
    }

    /// The request, inside its review.
    #[must_use]
    pub fn review(self) -> Value {
        if self == Self::Small {
            return review(&small_pod(), &json!({"username": "alice"}));
        }
        let mut pod = pod(match self {
            Self::Large => Size { containers: 50, init_containers: 2, variables: 69 },
            _ => Size { containers: 2, init_containers: 1, variables: 20 },
        });
        match self {
            Self::TypicalRejected => change_first(&mut pod, |container| {
                container["securityContext"]["privileged"] = true.into();
                container["securityContext"]["allowPrivilegeEscalation"] = true.into();
            }),
            Self::TypicalMutated => {
                pod["spec"]["securityContext"] = json!({});
                for list in ["containers", "initContainers"] {
                    for container in pod["spec"][list].as_array_mut().into_iter().flatten() {
                        container.as_object_mut().map(|fields| fields.shift_remove("securityContext"));
                    }
                }
            }
            Self::Small | Self::Typical | Self::Large => {}
        }
        let managed = json!([{
            "manager": "kube-controller-manager", "operation": "Update", "apiVersion": "v1",
            "time": "2026-01-15T09:30:00Z", "fieldsType": "FieldsV1", "fieldsV1": managed_fields(&pod, TOKEN),
        }]);
        pod["metadata"]["managedFields"] = managed;
        let controller = json!({
            "username": "system:serviceaccount:kube-system:replicaset-controller",
            "uid": "6a1c7f52-9d3e-4b7a-8f21-0c5d9e7b3a10",
            "groups": ["system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated"],
            "extra": {"authentication.kubernetes.io/credential-id": ["JTI=2f9d6c1e-57a4-4e0b-b1d8-93c7a5e0f642"]},
        });
        review(&pod, &controller)
    }
}

#[derive(Clone, Copy)]
struct Size {
    containers: usize,
    init_containers: usize,
    variables: usize,
}

fn review(pod: &Value, user: &Value) -> Value {
    let kind = json!({"group": "", "version": "v1", "kind": "Pod"});
    let resource = json!({"group": "", "version": "v1", "resource": "pods"});
    let mut request = json!({
        "uid": "b7c1e6d0-4f2a-4c39-9a58-1de0f3c27b64", "kind": kind, "resource": resource,
        "namespace": pod["metadata"]["namespace"], "operation": "CREATE", "userInfo": user, "object": pod,
    });
    request["dryRun"] = false.into();
    request["options"] = json!({"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"});
    if pod["metadata"].get("managedFields").is_some() {
        request["requestKind"] = kind;
        request["requestResource"] = resource;
        request["oldObject"] = Value::Null;
    }
    json!({"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": request})
}

fn pod_security_context() -> Value {
    json!({
        "runAsNonRoot": true, "supplementalGroups": [2000], "fsGroup": 2000,
        "seccompProfile": {"type": "RuntimeDefault"},
    })
}

fn container_security_context() -> Value {
    json!({"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}})
}

fn small_pod() -> Value {
    json!({
        "kind": "Pod", "apiVersion": "v1", "metadata": {"name": "web", "namespace": "team"},
        "spec": {
            "containers": [{
                "name": "web", "image": "registry.example/web:1.27", "securityContext": container_security_context(),
            }],
            "serviceAccountName": "default",
            "securityContext": pod_security_context(),
        },
    })
}

fn pod(size: Size) -> Value {
    let containers: Vec<_> =
        (0..size.containers).map(|number| container("worker", number, size.variables)).collect();
    let init_containers: Vec<_> =
        (0..size.init_containers).map(|number| container("prepare", number, size.variables)).collect();
    json!({
        "kind": "Pod", "apiVersion": "v1",
        "metadata": {
            "generateName": "orders-7d9c5b8f64-", "namespace": "shop", "creationTimestamp": null,
            "labels": {
                "app.kubernetes.io/name": "orders", "app.kubernetes.io/instance": "orders-production",
                "pod-template-hash": "7d9c5b8f64",
            },
            "annotations": {
                "checksum/config": "9f2c4d7a1be863507c1d2e3f4a5b69788796a5b4c3d2e1f00123456789abcdef",
                "prometheus.io/scrape": "true",
            },
            "ownerReferences": [{
                "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "orders-7d9c5b8f64",
                "uid": "0e8d7c6b-5a49-4838-a726-15f4e3d2c1b0", "controller": true, "blockOwnerDeletion": true,
            }],
        },
        "spec": {
            "volumes": [
                {"name": "config", "configMap": {"name": "orders", "defaultMode": 420}},
                {"name": "tmp", "emptyDir": {}},
                {"name": TOKEN, "projected": {"defaultMode": 420, "sources": [
                    {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
                    {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
                    {"downwardAPI": {"items": [
                        {"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}},
                    ]}},
                ]}},
            ],
            "initContainers": init_containers,
            "containers": containers,
            "restartPolicy": "Always", "terminationGracePeriodSeconds": 30, "dnsPolicy": "ClusterFirst",
            "serviceAccountName": "orders", "serviceAccount": "orders",
            "securityContext": pod_security_context(),
            "schedulerName": "default-scheduler",
            "enableServiceLinks": true,
        },
    })
}

fn container(role: &str, number: usize, variables: usize) -> Value {
    let variables: Vec<_> = (0..variables)
        .map(|variable| match variable {
            0 => json!({"name": "SECRET", "valueFrom": {"secretKeyRef": {"name": "orders", "key": "token"}}}),
            _ => json!({"name": format!("OPT_{variable}"), "value": format!("{variable}")}),
        })
        .collect();
    json!({
        "name": format!("{role}-{number}"),
        "image": "registry.example/shop/orders:4.12.1",
        "ports": [{"containerPort": 8080 + number, "protocol": "TCP"}],
        "env": variables,
        "resources": {"limits": {"memory": "512Mi"}, "requests": {"cpu": "100m", "memory": "256Mi"}},
        "volumeMounts": [
            {"name": "config", "readOnly": true, "mountPath": "/etc/orders"},
            {"name": "tmp", "mountPath": "/tmp"},
            {"name": TOKEN, "readOnly": true, "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"},
        ],
        "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
        "imagePullPolicy": "IfNotPresent",
        "securityContext": container_security_context(),
    })
}

fn change_first(pod: &mut Value, change: impl FnOnce(&mut Value)) {
    if let Some(container) = pod.pointer_mut("/spec/containers/0") {
        change(container);
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::AdmissionRequest;

    #[rstest]
    #[case(Sample::Small, 700..900)]
    #[case(Sample::Typical, 12_000..13_000)]
    #[case(Sample::TypicalRejected, 12_000..13_000)]
    #[case(Sample::TypicalMutated, 11_000..13_000)]
    #[case(Sample::Large, 390_000..410_000)]
    fn samples_have_the_size_that_their_name_promises(
        #[case] sample: Sample,
        #[case] expected: std::ops::Range<usize>,
    ) {
        let size = sample.review().to_string().len();

        assert!(expected.contains(&size), "{size}");
    }

    #[test]
    fn samples_are_requests_and_always_the_same() {
        for sample in Sample::ALL {
            AdmissionRequest::from_value(sample.review()).unwrap();
            assert_eq!(sample.review().to_string(), sample.review().to_string());
            assert_eq!(sample.to_possible_value().unwrap().get_name(), sample.name());
        }
    }
}
