package scenarios

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// suiteContext outlives the tests, for what they clean up.
var suiteContext = context.Background()

// outcome is what became of one pod that was created.
type outcome struct {
	name              string
	isPrivileged      bool
	phase, phaseAtEnd int64
	err               error
	storedAs          string
}

// workers create pods at the same time.
const workers = 4

// load creates pods, half of them privileged, while `steps` change what is around. Each step lets at least `each` pods be created.
func load(t *testing.T, clients []*kubernetes.Clientset, namespace string, each int, steps ...func()) []outcome {
	t.Helper()
	var (
		phase, made atomic.Int64
		isOver      atomic.Bool
		group       sync.WaitGroup
		lock        sync.Mutex
		outcomes    []outcome
	)
	for worker := range workers {
		client := clients[worker%len(clients)]
		group.Go(func() {
			for count := 0; !isOver.Load(); count++ {
				pod := plain(fmt.Sprintf("plain-%d-%d", worker, count))
				if count%2 == 1 {
					pod = privileged(fmt.Sprintf("privileged-%d-%d", worker, count))
				}
				one := outcome{name: pod.Name, isPrivileged: count%2 == 1, phase: phase.Load()}
				stored, err := client.CoreV1().Pods(namespace).Create(suiteContext, pod, create)
				one.err, one.phaseAtEnd = err, phase.Load()
				if err == nil {
					one.storedAs = stored.Annotations[admittedBy]
				}
				made.Add(1)
				lock.Lock()
				outcomes = append(outcomes, one)
				lock.Unlock()
			}
		})
	}
	enough := func() {
		wanted := made.Load() + int64(each)
		until(t, "pods under load", func(context.Context) error {
			if made.Load() < wanted {
				return fmt.Errorf("%d of %d", made.Load(), wanted)
			}
			return nil
		})
	}
	enough()
	for index, step := range steps {
		// While a step is made, no phase holds.
		phase.Store(-int64(index) - 1)
		step()
		phase.Store(int64(index) + 1)
		enough()
	}
	isOver.Store(true)
	group.Wait()
	return outcomes
}

// steady is whether a pod was created within one phase.
func (o outcome) steady(phase int64) bool {
	return o.phase == phase && o.phaseAtEnd == phase
}

// nothingLost compares what was acknowledged with what is stored.
func nothingLost(t *testing.T, namespace string, outcomes []outcome) map[string]core.Pod {
	t.Helper()
	list, err := suite.admin.CoreV1().Pods(namespace).List(t.Context(), meta.ListOptions{})
	stored := map[string]core.Pod{}
	for _, pod := range admitted(t, list, err).Items {
		stored[pod.Name] = pod
	}
	for _, one := range outcomes {
		if _, isStored := stored[one.name]; isStored != (one.err == nil) {
			t.Errorf("%s: stored: %t, but the API server said: %v", one.name, isStored, one.err)
		}
	}
	return stored
}

// The policy server is killed under load, and started again.
func TestServerCrashes(t *testing.T) {
	t.Parallel()
	for _, failurePolicy := range []string{"Fail", "Ignore"} {
		t.Run(failurePolicy, func(t *testing.T) {
			t.Parallel()
			policies := protecting(pair(t))
			for index := range policies {
				*policies[index].Spec.FailurePolicy = failurePolicies[failurePolicy]
			}
			variant := "crash-" + strings.ToLower(failurePolicy)
			server := registered(t, variant, policies)
			namespace := suite.namespace(t, of(variant))
			outcomes := load(t, []*kubernetes.Clientset{suite.developer(t)}, namespace, 20,
				server.process.Kill,
				func() {
					if err := server.restart(); err != nil {
						t.Error(err)
					}
				},
			)
			stored := nothingLost(t, namespace, outcomes)
			for _, one := range outcomes {
				pod, isStored := stored[one.name]
				isDown := one.phase != 0 && one.phase != 2 || one.phaseAtEnd != one.phase
				switch {
				case isStored && pod.Annotations[admittedBy] != "restricted" && (failurePolicy == "Fail" || !isDown):
					t.Errorf("%s was stored without the policy: %v", one.name, one)
				case isStored && one.isPrivileged && failurePolicy == "Fail":
					t.Errorf("%s was stored", one.name)
				case !isStored && !one.isPrivileged && (one.steady(0) || one.steady(2)):
					t.Errorf("%s was refused: %v", one.name, one.err)
				case !isStored && !one.isPrivileged && failurePolicy == "Ignore" && !betweenTheHalves(one):
					t.Errorf("%s was refused: %v", one.name, one.err)
				case isStored && failurePolicy == "Fail" && one.steady(1):
					t.Errorf("%s was stored while the server was down", one.name)
				}
			}
		})
	}
}

