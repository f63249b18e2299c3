module pod-security-policy/conformance/lines

go 1.22
