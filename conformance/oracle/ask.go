package main

import (
	"fmt"
	"strings"

	policyv1beta1 "k8s.io/api/policy/v1beta1"
)

// accepted is the outcome of a phase without objections.
const accepted = "ok"

// ask runs one phase and returns its outcome: accepted, or the text of the rejection.
//
// The plug-in lists the errors of several policies in the random order of a Go map. To answer the same case with
// the same text, a rejection is reassembled from rejections by each policy alone, in the order of their names.
func (r *request) ask(p phase) (string, error) {
	refusal, err := r.askOf(r.policies, p, r.audit)
	if err != nil || refusal == accepted || len(r.policies) < 2 {
		return refusal, err
	}
	head, _, ok := brackets(refusal)
	if !ok {
		return refusal, nil
	}
	lists := []string{}
	for _, policy := range sorted(r.policies) {
		alone, err := r.askOf([]*policyv1beta1.PodSecurityPolicy{policy}, p, map[string]string{})
		if err != nil {
			return "", err
		}
		// A policy that the plug-in cannot use has no objections; alone it is rejected without a list.
		if _, list, ok := brackets(alone); ok && list != "" {
			lists = append(lists, list)
		}
	}
	ordered := head + "[" + strings.Join(lists, " ") + "]"
	if len(ordered) != len(refusal) {
		return "", fmt.Errorf("the errors of each policy alone do not add up to: %s", refusal)
	}
	return ordered, nil
}

func (r *request) askOf(policies []*policyv1beta1.PodSecurityPolicy, p phase, audit map[string]string) (string, error) {
	made, err := newPlugin(policies, r.authz)
	if err != nil {
		return "", err
	}
	if !made.Handles(r.operation) {
		return accepted, nil
	}
	if refusal := p(made, r.attributes(audit)); refusal != nil {
		return refusal.Error(), nil
	}
	return accepted, nil
}

// brackets splits a rejection into the text before its list of errors, and the list.
func brackets(refusal string) (head, list string, ok bool) {
	for _, head := range []string{"unable to admit pod: ", "unable to validate pod: "} {
		if before, after, found := strings.Cut(refusal, head+"["); found && strings.HasSuffix(after, "]") {
			return before + head, strings.TrimSuffix(after, "]"), true
		}
	}
	return "", "", false
}
