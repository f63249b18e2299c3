#!/usr/bin/env bats

# The command line and the module: both must agree.

setup() {
    load helper
    cat >"$BATS_TEST_TMPDIR/psp.yaml" <<'YAML'
apiVersion: policy/v1beta1
kind: PodSecurityPolicy
metadata:
  name: baseline
  uid: 2f0a3f46-6a52-4b9a-9f59-5d3c7f7a0e11
  annotations:
    seccomp.security.alpha.kubernetes.io/allowedProfileNames: runtime/default
    seccomp.security.alpha.kubernetes.io/defaultProfileName: runtime/default
spec:
  allowPrivilegeEscalation: false
  requiredDropCapabilities: [NET_RAW]
  volumes: [configMap, emptyDir, projected, secret]
  runAsUser: {rule: MustRunAsNonRoot}
  seLinux: {rule: RunAsAny}
  supplementalGroups: {rule: RunAsAny}
  fsGroup: {rule: RunAsAny}
YAML
}

psp() {
    local program=${KUBECTL_PSP:-kubectl-psp}
    # Paths in the Makefile are relative to the root of the repository.
    [[ $program == */* && $program != /* ]] && program=$ROOT/$program
    "$program" "$@"
}

# migrated INDEX: the settings of one half of the pair.
migrated() {
    psp migrate --quiet --per-policy --output json "$BATS_TEST_TMPDIR/psp.yaml" | jq -c ".items[$1].spec.settings"
}

# checked SPEC: the verdict and what is filled in, by the command line.
checked() {
    jq -nc --argjson spec "$1" '{apiVersion: "v1", kind: "Pod", metadata: {name: "web", namespace: "shop"}, spec: $spec}' |
        psp check --quiet --policies "$BATS_TEST_TMPDIR/psp.yaml" --output json | jq -c '.results[0] | [.verdict, .changes]'
}

SPEC='{"serviceAccountName":"web","containers":[{"name":"app","image":"app"}]}'

@test "the module fills in the defaults that check reports" {
    review "$(migrated 0)" "$(pod "$SPEC")"
    same "$(jq -r .allowed <<<"$answer")" true
    same "$(jq -r '.[0]' <<<"$(checked "$SPEC")")" changed
    filled=$(jq -r .patch <<<"$answer" | base64 -d | jq -r '[.. | .seccompProfile?.type // empty] | first')
    same "$filled" "$(checked "$SPEC" | jq -r '.[1][] | select(.path == "spec.securityContext.seccompProfile") | .value.type')"
}

@test "the validating half requires the defaults that the mutating half fills in" {
    review "$(migrated 1)" "$(pod "$SPEC")"
    same "$(jq -r .allowed <<<"$answer")" false
    [[ "$(jq -r .status.message <<<"$answer")" == *"would be filled in: spec.securityContext.seccompProfile"* ]]
}

@test "the module and check reject the same pod" {
    spec='{"serviceAccountName":"web","hostPID":true,"containers":[]}'
    review "$(migrated 0)" "$(pod "$spec")"
    denied 'spec.hostPID: Invalid value: true: Host PID is not allowed to be used'
    same "$(checked "$spec" | jq -r '.[0]')" rejected
}

@test "the module loads a suggested policy, and admits its workloads" {
    spec='{"serviceAccountName":"web","hostNetwork":true,"containers":[{"name":"app","image":"app","securityContext":{"runAsUser":5}}]}'
    settings=$(jq -nc --argjson spec "$spec" '{apiVersion: "v1", kind: "Pod", metadata: {name: "web", namespace: "shop"}, spec: $spec}' |
        psp suggest --quiet --output json | jq -c '.items[0]')
    review "$settings" "$(pod "$spec")"
    unchanged
}
