package scenarios

import (
	"fmt"

	admission "k8s.io/api/admissionregistration/v1"
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	rbac "k8s.io/api/rbac/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/ptr"

	"pod-security-policy/cluster-tests/register"
)

// admittedBy is the annotation with the policy that admitted a pod.
const admittedBy = "kubernetes.io/psp"

// plain is a pod that needs every default of the policy `restricted`.
func plain(name string) *core.Pod {
	return &core.Pod{
		ObjectMeta: meta.ObjectMeta{Name: name, Labels: map[string]string{"app": name}},
		Spec:       core.PodSpec{Containers: []core.Container{{Name: "app", Image: "registry.example.com/app:1"}}},
	}
}

// privileged is a pod that only the policy `privileged` admits.
func privileged(name string) *core.Pod {
	pod := plain(name)
	pod.Spec.Containers[0].SecurityContext = &core.SecurityContext{Privileged: ptr.To(true)}
	return pod
}

// settled is a pod to which the policy `restricted` has nothing to add.
func settled(name string) *core.Pod {
	pod := plain(name)
	pod.Spec.SecurityContext = &core.PodSecurityContext{
		SupplementalGroups: []int64{1}, FSGroup: ptr.To[int64](1),
		SeccompProfile: &core.SeccompProfile{Type: core.SeccompProfileTypeRuntimeDefault},
	}
	pod.Spec.Containers[0].SecurityContext = secured()
	return pod
}

// secured is what the policy `restricted` demands of a container.
func secured() *core.SecurityContext {
	return &core.SecurityContext{
		RunAsNonRoot: ptr.To(true), AllowPrivilegeEscalation: ptr.To(false),
		Capabilities: &core.Capabilities{Drop: []core.Capability{"ALL"}},
	}
}

// template is the template of a workload with a pod.
func template(pod *core.Pod) core.PodTemplateSpec {
	return core.PodTemplateSpec{ObjectMeta: meta.ObjectMeta{Labels: pod.Labels}, Spec: pod.Spec}
}

func deployment(pod *core.Pod, replicas int32) *apps.Deployment {
	return &apps.Deployment{
		ObjectMeta: meta.ObjectMeta{Name: pod.Name},
		Spec: apps.DeploymentSpec{
			Replicas: &replicas, Selector: &meta.LabelSelector{MatchLabels: pod.Labels}, Template: template(pod),
		},
	}
}

// canary is a registration for the config maps of one namespace.
func (s *Suite) canary(name string) *register.Policy {
	return &register.Policy{
		ObjectMeta: meta.ObjectMeta{Name: name},
		Spec: register.Spec{
			FailurePolicy: ptr.To(admission.Fail), TimeoutSeconds: ptr.To[int32](1),
			NamespaceSelector: &meta.LabelSelector{MatchExpressions: []meta.LabelSelectorRequirement{
				{Key: variantLabel, Operator: meta.LabelSelectorOpIn, Values: []string{name}},
			}},
			Rules: []admission.RuleWithOperations{{
				Operations: []admission.OperationType{admission.Create},
				Rule:       admission.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"configmaps"}},
			}},
		},
	}
}

// use is a role that lets its subjects use policies of an API group.
func use(name, group string, policies ...string) *rbac.ClusterRole {
	return &rbac.ClusterRole{
		ObjectMeta: meta.ObjectMeta{Name: name},
		Rules: []rbac.PolicyRule{{
			APIGroups: []string{group}, Resources: []string{"podsecuritypolicies"}, ResourceNames: policies, Verbs: []string{"use"},
		}},
	}
}

func account(namespace, name string) rbac.Subject {
	return rbac.Subject{Kind: rbac.ServiceAccountKind, Namespace: namespace, Name: name}
}

func user(name string) rbac.Subject {
	return rbac.Subject{APIGroup: rbac.GroupName, Kind: rbac.UserKind, Name: name}
}

func group(name string) rbac.Subject {
	return rbac.Subject{APIGroup: rbac.GroupName, Kind: rbac.GroupKind, Name: name}
}

func roleBinding(name, role string, subjects ...rbac.Subject) *rbac.RoleBinding {
	return &rbac.RoleBinding{
		ObjectMeta: meta.ObjectMeta{Name: name},
		RoleRef:    rbac.RoleRef{APIGroup: rbac.GroupName, Kind: "ClusterRole", Name: role},
		Subjects:   subjects,
	}
}

func accountsOf(namespace string) string {
	return fmt.Sprintf("system:serviceaccounts:%s", namespace)
}

var failurePolicies = map[string]admission.FailurePolicyType{"Fail": admission.Fail, "Ignore": admission.Ignore}

// clone copies settings, which are shared otherwise.
func clone(value map[string]any) map[string]any {
	return runtime.DeepCopyJSON(value)
}

func policiesOf(policies []register.Policy) ([]byte, error) {
	return register.Policies(policies, suite.module)
}
