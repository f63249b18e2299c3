// Package conditions evaluates the match conditions of the shipped registrations as the API server does: in its own CEL
// environment, as of the oldest Kubernetes version that this project supports.
//
// An error in a condition is a rejection where the failure policy is Fail, so that no namespace could be deleted and no
// pod be updated: each condition must have a result, whichever fields the objects lack.
package conditions

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/cel-go/cel"
	"k8s.io/apimachinery/pkg/util/version"
	"k8s.io/apiserver/pkg/cel/environment"
	"sigs.k8s.io/yaml"
)

type registration struct {
	Spec struct {
		MatchConditions []struct{ Name, Expression string }
	}
}

func compile(t *testing.T, expression string) cel.Program {
	t.Helper()
	variables := environment.VersionedOptions{
		IntroducedVersion: version.MajorMinor(1, 0),
		EnvOptions: []cel.EnvOption{
			cel.Variable("object", cel.DynType),
			cel.Variable("oldObject", cel.DynType),
			cel.Variable("request", cel.DynType),
		},
	}
	set, err := environment.MustBaseEnvSet(version.MajorMinor(1, 30)).Extend(variables)
	if err != nil {
		t.Fatal(err)
	}
	env, err := set.Env(environment.NewExpressions)
	if err != nil {
		t.Fatal(err)
	}
	ast, issues := env.Compile(expression)
	if issues.Err() != nil {
		t.Fatal(issues.Err())
	}
	if ast.OutputType() != cel.BoolType {
		t.Fatalf("answers with a %s", ast.OutputType())
	}
	program, err := env.Program(ast)
	if err != nil {
		t.Fatal(err)
	}
	return program
}

// conditions are those of a registration, by name.
func conditions(t *testing.T, file string) map[string]cel.Program {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var manifest registration
	if err := yaml.Unmarshal(text, &manifest); err != nil {
		t.Fatal(err)
	}
	programs := map[string]cel.Program{}
	for _, condition := range manifest.Spec.MatchConditions {
		programs[condition.Name] = compile(t, condition.Expression)
	}
	return programs
}

func holds(t *testing.T, program cel.Program, operation string, object, old any) bool {
	t.Helper()
	value, _, err := program.Eval(map[string]any{
		"object":    object,
		"oldObject": old,
		"request":   map[string]any{"operation": operation, "subResource": ""},
	})
	if err != nil {
		t.Errorf("%s of %v: %v", operation, object, err)
		return true
	}
	return value.Value() == true
}

// objects that lack the fields of conditions, each in a different respect.
var sparse = []string{
	`{"metadata": {"name": "a"}}`,
	`{"metadata": {"name": "a", "labels": null, "annotations": null}, "spec": null, "status": null}`,
	`{"metadata": {"name": "a", "labels": {}, "annotations": {}}, "spec": {}, "status": {}}`,
	`{"metadata": {"name": "a", "labels": {"a": "b"}, "annotations": {"a": "b"}}, "spec": {"containers": []}}`,
}

func object(t *testing.T, text string) map[string]any {
	t.Helper()
	var object map[string]any
	if err := json.Unmarshal([]byte(text), &object); err != nil {
		t.Fatal(err)
	}
	return object
}

func TestEveryConditionHasAnAnswer(t *testing.T) {
	files, err := filepath.Glob("../../manifests/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		for name, program := range conditions(t, file) {
			t.Run(filepath.Base(file)+" "+name, func(t *testing.T) {
				for _, new := range sparse {
					holds(t, program, "CREATE", object(t, new), nil)
					for _, old := range sparse {
						holds(t, program, "UPDATE", object(t, new), object(t, old))
					}
				}
			})
		}
	}
}

