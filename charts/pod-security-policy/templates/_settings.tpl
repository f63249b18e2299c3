{{- /* The keys of values that are not settings. */ -}}
{{- define "psp.ownKeys" -}}
{{- list "mode" "failurePolicy" "name" "mutating" "validating" "exemptNamespaces" "timeoutSeconds" "labels" "module" "policyServer" "grants" "defaultPolicies" "global" | toJson -}}
{{- end -}}

{{- define "psp.usesDefaultPolicies" -}}
{{- $values := .Values -}}
{{- if and $values.defaultPolicies (not (hasKey $values "runAsUser")) (not $values.policies) (not $values.podSecurityStandards) -}}true{{- end -}}
{{- end -}}

{{- /* Who may use which policy: without a list, what the default policies need. As JSON. */ -}}
{{- define "psp.grants" -}}
{{- if .Values.grants -}}
{{- toJson .Values.grants -}}
{{- else if include "psp.usesDefaultPolicies" . -}}
{{- .Files.Get "files/grants.yaml" | fromYamlArray | toJson -}}
{{- else -}}
[]
{{- end -}}
{{- end -}}

{{- /* The settings of the policy, as JSON. Both halves have the same. */ -}}
{{- define "psp.settings" -}}
{{- $settings := dict -}}
{{- $own := include "psp.ownKeys" . | fromJsonArray -}}
{{- range $key, $value := .Values -}}
{{- if not (has $key $own) -}}
{{- $_ := set $settings $key $value -}}
{{- end -}}
{{- end -}}
{{- if not $settings.policies -}}
{{- $settings = omit $settings "policies" -}}
{{- end -}}
{{- $bare := hasKey $settings "runAsUser" -}}
{{- if and $bare $settings.policies -}}
{{- fail "\n\npolicies: stands next to the fields of a spec, such as runAsUser: give a list of policies, or the fields of one" -}}
{{- end -}}
{{- if include "psp.usesDefaultPolicies" . -}}
{{- $_ := set $settings "policies" (.Files.Get "files/policies.yaml" | fromYamlArray) -}}
{{- if not $settings.authorization -}}
{{- $_ := set $settings "authorization" "RBAC" -}}
{{- end -}}
{{- end -}}
{{- $settings | toJson -}}
{{- end -}}

{{- /* Names of the policies that grants can name, as JSON. */ -}}
{{- define "psp.policyNames" -}}
{{- $settings := include "psp.settings" . | fromJson -}}
{{- $names := list -}}
{{- range $settings.policies -}}
{{- $names = append $names .metadata.name -}}
{{- end -}}
{{- if hasKey $settings "runAsUser" -}}
{{- $names = append $names "default" -}}
{{- end -}}
{{- $names | toJson -}}
{{- end -}}

{{- /* Whether anything fills in defaults in pods: standards alone only validate. */ -}}
{{- define "psp.mutates" -}}
{{- $settings := include "psp.settings" . | fromJson -}}
{{- if and (or $settings.policies (hasKey $settings "runAsUser")) (ne (toString $settings.mutate) "false") -}}true{{- end -}}
{{- end -}}

{{- /* Whether pods are evaluated at all. */ -}}
{{- define "psp.evaluatesPods" -}}
{{- $settings := include "psp.settings" . | fromJson -}}
{{- if or $settings.policies (hasKey $settings "runAsUser") $settings.podSecurityStandards -}}true{{- end -}}
{{- end -}}
