#!/usr/bin/env bats

setup() { load helper; }

@test "it is filled in" {
    review "{$OPEN,\"readOnlyRootFilesystem\":true}" "$(pod "$(container '{}')")"
    patched '[{"op":"add","path":"/spec/containers/0/securityContext","value":{"readOnlyRootFilesystem":true}}]'
}

@test "a container that sets false is rejected" {
    review "{$OPEN,\"readOnlyRootFilesystem\":true}" "$(pod "$(container '{"securityContext":{"readOnlyRootFilesystem":false}}')")"
    denied 'spec.containers[0].securityContext.readOnlyRootFilesystem: Invalid value: false: ReadOnlyRootFilesystem must be set to true'
}
