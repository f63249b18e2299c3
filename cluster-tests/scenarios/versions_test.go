package scenarios

import (
	"strings"
	"testing"

	"k8s.io/client-go/kubernetes"
)

// oldest is the oldest version that the API server can emulate.
const oldest = "1.34"

// The shipped pair on an API server that behaves as the oldest version that this binary can emulate.
func TestOldestVersionThatTheAPIServerEmulates(t *testing.T) {
	t.Parallel()
	config, err := suite.StartAPIServer(t.Context(), "emulating", "--emulated-version", oldest)
	if err != nil {
		t.Fatal(err)
	}
	developer, err := kubernetes.NewForConfig(impersonating(config, "dev", developers))
	if err != nil {
		t.Fatal(err)
	}
	version, err := developer.ServerVersion()
	if err != nil || version.EmulationMajor+"."+version.EmulationMinor != oldest {
		t.Fatalf("the version is %v (%v)", version, err)
	}
	namespace := suite.namespace(t, nil)
	pod, err := developer.CoreV1().Pods(namespace).Create(t.Context(), plain("web"), create)
	if admitted(t, pod, err).Annotations[admittedBy] != "restricted" {
		t.Errorf("the annotations are %v", pod.Annotations)
	}
	_, err = developer.CoreV1().Pods(namespace).Create(t.Context(), privileged("agent"), create)
	denied(t, err)
	for kind, make := range kinds {
		if err := make(t.Context(), developer, namespace, settled(strings.ToLower(kind))); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

// An API server without user namespaces drops the field after the mutating half has filled it in: the judging half sees the pod
// that is stored. So are AppArmor's fields before Kubernetes 1.30.
func TestDefaultThatTheAPIServerDropsIsMissed(t *testing.T) {
	t.Parallel()
	registered(t, "dropped", withSettings(t, continued))
	config, err := suite.StartAPIServer(t.Context(), "dropping",
		"--emulated-version", oldest, "--feature-gates", "UserNamespacesSupport=false,ProcMountType=false")
	if err != nil {
		t.Fatal(err)
	}
	developer, err := kubernetes.NewForConfig(impersonating(config, "dev", developers))
	if err != nil {
		t.Fatal(err)
	}
	_, err = developer.CoreV1().Pods(suite.namespace(t, of("dropped"))).Create(t.Context(), plain("web"), create)
	if message := denied(t, err); message != "would be filled in: spec.hostUsers = false" {
		t.Errorf("the message is %s", message)
	}
}
