package scenarios

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// create makes a pod as somebody who may use no policy.
func (r *reader) create(ctx context.Context, t *testing.T, pod *core.Pod) (*core.Pod, error) {
	t.Helper()
	r.pods++
	pod.Name = fmt.Sprintf("%s-%d", pod.Name, r.pods)
	return r.developer(t).CoreV1().Pods("shop").Create(ctx, pod, create)
}

func (r *reader) admitsEverything(t *testing.T) {
	t.Helper()
	until(t, "a pod that is not filled in", func(ctx context.Context) error {
		pod, err := r.create(ctx, t, privileged("agent"))
		if err == nil && pod.Annotations[admittedBy] != "" {
			err = fmt.Errorf("it was admitted by %s", pod.Annotations[admittedBy])
		}
		return err
	})
}

// runsAWorkload makes the pod and the file that the reference of the command line names.
func (r *reader) runsAWorkload(t *testing.T) {
	t.Helper()
	pod, err := r.developer(t).CoreV1().Pods("shop").Create(t.Context(), plain("web"), create)
	admitted(t, pod, err)
	text, err := os.ReadFile(filepath.Join(r.place, "manifests/web.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	r.write(t, filepath.Join(r.place, "deployment.yaml"), string(text))
}

// mayAsk is whether Kubewarden's chart lets the policy server ask who may use what, by the values that the documents give.
func (r *reader) mayAsk(t *testing.T) {
	t.Helper()
	output, err := r.shell("kubectl get clusterrole kubewarden-context-watcher --output jsonpath='{.rules[2]}'")
	const expected = `{"apiGroups":["authorization.k8s.io"],"resources":["subjectaccessreviews"],"verbs":["create"]}`
	if err != nil || output != expected {
		t.Errorf("the policy server may do %s, not %s (%v)", output, expected, err)
	}
}

// monitors is whether logs and reports say what the documents promise, while nothing is rejected.
func (r *reader) monitors(t *testing.T) {
	t.Helper()
	r.admitsEverything(t)
	pod, err := r.create(t.Context(), t, plain("lacks-defaults"))
	admitted(t, pod, err)
	if err := r.controller.Scan(t.Context(), "shop"); err != nil {
		t.Error(err)
	}
	const rejected, missing = "Privileged containers are not allowed", "would be filled in: "
	for _, command := range []string{
		"kubectl logs --namespace kubewarden --selector kubewarden/policy-server=default --tail 100",
		"kubectl get reports.openreports.io --namespace shop --output yaml",
	} {
		output, err := r.shell(command)
		if err != nil || !strings.Contains(output, rejected) || !strings.Contains(output, missing) {
			t.Errorf("%s: %v\n%s", command, err, output)
		}
	}
}

func (r *reader) protects(t *testing.T) {
	t.Helper()
	r.fillsIn(t, "restricted")
}

func (r *reader) protectsByBaseline(t *testing.T) {
	t.Helper()
	r.fillsIn(t, "baseline")
}

// hasOtherPolicies registers policies of other modules, which nothing serves here.
func (r *reader) hasOtherPolicies(t *testing.T) {
	t.Helper()
	if _, err := r.kubectl("apply", "--filename", filepath.Join(r.place, "sources/kubewarden.yaml")); err != nil {
		t.Fatal(err)
	}
}

// rejects is whether privileged pods are rejected.
func (r *reader) rejects(t *testing.T) {
	t.Helper()
	until(t, "a rejection", func(ctx context.Context) error {
		_, err := r.create(ctx, t, privileged("agent"))
		if err == nil || !strings.Contains(err.Error(), " denied the request: ") || !strings.Contains(err.Error(), "rivileged") {
			return fmt.Errorf("a privileged pod: %v", err)
		}
		return nil
	})
}

// fillsIn is whether pods are admitted by a policy, and privileged ones rejected.
func (r *reader) fillsIn(t *testing.T, policy string) {
	t.Helper()
	r.rejects(t)
	pod, err := r.create(t.Context(), t, plain("web"))
	if admitted(t, pod, err).Annotations[admittedBy] != policy {
		t.Errorf("it was admitted by %q", pod.Annotations[admittedBy])
	}
	configurations := r.admin.AdmissionregistrationV1()
	mutating, err := configurations.MutatingWebhookConfigurations().List(t.Context(), meta.ListOptions{})
	admitted(t, mutating, err)
	validating, err := configurations.ValidatingWebhookConfigurations().List(t.Context(), meta.ListOptions{})
	admitted(t, validating, err)
	if len(mutating.Items) != 1 || len(validating.Items) != 1 {
		t.Errorf("there are %d mutating and %d validating configurations", len(mutating.Items), len(validating.Items))
	}
}
