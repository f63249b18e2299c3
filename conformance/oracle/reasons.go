package main

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"sort"
	"strconv"

	policyv1beta1 "k8s.io/api/policy/v1beta1"
	"k8s.io/apiserver/pkg/admission"
	core "k8s.io/kubernetes/pkg/apis/core"
	psp "k8s.io/kubernetes/pkg/security/podsecuritypolicy"
)

// Reasons are why one policy, which the request may use, does not admit its pod.
type Reasons struct {
	Policy string `json:"policy"`
	// Errors is the text of its errors.
	Errors string `json:"errors,omitempty"`
	// Changes are the paths of the defaults it would have to fill in, where nothing may be.
	Changes []string `json:"changes,omitempty"`
}

// reasons of every usable policy, after a phase that rejected the pod.
func (r *request) reasons(p phase, fills bool) ([]Reasons, error) {
	var all []Reasons
	for _, policy := range sorted(r.policies) {
		alone := []*policyv1beta1.PodSecurityPolicy{policy}
		said, err := r.askOf(alone, p, map[string]string{})
		if err != nil {
			return nil, err
		}
		_, list, _ := brackets(said)
		reasons := Reasons{Policy: policy.Name, Errors: list}
		if !fills {
			if reasons.Changes, err = changes(policy, r.pod); err != nil {
				return nil, err
			}
		}
		usable, err := r.mayUse(policy, list)
		if err != nil {
			return nil, err
		}
		if usable {
			all = append(all, reasons)
		}
	}
	return all, nil
}

// mayUse reports whether the request may use a policy whose errors are known: the plug-in does not report those of a
// policy that it may not use.
func (r *request) mayUse(policy *policyv1beta1.PodSecurityPolicy, errors string) (bool, error) {
	if errors != "" {
		return true, nil
	}
	created := *r
	created.pod, created.oldPod = r.pod.DeepCopy(), nil
	created.operation, created.subresource = admission.Create, ""
	said, err := created.askOf([]*policyv1beta1.PodSecurityPolicy{policy}, mutating, map[string]string{})
	_, list, _ := brackets(said)
	return said == accepted || list != "", err
}

// filled is the pod after defaulting by a policy.
func filled(policy *policyv1beta1.PodSecurityPolicy, pod *core.Pod) (*core.Pod, error) {
	provider, err := psp.NewSimpleProvider(policy, pod.Namespace, psp.NewSimpleStrategyFactory())
	if err != nil {
		return nil, err
	}
	whole := pod.DeepCopy()
	return whole, provider.MutatePod(whole)
}

// changes are the paths that a policy would fill in. A policy that the plug-in skips fills in nothing.
func changes(policy *policyv1beta1.PodSecurityPolicy, pod *core.Pod) ([]string, error) {
	whole, err := filled(policy, pod)
	if err != nil {
		return nil, nil
	}
	var trees [2]any
	for i, one := range []*core.Pod{pod, whole} {
		external, err := encodePod(one)
		if err != nil {
			return nil, err
		}
		text, err := json.Marshal(external)
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(text, &trees[i]); err != nil {
			return nil, err
		}
	}
	var paths []string
	differing("", trees[0], trees[1], &paths)
	return paths, nil
}

// differing collects the paths at which two JSON values differ. A list differs as a whole unless it is one of objects;
// where its entries are the same, `.order` says so.
func differing(path string, one, other any, paths *[]string) {
	if reflect.DeepEqual(one, other) {
		return
	}
	left, isLeft := one.(map[string]any)
	right, isRight := other.(map[string]any)
	if (isLeft || isRight) && len(left)+len(right) > 0 {
		keys := []string{}
		for key := range left {
			keys = append(keys, key)
		}
		for key := range right {
			if _, both := left[key]; !both {
				keys = append(keys, key)
			}
		}
		sort.Strings(keys)
		for _, key := range keys {
			below := path + "." + key
			switch {
			case path == "":
				below = key
			case path == "metadata.annotations":
				below = fmt.Sprintf("%s[%s]", path, key)
			}
			differing(below, left[key], right[key], paths)
		}
		return
	}
	before, isBefore := one.([]any)
	after, isAfter := other.([]any)
	if isBefore && isAfter && len(before) == len(after) && len(before) > 0 {
		if _, isObject := before[0].(map[string]any); isObject {
			for i := range before {
				differing(path+"["+strconv.Itoa(i)+"]", before[i], after[i], paths)
			}
			return
		}
	}
	if isBefore && isAfter && sameSet(before, after) {
		path += ".order"
	}
	*paths = append(*paths, path)
}

// sameSet reports whether two lists have the same entries, whatever their order and however often.
func sameSet(one, other []any) bool {
	has := func(list []any, entry any) bool {
		return slices.ContainsFunc(list, func(other any) bool { return reflect.DeepEqual(entry, other) })
	}
	lacks := func(list []any) func(any) bool { return func(entry any) bool { return !has(list, entry) } }
	return !slices.ContainsFunc(one, lacks(other)) && !slices.ContainsFunc(other, lacks(one))
}

func sorted(policies []*policyv1beta1.PodSecurityPolicy) []*policyv1beta1.PodSecurityPolicy {
	byName := append([]*policyv1beta1.PodSecurityPolicy{}, policies...)
	sort.SliceStable(byName, func(i, j int) bool { return byName[i].Name < byName[j].Name })
	return byName
}
