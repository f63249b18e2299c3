package main

import (
	"context"
	"errors"
	"fmt"
	"sync"

	policyv1beta1 "k8s.io/api/policy/v1beta1"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	"k8s.io/component-base/featuregate"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"k8s.io/kubernetes/pkg/apis/policy"
	pspregistry "k8s.io/kubernetes/pkg/registry/policy/podsecuritypolicy"
)

// gates separates cases that need other feature gates, which are global: they run alone, all others in parallel.
var gates sync.RWMutex

// judge answers a case under its feature gates.
func judge(c *Case) (*Result, error) {
	if c.Gates == "" {
		gates.RLock()
		defer gates.RUnlock()
		return judgeUnderTheseGates(c)
	}
	gates.Lock()
	defer gates.Unlock()
	before := utilfeature.DefaultMutableFeatureGate.DeepCopy()
	if err := utilfeature.DefaultMutableFeatureGate.Set(c.Gates); err != nil {
		return nil, err
	}
	result, err := judgeUnderTheseGates(c)
	return result, errors.Join(err, setGatesTo(before))
}

// setGatesTo switches the gates that differ. It does not touch the others, since setting a locked one is an error.
func setGatesTo(wanted featuregate.FeatureGate) error {
	changes := map[string]bool{}
	for gate := range utilfeature.DefaultMutableFeatureGate.GetAll() {
		if on := wanted.Enabled(gate); on != utilfeature.DefaultFeatureGate.Enabled(gate) {
			changes[string(gate)] = on
		}
	}
	return utilfeature.DefaultMutableFeatureGate.SetFromMap(changes)
}

func judgeUnderTheseGates(c *Case) (*Result, error) {
	policies, err := decodePolicies(c.Psps)
	if err != nil {
		return nil, err
	}
	if c.ValPSP {
		return validatePolicies(policies)
	}
	return review(c, policies)
}

// validatePolicies runs the API's own validation of PodSecurityPolicy objects.
func validatePolicies(policies []*policyv1beta1.PodSecurityPolicy) (*Result, error) {
	found := []string{}
	for _, external := range policies {
		internal := &policy.PodSecurityPolicy{}
		if err := legacyscheme.Scheme.Convert(external, internal, nil); err != nil {
			return nil, fmt.Errorf("cannot convert policy %q: %w", external.Name, err)
		}
		for _, err := range pspregistry.Strategy.Validate(context.Background(), internal) {
			found = append(found, err.Error())
		}
	}
	return &Result{Errors: &found}, nil
}
