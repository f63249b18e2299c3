#!/usr/bin/env bats

setup() {
    load helper
    MUTATING="{$OPEN,\"defaultAllowPrivilegeEscalation\":false,\"requiredDropCapabilities\":[\"ALL\"]}"
    VALIDATING=$(jq -c '.mutate = false' <<<"$MUTATING")
}

@test "the defaults of the first registration satisfy the second" {
    local request filled
    request=$(pod "$(container '{}')")
    review "$MUTATING" "$request"
    patched '[{"op":"add","path":"/spec/containers/0/securityContext","value":{"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]}}}]'
    filled=$(jq -c '.object.spec.containers[0].securityContext = {allowPrivilegeEscalation: false, capabilities: {drop: ["ALL"]}}' <<<"$request")
    review "$VALIDATING" "$filled"
    unchanged
}

@test "a container added by a later webhook is rejected by the second, with the missing defaults" {
    review "$VALIDATING" "$(pod '{"containers":[{"name":"app","securityContext":{"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]}}},{"name":"injected"}]}')"
    denied 'would be filled in: spec.containers[1].securityContext.capabilities.drop = ["ALL"]; would be filled in: spec.containers[1].securityContext.allowPrivilegeEscalation = false'
}
