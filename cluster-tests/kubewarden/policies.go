package kubewarden

import (
	"context"
	_ "embed"
	"maps"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"pod-security-policy/cluster-tests/register"
)

//go:embed definitions.yaml
var definitions string

// Definitions are the resources that it reads and writes.
func Definitions() string {
	cluster, _, _ := strings.Cut(definitions, "\n---\n")
	// A policy of one namespace has the same fields.
	namespaced := strings.NewReplacer("clusteradmission", "admission", "ClusterAdmission", "Admission",
		"scope: Cluster", "scope: Namespaced", "[cap]", "[ap]").Replace(cluster)
	return definitions + "\n---\n" + namespaced
}

// own is a part of the name of this project's module. Others are left alone.
const own = "/pod-security-policy:"

// policies are where each kind of policy is.
var policies = map[string]schema.GroupVersionResource{
	"ClusterAdmissionPolicy": {Group: "policies.kubewarden.io", Version: "v1", Resource: "clusteradmissionpolicies"},
	"AdmissionPolicy":        {Group: "policies.kubewarden.io", Version: "v1", Resource: "admissionpolicies"},
}

// policies are those of this project, of all namespaces and of the cluster.
func (c *Controller) policies(ctx context.Context) ([]*unstructured.Unstructured, error) {
	var found []*unstructured.Unstructured
	for _, kind := range slices.Sorted(maps.Keys(policies)) {
		list, err := c.objects.Resource(policies[kind]).List(ctx, meta.ListOptions{})
		if err != nil {
			return nil, err
		}
		for index := range list.Items {
			module, _, _ := unstructured.NestedString(list.Items[index].Object, "spec", "module")
			if strings.Contains(module, own) {
				found = append(found, &list.Items[index])
			}
		}
	}
	return found, nil
}

func (c *Controller) patch(ctx context.Context, object *unstructured.Unstructured, patch string, subresources ...string) error {
	client := c.objects.Resource(policies[object.GetKind()]).Namespace(object.GetNamespace())
	_, err := client.Patch(ctx, object.GetName(), types.MergePatchType, []byte(patch), meta.PatchOptions{}, subresources...)
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

func policiesOf(objects []*unstructured.Unstructured) ([]register.Policy, error) {
	read := make([]register.Policy, 0, len(objects))
	for _, object := range objects {
		var policy register.Policy
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &policy); err != nil {
			return nil, err
		}
		read = append(read, policy)
	}
	return read, nil
}
