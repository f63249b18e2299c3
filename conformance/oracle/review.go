package main

import (
	"context"
	"fmt"

	policyv1beta1 "k8s.io/api/policy/v1beta1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	core "k8s.io/kubernetes/pkg/apis/core"
	podregistry "k8s.io/kubernetes/pkg/registry/core/pod"
)

// phase is one of the two methods of a plug-in.
type phase func(plugin, admission.Attributes) error

func mutating(p plugin, a admission.Attributes) error {
	return p.Admit(context.Background(), a, nil)
}

func validating(p plugin, a admission.Attributes) error {
	return p.Validate(context.Background(), a, nil)
}

// review processes a request as the API server does: the mutating phase, the registry's preparation of the pod,
// the validating phase. Validation of the pod itself, which stands between the last two, is left out: it is not
// PodSecurityPolicy's.
func review(c *Case, policies []*policyv1beta1.PodSecurityPolicy) (*Result, error) {
	r, err := newRequest(c, policies)
	if err != nil && c.Loose {
		return &Result{Unread: err.Error()}, nil
	}
	if err != nil {
		return nil, err
	}
	result := &Result{Audit: &r.audit}
	if r.operation == admission.Create && c.Steps != "validate" {
		if result.Admit, err = r.ask(mutating); err != nil {
			return result, err
		}
		if result.Admit != accepted {
			result.Reasons, err = r.reasons(mutating, true)
			return result, err
		}
		if result.Pod, err = encodePod(r.pod); err != nil || c.Steps == "admit" {
			return result, err
		}
	}
	switch r.operation {
	case admission.Create:
		podregistry.Strategy.PrepareForCreate(context.Background(), r.pod)
		if result.Stored, err = encodePod(r.pod); err != nil {
			return result, err
		}
	case admission.Update:
		podregistry.Strategy.PrepareForUpdate(context.Background(), r.pod, r.oldPod)
	}
	if result.Validate, err = r.ask(validating); err != nil {
		return result, err
	}
	if result.Validate != accepted {
		result.Reasons, err = r.reasons(validating, false)
		return result, err
	}
	result.Law, err = r.law(c)
	return result, err
}

// passing are the subresources of pods that bring no pod to evaluate.
var passing = map[string]bool{
	"": true, "attach": true, "binding": true, "eviction": true, "exec": true, "log": true, "portforward": true,
	"proxy": true, "resize": true, "scale": true, "status": true,
}

// law answers for the subresources that bring a pod: adding ephemeral containers, and unknown ones, which
// count as an update of the pod.
func (r *request) law(c *Case) (*Result, error) {
	if (r.operation != admission.Create && r.operation != admission.Update) || passing[c.Sub] {
		return nil, nil
	}
	if c.Sub == ephemeralContainers && r.operation == admission.Update {
		return r.addEphemeralContainers()
	}
	plain := *r
	plain.subresource, plain.audit = "", map[string]string{}
	said, err := plain.ask(validating)
	if err != nil || said == accepted {
		return &Result{Validate: said, Audit: &plain.audit}, err
	}
	reasons, err := plain.reasons(validating, false)
	return &Result{Validate: said, Audit: &plain.audit, Reasons: reasons}, err
}

// request is the request of a Case, in the API server's types.
type request struct {
	policies    []*policyv1beta1.PodSecurityPolicy
	authz       authorizer.Authorizer
	pod, oldPod *core.Pod
	operation   admission.Operation
	subresource string
	user        user.Info
	audit       map[string]string
}

func newRequest(c *Case, policies []*policyv1beta1.PodSecurityPolicy) (*request, error) {
	r := &request{
		policies:    policies,
		authz:       everybody{},
		operation:   admission.Operation(c.Op),
		subresource: c.Sub,
		audit:       map[string]string{},
	}
	if c.Op == "" {
		r.operation = admission.Create
	}
	if c.Grants != nil {
		r.authz = grants(*c.Grants)
	}
	// An absent user is a nil interface, not an interface that holds nil.
	if !c.NoUser {
		r.user = &user.DefaultInfo{Name: c.User, Groups: c.Groups}
	}
	var err error
	if r.pod, err = decodePod(c.Pod, c.Raw); err != nil {
		return nil, err
	}
	if r.operation == admission.Update {
		if r.oldPod, err = decodePod(c.OldPod, c.Raw); err != nil {
			return nil, fmt.Errorf("old pod: %w", err)
		}
		if c.Counts {
			r.oldPod.ResourceVersion += "0"
		}
	}
	return r, nil
}

// attributes describe the request to a plug-in, which leaves its audit annotations in the map.
func (r *request) attributes(audit map[string]string) admission.Attributes {
	// A nil *Pod in an interface would not be a nil interface.
	var old runtime.Object
	if r.oldPod != nil {
		old = r.oldPod
	}
	record := admission.NewAttributesRecord(r.pod, old, core.Kind("Pod").WithVersion("v1"),
		r.pod.Namespace, r.pod.Name, core.Resource("pods").WithVersion("v1"), r.subresource,
		r.operation, nil, false, r.user)
	return audited{record, audit}
}

// audited records the audit annotations, which the API server's own record hides.
type audited struct {
	admission.Attributes
	annotations map[string]string
}

// AddAnnotation records the annotation.
func (a audited) AddAnnotation(key, value string) error {
	a.annotations[key] = value
	return nil
}