func TestNamespacesAreSentWhereALabelThatCountsDiffers(t *testing.T) {
	programs := conditions(t, "../../manifests/namespaces.yaml")
	if len(programs) != 1 {
		t.Fatal(programs)
	}
	labelled := func(labels string) map[string]any {
		return object(t, `{"metadata": {"name": "shop", "labels": `+labels+`}, "status": {"phase": "Active"}}`)
	}
	for _, program := range programs {
		for _, test := range []struct {
			old, new string
			sent     bool
		}{
			{`null`, `{}`, false},
			{`{}`, `{"team": "a"}`, false},
			{`{"pod-security.kubernetes.io/enforce": "baseline", "team": "a"}`, `{"pod-security.kubernetes.io/enforce": "baseline"}`, false},
			{`{}`, `{"pod-security.kubernetes.io/enforce": "privileged"}`, true},
			{`{}`, `{"pod-security.kubernetes.io/enforce": ""}`, true},
			{`{"pod-security.kubernetes.io/enforce": "baseline"}`, `null`, true},
			{`{"pod-security.kubernetes.io/warn-version": "v1.31"}`, `{"pod-security.kubernetes.io/warn-version": "v1.18"}`, true},
			{`{"pod-security.kubernetes.io/audit": "baseline"}`, `{"pod-security.kubernetes.io/audit-version": "baseline"}`, true},
			{`null`, `{"resource.kubernetes.io/admin-access": "true"}`, true},
		} {
			if holds(t, program, "UPDATE", labelled(test.new), labelled(test.old)) != test.sent {
				t.Errorf("from %s to %s: want %t", test.old, test.new, test.sent)
			}
		}
		if !holds(t, program, "CREATE", labelled(`{}`), nil) {
			t.Error("a new namespace is not sent")
		}
	}
}

func TestPodsAreSentWhereSomethingGovernedChanges(t *testing.T) {
	programs := conditions(t, "../../manifests/validating.yaml")
	if len(programs) != 1 {
		t.Fatal(programs)
	}
	pod := func(metadata, spec string) map[string]any {
		return object(t, `{"kind": "Pod", "metadata": `+metadata+`, "spec": `+spec+`, "status": {"phase": "Running"}}`)
	}
	const plain, seccomp, appArmor = `{"name": "p"}`,
		`{"annotations": {"seccomp.security.alpha.kubernetes.io/pod": "runtime/default", "a": "b"}}`,
		`{"annotations": {"container.apparmor.security.beta.kubernetes.io/c": "unconfined"}}`
	const one, other = `{"containers": [{"name": "c", "image": "one"}]}`, `{"containers": [{"name": "c", "image": "other"}]}`
	for _, program := range programs {
		for _, test := range []struct {
			old, new map[string]any
			sent     bool
		}{
			{pod(plain, one), pod(plain, one), false},
			{pod(plain, one), pod(`{"labels": {"a": "b"}, "finalizers": [], "annotations": {"a": "b"}}`, one), false},
			{pod(plain, one), pod(`{"annotations": null}`, one), false},
			{pod(seccomp, one), pod(`{"annotations": {"seccomp.security.alpha.kubernetes.io/pod": "runtime/default"}}`, one), false},
			{pod(plain, one), pod(plain, other), true},
			{pod(plain, one), pod(seccomp, one), true},
			{pod(appArmor, one), pod(plain, one), true},
			{pod(appArmor, one), pod(`{"annotations": {"container.apparmor.security.beta.kubernetes.io/c": "runtime/default"}}`, one), true},
		} {
			if holds(t, program, "UPDATE", test.new, test.old) != test.sent {
				t.Errorf("from %v to %v: want %t", test.old, test.new, test.sent)
			}
		}
		if !holds(t, program, "CREATE", pod(plain, one), nil) {
			t.Error("a new pod is not sent")
		}
		workload := object(t, `{"kind": "Deployment", "metadata": {"name": "d"}, "spec": {"replicas": 1}}`)
		if !holds(t, program, "UPDATE", workload, workload) {
			t.Error("a workload is not sent")
		}
	}
}

func TestClaimsAreSentWhereARequestHasAdministrativeAccess(t *testing.T) {
	program := conditions(t, "../../manifests/resource-claims.yaml")["has-administrative-access"]
	for text, sent := range map[string]bool{
		`{"spec": {"devices": {"requests": [{"name": "a", "exactly": {"deviceClassName": "d"}}]}}}`:              false,
		`{"spec": {"devices": {"requests": [{"name": "a", "exactly": {"adminAccess": false}}]}}}`:                false,
		`{"spec": {"devices": {"requests": [{"name": "a"}, {"name": "b", "exactly": {"adminAccess": true}}]}}}`:  true,
		`{"spec": {"devices": {"requests": [{"name": "a", "adminAccess": true}]}}}`:                              true,
		`{"spec": {"spec": {"devices": {"requests": [{"name": "a", "exactly": {"adminAccess": true}}]}}}}`:       true,
		`{"spec": {"metadata": {}, "spec": {"devices": {"requests": [{"name": "a", "firstAvailable": [{}]}]}}}}`: false,
		`{"spec": {"devices": null}}`:                              false,
		`{"spec": {"devices": {"requests": [{"exactly": null}]}}}`: false,
	} {
		if got := holds(t, program, "CREATE", object(t, text), nil); got != sent {
			t.Errorf("%s: sent: %v", text, got)
		}
	}
}
