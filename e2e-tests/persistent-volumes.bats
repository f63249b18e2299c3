#!/usr/bin/env bats

setup() { load helper; }

# volume SOURCE: creates a PersistentVolume.
volume() {
    pod '{}' | jq -c --argjson source "$1" '.kind.kind = "PersistentVolume" | .requestKind = .kind | .namespace = "" | .name = "v"
        | .object = {apiVersion: "v1", kind: "PersistentVolume", metadata: {name: "v"}, spec: $source}'
}

@test "a volume that reaches into the node must be one that pods may have" {
    review "{$OPEN,\"volumes\":[\"emptyDir\"],\"persistentVolumes\":\"Deny\"}" "$(volume '{"hostPath":{"path":"/etc"}}')"
    denied 'spec.hostPath: Invalid value: "hostPath": hostPath volumes are not allowed to be used'
    review "{$OPEN,\"volumes\":[\"hostPath\"],\"allowedHostPaths\":[{\"pathPrefix\":\"/srv\"}],\"persistentVolumes\":\"Deny\"}" "$(volume '{"hostPath":{"path":"/srv/a"}}')"
    unchanged
}

@test "other volumes are left alone" {
    review "{$OPEN,\"persistentVolumes\":\"Deny\"}" "$(volume '{"csi":{"driver":"disk.example.com"}}')"
    unchanged
}
