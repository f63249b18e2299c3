#!/usr/bin/env bats

setup() { load helper; }

# policies AUTHORIZATION: `a` is strict, `b` allows the node's process ids.
policies() {
    printf '{"authorization":"%s","policies":[{"metadata":{"name":"a"},"spec":{%s}},{"metadata":{"name":"b"},"spec":{"hostPID":true,%s}}]}' "$1" "$OPEN" "$OPEN"
}

# asked USER GROUPS POLICY ALLOWED: one recorded exchange for each API group queried.
asked() {
    local group groups=(policy extensions)
    [[ $4 == true ]] && groups=(policy)
    for group in "${groups[@]}"; do
        cat <<YAML
- type: Exchange
  request: |
    !KubernetesCanI
    request:
      groups: $2
      resource_attributes:
        group: $group
        name: $3
        namespace: shop
        resource: podsecuritypolicies
        subresource: null
        verb: use
        version: null
      user: $1
    disable_cache: false
  response:
    type: Success
    payload: '{"allowed":$4}'
YAML
    done
}

ACCOUNT='system:serviceaccount:shop:web'
ACCOUNTS='[system:serviceaccounts, "system:serviceaccounts:shop"]'

@test "the service account may use it" {
    asked "$ACCOUNT" "$ACCOUNTS" a true >"$BATS_TEST_TMPDIR/calls.yaml"
    review "$(policies RBAC)" "$(pod '{"serviceAccountName":"web","containers":[]}')" \
        --replay-host-capabilities-interactions "$BATS_TEST_TMPDIR/calls.yaml"
    patched '[{"op":"add","path":"/metadata/annotations","value":{"kubernetes.io/psp":"a"}}]'
}

@test "a policy without grants does not count" {
    {
        asked "$ACCOUNT" "$ACCOUNTS" a false
        asked alice '[system:authenticated]' a false
        asked "$ACCOUNT" "$ACCOUNTS" b true
    } >"$BATS_TEST_TMPDIR/calls.yaml"
    review "$(policies RBAC)" "$(pod '{"serviceAccountName":"web","containers":[]}')" \
        --replay-host-capabilities-interactions "$BATS_TEST_TMPDIR/calls.yaml"
    patched '[{"op":"add","path":"/metadata/annotations","value":{"kubernetes.io/psp":"b"}}]'
}

@test "without a response from the cluster everything is rejected" {
    review "$(policies RBAC)" "$(pod '{"containers":[]}')"
    same "$(jq -r .allowed <<<"$answer")" false
    # The rest of the message depends on the host.
    told='cannot determine who may use which policy: the policy server could not ask the cluster: '
    same "$(jq -r .status.message <<<"$answer" | cut -c "1-${#told}")" "$told"
}

@test "policies granted to the requesting user count too" {
    {
        asked "$ACCOUNT" "$ACCOUNTS" a false
        asked alice '[system:authenticated]' a true
    } >"$BATS_TEST_TMPDIR/calls.yaml"
    review "$(policies RBAC)" "$(pod '{"serviceAccountName":"web","containers":[]}')" \
        --replay-host-capabilities-interactions "$BATS_TEST_TMPDIR/calls.yaml"
    patched '[{"op":"add","path":"/metadata/annotations","value":{"kubernetes.io/psp":"a"}}]'
}

@test "a rejection lists only the policies that may be used" {
    {
        asked "$ACCOUNT" "$ACCOUNTS" b false
        asked alice '[system:authenticated]' b false
        asked "$ACCOUNT" "$ACCOUNTS" a true
    } >"$BATS_TEST_TMPDIR/calls.yaml"
    review "$(policies RBAC)" "$(pod '{"serviceAccountName":"web","hostPID":true,"containers":[]}')" \
        --replay-host-capabilities-interactions "$BATS_TEST_TMPDIR/calls.yaml"
    denied 'no PodSecurityPolicy admits this pod: "a": spec.hostPID: Invalid value: true: Host PID is not allowed to be used'
}
