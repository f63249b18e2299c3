// Package operations runs what operators install next to the policy: alerts as Prometheus evaluates them, and the health
// check as Argo CD runs it.
package operations

import (
	"log/slog"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/promqltest"
	"gopkg.in/yaml.v3"
)

// alerts are the rules of the manifest, which Prometheus' own reader accepts.
func alerts(t *testing.T) map[string]rulefmt.Rule {
	t.Helper()
	text, err := os.ReadFile("../../manifests/alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct{ Spec yaml.Node }
	if err := yaml.Unmarshal(text, &manifest); err != nil {
		t.Fatal(err)
	}
	rules, err := yaml.Marshal(&manifest.Spec)
	if err != nil {
		t.Fatal(err)
	}
	groups, errs := rulefmt.Parse(rules, false, model.UTF8Validation, parser.NewParser(parser.Options{}), slog.Default())
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	found := map[string]rulefmt.Rule{}
	for _, group := range groups.Groups {
		for _, rule := range group.Rules {
			found[rule.Alert] = rule
		}
	}
	return found
}

// cases are series of one minute's steps, of which each alert's expression has a result (fires) or none.
var cases = []struct{ alert, name, series, at, expected string }{
	{"PodSecurityPolicyServerDown", "fires", `kube_deployment_status_replicas_available{deployment="policy-server-default"} 2 1 0 0`, "3m", `kube_deployment_status_replicas_available{deployment="policy-server-default"} 0`},
	{"PodSecurityPolicyServerDown", "is quiet", `kube_deployment_status_replicas_available{deployment="policy-server-default"} 2 1 1 1`, "3m", ""},
	{"PodSecurityPolicyServerDown", "is not for others", `kube_deployment_status_replicas_available{deployment="web"} 0 0 0 0`, "3m", ""},
	{"PodSecurityPolicyFailsOpen", "fires", `apiserver_admission_webhook_fail_open_count{name="clusterwide-pod-security-policy-validating.kubewarden.admission"} 0+1x20`, "20m", `{name="clusterwide-pod-security-policy-validating.kubewarden.admission"} 10`},
	{"PodSecurityPolicyFailsOpen", "fires for newer names", `apiserver_admission_webhook_fail_open_count{name="kw.cap.pod-security-policy-validating.kubewarden.admission"} 0+1x20`, "20m", `{name="kw.cap.pod-security-policy-validating.kubewarden.admission"} 10`},
	{"PodSecurityPolicyFailsOpen", "is quiet", `apiserver_admission_webhook_fail_open_count{name="clusterwide-pod-security-policy-validating.kubewarden.admission"} 7x20`, "20m", ""},
	{"PodSecurityPolicyErrors", "fires", `kubewarden_policy_evaluations_total{policy_name="clusterwide-pod-security-policy-validating", error_code="500"} 0+2x20`, "20m", `{policy_name="clusterwide-pod-security-policy-validating"} 20`},
	{"PodSecurityPolicyErrors", "is quiet for rejections", `kubewarden_policy_evaluations_total{policy_name="clusterwide-pod-security-policy-validating", error_code="403"} 0+2x20`, "20m", ""},
	{"PodSecurityPolicySlow", "fires", slow("clusterwide-pod-security-policy-mutating", 0), "20m", `{policy_name="clusterwide-pod-security-policy-mutating"} 4960`},
	{"PodSecurityPolicySlow", "is quiet", slow("clusterwide-pod-security-policy-mutating", 10), "20m", ""},
	{"PodSecurityPolicyRejectsMany", "fires", `kubewarden_policy_evaluations_total{policy_name="clusterwide-pod-security-policy-validating", policy_mode="protect", request_origin="validate", accepted="false", resource_namespace="shop"} 0+3x40`, "40m", `{resource_namespace="shop"} 45`},
	{"PodSecurityPolicyRejectsMany", "is quiet for a few", `kubewarden_policy_evaluations_total{policy_name="clusterwide-pod-security-policy-validating", policy_mode="protect", request_origin="validate", accepted="false", resource_namespace="shop"} 0+1x40`, "40m", ""},
	{"PodSecurityPolicyRejectsMany", "is quiet for audits", `kubewarden_policy_evaluations_total{policy_name="clusterwide-pod-security-policy-validating", policy_mode="protect", request_origin="audit", accepted="false", resource_namespace="shop"} 0+3x40`, "40m", ""},
	{"PodSecurityPolicyWouldReject", "fires", `kubewarden_policy_evaluations_total{policy_name="clusterwide-pod-security-policy-mutating", policy_mode="monitor", request_origin="validate", accepted="false", resource_namespace="shop"} 0+1x90`, "90m", `{resource_namespace="shop"} 60`},
	{"PodSecurityPolicyWouldReject", "is quiet for missing defaults", `kubewarden_policy_evaluations_total{policy_name="clusterwide-pod-security-policy-validating", policy_mode="monitor", request_origin="validate", accepted="false", resource_namespace="shop"} 0+1x90`, "90m", ""},
}

// slow has evaluations of which so many a minute are below a second, and one is not.
func slow(policy string, fast int) string {
	of := func(bound string, count int) string {
		return `kubewarden_policy_evaluation_latency_milliseconds_bucket{policy_name="` + policy + `", le="` + bound + `"} 0+` + strconv.Itoa(count) + `x40` + "\n"
	}
	if fast > 0 {
		return of("1000", fast) + "  " + of("5000", fast) + "  " + of("+Inf", fast)
	}
	return of("1000", 0) + "  " + of("5000", 1) + "  " + of("+Inf", 1)
}

func TestAlertsFireWhenTheyShould(t *testing.T) {
	rules := alerts(t)
	tested := map[string]int{}
	for _, c := range cases {
		rule, known := rules[c.alert]
		if !known {
			t.Fatalf("there is no alert %s", c.alert)
		}
		tested[c.alert]++
		t.Run(c.alert+" "+c.name, func(t *testing.T) {
			script := "load 1m\n  " + c.series + "\n\neval instant at " + c.at + " " + rule.Expr + "\n"
			if c.expected != "" {
				script += "  " + c.expected + "\n"
			}
			promqltest.RunTest(t, script, promqltest.NewTestEngine(t, false, 0, promqltest.DefaultMaxSamplesPerQuery))
		})
	}
	for name, rule := range rules {
		if tested[name] < 2 {
			t.Errorf("%s: needs a case in which it fires, and one in which it does not", name)
		}
		if rule.Labels["severity"] == "" || rule.Annotations["summary"] == "" || rule.Annotations["description"] == "" {
			t.Errorf("%s: severity, summary and description", name)
		}
		if time.Duration(rule.For) > 15*time.Minute {
			t.Errorf("%s: waits for %s", name, rule.For)
		}
	}
}
