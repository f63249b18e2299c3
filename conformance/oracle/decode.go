package main

import (
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	policyv1beta1 "k8s.io/api/policy/v1beta1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	core "k8s.io/kubernetes/pkg/apis/core"

	// These register both APIs, their defaults and their conversions.
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	_ "k8s.io/kubernetes/pkg/apis/policy/install"
)

// decode reads JSON the way the API server does. The type may be left out of the JSON.
func decode[T runtime.Object](text json.RawMessage, kind schema.GroupVersionKind) (T, error) {
	var none T
	if len(text) == 0 {
		return none, fmt.Errorf("there is no %s", kind.Kind)
	}
	object, _, err := legacyscheme.Codecs.UniversalDeserializer().Decode(text, &kind, nil)
	if err != nil {
		return none, fmt.Errorf("cannot decode a %s: %w", kind.Kind, err)
	}
	typed, ok := object.(T)
	if !ok {
		return none, fmt.Errorf("cannot decode a %s: it says it is a %T", kind.Kind, object)
	}
	return typed, nil
}

// decodePolicies reads policies and fills in the API's defaults, as a client reads them from the cluster.
func decodePolicies(texts []json.RawMessage) ([]*policyv1beta1.PodSecurityPolicy, error) {
	kind := policyv1beta1.SchemeGroupVersion.WithKind("PodSecurityPolicy")
	policies := make([]*policyv1beta1.PodSecurityPolicy, 0, len(texts))
	for _, text := range texts {
		policy, err := decode[*policyv1beta1.PodSecurityPolicy](text, kind)
		if err != nil {
			return nil, err
		}
		legacyscheme.Scheme.Default(policy)
		policies = append(policies, policy)
	}
	return policies, nil
}

// decodePod reads a pod into the form admission sees: internal, and defaulted unless raw.
func decodePod(text json.RawMessage, raw bool) (*core.Pod, error) {
	external, err := decode[*corev1.Pod](text, corev1.SchemeGroupVersion.WithKind("Pod"))
	if err != nil {
		return nil, err
	}
	if !raw {
		legacyscheme.Scheme.Default(external)
	}
	internal := &core.Pod{}
	if err := legacyscheme.Scheme.Convert(external, internal, nil); err != nil {
		return nil, fmt.Errorf("cannot convert the pod: %w", err)
	}
	return internal, nil
}

// encodePod converts back to v1.
func encodePod(internal *core.Pod) (*corev1.Pod, error) {
	external := &corev1.Pod{}
	if err := legacyscheme.Scheme.Convert(internal, external, nil); err != nil {
		return nil, fmt.Errorf("cannot convert the pod back: %w", err)
	}
	return external.DeepCopy(), nil
}
