package scenarios

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	core "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/clientcmd"
)

// plugin runs kubectl psp with a kubeconfig, and nothing on standard input.
func plugin(t *testing.T, kubeconfig string, arguments ...string) (code int, output, errorOutput string) {
	t.Helper()
	binary, err := fromEnvironment("KUBECTL_PSP", "the command line")
	if err != nil {
		t.Fatal(err)
	}
	var stdout, stderr strings.Builder
	command := exec.Command(binary, arguments...)
	command.Env = append(os.Environ(), "KUBECONFIG="+kubeconfig)
	command.Stdout, command.Stderr = &stdout, &stderr
	var ended *exec.ExitError
	if err := command.Run(); err != nil && !errors.As(err, &ended) {
		t.Fatal(err)
	}
	return command.ProcessState.ExitCode(), stdout.String(), stderr.String()
}

// kubeconfigOf is one of the administrator who acts as a user without any rights.
func kubeconfigOf(t *testing.T, user string) string {
	t.Helper()
	config, err := clientcmd.LoadFromFile(suite.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	for _, known := range config.AuthInfos {
		known.Impersonate, known.ImpersonateGroups = user, []string{"system:authenticated"}
	}
	file := filepath.Join(t.TempDir(), "kubeconfig")
	if err := clientcmd.WriteToFile(*config, file); err != nil {
		t.Fatal(err)
	}
	return file
}

// The registrations, the grants and the pods of a cluster, as kubectl psp reads them.
func TestPluginReadsTheCluster(t *testing.T) {
	t.Parallel()
	run := func(arguments ...string) string {
		t.Helper()
		output, err := suite.kubectl(arguments...)
		if err != nil {
			t.Fatal(err)
		}
		return output
	}
	definitions := filepath.Join(root, "cluster-tests/kubewarden/definitions.yaml")
	run("apply", "--filename", definitions)
	run("wait", "--for", "condition=Established", "--filename", definitions)
	run("apply", "--filename", filepath.Join(root, "manifests/mutating.yaml"), "--filename", filepath.Join(root, "manifests/validating.yaml"))
	namespace := suite.namespace(t, of(unjudged))
	pods := suite.admin.CoreV1().Pods(namespace)
	for _, pod := range []*core.Pod{plain("web"), privileged("agent")} {
		pod.Annotations = map[string]string{admittedBy: "restricted"}
		made, err := pods.Create(t.Context(), pod, create)
		admitted(t, made, err)
	}
	deployed, err := suite.admin.AppsV1().Deployments(namespace).Create(t.Context(), deployment(plain("front"), 0), create)
	admitted(t, deployed, err)
	versions := func() string {
		return run("get", "pods,deployments", "--namespace", namespace, "--output", "jsonpath={.items[*].metadata.resourceVersion}")
	}
	before := versions()

	code, output, stderr := plugin(t, suite.Kubeconfig, "check", "--namespace", namespace, "--output", "json")
	var checked struct {
		Results []struct{ Kind, Name, Verdict string }
	}
	if err := json.Unmarshal([]byte(output), &checked); err != nil || code != 1 {
		t.Fatalf("%d: %v: %s%s", code, err, output, stderr)
	}
	verdicts := map[string]string{}
	for _, result := range checked.Results {
		verdicts[result.Kind+"/"+result.Name] = result.Verdict
	}
	for object, verdict := range map[string]string{"Pod/agent": "rejected", "Pod/web": "changed", "Deployment/front": "changed"} {
		if verdicts[object] != verdict || len(verdicts) != 3 {
			t.Errorf("%s is %s: %v", object, verdicts[object], verdicts)
		}
	}

	// What it writes for dashboards is what the API server takes.
	_, output, _ = plugin(t, suite.Kubeconfig, "check", "--namespace", namespace, "--output", "openreports")
	reports := filepath.Join(t.TempDir(), "reports.yaml")
	if err := os.WriteFile(reports, []byte(output), 0o600); err != nil {
		t.Fatal(err)
	}
	run("apply", "--filename", reports)
	if counts := run("get", "reports.openreports.io", "kubectl-psp", "--namespace", namespace, "--output", "jsonpath={.kind} {.summary.pass}"); counts != "Report 2" {
		t.Errorf("the report has %s", counts)
	}

	code, output, stderr = plugin(t, suite.Kubeconfig, "explain", "pod/agent", "--namespace", namespace)
	if code != 1 || !strings.Contains(output, "privileged: may not be used; admits the pod as it is") || !strings.Contains(output, "-      privileged: true\n") {
		t.Errorf("%d: %s%s", code, output, stderr)
	}

	code, output, stderr = plugin(t, suite.Kubeconfig, "diff", "--namespace", namespace)
	if code != 1 || !strings.Contains(output, "Pod "+namespace+"/agent") || strings.Contains(output, "/web") {
		t.Errorf("%d: %s%s", code, output, stderr)
	}

	account := "system:serviceaccount:" + namespace + ":default"
	for policy, expected := range map[string]int{"restricted": 0, "privileged": 1} {
		code, output, stderr = plugin(t, suite.Kubeconfig, "can-use", policy, "--as", account, "--namespace", namespace)
		if code != expected {
			t.Errorf("%s: %d: %s%s", policy, code, output, stderr)
		}
	}

	code, output, stderr = plugin(t, kubeconfigOf(t, "visitor"), "check", "--policies", "baseline", "--namespace", namespace)
	line, _, _ := strings.Cut(stderr, "\n")
	if code != 2 || !strings.HasPrefix(line, "error: visitor may not list pods, deployments.apps, ") || !strings.HasSuffix(line, " in namespace "+namespace) {
		t.Errorf("%d: %s%s", code, output, stderr)
	}

	if after := versions(); after != before {
		t.Errorf("something was written: %s, then %s", before, after)
	}
}
