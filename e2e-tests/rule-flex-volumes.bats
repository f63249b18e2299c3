#!/usr/bin/env bats

setup() { load helper; }

flex() { pod "{\"containers\":[],\"volumes\":[{\"name\":\"v\",\"flexVolume\":{\"driver\":\"$1\"}}]}"; }

@test "drivers that are not listed are rejected" {
    local settings="{$OPEN,\"volumes\":[\"flexVolume\"],\"allowedFlexVolumes\":[{\"driver\":\"example/lvm\"}]}"
    review "$settings" "$(flex example/lvm)"
    unchanged
    review "$settings" "$(flex example/cifs)"
    denied 'spec.volumes[0].flexVolume.driver: Invalid value: "example/cifs": Flexvolume driver is not allowed to be used'
}

@test "without a list every driver is allowed" {
    review "{$OPEN,\"volumes\":[\"flexVolume\"]}" "$(flex example/cifs)"
    unchanged
}