// betweenTheHalves is whether the server came back after the mutating call of a pod had failed, and before the validating one:
// nothing was filled in, and that is what the rejection says.
func betweenTheHalves(one outcome) bool {
	return !one.steady(1) && strings.Contains(one.err.Error(), "would be filled in: ")
}

// The webhooks move to a server with other settings, as a rollout of the policy server does.
func TestPolicyChangesUnderLoad(t *testing.T) {
	t.Parallel()
	before := registered(t, "changed", protecting(pair(t)))
	changed := protecting(pair(t))
	for index := range changed {
		// From now on a third policy comes first in the order of names. It demands the same.
		policies := changed[index].Spec.Settings["policies"].([]any)
		renamed := clone(policies[1].(map[string]any))
		renamed["metadata"].(map[string]any)["name"] = "aaa"
		changed[index].Spec.Settings["policies"] = append(policies, renamed)
		changed[index].Name += "-changed"
	}
	role := use("use-aaa", "policy", "aaa")
	made, err := suite.admin.RbacV1().ClusterRoles().Create(t.Context(), role, create)
	admitted(t, made, err)
	namespace := suite.namespace(t, of("changed"))
	bound, err := suite.admin.RbacV1().RoleBindings(namespace).Create(t.Context(), roleBinding("aaa", "use-aaa", group("system:authenticated")), create)
	admitted(t, bound, err)
	text, err := policiesOf(changed)
	if err != nil {
		t.Fatal(err)
	}
	after, err := suite.serve("changed-after", text)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(after.process.Kill)
	outcomes := load(t, []*kubernetes.Clientset{suite.developer(t)}, namespace, 20, func() {
		if err := before.apply(after.url); err != nil {
			t.Error(err)
		}
		until(t, "the changed policy", func(ctx context.Context) error {
			pod, err := suite.developer(t).CoreV1().Pods(namespace).Create(ctx, plain("probe"), dryRun)
			if err == nil && pod.Annotations[admittedBy] != "aaa" {
				err = fmt.Errorf("the annotations are %v", pod.Annotations)
			}
			return err
		})
	})
	stored := nothingLost(t, namespace, outcomes)
	for _, one := range outcomes {
		pod, isStored := stored[one.name]
		policy := pod.Annotations[admittedBy]
		switch {
		case isStored == one.isPrivileged:
			t.Errorf("%s: stored: %t, %v", one.name, isStored, one.err)
		case isStored && one.steady(0) && policy != "restricted", isStored && one.steady(1) && policy != "aaa":
			t.Errorf("%s was admitted by %s", one.name, policy)
		}
	}
}

func TestTwoAPIServers(t *testing.T) {
	t.Parallel()
	config, err := suite.StartAPIServer(t.Context(), "second-apiserver")
	if err != nil {
		t.Fatal(err)
	}
	second, err := kubernetes.NewForConfig(impersonating(config, "dev", developers))
	if err != nil {
		t.Fatal(err)
	}
	namespace := suite.namespace(t, nil)
	outcomes := load(t, []*kubernetes.Clientset{suite.developer(t), second}, namespace, 40)
	for name, pod := range nothingLost(t, namespace, outcomes) {
		if pod.Annotations[admittedBy] != "restricted" {
			t.Errorf("%s is stored with %v", name, pod.Annotations)
		}
	}
}

// Prints how long creations take with and without the pair. What is asserted is that all of them are admitted.
func TestLatency(t *testing.T) {
	count := number(t, "CREATES", 500)
	namespaces := map[string]string{
		"without the pair": suite.namespace(t, of(unjudged)), "with the pair": suite.namespace(t, nil),
	}
	taken := map[string][]time.Duration{}
	pods := suite.developer(t).CoreV1()
	// In turn, so that both are measured on the same machine at the same time.
	for index := range count {
		for name, namespace := range namespaces {
			start := time.Now()
			pod, err := pods.Pods(namespace).Create(t.Context(), plain(fmt.Sprintf("web-%d", index)), create)
			taken[name] = append(taken[name], time.Since(start))
			admitted(t, pod, err)
		}
	}
	for _, name := range []string{"without the pair", "with the pair"} {
		times := taken[name]
		slices.Sort(times)
		t.Logf("%d creations %s: p50 %v, p99 %v", count, name, times[len(times)/2], times[len(times)*99/100])
	}
}

// number is a number from the environment.
func number(t *testing.T, name string, otherwise int) int {
	t.Helper()
	value := os.Getenv(name)
	if value == "" {
		return otherwise
	}
	number, err := strconv.Atoi(value)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return number
}
