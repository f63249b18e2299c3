package scenarios

import (
	"bufio"
	"encoding/json"
	"os"
	"testing"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestMutatedPods sends what the policy makes of pods to the API server's validation: it accepts what it accepted before.
// `conformance mutate` writes the pods.
func TestMutatedPodsAreAcceptedByTheAPIServer(t *testing.T) {
	t.Parallel()
	path, err := fromEnvironment("MUTATED", "pods before and after their mutation")
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	namespace := suite.namespace(t, of(unjudged))
	pods := suite.admin.CoreV1().Pods(namespace)
	send := func(text json.RawMessage) error {
		var pod core.Pod
		if err := json.Unmarshal(text, &pod); err != nil {
			return err
		}
		pod.Namespace, pod.Name, pod.GenerateName, pod.ResourceVersion, pod.UID = namespace, "web", "", "", ""
		// Accounts, classes and owners of the generator do not exist here, and do not concern the mutation.
		pod.Spec.ServiceAccountName, pod.Spec.DeprecatedServiceAccount = "", ""
		pod.Spec.PriorityClassName, pod.Spec.Priority, pod.OwnerReferences = "", nil, nil
		pod.Spec.RuntimeClassName, pod.Spec.Overhead = nil, nil
		_, err := pods.Create(t.Context(), &pod, meta.CreateOptions{DryRun: []string{meta.DryRunAll}})
		return err
	}
	scanner := bufio.NewScanner(file)
	scanner.Buffer(nil, 4<<20)
	accepted, invalid, limit := 0, 0, number(t, "PODS", 200)
	for accepted+invalid < limit && scanner.Scan() {
		var line struct {
			Name         string
			Pod, Mutated json.RawMessage
		}
		if err := json.Unmarshal(scanner.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		switch failure := send(line.Mutated); {
		case failure == nil:
			accepted++
		case send(line.Pod) != nil:
			// It was invalid before.
			invalid++
		default:
			t.Errorf("%s: %v\n%s", line.Name, failure, line.Mutated)
		}
	}
	if err := scanner.Err(); err != nil {
		t.Fatal(err)
	}
	if accepted < limit/2 {
		t.Errorf("of %d pods only %d are valid: that proves little", accepted+invalid, accepted)
	}
	t.Logf("%d mutated pods are accepted; %d were invalid before", accepted, invalid)
}
