#!/usr/bin/env bats

setup() { load helper; }

BARE='allowPrivilegeEscalation != false (container "app" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "app" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or container "app" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container "app" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")'

@test "a level in one word" {
    review '{"podSecurityStandards":{"enforce":"restricted"}}' "$(pod "$(container '{}')")"
    denied "violates PodSecurity \"restricted:latest\": $BARE"
    same "$(jq -c '.auditAnnotations' <<<"$answer")" '{"enforce-policy":"restricted:latest (v1.37)"}'
}

@test "a pod that satisfies the level passes unchanged" {
    review '{"podSecurityStandards":{"enforce":"restricted"}}' "$(pod "$(container '{"securityContext":{"allowPrivilegeEscalation":false,
        "capabilities":{"drop":["ALL"]},"runAsNonRoot":true,"seccompProfile":{"type":"RuntimeDefault"}}}')")"
    unchanged
    same "$(jq -r .warnings <<<"$answer")" null
}

@test "warn and audit report and admit" {
    review '{"podSecurityStandards":{"enforce":"baseline","warn":"restricted","audit":"restricted:v1.30"}}' "$(pod "$(container '{}')")"
    unchanged
    same "$(jq -r '.warnings[]' <<<"$answer")" "would violate PodSecurity \"restricted:latest\": $BARE"
    same "$(jq -r '.auditAnnotations["audit-violations"]' <<<"$answer")" "would violate PodSecurity \"restricted:v1.30\": $BARE"
}

@test "combined with a policy the standard evaluates the pod after defaulting" {
    local policy='"allowPrivilegeEscalation":false,"requiredDropCapabilities":["ALL"],"runAsUser":{"rule":"MustRunAsNonRoot"},
        "seLinux":{"rule":"RunAsAny"},"supplementalGroups":{"rule":"RunAsAny"},"fsGroup":{"rule":"RunAsAny"},
        "annotations":{"seccomp.security.alpha.kubernetes.io/allowedProfileNames":"runtime/default",
        "seccomp.security.alpha.kubernetes.io/defaultProfileName":"runtime/default"}'
    review "{$policy,\"podSecurityStandards\":{\"enforce\":\"restricted\"}}" "$(pod "$(container '{}')")"
    patched '[{"op":"add","path":"/spec/containers/0/securityContext","value":{"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]},"runAsNonRoot":true}},
        {"op":"add","path":"/spec/securityContext","value":{"seccompProfile":{"type":"RuntimeDefault"}}}]'
    review "{$policy,\"podSecurityStandards\":{\"enforce\":\"restricted\"}}" \
        "$(pod "$(container '{"ports":[{"hostPort":80,"containerPort":80}]}')")"
    denied 'spec.containers[0].ports[0].hostPort: Invalid value: 80: Host port 80 is not allowed to be used. Allowed ports: []'
}

@test "a workload causes a warning and is never denied" {
    review '{"podSecurityStandards":{"enforce":"baseline"}}' "$(pod '{}' | jq -c '.kind = {group: "apps", version: "v1", kind: "Deployment"}
        | .requestKind = .kind | .object = {apiVersion: "apps/v1", kind: "Deployment", metadata: {name: "web"},
            spec: {template: {spec: {hostPID: true, containers: []}}}}')"
    unchanged
    same "$(jq -r '.warnings[]' <<<"$answer")" 'would violate PodSecurity "baseline:latest": host namespaces (hostPID=true)'
}

@test "an unknown level is an error" {
    refuse '{"podSecurityStandards":{"enforce":"resticted"}}'
    told 'podSecurityStandards.enforce: Invalid value: "resticted": must be one of privileged, baseline, restricted'
}

@test "a policy that contradicts the standard is an error" {
    refuse "{$OPEN,\"allowedProcMountTypes\":[\"Unmasked\"],\"podSecurityStandards\":{\"enforce\":\"restricted\"}}"
    told 'allowedProcMountTypes: Forbidden: no pod could satisfy this and the enforced standard "restricted:latest": procMount (container "" must not set securityContext.procMount to "Unmasked")'
}
