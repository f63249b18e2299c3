package main

import (
	"bytes"
	"context"
	stdjson "encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/json"
	"k8s.io/pod-security-admission/admission"
	admissionapi "k8s.io/pod-security-admission/admission/api"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/metrics"
	"k8s.io/pod-security-admission/policy"
)

// Case is a pod and a level at a version. The pod is evaluated as it is, without defaults.
type Case struct {
	Name    string             `json:"name"`
	Level   string             `json:"level"`
	Version string             `json:"version"`
	Pod     stdjson.RawMessage `json:"pod"`
	// Loose says that the pod may be one that cannot be read, which is the answer then.
	Loose bool `json:"loose"`
}

// Result is the answer to a Case.
type Result struct {
	Name    string `json:"name"`
	Allowed bool   `json:"allowed"`
	// Reason and Detail are the failed checks, joined: without and with the details in parentheses.
	Reason string `json:"reason"`
	Detail string `json:"detail"`
	// Text is the API server's response; empty if it would accept the pod.
	Text string `json:"text"`
	// Unread is why the pod cannot be read, if the case allows that.
	Unread string `json:"unread,omitempty"`
}

// judge is the evaluator, and the admission library around it that formats the rejection.
type judge struct {
	evaluator policy.Evaluator
	admission admission.Admission
}

func newJudge() (*judge, error) {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		return nil, err
	}
	return &judge{evaluator, admission.Admission{
		Configuration: &admissionapi.PodSecurityConfiguration{},
		Evaluator:     evaluator,
		Metrics:       unmeasured{},
	}}, nil
}

// answer turns the JSON of a case into the JSON of its result.
func (j *judge) answer(question []byte) ([]byte, error) {
	var c Case
	decoder := stdjson.NewDecoder(bytes.NewReader(question))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&c); err != nil {
		return nil, fmt.Errorf("cannot decode the case: %w", err)
	}
	result, err := j.judge(&c)
	if err != nil {
		return nil, fmt.Errorf("case %q: %w", c.Name, err)
	}
	return stdjson.Marshal(result)
}

func (j *judge) judge(c *Case) (*Result, error) {
	level, err := api.ParseLevel(c.Level)
	if err != nil {
		return nil, fmt.Errorf("level %q %w", c.Level, err)
	}
	version, err := api.ParseVersion(c.Version)
	if err != nil {
		return nil, fmt.Errorf("version %q %w", c.Version, err)
	}
	var pod corev1.Pod
	if err := json.Unmarshal(c.Pod, &pod); err != nil && c.Loose {
		return &Result{Name: c.Name, Unread: err.Error()}, nil
	} else if err != nil {
		return nil, fmt.Errorf("cannot decode the pod: %w", err)
	}

	demanded := api.LevelVersion{Level: level, Version: version}
	checked := policy.AggregateCheckResults(j.evaluator.EvaluatePod(demanded, &pod.ObjectMeta, &pod.Spec))
	result := &Result{
		Name:    c.Name,
		Allowed: checked.Allowed,
		Reason:  checked.ForbiddenReason(),
		Detail:  checked.ForbiddenDetail(),
	}
	response := j.admission.EvaluatePod(context.Background(), api.Policy{Enforce: demanded}, nil,
		&pod.ObjectMeta, &pod.Spec, &api.AttributesRecord{
			Name:      pod.Name,
			Namespace: pod.Namespace,
			Kind:      corev1.SchemeGroupVersion.WithKind("Pod"),
			Resource:  corev1.SchemeGroupVersion.WithResource("pods"),
			Object:    &pod,
		}, true)
	if response.Allowed != result.Allowed {
		return nil, fmt.Errorf("the evaluator says %t, the library around it %t", result.Allowed, response.Allowed)
	}
	if response.Result != nil {
		result.Text = response.Result.Message
	}
	return result, nil
}

// unmeasured accepts the metrics that the library requires, and discards them.
type unmeasured struct{}

var _ metrics.Recorder = unmeasured{}

func (unmeasured) RecordEvaluation(metrics.Decision, api.LevelVersion, metrics.Mode, api.Attributes) {
}
func (unmeasured) RecordExemption(api.Attributes)   {}
func (unmeasured) RecordError(bool, api.Attributes) {}
