// Package kubewarden stands in for Kubewarden where documents are followed: for its controller, which registers policies and
// says in their status what has become of them, for the pods of its policy servers, and for its audit scanner.
package kubewarden

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"pod-security-policy/cluster-tests/register"
)

// finalizer keeps a policy until its webhooks are gone.
const finalizer = "kubewarden.io/finalizer"

var servers = schema.GroupVersionResource{Group: "policies.kubewarden.io", Version: "v1", Resource: "policyservers"}

// Served is a policy server that runs.
type Served struct {
	// URL is what the API server calls.
	URL string
	// Log is the file that it writes.
	Log string
	// Stop ends it.
	Stop func()
}

// Controller registers policies.
type Controller struct {
	// Serve starts a policy server, whose name it gets, with a policies.yml.
	Serve func(name string, policies []byte) (*Served, error)
	// Module is the file in place of all modules.
	Module string
	// Authority is what the API server trusts.
	Authority []byte

	objects dynamic.Interface
	client  *kubernetes.Clientset
	// lock is held while it works, and while it scans.
	lock sync.Mutex
	// running are policy servers by name, registered the webhooks that were written.
	running    map[string]*server
	registered map[string]string
	starts     int
}

// server is a policy server with the policies that it was started with.
type server struct {
	*Served
	policies string
	// failed is what it could not be started with.
	failed string
}

// New is a controller for a cluster.
func New(config *rest.Config) (*Controller, error) {
	objects, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	return &Controller{objects: objects, client: client, running: map[string]*server{}, registered: map[string]string{}}, nil
}

// Run works until the context ends, and stops the policy servers. What it cannot do it says and tries again.
func (c *Controller) Run(ctx context.Context, say func(error)) {
	defer func() {
		for _, server := range c.running {
			server.stop()
		}
	}()
	_ = wait.PollUntilContextCancel(ctx, 100*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		if err := c.reconcile(ctx); err != nil && ctx.Err() == nil {
			say(err)
		}
		return false, nil
	})
}

func (s *server) stop() {
	if s.Served != nil {
		s.Served.Stop()
	}
}

// reconcile makes the cluster what the policies in it say.
func (c *Controller) reconcile(ctx context.Context) error {
	c.lock.Lock()
	defer c.lock.Unlock()
	all, err := c.policies(ctx)
	if err != nil {
		return err
	}
	byServer := map[string][]*unstructured.Unstructured{}
	for _, object := range all {
		if object.GetDeletionTimestamp() != nil {
			if err := c.unregister(ctx, object); err != nil {
				return err
			}
			continue
		}
		if !slices.Contains(object.GetFinalizers(), finalizer) {
			patch := fmt.Sprintf(`{"metadata":{"finalizers":[%q]}}`, finalizer)
			if err := c.patch(ctx, object, patch); err != nil {
				return err
			}
		}
		name, _, _ := unstructured.NestedString(object.Object, "spec", "policyServer")
		byServer[name] = append(byServer[name], object)
	}
	for _, name := range slices.Sorted(maps.Keys(byServer)) {
		if err := c.serve(ctx, name, byServer[name]); err != nil {
			return err
		}
	}
	return nil
}

// serve makes a policy server run the policies that name it, registers them, and writes their status.
func (c *Controller) serve(ctx context.Context, name string, objects []*unstructured.Unstructured) error {
	if _, err := c.objects.Resource(servers).Get(ctx, name, meta.GetOptions{}); err != nil {
		if !apierrors.IsNotFound(err) {
			return err
		}
		return c.status(ctx, objects, status{phase: "scheduled"})
	}
	read, err := policiesOf(objects)
	if err != nil {
		return err
	}
	text, err := register.Policies(read, c.Module)
	if err != nil {
		return err
	}
	running := c.running[name]
	if running == nil {
		running = &server{}
		c.running[name] = running
	}
	phase := "pending"
	if running.Served != nil {
		phase = "active"
	}
	switch {
	case running.failed == string(text):
		return c.status(ctx, objects, status{phase: phase, modes: true})
	case running.policies != string(text):
		// The new pods start while the old ones go on.
		if err := c.status(ctx, objects, status{phase: phase, modes: true}); err != nil {
			return err
		}
		if err := c.replace(ctx, name, running, text); err != nil {
			running.failed = string(text)
			return fmt.Errorf("the policy server %s: %w", name, err)
		}
	}
	for index := range read {
		if err := c.register(ctx, &read[index], running.URL); err != nil {
			return err
		}
	}
	return c.status(ctx, objects, status{phase: "active", modes: true, isReachable: true})
}

// replace starts a policy server with other policies, and then stops the one before.
func (c *Controller) replace(ctx context.Context, name string, running *server, text []byte) error {
	c.starts++
	served, err := c.Serve(fmt.Sprintf("%s-%d", name, c.starts), text)
	if err != nil {
		return err
	}
	before := running.Served
	*running = server{Served: served, policies: string(text)}
	if before != nil {
		// The API server goes on calling it until it has learnt of the new webhooks.
		time.AfterFunc(5*time.Second, before.Stop)
	}
	return c.showPod(ctx, name, served.Log)
}
