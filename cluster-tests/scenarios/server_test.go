package scenarios

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"

	"pod-security-policy/cluster-tests/plane"
	"pod-security-policy/cluster-tests/register"
)

// Server is a policy server: `policy-host serve`, or Kubewarden's own where POLICY_SERVER names it.
type Server struct {
	url     string
	start   func() (*plane.Process, error)
	ready   func(context.Context) error
	process *plane.Process
}

// serve starts a policy server with a policies.yml.
func (s *Suite) serve(name string, policies []byte) (*Server, error) {
	folder := filepath.Join(s.folder, "server-"+name)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	certificate, key, err := s.Authority.Issue("policy-server")
	if err != nil {
		return nil, err
	}
	file := func(name string) string { return filepath.Join(folder, name) }
	for name, content := range map[string][]byte{"policies.yml": policies, "server.crt": certificate, "server.key": key} {
		if err := os.WriteFile(file(name), content, 0o600); err != nil {
			return nil, err
		}
	}
	ports, err := plane.FreePorts(2)
	if err != nil {
		return nil, err
	}
	program := []string{os.Getenv("POLICY_SERVER")}
	if program[0] == "" {
		host, err := fromEnvironment("POLICY_HOST", "the program that serves policies")
		if err != nil {
			return nil, err
		}
		program = []string{host, "serve"}
	}
	program = append(program, "--addr", "127.0.0.1", "--port", fmt.Sprint(ports[0]), "--readiness-probe-port", fmt.Sprint(ports[1]),
		"--policies", file("policies.yml"), "--policies-download-dir", folder, "--cert-file", file("server.crt"), "--key-file", file("server.key"))
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(s.Authority.PEM)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}, Timeout: 10 * time.Second}
	server := &Server{url: fmt.Sprintf("https://127.0.0.1:%d", ports[0])}
	server.start = func() (*plane.Process, error) {
		return plane.Run("policy-server", folder, []string{"KUBECONFIG=" + s.Kubeconfig}, program...)
	}
	server.ready = func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d/readiness", ports[1]), nil)
		if err != nil {
			return err
		}
		response, err := client.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return errors.New(response.Status)
		}
		return nil
	}
	return server, server.restart()
}

// restart starts the server, and waits until it is ready.
func (s *Server) restart() error {
	process, err := s.start()
	if err != nil {
		return err
	}
	s.process = process
	var last error
	err = wait.PollUntilContextTimeout(context.Background(), 50*time.Millisecond, patience, true, func(ctx context.Context) (bool, error) {
		if process.Ended() {
			log, _ := os.ReadFile(process.Log)
			return false, fmt.Errorf("the policy server has ended: %s", log)
		}
		last = s.ready(ctx)
		return last == nil, nil
	})
	if err != nil {
		return fmt.Errorf("the policy server is not ready: %w (%v)", err, last)
	}
	return nil
}

// Registered are registrations that the API server calls.
type Registered struct {
	*Server
	suite    *Suite
	policies []register.Policy
}

// register serves policies and registers them for the namespaces of a variant.
func (s *Suite) register(variant string, policies []register.Policy) (*Registered, error) {
	for index := range policies {
		spec := &policies[index].Spec
		if variant != "" {
			policies[index].Name += "-" + variant
		}
		if spec.NamespaceSelector == nil {
			spec.NamespaceSelector = &meta.LabelSelector{}
		}
		requirement := meta.LabelSelectorRequirement{Key: variantLabel, Operator: meta.LabelSelectorOpDoesNotExist}
		if variant != "" {
			requirement.Operator, requirement.Values = meta.LabelSelectorOpIn, []string{variant}
		}
		spec.NamespaceSelector.MatchExpressions = append(spec.NamespaceSelector.MatchExpressions, requirement)
	}
	text, err := register.Policies(policies, s.module)
	if err != nil {
		return nil, err
	}
	server, err := s.serve("for-"+variant, text)
	if err != nil {
		return nil, err
	}
	registered := &Registered{Server: server, suite: s, policies: policies}
	if err := registered.apply(server.url); err != nil {
		return registered, err
	}
	return registered, s.awaitWebhooks()
}

