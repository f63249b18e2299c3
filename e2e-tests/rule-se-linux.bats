#!/usr/bin/env bats

setup() { load helper; }

SETTINGS='{"runAsUser":{"rule":"RunAsAny"},"supplementalGroups":{"rule":"RunAsAny"},"fsGroup":{"rule":"RunAsAny"},"seLinux":{"rule":"MustRunAs","seLinuxOptions":{"type":"app_t","level":"s0:c1,c2"}}}'

@test "the options are filled in" {
    review "$SETTINGS" "$(pod "$(container '{}')")"
    patched '[{"op":"add","path":"/spec/securityContext","value":{"seLinuxOptions":{"level":"s0:c1,c2","type":"app_t"}}}]'
}

@test "other options are rejected, of pods and of containers" {
    review "$SETTINGS" "$(pod '{"securityContext":{"seLinuxOptions":{"type":"app_t","level":"s0:c2,c1"}},"containers":[{"name":"app","securityContext":{"seLinuxOptions":{"type":"spc_t"}}}]}')"
    denied 'spec.containers[0].securityContext.seLinuxOptions.level: Invalid value: "": must be s0:c1,c2; spec.containers[0].securityContext.seLinuxOptions.type: Invalid value: "spc_t": must be app_t'
}
