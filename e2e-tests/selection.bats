#!/usr/bin/env bats

setup() { load helper; }

# policies AUTHORIZATION: `a` is strict, `b` allows the node's process ids.
policies() {
    printf '{"authorization":"%s","policies":[{"metadata":{"name":"a"},"spec":{%s}},{"metadata":{"name":"b"},"spec":{"hostPID":true,%s}}]}' "$1" "$OPEN" "$OPEN"
}

@test "the first policy that admits the pod is written on it" {
    review "$(policies None)" "$(pod '{"hostPID":true,"containers":[]}')"
    patched '[{"op":"add","path":"/metadata/annotations","value":{"kubernetes.io/psp":"b"}}]'
    same "$(jq -r .auditAnnotations.policy <<<"$answer")" b
}

@test "a rejection names each policy" {
    review "$(policies None)" "$(pod '{"hostIPC":true,"containers":[]}')"
    denied 'no PodSecurityPolicy admits this pod: "a": spec.hostIPC: Invalid value: true: Host IPC is not allowed to be used; "b": spec.hostIPC: Invalid value: true: Host IPC is not allowed to be used'
}

@test "a policy that admits the pod unchanged wins over one that would change it" {
    review "{\"authorization\":\"None\",\"policies\":[{\"metadata\":{\"name\":\"a\"},\"spec\":{\"defaultAllowPrivilegeEscalation\":false,$OPEN}},{\"metadata\":{\"name\":\"b\"},\"spec\":{$OPEN}}]}" \
        "$(pod "$(container '{}')")"
    patched '[{"op":"add","path":"/metadata/annotations","value":{"kubernetes.io/psp":"b"}}]'
}

@test "otherwise the first by name that admits it after defaulting" {
    review "{\"authorization\":\"None\",\"policies\":[{\"metadata\":{\"name\":\"b\"},\"spec\":{\"readOnlyRootFilesystem\":true,$OPEN}},{\"metadata\":{\"name\":\"a\"},\"spec\":{\"defaultAllowPrivilegeEscalation\":false,$OPEN}}]}" \
        "$(pod "$(container '{}')")"
    patched '[{"op":"add","path":"/metadata/annotations","value":{"kubernetes.io/psp":"a"}},
        {"op":"add","path":"/spec/containers/0/securityContext","value":{"allowPrivilegeEscalation":false}}]'
}
