#!/usr/bin/env bats

setup() { load helper; }

SETTINGS() { printf '{%s,"namespaceLabels":{"enforce":"restricted"}}' "$OPEN"; }

# namespace LABELS: creates one.
namespace() {
    pod '{}' | jq -c --argjson labels "$1" '.kind.kind = "Namespace" | .requestKind = .kind | .name = "shop" | .namespace = "shop"
        | .object = {apiVersion: "v1", kind: "Namespace", metadata: {name: "shop", labels: $labels}}'
}

@test "a namespace without a label gets it" {
    review "$(SETTINGS)" "$(namespace '{"team":"a"}')"
    patched '[{"op":"add","path":"/metadata/labels/pod-security.kubernetes.io~1enforce","value":"restricted"}]'
}

@test "a weaker level is refused" {
    review "$(SETTINGS)" "$(namespace '{"pod-security.kubernetes.io/enforce":"baseline"}')"
    denied 'metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: "baseline": must be "restricted"'
}
