#!/usr/bin/env bats

setup() { load helper; }

@test "the default class is filled in" {
    review "{$OPEN,\"runtimeClass\":{\"allowedRuntimeClassNames\":[\"gvisor\"],\"defaultRuntimeClassName\":\"gvisor\"}}" "$(pod '{"containers":[]}')"
    patched '[{"op":"add","path":"/spec/runtimeClassName","value":"gvisor"}]'
}

@test "another class is rejected" {
    review "{$OPEN,\"runtimeClass\":{\"allowedRuntimeClassNames\":[\"gvisor\"]}}" "$(pod '{"containers":[],"runtimeClassName":"kata"}')"
    denied 'spec.runtimeClassName: Invalid value: "kata"'
}
