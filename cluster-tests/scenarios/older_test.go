package scenarios

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"pod-security-policy/cluster-tests/plane"
)

// appArmor is the shipped policy's language, with a default that needs a field of Kubernetes 1.30.
const appArmor = `
annotations:
  apparmor.security.beta.kubernetes.io/allowedProfileNames: runtime/default
  apparmor.security.beta.kubernetes.io/defaultProfileName: runtime/default
volumes: ["*"]
runAsUser: {rule: RunAsAny}
seLinux: {rule: RunAsAny}
supplementalGroups: {rule: RunAsAny}
fsGroup: {rule: RunAsAny}
`

// OLDER names a program with an API server that is older than those that this project supports, and is built by hand:
// docs/compatibility.md says how, and what came of it.
func TestOlderAPIServer(t *testing.T) {
	program := os.Getenv("OLDER")
	if program == "" {
		t.Skip("OLDER names no API server")
	}
	folder := filepath.Join(suite.folder, "older")
	control, err := plane.StartOlder(t.Context(), suite.binary, program, filepath.Join(folder, "plane"))
	if err != nil {
		t.Fatal(err)
	}
	older := suite.on(t, control, folder)
	if err := older.grantDevelopers(); err != nil {
		t.Fatal(err)
	}
	if _, err := older.kubectl("apply", "--filename", filepath.Join(root, "manifests/rbac.yaml")); err != nil {
		t.Fatal(err)
	}
	for _, namespace := range []string{"shop", "old", "hardened"} {
		for _, make := range []string{fmt.Sprintf("create namespace %s", namespace), fmt.Sprintf("create serviceaccount default --namespace %s", namespace)} {
			if _, err := older.kubectl(strings.Fields(make)...); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := older.kubectl("label", "namespace", "hardened", variantLabel+"=hardened"); err != nil {
		t.Fatal(err)
	}
	// Before the policy.
	pod, err := older.developer(t).CoreV1().Pods("old").Create(t.Context(), privileged("old"), create)
	admitted(t, pod, err)
	for variant, policies := range map[string]string{"": "", "hardened": appArmor} {
		shipped := protecting(pair(t))
		if policies != "" {
			shipped = withSettings(t, policies)
		}
		registered, err := older.register(variant, shipped)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(registered.process.Kill)
	}

	developer := older.developer(t)
	pod, err = developer.CoreV1().Pods("shop").Create(t.Context(), plain("web"), create)
	if admitted(t, pod, err).Annotations[admittedBy] != "restricted" || pod.Spec.SecurityContext.SeccompProfile == nil {
		t.Errorf("it was not filled in: %v", pod)
	}
	_, err = developer.CoreV1().Pods("shop").Create(t.Context(), privileged("agent"), create)
	denied(t, err)
	pod.Spec.EphemeralContainers = []core.EphemeralContainer{{EphemeralContainerCommon: core.EphemeralContainerCommon{
		Name: "debugger", Image: "busybox", SecurityContext: privileged("").Spec.Containers[0].SecurityContext,
	}}}
	_, err = developer.CoreV1().Pods("shop").UpdateEphemeralContainers(t.Context(), "web", pod, meta.UpdateOptions{})
	denied(t, err)
	for kind, make := range kinds {
		if err := make(t.Context(), developer, "shop", plain(strings.ToLower(kind))); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
	// Without matchConditions such updates are sent to the policy server, and admitted by it.
	_, err = developer.CoreV1().Pods("old").Patch(t.Context(), "old", types.MergePatchType, []byte(`{"metadata":{"labels":{"tier":"web"}}}`), meta.PatchOptions{})
	if err != nil {
		t.Error(err)
	}
	// AppArmor's field is dropped between the halves.
	_, err = developer.CoreV1().Pods("hardened").Create(t.Context(), plain("web"), create)
	if message := denied(t, err); !strings.Contains(message, "would be filled in: spec.containers[0].securityContext.appArmorProfile") {
		t.Errorf("the message is %s", message)
	}
}
