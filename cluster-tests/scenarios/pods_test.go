package scenarios

import (
	"fmt"
	"testing"

	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

func TestPodGetsDefaultsAndTheNameOfItsPolicy(t *testing.T) {
	t.Parallel()
	namespace := suite.namespace(t, nil)
	pods := suite.developer(t).CoreV1().Pods(namespace)
	pod, err := pods.Create(t.Context(), plain("web"), create)
	admitted(t, pod, err)
	stored, err := suite.admin.CoreV1().Pods(namespace).Get(t.Context(), "web", meta.GetOptions{})
	admitted(t, stored, err)
	wanted := settled("web")
	if !equality.Semantic.DeepEqual(stored.Spec.SecurityContext, wanted.Spec.SecurityContext) {
		t.Errorf("the pod has %v", stored.Spec.SecurityContext)
	}
	if !equality.Semantic.DeepEqual(stored.Spec.Containers[0].SecurityContext, wanted.Spec.Containers[0].SecurityContext) {
		t.Errorf("the container has %v", stored.Spec.Containers[0].SecurityContext)
	}
	if stored.Annotations[admittedBy] != "restricted" {
		t.Errorf("the annotations are %v", stored.Annotations)
	}
}

func TestPodThatNeedsNothingIsStoredAsItCame(t *testing.T) {
	t.Parallel()
	namespace := suite.namespace(t, nil)
	pods := suite.developer(t).CoreV1().Pods(namespace)
	pod, err := pods.Create(t.Context(), settled("web"), create)
	admitted(t, pod, err)
	wanted := settled("web")
	if !equality.Semantic.DeepEqual(pod.Spec.SecurityContext, wanted.Spec.SecurityContext) ||
		!equality.Semantic.DeepEqual(pod.Spec.Containers[0].SecurityContext, wanted.Spec.Containers[0].SecurityContext) {
		t.Errorf("it was changed: %v, %v", pod.Spec.SecurityContext, pod.Spec.Containers[0].SecurityContext)
	}
}

func TestRejectionNamesEveryViolation(t *testing.T) {
	t.Parallel()
	namespace := suite.namespace(t, nil)
	pod := privileged("web")
	pod.Spec.HostNetwork = true
	_, err := suite.developer(t).CoreV1().Pods(namespace).Create(t.Context(), pod, create)
	const wanted = `no PodSecurityPolicy admits this pod: "restricted": ` +
		`spec.hostNetwork: Invalid value: true: Host network is not allowed to be used; ` +
		`spec.containers[0].securityContext.privileged: Invalid value: true: Privileged containers are not allowed`
	if message := denied(t, err); message != wanted {
		t.Errorf("the message is\n%s\nwanted\n%s", message, wanted)
	}
}

func TestAdministratorMayUseEveryPolicy(t *testing.T) {
	t.Parallel()
	namespace := suite.namespace(t, nil)
	pod, err := suite.admin.CoreV1().Pods(namespace).Create(t.Context(), privileged("web"), create)
	if admitted(t, pod, err).Annotations[admittedBy] != "privileged" {
		t.Errorf("the annotations are %v", pod.Annotations)
	}
}

func TestGeneratedNamesAndDryRuns(t *testing.T) {
	t.Parallel()
	namespace := suite.namespace(t, nil)
	pods := suite.developer(t).CoreV1().Pods(namespace)
	for _, options := range []meta.CreateOptions{create, dryRun} {
		pod := plain("")
		pod.GenerateName = "web-"
		made, err := pods.Create(t.Context(), pod, options)
		if admitted(t, made, err).Annotations[admittedBy] != "restricted" {
			t.Errorf("%v: the annotations are %v", options, made.Annotations)
		}
	}
	list, err := pods.List(t.Context(), meta.ListOptions{})
	if len(admitted(t, list, err).Items) != 1 {
		t.Errorf("there are %d pods; a dry run stores none", len(list.Items))
	}
}

func TestServerSideApply(t *testing.T) {
	t.Parallel()
	namespace := suite.namespace(t, nil)
	pods := suite.developer(t).CoreV1().Pods(namespace)
	apply := func(name, securityContext string) error {
		manifest := fmt.Sprintf(`{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": %q},
			"spec": {"containers": [{"name": "app", "image": "registry.example.com/app:1", "securityContext": %s}]}}`, name, securityContext)
		_, err := pods.Patch(t.Context(), name, types.ApplyPatchType, []byte(manifest), meta.PatchOptions{FieldManager: "tests"})
		return err
	}
	if err := apply("web", "{}"); err != nil {
		t.Fatal(err)
	}
	// What the policy has filled in is not the applier's, and stays.
	if err := apply("web", "{}"); err != nil {
		t.Errorf("it cannot be applied again: %v", err)
	}
	denied(t, apply("db", `{"privileged": true}`))
	pod, err := pods.Get(t.Context(), "web", meta.GetOptions{})
	if !equality.Semantic.DeepEqual(admitted(t, pod, err).Spec.Containers[0].SecurityContext, secured()) {
		t.Errorf("the container has %v", pod.Spec.Containers[0].SecurityContext)
	}
}

// A pod that is older than the policy, and violates it: what the policy does not govern may change.
func TestUpdatesOfAPodOlderThanThePolicy(t *testing.T) {
	t.Parallel()
	namespace := suite.namespace(t, map[string]string{variantLabel: unjudged})
	developer := suite.developer(t)
	pod, err := developer.CoreV1().Pods(namespace).Create(t.Context(), privileged("old"), create)
	admitted(t, pod, err)
	suite.judge(t, namespace)
	patch := func(text string, subresources ...string) error {
		_, err := developer.CoreV1().Pods(namespace).Patch(t.Context(), "old", types.StrategicMergePatchType, []byte(text), meta.PatchOptions{}, subresources...)
		return err
	}
	for _, text := range []string{
		`{"metadata": {"labels": {"tier": "web"}}}`,
		`{"metadata": {"annotations": {"example.com/note": "kept"}}}`,
		`{"metadata": {"finalizers": ["example.com/wait"]}}`,
		`{"metadata": {"finalizers": null}}`,
		`{"spec": {"tolerations": [{"key": "example.com/spot", "operator": "Exists"}]}}`,
	} {
		if err := patch(text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	if err := patch(`{"status": {"message": "seen"}}`, "status"); err != nil {
		t.Errorf("status: %v", err)
	}
	denied(t, patch(`{"spec": {"containers": [{"name": "app", "image": "registry.example.com/app:2"}]}}`))
}

func TestPodsAreDeletedWithTheirOwnerAndTheirNamespace(t *testing.T) {
	t.Parallel()
	namespace := suite.namespace(t, map[string]string{variantLabel: unjudged})
	made, err := suite.developer(t).AppsV1().Deployments(namespace).Create(t.Context(), deployment(privileged("old"), 2), create)
	admitted(t, made, err)
	suite.awaitPods(t, namespace, 2)
	single, err := suite.developer(t).CoreV1().Pods(namespace).Create(t.Context(), privileged("single"), create)
	admitted(t, single, err)
	suite.judge(t, namespace)
	if err := suite.developer(t).AppsV1().Deployments(namespace).Delete(t.Context(), "old", meta.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if left := suite.awaitPods(t, namespace, 1); left[0].Name != "single" {
		t.Errorf("%s is left", left[0].Name)
	}
	if err := suite.admin.CoreV1().Namespaces().Delete(t.Context(), namespace, meta.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	suite.awaitGone(t, namespace)
}

// The API server refuses fields of Linux in Windows pods: none of the defaults may be among them.
func TestWindowsPodGetsNoDefaultOfLinux(t *testing.T) {
	t.Parallel()
	namespace := suite.namespace(t, nil)
	pod := plain("web")
	pod.Spec.OS = &core.PodOS{Name: core.Windows}
	made, err := suite.developer(t).CoreV1().Pods(namespace).Create(t.Context(), pod, create)
	if admitted(t, made, err).Annotations[admittedBy] != "restricted" {
		t.Errorf("the annotations are %v", made.Annotations)
	}
}
