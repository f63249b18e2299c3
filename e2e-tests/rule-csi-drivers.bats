#!/usr/bin/env bats

setup() { load helper; }

csi() { pod "{\"containers\":[],\"volumes\":[{\"name\":\"v\",\"csi\":{\"driver\":\"$1\"}}]}"; }

@test "drivers that are not listed are rejected" {
    local settings="{$OPEN,\"volumes\":[\"csi\"],\"allowedCSIDrivers\":[{\"name\":\"secrets.example.com\"}]}"
    review "$settings" "$(csi secrets.example.com)"
    unchanged
    review "$settings" "$(csi disk.example.com)"
    denied 'spec.volumes[0].csi.driver: Invalid value: "disk.example.com": Inline CSI driver is not allowed to be used'
}

@test "without a list every driver is allowed" {
    review "{$OPEN,\"volumes\":[\"csi\"]}" "$(csi disk.example.com)"
    unchanged
}
