#!/usr/bin/env bats

setup() { load helper; }

# around KIND OBJECT: an AdmissionRequest that creates an object without a namespace.
around() {
    pod '{}' | jq -c --arg kind "$1" --argjson object "$2" '.kind = {group: "", version: "v1", kind: $kind} | .requestKind = .kind
        | del(.namespace) | .object = {apiVersion: "v1", kind: $kind, metadata: {name: "web"}} * $object'
}

NAMESPACES='{"podSecurityStandards":{"enforce":"baseline"},"namespaceLabels":{"enforce":"baseline:v1.31"}}'

@test "a new namespace gets labels" {
    review "$NAMESPACES" "$(around Namespace '{}')"
    patched '[{"op":"add","path":"/metadata/labels","value":{"pod-security.kubernetes.io/enforce":"baseline","pod-security.kubernetes.io/enforce-version":"v1.31"}}]'
}

@test "a namespace with insufficient labels is rejected" {
    review "$NAMESPACES" "$(around Namespace '{"metadata":{"labels":{"pod-security.kubernetes.io/enforce":"restricted","pod-security.kubernetes.io/enforce-version":"v1.18"}}}')"
    denied 'metadata.labels[pod-security.kubernetes.io/enforce-version]: Invalid value: "v1.18": lacks seccompProfile_baseline of "baseline:v1.31"; must be "v1.19" or newer'
}

@test "a namespace may not be weakened through its status" {
    review "$NAMESPACES" "$(around Namespace '{}' | jq -c '.operation = "UPDATE" | .subResource = "status"
        | .oldObject = (.object | .metadata.labels = {"pod-security.kubernetes.io/enforce": "baseline"})')"
    denied 'metadata.labels[pod-security.kubernetes.io/enforce]: Required value: must be "baseline" or "restricted"'
}

@test "a volume with a path of the node needs a policy that allows it" {
    review "{$OPEN,\"persistentVolumes\":\"Deny\"}" "$(around PersistentVolume '{"spec":{"hostPath":{"path":"/"}}}')"
    denied 'spec.hostPath: Invalid value: "hostPath": hostPath volumes are not allowed to be used'
    review "{$OPEN,\"persistentVolumes\":\"Deny\",\"volumes\":[\"hostPath\"],\"allowedHostPaths\":[{\"pathPrefix\":\"/mnt\"}]}" \
        "$(around PersistentVolume '{"spec":{"local":{"path":"/mnt-evil"}}}')"
    denied 'spec.local.path: Invalid value: "/mnt-evil": is not allowed to be used'
}

@test "Warn lets the volume pass" {
    review "{$OPEN,\"persistentVolumes\":\"Warn\"}" "$(around PersistentVolume '{"spec":{"hostPath":{"path":"/"}}}')"
    unchanged
    same "$(jq -r '.warnings[]' <<<"$answer")" 'this PersistentVolume would be rejected: spec.hostPath: Invalid value: "hostPath": hostPath volumes are not allowed to be used'
}

@test "a provisioned volume is not touched" {
    review "{$OPEN,\"persistentVolumes\":\"Deny\"}" "$(around PersistentVolume '{"spec":{"csi":{"driver":"d","volumeHandle":"h"}}}')"
    unchanged
}
