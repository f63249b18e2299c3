#!/usr/bin/env bats

setup() { load helper; }

@test "types that are not listed are rejected" {
    review "{$OPEN,\"volumes\":[\"emptyDir\"]}" "$(pod '{"containers":[],"volumes":[{"name":"a","emptyDir":{}},{"name":"b","nfs":{}}]}')"
    denied 'spec.volumes[1]: Invalid value: "nfs": nfs volumes are not allowed to be used'
}

@test "an unknown type is rejected, unless every type is allowed" {
    local pod
    pod=$(pod '{"containers":[],"volumes":[{"name":"a","hologram":{}}]}')
    review "{$OPEN,\"volumes\":[\"emptyDir\"]}" "$pod"
    denied 'spec.volumes[0]: Invalid value: "hologram": hologram volumes are not allowed to be used'
    review "{$OPEN,\"volumes\":[\"*\"]}" "$pod"
    unchanged
}
