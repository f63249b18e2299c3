package main

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	policyv1beta1 "k8s.io/api/policy/v1beta1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apiserver/pkg/admission"
	core "k8s.io/kubernetes/pkg/apis/core"
)

const (
	ephemeralContainers = "ephemeralcontainers"
	appArmorOfContainer = "container.apparmor.security.beta.kubernetes.io/"
)

// addEphemeralContainers answers which policy admits containers that are added to a running pod, a request
// that the plug-in never evaluated. It evaluates the creation of a smaller pod: the old one with its pod-level
// fields, the new containers, the containers that they can reach, and the volumes that any of these mount.
//
// A policy may fill in the new containers and nothing else, so each policy goes through both phases alone: the
// mutating one shows what it would write, and the validating one is given the pod in which only the new containers
// are filled in.
func (r *request) addEphemeralContainers() (*Result, error) {
	added := addedTo(r.oldPod, r.pod)
	audit := map[string]string{}
	if len(added) == 0 {
		return &Result{Validate: accepted, Audit: &audit}, nil
	}
	whole := r.oldPod.DeepCopy()
	whole.Spec.EphemeralContainers = r.pod.Spec.EphemeralContainers
	reached, indexes := reachedBy(whole, added)

	var errors []string
	var reasons []Reasons
	var winner string
	var stored *core.Pod
	for _, policy := range sorted(r.policies) {
		defaulted, refusal, err := r.addUnder(policy, reached, added)
		if err != nil {
			return nil, err
		}
		if refusal != accepted {
			_, list, _ := brackets(refusal)
			if list != "" {
				errors = append(errors, original(indexes, list))
			}
			why, usable, err := r.refusedUnder(policy, reached, added, list)
			if err != nil {
				return nil, err
			}
			for i, path := range why {
				why[i] = original(indexes, path)
			}
			if usable {
				reasons = append(reasons, Reasons{policy.Name, original(indexes, list), why})
			}
			continue
		}
		unchanged := apiequality.Semantic.DeepEqual(defaulted, reached)
		if unchanged || winner == "" {
			winner, stored = policy.Name, whole.DeepCopy()
			write(defaulted, stored, added)
		}
		if unchanged {
			break
		}
	}
	if winner == "" {
		said := fmt.Sprintf("unable to validate pod: [%s]", strings.Join(errors, " "))
		return &Result{Validate: said, Audit: &audit, Reasons: reasons}, nil
	}
	audit["podsecuritypolicy.policy.k8s.io/validate-policy"] = winner
	pod, err := encodePod(stored)
	return &Result{Validate: accepted, Audit: &audit, Pod: pod}, err
}

// addUnder is the pod in which one policy has filled in the new containers, and the policy's errors in it.
func (r *request) addUnder(policy *policyv1beta1.PodSecurityPolicy, reached *core.Pod, added map[string]bool) (*core.Pod, string, error) {
	alone := []*policyv1beta1.PodSecurityPolicy{policy}
	mutated := *r
	mutated.pod, mutated.oldPod = reached.DeepCopy(), nil
	mutated.operation, mutated.subresource = admission.Create, ""
	refusal, err := mutated.askOf(alone, mutating, map[string]string{})
	if err != nil || refusal != accepted {
		return nil, refusal, err
	}
	defaulted := reached.DeepCopy()
	write(mutated.pod, defaulted, added)
	judged := mutated
	judged.pod = defaulted.DeepCopy()
	refusal, err = judged.askOf(alone, validating, map[string]string{})
	return defaulted, refusal, err
}

// refusedUnder are the paths that a policy would have to fill in outside of the new containers, and whether the
// request may use it.
func (r *request) refusedUnder(policy *policyv1beta1.PodSecurityPolicy, reached *core.Pod, added map[string]bool, errors string) ([]string, bool, error) {
	smaller := *r
	smaller.pod = reached
	usable, err := smaller.mayUse(policy, errors)
	if err != nil || !usable {
		return nil, false, err
	}
	whole, err := filled(policy, reached)
	if err != nil {
		return nil, true, nil
	}
	defaulted := reached.DeepCopy()
	write(whole, defaulted, added)
	paths, err := changes(policy, defaulted)
	return paths, true, err
}

