package kubewarden

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"

	core "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"pod-security-policy/cluster-tests/register"
)

// node is where the pods of policy servers seem to run, and log the annotation with the file that has their log.
const (
	node = "kubewarden"
	log  = "cluster-tests/log"
)

// Kubelet serves the logs of policy servers as a kubelet does, so that `kubectl logs` has something to show.
func (c *Controller) Kubelet(ctx context.Context, certificate, key []byte) error {
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: http.HandlerFunc(c.logs), TLSConfig: &tls.Config{Certificates: []tls.Certificate{pair}}}
	go func() { _ = server.ServeTLS(listener, "", "") }()
	context.AfterFunc(ctx, func() { _ = server.Close() })

	nodes := c.client.CoreV1().Nodes()
	object, err := nodes.Create(ctx, &core.Node{ObjectMeta: meta.ObjectMeta{Name: node}}, meta.CreateOptions{})
	if err != nil {
		return err
	}
	object.Status.Addresses = []core.NodeAddress{{Type: core.NodeInternalIP, Address: "127.0.0.1"}}
	object.Status.DaemonEndpoints.KubeletEndpoint.Port = int32(listener.Addr().(*net.TCPAddr).Port)
	_, err = nodes.UpdateStatus(ctx, object, meta.UpdateOptions{})
	return err
}

// logs answers /containerLogs/NAMESPACE/POD/CONTAINER.
func (c *Controller) logs(response http.ResponseWriter, request *http.Request) {
	parts := strings.Split(request.URL.Path, "/")
	if len(parts) != 5 || parts[1] != "containerLogs" {
		http.NotFound(response, request)
		return
	}
	pod, err := c.client.CoreV1().Pods(parts[2]).Get(request.Context(), parts[3], meta.GetOptions{})
	if err != nil {
		http.Error(response, err.Error(), http.StatusNotFound)
		return
	}
	text, err := os.ReadFile(pod.Annotations[log])
	if err != nil {
		http.Error(response, err.Error(), http.StatusNotFound)
		return
	}
	lines := strings.SplitAfter(string(text), "\n")
	if tail, err := strconv.Atoi(request.URL.Query().Get("tailLines")); err == nil && len(lines) > tail+1 {
		lines = lines[len(lines)-tail-1:]
	}
	_, _ = response.Write([]byte(strings.Join(lines, "")))
}

// showPod makes the pod of a policy server, or names its new log.
func (c *Controller) showPod(ctx context.Context, server, file string) error {
	pods := c.client.CoreV1().Pods(register.Namespace)
	name := "policy-server-" + server
	pod, err := pods.Create(ctx, &core.Pod{
		ObjectMeta: meta.ObjectMeta{
			Name: name, Labels: map[string]string{"kubewarden/policy-server": server}, Annotations: map[string]string{log: file},
		},
		Spec: core.PodSpec{NodeName: node, Containers: []core.Container{{Name: name, Image: "policy-server"}}},
	}, meta.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		patch := fmt.Sprintf(`{"metadata":{"annotations":{%q:%q}}}`, log, file)
		_, err = pods.Patch(ctx, name, types.MergePatchType, []byte(patch), meta.PatchOptions{})
		return err
	}
	if err != nil {
		return err
	}
	pod.Status.Phase = core.PodRunning
	_, err = pods.UpdateStatus(ctx, pod, meta.UpdateOptions{})
	return err
}
