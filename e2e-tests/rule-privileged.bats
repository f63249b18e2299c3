#!/usr/bin/env bats

setup() { load helper; }

@test "privileged containers are rejected, init containers too" {
    review "{$OPEN}" "$(pod '{"initContainers":[{"name":"i","securityContext":{"privileged":true}}],"containers":[{"name":"c","securityContext":{"privileged":true}}]}')"
    denied 'spec.initContainers[0].securityContext.privileged: Invalid value: true: Privileged containers are not allowed; spec.containers[0].securityContext.privileged: Invalid value: true: Privileged containers are not allowed'
}

@test "Windows host processes are privileged" {
    local pod
    pod=$(pod '{"os":{"name":"windows"},"securityContext":{"windowsOptions":{"hostProcess":true}},"containers":[{"name":"c"}]}')
    review "{$OPEN}" "$pod"
    denied 'spec.securityContext.windowsOptions.hostProcess: Invalid value: true: HostProcess containers are privileged, and Privileged containers are not allowed; spec.containers[0].securityContext.windowsOptions.hostProcess: Invalid value: true: HostProcess containers are privileged, and Privileged containers are not allowed'
    review "{$OPEN,\"privileged\":true}" "$pod"
    unchanged
}

@test "privileged: true allows them" {
    review "{$OPEN,\"privileged\":true}" "$(pod "$(container '{"securityContext":{"privileged":true}}')")"
    unchanged
}
