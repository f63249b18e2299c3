// Package register does what Kubewarden's controller does with registrations: it writes the policy server's policies.yml and
// the webhook configurations of the API server. One thing differs: webhooks are called by URL, since the server is no Service.
package register

import (
	"context"
	"fmt"
	"os"
	"strings"

	admission "k8s.io/api/admissionregistration/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/ptr"
	sigsyaml "sigs.k8s.io/yaml"
)

// Policy is a ClusterAdmissionPolicy, or an AdmissionPolicy of a namespace, with the fields that this project's manifests use.
type Policy struct {
	meta.TypeMeta   `json:",inline"`
	meta.ObjectMeta `json:"metadata"`
	Spec            Spec `json:"spec"`
}

// Spec is what is registered.
type Spec struct {
	PolicyServer          string                         `json:"policyServer"`
	Module                string                         `json:"module"`
	Mode                  string                         `json:"mode"`
	Mutating              bool                           `json:"mutating"`
	FailurePolicy         *admission.FailurePolicyType   `json:"failurePolicy"`
	MatchPolicy           *admission.MatchPolicyType     `json:"matchPolicy"`
	BackgroundAudit       bool                           `json:"backgroundAudit"`
	TimeoutSeconds        *int32                         `json:"timeoutSeconds"`
	ContextAwareResources []runtime.RawExtension         `json:"contextAwareResources"`
	NamespaceSelector     *meta.LabelSelector            `json:"namespaceSelector"`
	ObjectSelector        *meta.LabelSelector            `json:"objectSelector"`
	MatchConditions       []admission.MatchCondition     `json:"matchConditions"`
	Rules                 []admission.RuleWithOperations `json:"rules"`
	Settings              map[string]any                 `json:"settings"`
	SideEffects           *admission.SideEffectClass     `json:"sideEffects"`
	Inside                bool                           `json:"allowInsideAdmissionControllerNamespace"`
}

// Namespace is the one that Kubewarden runs in.
const Namespace = "kubewarden"

// Read reads the registrations in files. What it does not know is an error, so that nothing is left out of the tests.
func Read(files ...string) ([]Policy, error) {
	var policies []Policy
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		for _, document := range strings.Split(string(text), "\n---\n") {
			var policy Policy
			if err := sigsyaml.UnmarshalStrict([]byte(document), &policy); err != nil {
				return nil, fmt.Errorf("%s: %w", file, err)
			}
			if policy.Kind != "ClusterAdmissionPolicy" {
				return nil, fmt.Errorf("%s: %s is not a ClusterAdmissionPolicy", file, policy.Kind)
			}
			policies = append(policies, policy)
		}
	}
	return policies, nil
}

// UniqueName is the name of a policy on its server, and of its webhook configuration.
func (p *Policy) UniqueName() string {
	if p.Namespace != "" {
		return "namespaced-" + p.Namespace + "-" + p.Name
	}
	return "clusterwide-" + p.Name
}

// Served is an entry of policies.yml.
type Served struct {
	Module          string         `json:"module"`
	PolicyMode      string         `json:"policyMode"`
	AllowedToMutate bool           `json:"allowedToMutate"`
	Settings        map[string]any `json:"settings"`
	// HostCapabilities are the calls that a policy may make: those of cluster-wide policies are not restricted.
	HostCapabilities []string `json:"hostCapabilities"`
}

// Policies is policies.yml, with the module from a file.
func Policies(policies []Policy, module string) ([]byte, error) {
	entries := map[string]Served{}
	for _, policy := range policies {
		mode := policy.Spec.Mode
		if mode == "" {
			mode = "protect"
		}
		entries[policy.UniqueName()] = Served{
			Module: "file://" + module, PolicyMode: mode, AllowedToMutate: policy.Spec.Mutating, Settings: policy.Spec.Settings,
			HostCapabilities: []string{"*"},
		}
	}
	return sigsyaml.Marshal(entries)
}

