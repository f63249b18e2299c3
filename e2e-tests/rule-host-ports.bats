#!/usr/bin/env bats

setup() { load helper; }

@test "host ports outside of the ranges are rejected" {
    review "{$OPEN,\"hostPorts\":[{\"min\":8000,\"max\":8080}]}" "$(pod "$(container '{"ports":[{"containerPort":80,"hostPort":8000},{"containerPort":81,"hostPort":81}]}')")"
    denied 'spec.containers[0].ports[1].hostPort: Invalid value: 81: Host port 81 is not allowed to be used. Allowed ports: [8000-8080]'
}

@test "without ranges no host port is allowed" {
    review "{$OPEN}" "$(pod "$(container '{"ports":[{"containerPort":80,"hostPort":8000}]}')")"
    denied 'spec.containers[0].ports[0].hostPort: Invalid value: 8000: Host port 8000 is not allowed to be used. Allowed ports: []'
}

@test "container ports without a host port pass" {
    review "{$OPEN}" "$(pod "$(container '{"ports":[{"containerPort":80}]}')")"
    unchanged
}
