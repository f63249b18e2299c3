package kubewarden

import (
	"context"
	"encoding/json"
	"errors"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"pod-security-policy/cluster-tests/register"
)

// register writes the webhook configuration of a policy, if it differs from what was written before.
func (c *Controller) register(ctx context.Context, policy *register.Policy, url string) error {
	client := c.client.AdmissionregistrationV1()
	var (
		wanted any
		put    func() error
	)
	if policy.Spec.Mutating {
		webhook := register.Mutating(policy, url, c.Authority)
		wanted, put = webhook, func() error { return register.Put(ctx, client.MutatingWebhookConfigurations(), webhook) }
	} else {
		webhook := register.Validating(policy, url, c.Authority)
		wanted, put = webhook, func() error { return register.Put(ctx, client.ValidatingWebhookConfigurations(), webhook) }
	}
	text, err := json.Marshal(wanted)
	if err != nil {
		return err
	}
	if c.registered[policy.UniqueName()] == string(text) {
		return nil
	}
	if err := put(); err != nil {
		return err
	}
	c.registered[policy.UniqueName()] = string(text)
	return nil
}

// unregister removes the webhook configuration of a policy that is being deleted, and lets it go.
func (c *Controller) unregister(ctx context.Context, object *unstructured.Unstructured) error {
	client := c.client.AdmissionregistrationV1()
	name := (&register.Policy{ObjectMeta: meta.ObjectMeta{Name: object.GetName(), Namespace: object.GetNamespace()}}).UniqueName()
	validating := client.ValidatingWebhookConfigurations().Delete(ctx, name, meta.DeleteOptions{})
	mutating := client.MutatingWebhookConfigurations().Delete(ctx, name, meta.DeleteOptions{})
	delete(c.registered, name)
	for _, err := range []error{validating, mutating} {
		if err != nil && !apierrors.IsNotFound(err) {
			return errors.Join(validating, mutating)
		}
	}
	return c.patch(ctx, object, `{"metadata":{"finalizers":null}}`)
}
