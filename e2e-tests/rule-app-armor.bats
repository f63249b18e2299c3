#!/usr/bin/env bats

setup() { load helper; }

SETTINGS() { printf '{%s,"annotations":{"apparmor.security.beta.kubernetes.io/allowedProfileNames":"runtime/default,localhost/web","apparmor.security.beta.kubernetes.io/defaultProfileName":"runtime/default"}}' "$OPEN"; }

@test "the default profile is filled in" {
    review "$(SETTINGS)" "$(pod "$(container '{}')")"
    patched '[{"op":"add","path":"/spec/containers/0/securityContext","value":{"appArmorProfile":{"type":"RuntimeDefault"}}}]'
}

@test "a listed profile passes" {
    review "$(SETTINGS)" "$(pod "$(container '{"securityContext":{"appArmorProfile":{"type":"Localhost","localhostProfile":"web"}}}')")"
    unchanged
}

@test "another profile is rejected" {
    review "$(SETTINGS)" "$(pod "$(container '{"securityContext":{"appArmorProfile":{"type":"Unconfined"}}}')")"
    denied 'spec.containers[0].securityContext.appArmorProfile: Forbidden: unconfined is not an allowed profile. Allowed values: "runtime/default,localhost/web"'
}
