package scenarios

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"pod-security-policy/cluster-tests/plane"
)

// serveOnALaptop leaves a server running for the commands that follow.
func (r *reader) serveOnALaptop(t *testing.T, command string) {
	t.Helper()
	certificate, key, err := r.Authority.Issue("localhost")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{"tls.crt": certificate, "tls.key": key, "ca.crt": r.Authority.PEM, "review.json": []byte(podReview)} {
		r.write(t, filepath.Join(r.place, name), string(text))
	}
	ports, err := plane.FreePorts(2)
	if err != nil {
		t.Fatal(err)
	}
	r.ports = strings.NewReplacer(":3000/", fmt.Sprintf(":%d/", ports[0]), ":8081/", fmt.Sprintf(":%d/", ports[1]))
	command = fmt.Sprintf("exec %s --port %d --readiness-probe-port %d", command, ports[0], ports[1])
	process, err := plane.Run("policy-host", r.place, r.environment(), "bash", "-c", "cd "+r.place+" && "+command)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(process.Kill)
	until(t, command, func(context.Context) error {
		_, err := r.shell(r.ports.Replace("curl --fail --silent http://localhost:8081/readiness"))
		return err
	})
}

// podReview is what an API server sends.
const podReview = `{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
	"uid": "1", "operation": "CREATE", "name": "web", "namespace": "shop", "userInfo": {"username": "dev"},
	"kind": {"group": "", "version": "v1", "kind": "Pod"}, "resource": {"group": "", "version": "v1", "resource": "pods"},
	"requestKind": {"group": "", "version": "v1", "kind": "Pod"}, "requestResource": {"group": "", "version": "v1", "resource": "pods"},
	"object": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "app"}]}}}}`
