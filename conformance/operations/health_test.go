package operations

import (
	"encoding/json"
	"os"
	"testing"

	lua "github.com/yuin/gopher-lua"
	"gopkg.in/yaml.v3"
)

// check is the Lua of the ConfigMap that Argo CD reads.
func check(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/examples/argocd/health.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var config struct{ Data map[string]string }
	if err := yaml.Unmarshal(text, &config); err != nil {
		t.Fatal(err)
	}
	code := config.Data["resource.customizations.health.policies.kubewarden.io_ClusterAdmissionPolicy"]
	if code == "" {
		t.Fatal("no health check")
	}
	return code
}

// table makes JSON a Lua value, as Argo CD does with the live object.
func table(state *lua.LState, value any) lua.LValue {
	switch value := value.(type) {
	case map[string]any:
		result := state.NewTable()
		for key, held := range value {
			result.RawSetString(key, table(state, held))
		}
		return result
	case []any:
		result := state.NewTable()
		for _, held := range value {
			result.Append(table(state, held))
		}
		return result
	case string:
		return lua.LString(value)
	case bool:
		return lua.LBool(value)
	case float64:
		return lua.LNumber(value)
	}
	return lua.LNil
}

func TestPoliciesAreHealthyWhenThePolicyServerEvaluatesThem(t *testing.T) {
	code := check(t)
	for _, c := range []struct{ name, object, status, message string }{
		{"new", `{"spec": {}}`, "Progressing", "Kubewarden has not seen it yet"},
		{"no server", `{"status": {"policyStatus": "unscheduled"}}`, "Degraded", "it names no policy server that exists"},
		{"no condition", `{"status": {"policyStatus": "pending"}}`, "Progressing", "Kubewarden has not seen it yet"},
		{
			"rolling out", `{"status": {"policyStatus": "active", "conditions": [
				{"type": "PolicyActive", "status": "True", "message": "active"},
				{"type": "PolicyUniquelyReachable", "status": "False", "message": "the latest replica set is not uniquely reachable"}]}}`,
			"Progressing", "the latest replica set is not uniquely reachable",
		},
		{
			"ready", `{"status": {"policyStatus": "active", "conditions": [{"type": "PolicyUniquelyReachable", "status": "True"}]}}`,
			"Healthy", "the policy server evaluates it",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			var object any
			if err := json.Unmarshal([]byte(c.object), &object); err != nil {
				t.Fatal(err)
			}
			state := lua.NewState()
			defer state.Close()
			state.SetGlobal("obj", table(state, object))
			if err := state.DoString(code); err != nil {
				t.Fatal(err)
			}
			health, isTable := state.Get(-1).(*lua.LTable)
			if !isTable {
				t.Fatalf("returned %s", state.Get(-1))
			}
			found := [2]string{health.RawGetString("status").String(), health.RawGetString("message").String()}
			if found != [2]string{c.status, c.message} {
				t.Errorf("%v", found)
			}
		})
	}
}
