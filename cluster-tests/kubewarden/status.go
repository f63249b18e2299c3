package kubewarden

import (
	"context"
	"encoding/json"
	"errors"

	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// status is what a policy says of itself.
type status struct {
	phase string
	// modes is whether the mode in the policies is that of the server's configuration.
	modes, isReachable bool
}

func (c *Controller) status(ctx context.Context, objects []*unstructured.Unstructured, wanted status) error {
	var all error
	for _, object := range objects {
		mode := "unknown"
		if wanted.modes {
			mode, _, _ = unstructured.NestedString(object.Object, "spec", "mode")
		}
		state := meta.ConditionFalse
		if wanted.isReachable {
			state = meta.ConditionTrue
		}
		var conditions []map[string]any
		for _, kind := range []string{"PolicyActive", "PolicyUniquelyReachable"} {
			conditions = append(conditions, map[string]any{
				"type": kind, "status": state, "reason": kind, "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z",
			})
		}
		text, err := json.Marshal(map[string]any{"status": map[string]any{"policyStatus": wanted.phase, "mode": mode, "conditions": conditions}})
		if err != nil {
			return err
		}
		all = errors.Join(all, c.patch(ctx, object, string(text), "status"))
	}
	return all
}
