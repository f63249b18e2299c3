#!/usr/bin/env bats

setup() { load helper; }

capabilities() { pod "$(container "{\"securityContext\":{\"capabilities\":$1}}")"; }

@test "capabilities that are not allowed may not be added" {
    review "{$OPEN,\"allowedCapabilities\":[\"CHOWN\"]}" "$(capabilities '{"add":["CHOWN","SYS_ADMIN"]}')"
    denied 'spec.containers[0].securityContext.capabilities.add: Invalid value: "SYS_ADMIN": capability may not be added'
}

@test "required drops are filled in" {
    review "{$OPEN,\"requiredDropCapabilities\":[\"ALL\"]}" "$(pod "$(container '{}')")"
    patched '[{"op":"add","path":"/spec/containers/0/securityContext","value":{"capabilities":{"drop":["ALL"]}}}]'
}

@test "a required drop may not be added" {
    review "{$OPEN,\"requiredDropCapabilities\":[\"NET_RAW\"],\"allowedCapabilities\":[\"NET_ADMIN\"]}" "$(capabilities '{"add":["NET_RAW"]}')"
    denied 'spec.containers[0].securityContext.capabilities.add: Invalid value: "NET_RAW": capability may not be added'
}

@test "default capabilities are added unless the container drops them" {
    review "{$OPEN,\"defaultAddCapabilities\":[\"CHOWN\",\"KILL\"]}" "$(capabilities '{"drop":["KILL"]}')"
    patched '[{"op":"add","path":"/spec/containers/0/securityContext/capabilities/add","value":["CHOWN"]}]'
}
