#!/usr/bin/env bats

setup() { load helper; }

OBJECTION='spec.hostPID: Invalid value: true: Host PID is not allowed to be used'

@test "Warn admits, warns and is audited" {
    review "{$OPEN,\"enforcement\":{\"rules\":{\"hostPID\":\"Warn\"}}}" "$(pod '{"hostPID":true,"containers":[]}')"
    unchanged
    same "$(jq -r '.warnings[]' <<<"$answer")" "$OBJECTION"
    same "$(jq -r '.auditAnnotations.violations' <<<"$answer")" "$OBJECTION"
}

@test "Audit admits and is audited" {
    review "{$OPEN,\"enforcement\":{\"default\":\"Audit\"}}" "$(pod '{"hostPID":true,"containers":[]}')"
    unchanged
    same "$(jq -r .warnings <<<"$answer")" null
    same "$(jq -r '.auditAnnotations.violations' <<<"$answer")" "$OBJECTION"
}

@test "other rules deny as before" {
    review "{$OPEN,\"enforcement\":{\"rules\":{\"hostIPC\":\"Warn\"}}}" "$(pod '{"hostPID":true,"hostIPC":true,"containers":[]}')"
    denied "$OBJECTION"
}

@test "a rule with Warn or Audit still fills in its default" {
    review "{$OPEN,\"readOnlyRootFilesystem\":true,\"enforcement\":{\"default\":\"Warn\"}}" "$(pod "$(container '{}')")"
    patched '[{"op":"add","path":"/spec/containers/0/securityContext","value":{"readOnlyRootFilesystem":true}}]'
}

@test "a check of the standards can warn" {
    review '{"podSecurityStandards":{"enforce":"baseline","warn":"privileged"},"enforcement":{"rules":{"pss/hostNamespaces":"Warn"}}}' \
        "$(pod '{"hostPID":true,"containers":[]}')"
    unchanged
    same "$(jq -r '.warnings[]' <<<"$answer")" 'would violate PodSecurity "baseline:latest": host namespaces (hostPID=true)'
}

@test "an unknown rule is an error with the nearest name" {
    refuse "{$OPEN,\"enforcement\":{\"rules\":{\"pss/hostNamespace\":\"Warn\"}}}"
    told 'enforcement.rules[pss/hostNamespace]: unknown rule; did you mean "pss/hostNamespaces"?'
}
