#!/usr/bin/env bats

setup() { load helper; }

SETTINGS() { printf '{%s,"volumes":["hostPath"],"allowedHostPaths":[{"pathPrefix":"/var/log","readOnly":true},{"pathPrefix":"/srv"}]}' "$OPEN"; }

# mounting PATH MOUNT: a pod with a path of the node, and how it is mounted.
mounting() {
    pod "{\"volumes\":[{\"name\":\"v\",\"hostPath\":{\"path\":\"$1\"}}],\"containers\":[{\"name\":\"app\",\"volumeMounts\":[$2]}]}"
}

@test "paths below a prefix pass" {
    review "$(SETTINGS)" "$(mounting /srv/data '{"name":"v"}')"
    unchanged
    review "$(SETTINGS)" "$(mounting /var/log/pods '{"name":"v","readOnly":true}')"
    unchanged
}

@test "a prefix matches whole path elements" {
    review "$(SETTINGS)" "$(mounting /srvx '{"name":"v"}')"
    denied 'spec.volumes[0].hostPath.path: Invalid value: "/srvx": is not allowed to be used'
}

@test "read-only prefixes require read-only mounts" {
    review "$(SETTINGS)" "$(mounting /var/log '{"name":"v"}')"
    denied 'spec.containers[0].volumeMounts[0].readOnly: Invalid value: false: must be read-only'
}

@test "a path with .. is rejected" {
    review "$(SETTINGS)" "$(mounting /srv/../etc '{"name":"v"}')"
    denied 'spec.volumes[0].hostPath.path: Invalid value: "/srv/../etc": must not contain '"'..'"
}