// Mutating is the webhook configuration of a mutating policy whose server is at a URL.
func Mutating(policy *Policy, url string, authority []byte) *admission.MutatingWebhookConfiguration {
	common := common(policy, url, authority)
	return &admission.MutatingWebhookConfiguration{
		ObjectMeta: object(policy),
		Webhooks: []admission.MutatingWebhook{{
			Name: common.Name, ClientConfig: common.ClientConfig, Rules: common.Rules, FailurePolicy: common.FailurePolicy,
			MatchPolicy: common.MatchPolicy, NamespaceSelector: common.NamespaceSelector, ObjectSelector: common.ObjectSelector,
			SideEffects: common.SideEffects, TimeoutSeconds: common.TimeoutSeconds, MatchConditions: common.MatchConditions,
			AdmissionReviewVersions: common.AdmissionReviewVersions,
		}},
	}
}

// Validating is the webhook configuration of a policy that does not mutate.
func Validating(policy *Policy, url string, authority []byte) *admission.ValidatingWebhookConfiguration {
	return &admission.ValidatingWebhookConfiguration{
		ObjectMeta: object(policy),
		Webhooks:   []admission.ValidatingWebhook{common(policy, url, authority)},
	}
}

func object(policy *Policy) meta.ObjectMeta {
	return meta.ObjectMeta{
		Name:   policy.UniqueName(),
		Labels: map[string]string{"app.kubernetes.io/part-of": "kubewarden"},
		Annotations: map[string]string{
			"kubewardenPolicyName": policy.Name, "kubewardenPolicyNamespace": policy.Namespace,
		},
	}
}

// common is what both kinds of webhooks have, with the controller's defaults.
func common(policy *Policy, url string, authority []byte) admission.ValidatingWebhook {
	spec := policy.Spec
	sideEffects := ptr.Deref(spec.SideEffects, admission.SideEffectClassNone)
	address := fmt.Sprintf("%s/validate/%s", url, policy.UniqueName())
	return admission.ValidatingWebhook{
		Name:                    policy.UniqueName() + ".kubewarden.admission",
		ClientConfig:            admission.WebhookClientConfig{URL: &address, CABundle: authority},
		Rules:                   spec.Rules,
		FailurePolicy:           spec.FailurePolicy,
		MatchPolicy:             spec.MatchPolicy,
		NamespaceSelector:       selector(policy),
		ObjectSelector:          spec.ObjectSelector,
		SideEffects:             &sideEffects,
		TimeoutSeconds:          spec.TimeoutSeconds,
		MatchConditions:         spec.MatchConditions,
		AdmissionReviewVersions: []string{"v1"},
	}
}

// selector leaves Kubewarden's own namespace out, unless the policy asks for it. Of the policy's selector the controller takes
// the expressions alone.
func selector(policy *Policy) *meta.LabelSelector {
	spec := policy.Spec
	if policy.Namespace != "" {
		return &meta.LabelSelector{MatchLabels: map[string]string{"kubernetes.io/metadata.name": policy.Namespace}}
	}
	if spec.Inside {
		return spec.NamespaceSelector
	}
	expressions := []meta.LabelSelectorRequirement{{
		Key: "kubernetes.io/metadata.name", Operator: meta.LabelSelectorOpNotIn, Values: []string{Namespace},
	}}
	if spec.NamespaceSelector != nil {
		expressions = append(expressions, spec.NamespaceSelector.MatchExpressions...)
	}
	return &meta.LabelSelector{MatchExpressions: expressions}
}

// Configurations is a client for one kind of webhook configuration.
type Configurations[P any] interface {
	Create(context.Context, P, meta.CreateOptions) (P, error)
	Get(context.Context, string, meta.GetOptions) (P, error)
	Update(context.Context, P, meta.UpdateOptions) (P, error)
}

// Put creates a webhook configuration, or takes the place of the one that there is.
func Put[P meta.Object](ctx context.Context, client Configurations[P], object P) error {
	_, err := client.Create(ctx, object, meta.CreateOptions{})
	if !apierrors.IsAlreadyExists(err) {
		return err
	}
	old, err := client.Get(ctx, object.GetName(), meta.GetOptions{})
	if err != nil {
		return err
	}
	object.SetResourceVersion(old.GetResourceVersion())
	_, err = client.Update(ctx, object, meta.UpdateOptions{})
	return err
}
