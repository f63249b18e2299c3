package scenarios

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// asDeveloper runs kubectl as somebody who may use no policy.
func asDeveloper(namespace string, arguments ...string) (string, error) {
	options := []string{"--namespace", namespace, "--as", "dev", "--as-group", developers, "--as-group", "system:authenticated"}
	return suite.kubectl(append(options, arguments...)...)
}

func manifest(t *testing.T, name, image, securityContext string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name+".yaml")
	text := "apiVersion: v1\nkind: Pod\nmetadata: {name: " + name + "}\nspec:\n  containers:\n  - {name: app, image: " + image +
		", securityContext: " + securityContext + "}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestKubectlApplyReplaceAndEdit(t *testing.T) {
	t.Parallel()
	namespace := suite.namespace(t, nil)
	run := func(arguments ...string) {
		t.Helper()
		if output, err := asDeveloper(namespace, arguments...); err != nil {
			t.Errorf("%v\n%s", err, output)
		}
	}
	refused := func(arguments ...string) {
		t.Helper()
		output, err := asDeveloper(namespace, arguments...)
		if err == nil || !strings.Contains(output, "Privileged containers are not allowed") {
			t.Errorf("%s: %s", arguments, output)
		}
	}
	const image, next = "registry.example.com/app:1", "registry.example.com/app:2"
	run("apply", "--filename", manifest(t, "web", image, "{}"))
	run("apply", "--filename", manifest(t, "web", image, "{}"))
	run("apply", "--server-side", "--force-conflicts", "--filename", manifest(t, "web", next, "{}"))
	run("set", "image", "pod/web", "app="+image)
	run("replace", "--force", "--grace-period", "0", "--filename", manifest(t, "web", next, "{}"))
	run("create", "--dry-run=server", "--filename", manifest(t, "db", image, "{}"))
	run("label", "pod/web", "tier=web")
	refused("create", "--dry-run=server", "--filename", manifest(t, "db", image, "{privileged: true}"))
	refused("apply", "--filename", manifest(t, "db", image, "{privileged: true}"))
	refused("apply", "--server-side", "--filename", manifest(t, "db", image, "{privileged: true}"))
	editor := filepath.Join(t.TempDir(), "editor")
	if err := os.WriteFile(editor, []byte("#!/bin/sh\nsed -i 's/app:2/app:3/' \"$1\"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Run("edit", func(t *testing.T) {
		output, err := suite.kubectlIn([]string{"KUBE_EDITOR=" + editor}, "--namespace", namespace, "edit", "pod/web")
		if err != nil {
			t.Fatalf("%v\n%s", err, output)
		}
	})
	pod, err := suite.admin.CoreV1().Pods(namespace).Get(t.Context(), "web", meta.GetOptions{})
	if image := admitted(t, pod, err).Spec.Containers[0].Image; image != "registry.example.com/app:3" {
		t.Errorf("the image is %s", image)
	}
}

// `kubectl debug` on a pod of a developer. `--attach=false` needs no kubelet.
func TestDebugProfiles(t *testing.T) {
	t.Parallel()
	for profile, wanted := range map[string]string{
		"legacy": "", "baseline": "", "restricted": "",
		"general":  "SYS_PTRACE",
		"netadmin": "NET_ADMIN",
		"sysadmin": "Privileged containers are not allowed",
	} {
		t.Run(profile, func(t *testing.T) {
			t.Parallel()
			namespace := suite.namespace(t, nil)
			pod, err := suite.developer(t).CoreV1().Pods(namespace).Create(t.Context(), plain("web"), create)
			admitted(t, pod, err)
			output, err := asDeveloper(namespace, "debug", "web", "--image", "busybox", "--attach=false", "--profile", profile, "--container", "debugger")
			if wanted != "" {
				if err == nil || !strings.Contains(output, wanted) {
					t.Errorf("it was not rejected for %s: %s", wanted, output)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			pod, err = suite.admin.CoreV1().Pods(namespace).Get(t.Context(), "web", meta.GetOptions{})
			pod = admitted(t, pod, err)
			if len(pod.Spec.EphemeralContainers) != 1 {
				t.Fatalf("there are %d ephemeral containers", len(pod.Spec.EphemeralContainers))
			}
			own := pod.Spec.EphemeralContainers[0].SecurityContext
			if own == nil || own.RunAsNonRoot == nil || !*own.RunAsNonRoot || len(own.Capabilities.Drop) != 1 || own.Capabilities.Drop[0] != "ALL" {
				t.Errorf("it was not filled in: %v", own)
			}
		})
	}
}

// Containers are added to a pod that violates the policy, and is older.
func TestDebugOfAPodOlderThanThePolicy(t *testing.T) {
	t.Parallel()
	namespace := suite.namespace(t, map[string]string{variantLabel: unjudged})
	old := plain("old")
	old.Spec.Containers = append(old.Spec.Containers, core.Container{
		Name: "agent", Image: "registry.example.com/agent:1", SecurityContext: privileged("").Spec.Containers[0].SecurityContext,
	})
	old.Spec.SecurityContext, old.Spec.Containers[0].SecurityContext = settled("").Spec.SecurityContext, secured()
	pod, err := suite.developer(t).CoreV1().Pods(namespace).Create(t.Context(), old, create)
	admitted(t, pod, err)
	suite.judge(t, namespace)
	// What concerns the other containers alone is no objection to a new one, but what it targets is.
	if output, err := asDeveloper(namespace, "debug", "old", "--image", "busybox", "--attach=false", "--profile", "restricted", "--target", "app"); err != nil {
		t.Errorf("%v\n%s", err, output)
	}
	output, err := asDeveloper(namespace, "debug", "old", "--image", "busybox", "--attach=false", "--profile", "restricted", "--target", "agent")
	if err == nil || !strings.Contains(output, "Privileged containers are not allowed") {
		t.Errorf("it was not rejected: %s", output)
	}
}
