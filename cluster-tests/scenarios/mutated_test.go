package scenarios

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"testing"

	core "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/sets"
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
		failure := send(line.Mutated)
		if failure == nil {
			accepted++
			continue
		}
		before := send(line.Pod)
		if before != nil {
			invalid++
		}
		if more := causesOf(failure).Difference(causesOf(before)); more.Len() > 0 || before == nil {
			t.Errorf("%s: %v\n%s", line.Name, sets.List(more), line.Mutated)
		}
	}
	if err := scanner.Err(); err != nil {
		t.Fatal(err)
	}
	if accepted < invalid {
		t.Errorf("of %d pods only %d are valid: that proves little", accepted+invalid, accepted)
	}
	t.Logf("%d mutated pods are accepted; %d were invalid before, and are so for the same causes", accepted, invalid)
}

// printed is an object in a message, which has what was filled in.
var printed = regexp.MustCompile(`\{.*\}`)

// causesOf is what the API server's validation finds in a pod.
func causesOf(err error) sets.Set[string] {
	causes := sets.New[string]()
	var status apierrors.APIStatus
	if !errors.As(err, &status) || status.Status().Details == nil {
		return causes
	}
	for _, cause := range status.Status().Details.Causes {
		causes.Insert(fmt.Sprintf("%s: %s", cause.Field, printed.ReplaceAllString(cause.Message, "")))
	}
	return causes
}
