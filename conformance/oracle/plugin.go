package main

import (
	"fmt"

	policyv1beta1 "k8s.io/api/policy/v1beta1"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/admission/initializer"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	"k8s.io/client-go/informers"
	"k8s.io/kubernetes/plugin/pkg/admission/security/podsecuritypolicy"
)

// plugin is the original plug-in, set up as the API server does.
type plugin interface {
	admission.MutationInterface
	admission.ValidationInterface
}

// registered is the API server's list of plug-ins, which has a single one here.
var registered = func() *admission.Plugins {
	plugins := admission.NewPlugins()
	podsecuritypolicy.Register(plugins)
	return plugins
}()

// newPlugin sets the plug-in up in a cluster that has these policies and this authoriser.
func newPlugin(policies []*policyv1beta1.PodSecurityPolicy, authz authorizer.Authorizer) (plugin, error) {
	cluster := informers.NewSharedInformerFactory(nil, 0)
	store := cluster.Policy().V1beta1().PodSecurityPolicies().Informer().GetStore()
	for _, policy := range policies {
		if err := store.Add(policy); err != nil {
			return nil, err
		}
	}
	made, err := registered.InitPlugin(podsecuritypolicy.PluginName, nil,
		initializer.New(nil, cluster, authz, nil))
	if err != nil {
		return nil, err
	}
	original, ok := made.(plugin)
	if !ok {
		return nil, fmt.Errorf("the plug-in is a %T, which lacks a phase", made)
	}
	return original, nil
}