// apply writes the webhook configurations, with the server at a URL.
func (r *Registered) apply(url string) error {
	client := r.suite.admin.AdmissionregistrationV1()
	for index := range r.policies {
		policy := &r.policies[index]
		var err error
		if policy.Spec.Mutating {
			err = register.Put(context.Background(), client.MutatingWebhookConfigurations(), register.Mutating(policy, url, r.suite.Authority.PEM))
		} else {
			err = register.Put(context.Background(), client.ValidatingWebhookConfigurations(), register.Validating(policy, url, r.suite.Authority.PEM))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// unregister removes the webhook configurations, the validating ones first, as the command that switches the policy off does.
func (r *Registered) unregister() error {
	ctx := context.Background()
	client := r.suite.admin.AdmissionregistrationV1()
	var all error
	for _, policy := range r.policies {
		if !policy.Spec.Mutating {
			err := client.ValidatingWebhookConfigurations().Delete(ctx, policy.UniqueName(), meta.DeleteOptions{})
			all = errors.Join(all, ignoreNotFound(err))
		}
	}
	for _, policy := range r.policies {
		if policy.Spec.Mutating {
			err := client.MutatingWebhookConfigurations().Delete(ctx, policy.UniqueName(), meta.DeleteOptions{})
			all = errors.Join(all, ignoreNotFound(err))
		}
	}
	return all
}

func (r *Registered) remove() {
	if err := r.unregister(); err != nil {
		fmt.Fprintln(os.Stderr, "cluster-tests:", err)
	}
	r.process.Kill()
}

// awaitWebhooks waits until the API server calls all webhooks that are registered so far. It learns of them in their order: when
// it calls one that was registered last, it calls the others.
func (s *Suite) awaitWebhooks() error {
	ctx := context.Background()
	name := fmt.Sprintf("canary%d", s.counter.Add(1))
	namespace := &core.Namespace{ObjectMeta: meta.ObjectMeta{Name: name, Labels: map[string]string{variantLabel: name}}}
	if _, err := s.admin.CoreV1().Namespaces().Create(ctx, namespace, create); err != nil {
		return err
	}
	rule := s.canary(name)
	client := s.admin.AdmissionregistrationV1()
	for _, kind := range []string{"mutating", "validating"} {
		// Nothing listens there.
		const url = "https://127.0.0.1:1"
		rule.Name = name + "-" + kind
		var err error
		if kind == "mutating" {
			_, err = client.MutatingWebhookConfigurations().Create(ctx, register.Mutating(rule, url, nil), create)
		} else {
			_, err = client.ValidatingWebhookConfigurations().Create(ctx, register.Validating(rule, url, nil), create)
		}
		if err != nil {
			return err
		}
		err = wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, patience, true, func(ctx context.Context) (bool, error) {
			_, err := s.admin.CoreV1().ConfigMaps(name).Create(ctx, &core.ConfigMap{ObjectMeta: meta.ObjectMeta{Name: "canary"}}, dryRun)
			return err != nil && strings.Contains(err.Error(), "failed calling webhook"), nil
		})
		if err != nil {
			return fmt.Errorf("%s webhooks are not called: %w", kind, err)
		}
		if kind == "mutating" {
			err = client.MutatingWebhookConfigurations().Delete(ctx, rule.UniqueName(), meta.DeleteOptions{})
		} else {
			err = client.ValidatingWebhookConfigurations().Delete(ctx, rule.UniqueName(), meta.DeleteOptions{})
		}
		if err != nil {
			return err
		}
		// A validating canary is only reached when the mutating one is gone.
		err = wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, patience, true, func(ctx context.Context) (bool, error) {
			_, err := s.admin.CoreV1().ConfigMaps(name).Create(ctx, &core.ConfigMap{ObjectMeta: meta.ObjectMeta{Name: "canary"}}, dryRun)
			return err == nil, nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
