package main

import (
	"context"

	"k8s.io/apiserver/pkg/authorization/authorizer"
)

// grants decides who may use which policy, as RBAC would with these bindings.
type grants []Grant

// Authorize allows what any grant allows, and has no opinion on the rest.
func (g grants) Authorize(_ context.Context, a authorizer.Attributes) (authorizer.Decision, string, error) {
	for _, grant := range g {
		if grant.allows(a) {
			return authorizer.DecisionAllow, "", nil
		}
	}
	return authorizer.DecisionNoOpinion, "", nil
}

func (g Grant) allows(a authorizer.Attributes) bool {
	if a.GetVerb() != "use" || a.GetResource() != "podsecuritypolicies" || a.GetName() != g.Policy {
		return false
	}
	if g.Group != "" && g.Group != a.GetAPIGroup() {
		return false
	}
	if g.Namespace != "" && g.Namespace != a.GetNamespace() {
		return false
	}
	if g.Subject == a.GetUser().GetName() {
		return true
	}
	for _, group := range a.GetUser().GetGroups() {
		if g.Subject == group {
			return true
		}
	}
	return false
}

// everybody may use everything.
type everybody struct{}

// Authorize allows.
func (everybody) Authorize(context.Context, authorizer.Attributes) (authorizer.Decision, string, error) {
	return authorizer.DecisionAllow, "", nil
}
