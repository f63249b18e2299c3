package kubewarden

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	review "k8s.io/api/admission/v1"
	admission "k8s.io/api/admissionregistration/v1"
	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"pod-security-policy/cluster-tests/register"
)

var reports = schema.GroupVersionResource{Group: "openreports.io", Version: "v1alpha1", Resource: "reports"}

// Scan does what the audit scanner does with the pods of a namespace: it has the policies that take part in audits evaluate
// them, as if they were created now by no user, and writes a report of each.
func (c *Controller) Scan(ctx context.Context, namespace string) error {
	c.lock.Lock()
	defer c.lock.Unlock()
	objects, err := c.policies(ctx)
	if err != nil {
		return err
	}
	read, err := policiesOf(objects)
	if err != nil {
		return err
	}
	pods, err := c.client.CoreV1().Pods(namespace).List(ctx, meta.ListOptions{})
	if err != nil {
		return err
	}
	for index := range pods.Items {
		var results []any
		for _, policy := range read {
			if !policy.Spec.BackgroundAudit || !seesPods(policy) {
				continue
			}
			result, err := c.audit(ctx, &policy, &pods.Items[index])
			if err != nil {
				return err
			}
			results = append(results, result)
		}
		if err := c.report(ctx, &pods.Items[index], results); err != nil {
			return err
		}
	}
	return nil
}

// seesPods is whether a policy has a rule for new pods.
func seesPods(policy register.Policy) bool {
	return slices.ContainsFunc(policy.Spec.Rules, func(rule admission.RuleWithOperations) bool {
		return slices.Contains(rule.Resources, "pods") && slices.Contains(rule.Operations, admission.Create)
	})
}

// audit is the result of one policy for a pod.
func (c *Controller) audit(ctx context.Context, policy *register.Policy, pod *core.Pod) (map[string]any, error) {
	pod = pod.DeepCopy()
	pod.TypeMeta = meta.TypeMeta{APIVersion: "v1", Kind: "Pod"}
	raw, err := json.Marshal(pod)
	if err != nil {
		return nil, err
	}
	kind := meta.GroupVersionKind{Version: "v1", Kind: "Pod"}
	asked := review.AdmissionReview{Request: &review.AdmissionRequest{
		UID: pod.UID, Name: pod.Name, Namespace: pod.Namespace, Operation: review.Create, Kind: kind, RequestKind: &kind,
		Resource: meta.GroupVersionResource{Version: "v1", Resource: "Pod"}, Object: runtime.RawExtension{Raw: raw},
	}}
	body, err := json.Marshal(asked)
	if err != nil {
		return nil, err
	}
	url := fmt.Sprintf("%s/audit/%s", c.running[policy.Spec.PolicyServer].URL, policy.UniqueName())
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(c.Authority)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted}}}
	defer client.CloseIdleConnections()
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	var answered review.AdmissionReview
	if err := json.NewDecoder(response.Body).Decode(&answered); err != nil {
		return nil, err
	}
	if answered.Response == nil {
		return nil, fmt.Errorf("%s: %s", url, response.Status)
	}
	result := map[string]any{"source": "kubewarden", "policy": policy.UniqueName(), "result": "pass", "scored": true}
	if !answered.Response.Allowed {
		result["result"], result["message"] = "fail", answered.Response.Result.Message
	}
	return result, nil
}

// report writes the report of a pod.
func (c *Controller) report(ctx context.Context, pod *core.Pod, results []any) error {
	count := map[any]int64{}
	for _, result := range results {
		count[result.(map[string]any)["result"]]++
	}
	object := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "openreports.io/v1alpha1", "kind": "Report",
		"metadata": map[string]any{
			"name": string(pod.UID), "namespace": pod.Namespace,
			"labels": map[string]any{"app.kubernetes.io/managed-by": "kubewarden"},
		},
		"scope":   map[string]any{"apiVersion": "v1", "kind": "Pod", "namespace": pod.Namespace, "name": pod.Name, "uid": string(pod.UID)},
		"summary": map[string]any{"pass": count["pass"], "fail": count["fail"]},
		"results": results,
	}}
	_, err := c.objects.Resource(reports).Namespace(pod.Namespace).Apply(ctx, object.GetName(), object, meta.ApplyOptions{FieldManager: "audit-scanner", Force: true})
	return err
}