// write copies the added containers and their AppArmor profiles from one pod into another.
func write(from, to *core.Pod, added map[string]bool) {
	filled := map[string]core.EphemeralContainer{}
	for _, container := range from.Spec.EphemeralContainers {
		filled[container.Name] = container
	}
	for i, container := range to.Spec.EphemeralContainers {
		if !added[container.Name] {
			continue
		}
		container = filled[container.Name]
		to.Spec.EphemeralContainers[i] = *container.DeepCopy()
		key := appArmorOfContainer + container.Name
		if profile, has := from.Annotations[key]; has {
			if to.Annotations == nil {
				to.Annotations = map[string]string{}
			}
			to.Annotations[key] = profile
		}
	}
}

// addedTo names the ephemeral containers that the old pod lacks.
func addedTo(old, pod *core.Pod) map[string]bool {
	added := map[string]bool{}
	for _, container := range pod.Spec.EphemeralContainers {
		added[container.Name] = true
	}
	for _, container := range old.Spec.EphemeralContainers {
		delete(added, container.Name)
	}
	return added
}

// reachedBy is the pod without the containers and volumes that the added ones can neither see nor open, and for each
// list the previous indexes of the remaining entries.
func reachedBy(whole *core.Pod, added map[string]bool) (*core.Pod, map[string][]int) {
	all := whole.Spec.SecurityContext != nil && whole.Spec.SecurityContext.ShareProcessNamespace != nil &&
		*whole.Spec.SecurityContext.ShareProcessNamespace
	names := map[string]bool{}
	for _, container := range whole.Spec.EphemeralContainers {
		if added[container.Name] {
			names[container.Name] = true
			names[container.TargetContainerName] = true
		}
	}
	reached := whole.DeepCopy()
	indexes := map[string][]int{}
	volumes := map[string]bool{}
	keep := func(list string, index int, name string, mounts []core.VolumeMount, devices []core.VolumeDevice) bool {
		if !all && !names[name] {
			return false
		}
		indexes[list] = append(indexes[list], index)
		for _, mount := range mounts {
			volumes[mount.Name] = true
		}
		for _, device := range devices {
			volumes[device.Name] = true
		}
		return true
	}
	reached.Spec.InitContainers = nil
	for i, c := range whole.Spec.InitContainers {
		if keep("initContainers", i, c.Name, c.VolumeMounts, c.VolumeDevices) {
			reached.Spec.InitContainers = append(reached.Spec.InitContainers, *c.DeepCopy())
		}
	}
	reached.Spec.Containers = nil
	for i, c := range whole.Spec.Containers {
		if keep("containers", i, c.Name, c.VolumeMounts, c.VolumeDevices) {
			reached.Spec.Containers = append(reached.Spec.Containers, *c.DeepCopy())
		}
	}
	reached.Spec.EphemeralContainers = nil
	for i, c := range whole.Spec.EphemeralContainers {
		if keep("ephemeralContainers", i, c.Name, c.VolumeMounts, c.VolumeDevices) {
			reached.Spec.EphemeralContainers = append(reached.Spec.EphemeralContainers, *c.DeepCopy())
		}
	}
	reached.Spec.Volumes = nil
	for i, volume := range whole.Spec.Volumes {
		if volumes[volume.Name] {
			indexes["volumes"] = append(indexes["volumes"], i)
			reached.Spec.Volumes = append(reached.Spec.Volumes, *volume.DeepCopy())
		}
	}
	return reached, indexes
}

var indexed = regexp.MustCompile(`\bspec\.(initContainers|containers|ephemeralContainers|volumes)\[(\d+)\]`)

// original gives containers and volumes in errors the indexes that they have in the whole pod.
func original(indexes map[string][]int, errors string) string {
	return indexed.ReplaceAllStringFunc(errors, func(path string) string {
		parts := indexed.FindStringSubmatch(path)
		index, err := strconv.Atoi(parts[2])
		if err != nil || index >= len(indexes[parts[1]]) {
			return path
		}
		return fmt.Sprintf("spec.%s[%d]", parts[1], indexes[parts[1]][index])
	})
}
