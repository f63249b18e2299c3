#!/usr/bin/env bats

setup() { load helper; }

@test "a standard alone is judged" {
    review '{"podSecurityStandards":{"enforce":"baseline"}}' "$(pod '{"hostPID":true,"containers":[]}')"
    denied 'violates PodSecurity "baseline:latest": host namespaces (hostPID=true)'
}

@test "a standard warns of what it does not enforce" {
    review '{"podSecurityStandards":{"enforce":"baseline","warn":"restricted"}}' "$(pod "$(container '{}')")"
    unchanged
    same "$(jq -r '.warnings[]' <<<"$answer")" 'would violate PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container "app" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "app" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or container "app" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container "app" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")'
}

@test "a standard judges what a policy has filled in" {
    review "{\"podSecurityStandards\":{\"enforce\":\"restricted\"},\"enforcement\":{\"rules\":{\"pss/capabilities_restricted\":\"Audit\"}},\"defaultAllowPrivilegeEscalation\":false,\"runAsUser\":{\"rule\":\"MustRunAsNonRoot\"},\"seLinux\":{\"rule\":\"RunAsAny\"},\"supplementalGroups\":{\"rule\":\"RunAsAny\"},\"fsGroup\":{\"rule\":\"RunAsAny\"},\"annotations\":{\"seccomp.security.alpha.kubernetes.io/allowedProfileNames\":\"runtime/default\",\"seccomp.security.alpha.kubernetes.io/defaultProfileName\":\"runtime/default\"}}" "$(pod "$(container '{}')")"
    patched '[{"op":"add","path":"/spec/containers/0/securityContext","value":{"allowPrivilegeEscalation":false,"runAsNonRoot":true}},
        {"op":"add","path":"/spec/securityContext","value":{"seccompProfile":{"type":"RuntimeDefault"}}}]'
    same "$(jq -r .auditAnnotations.violations <<<"$answer")" 'would violate PodSecurity "restricted:latest": unrestricted capabilities (container "app" must set securityContext.capabilities.drop=["ALL"])'
}
