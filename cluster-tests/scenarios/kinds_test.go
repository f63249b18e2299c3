package scenarios

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	admission "k8s.io/api/admissionregistration/v1"
	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
)

const otherKinds = `
podTemplates:
- {apiGroup: example.com, kind: Rollout, path: spec.template}
- {apiGroup: example.com, kind: Pipeline, path: "spec.steps[*].template"}
allowPrivilegeEscalation: false
volumes: [emptyDir, projected]
runAsUser: {rule: MustRunAsNonRoot}
seLinux: {rule: RunAsAny}
supplementalGroups: {rule: RunAsAny}
fsGroup: {rule: RunAsAny}
`

// object is a custom one with a spec.
func object(t *testing.T, kind, name string, spec map[string]any) *unstructured.Unstructured {
	t.Helper()
	text, err := json.Marshal(map[string]any{
		"apiVersion": "example.com/v1", "kind": kind, "metadata": map[string]any{"name": name}, "spec": spec,
	})
	if err != nil {
		t.Fatal(err)
	}
	object := &unstructured.Unstructured{}
	if err := object.UnmarshalJSON(text); err != nil {
		t.Fatal(err)
	}
	return object
}

func TestFurtherKindsWithPodTemplates(t *testing.T) {
	t.Parallel()
	if _, err := suite.kubectl("apply", "--filename", "testdata/kinds.yaml"); err != nil {
		t.Fatal(err)
	}
	registered(t, "kinds", withSettings(t, otherKinds, admission.RuleWithOperations{
		Operations: []admission.OperationType{admission.Create, admission.Update},
		Rule: admission.Rule{
			APIGroups: []string{"example.com"}, APIVersions: []string{"*"}, Resources: []string{"rollouts", "rollouts/*", "pipelines"},
		},
	}))
	client, err := dynamic.NewForConfig(impersonating(suite.Admin, "dev", developers))
	if err != nil {
		t.Fatal(err)
	}
	namespace := suite.namespace(t, of("kinds"))
	of := func(resource string) dynamic.ResourceInterface {
		return client.Resource(schema.GroupVersionResource{Group: "example.com", Version: "v1", Resource: resource}).Namespace(namespace)
	}
	until(t, "the new kinds", func(ctx context.Context) error {
		_, rollouts := of("rollouts").List(ctx, meta.ListOptions{})
		_, pipelines := of("pipelines").List(ctx, meta.ListOptions{})
		if rollouts != nil {
			return rollouts
		}
		return pipelines
	})
	rollout := func(name string, pod *core.Pod) *unstructured.Unstructured {
		return object(t, "Rollout", name, map[string]any{"replicas": 1, "template": template(pod)})
	}
	made, err := of("rollouts").Create(t.Context(), rollout("web", plain("web")), create)
	admitted(t, made, err)
	// Rehearsed, and stored as it came.
	if template, _, _ := unstructured.NestedMap(made.Object, "spec", "template", "spec", "containers[0]", "securityContext"); template != nil {
		t.Errorf("it was changed: %v", template)
	}
	_, err = of("rollouts").Create(t.Context(), rollout("agent", privileged("agent")), create)
	const rejected = "spec.template.spec.containers[0].securityContext.privileged: Invalid value: true"
	if message := denied(t, err); !strings.Contains(message, rejected) {
		t.Errorf("the message is %s", message)
	}
	for _, patch := range []string{`{"spec": {"replicas": 0}}`, `{"metadata": {"labels": {"tier": "web"}}}`} {
		made, err = of("rollouts").Patch(t.Context(), "web", types.MergePatchType, []byte(patch), meta.PatchOptions{})
		admitted(t, made, err)
	}
	made, err = of("rollouts").Patch(t.Context(), "web", types.MergePatchType, []byte(`{"status": {"replicas": 1}}`), meta.PatchOptions{}, "status")
	admitted(t, made, err)

	steps := func(pods ...*core.Pod) map[string]any {
		var steps []any
		for _, pod := range pods {
			steps = append(steps, map[string]any{"name": pod.Name, "template": template(pod)})
		}
		return map[string]any{"steps": steps}
	}
	made, err = of("pipelines").Create(t.Context(), object(t, "Pipeline", "build", steps(plain("fetch"), plain("build"))), create)
	admitted(t, made, err)
	_, err = of("pipelines").Create(t.Context(), object(t, "Pipeline", "release", steps(plain("fetch"), privileged("push"))), create)
	if message := denied(t, err); !strings.Contains(message, fmt.Sprintf("spec.steps[%d].template.", 1)) {
		t.Errorf("the message is %s", message)
	}
}
