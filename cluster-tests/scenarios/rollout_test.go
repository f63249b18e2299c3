package scenarios

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"pod-security-policy/cluster-tests/register"
)

// pair reads the shipped pair.
func pair(t *testing.T) []register.Policy {
	t.Helper()
	policies, err := register.Read(filepath.Join(root, "manifests/mutating.yaml"), filepath.Join(root, "manifests/validating.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return policies
}

// registered registers policies for a variant, until the test ends.
func registered(t *testing.T, variant string, policies []register.Policy) *Registered {
	t.Helper()
	registered, err := suite.register(variant, policies)
	if registered != nil {
		t.Cleanup(registered.remove)
	}
	if err != nil {
		t.Fatal(err)
	}
	return registered
}

func of(variant string) map[string]string {
	return map[string]string{variantLabel: variant}
}

// The manifests as they are shipped stop and change nothing, with and without a server.
func TestShippedManifestsStopNothing(t *testing.T) {
	t.Parallel()
	shipped := registered(t, "monitor", pair(t))
	namespace := suite.namespace(t, of("monitor"))
	pods := suite.developer(t).CoreV1().Pods(namespace)
	for _, pod := range []string{"seen", "unseen"} {
		made, err := pods.Create(t.Context(), privileged(pod), create)
		admitted(t, made, err)
		made, err = pods.Create(t.Context(), plain(pod+"-plain"), create)
		if made := admitted(t, made, err); made.Spec.Containers[0].SecurityContext != nil || made.Annotations[admittedBy] != "" {
			t.Errorf("it was changed: %v", made)
		}
		deployed, err := suite.developer(t).AppsV1().Deployments(namespace).Create(t.Context(), deployment(privileged(pod), 1), create)
		admitted(t, deployed, err)
		// The second round is without a server.
		shipped.process.Kill()
	}
}

// The order of docs/install.md, and the other one.
func TestMutatingHalfIsSwitchedFirst(t *testing.T) {
	t.Parallel()
	policies := pair(t)
	policies[0].Spec.Mode = "protect"
	registered(t, "mutating-first", policies)
	namespace := suite.namespace(t, of("mutating-first"))
	pods := suite.developer(t).CoreV1().Pods(namespace)
	pod, err := pods.Create(t.Context(), plain("web"), create)
	if admitted(t, pod, err).Annotations[admittedBy] != "restricted" {
		t.Errorf("it was not filled in: %v", pod)
	}

	other := pair(t)
	other[1].Spec.Mode = "protect"
	registered(t, "validating-first", other)
	namespace = suite.namespace(t, of("validating-first"))
	_, err = suite.developer(t).CoreV1().Pods(namespace).Create(t.Context(), plain("web"), create)
	// The other order refuses each pod that lacks a default, and says what is missing.
	if message := denied(t, err); !strings.Contains(message, "runAsNonRoot") {
		t.Errorf("the message is %s", message)
	}
}

// The way out while the policy server is down and pods are refused for it.
func TestPolicyIsSwitchedOffWithoutItsServer(t *testing.T) {
	t.Parallel()
	down := registered(t, "off", protecting(pair(t)))
	namespace := suite.namespace(t, of("off"))
	pods := suite.developer(t).CoreV1().Pods(namespace)
	down.process.Kill()
	if _, err := pods.Create(t.Context(), plain("web"), create); err == nil || !strings.Contains(err.Error(), "failed calling webhook") {
		t.Fatalf("the server is down: %v", err)
	}
	if err := down.unregister(); err != nil {
		t.Fatal(err)
	}
	until(t, "a pod without the policy", func(ctx context.Context) error {
		_, err := pods.Create(t.Context(), plain("web"), create)
		return err
	})
}

// A sidecar is added before and after the mutating half.
func TestSidecarInjectors(t *testing.T) {
	t.Parallel()
	for name, secure := range map[string]bool{"aaa-before": false, "zzz-after": false, "zzz-after-secured": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			namespace := suite.namespace(t, map[string]string{"cluster-tests/inject": name})
			suite.inject(t, name, secure)
			pod, err := suite.developer(t).CoreV1().Pods(namespace).Create(t.Context(), plain("web"), create)
			if name == "zzz-after" {
				// Nothing fills it in, and the judging half sees it.
				if message := denied(t, err); !strings.Contains(message, "spec.containers[1].securityContext") {
					t.Errorf("the message is %s", message)
				}
				return
			}
			for _, container := range admitted(t, pod, err).Spec.Containers {
				if container.SecurityContext == nil || container.SecurityContext.RunAsNonRoot == nil {
					t.Errorf("%s has %v", container.Name, container.SecurityContext)
				}
			}
			if len(pod.Spec.Containers) != 2 {
				t.Errorf("there are %d containers", len(pod.Spec.Containers))
			}
		})
	}
}
