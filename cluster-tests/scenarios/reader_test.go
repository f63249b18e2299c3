package scenarios

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"pod-security-policy/cluster-tests/kubewarden"
	"pod-security-policy/cluster-tests/plane"
)

// reader follows documents on a cluster of their own, which has Kubewarden but no policy.
type reader struct {
	*Suite
	// home is the folder of programs and of the kubeconfig, place the one that commands are run in.
	home, place string
	pods        int
	controller  *kubewarden.Controller
	// ports are those of `policy-host serve`, in place of the usual ones.
	ports *strings.Replacer
}

func newReader(t *testing.T) *reader {
	t.Helper()
	folder := filepath.Join(suite.folder, "documents")
	control, err := plane.Start(t.Context(), suite.binary, filepath.Join(folder, "plane"))
	if err != nil {
		t.Fatal(err)
	}
	own := suite.on(t, control, folder)
	r := &reader{Suite: own, home: filepath.Join(folder, "home"), ports: strings.NewReplacer()}
	r.equip(t)
	r.installKubewarden(t)
	if err := own.grantDevelopers(); err != nil {
		t.Fatal(err)
	}
	return r
}

// equip gives the reader the programs that documents call.
func (r *reader) equip(t *testing.T) {
	t.Helper()
	programs := map[string]string{
		// Clusters older than 1.25 have PodSecurityPolicies.
		"kubectl": fmt.Sprintf("case \"$*\" in 'get psp -o yaml') exec cat psp/cluster.yaml ;; esac\n"+
			"KUBECTL_KUBERC=false exec %s kubectl \"$@\"", r.binary),
		// OpenShift's client is kubectl with more.
		"oc": "case \"$*\" in 'get scc -o yaml') exec cat sources/scc.yaml ;; esac\nexec kubectl \"$@\"",
		// What would be installed is applied, without being stored. Kubewarden's charts come from a stand-in.
		"helm": fmt.Sprintf(`helm=%s
case "$1 $2" in
'repo add') exec $helm repo add "$3" %s ;;
'upgrade --install') exec $helm "$@" ;;
esac
shift; $helm template --kube-version 1.37 "$@" | kubectl apply --dry-run=server --filename -`,
			os.Getenv("HELM"), r.serveCharts(t)),
	}
	for name, variable := range map[string]string{"kubectl-psp": "KUBECTL_PSP", "policy-host": "POLICY_HOST"} {
		program, err := fromEnvironment(variable, "the program "+name)
		if err != nil {
			t.Fatal(err)
		}
		programs[name] = fmt.Sprintf("exec %s \"$@\"", program)
	}
	for name, text := range programs {
		r.write(t, filepath.Join(r.home, "bin", name), "#!/bin/sh\n"+text+"\n")
	}
	if err := os.MkdirAll(filepath.Join(r.home, ".kube"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := plane.WriteKubeconfig(filepath.Join(r.home, ".kube/config"), r.Admin); err != nil {
		t.Fatal(err)
	}
}

// serveCharts serves a repository with the stand-in for Kubewarden's chart, and returns its address.
func (r *reader) serveCharts(t *testing.T) string {
	t.Helper()
	charts := filepath.Join(r.home, "charts")
	for _, arguments := range [][]string{
		{"package", filepath.Join(root, "cluster-tests/kubewarden/admission-controller"), "--destination", charts},
		{"repo", "index", charts},
	} {
		if output, err := exec.Command(os.Getenv("HELM"), arguments...).CombinedOutput(); err != nil {
			t.Fatalf("helm %s: %v\n%s", arguments, err, output)
		}
	}
	server := httptest.NewServer(http.FileServer(http.Dir(charts)))
	t.Cleanup(server.Close)
	return server.URL
}

func (r *reader) write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
}

// installKubewarden does what Kubewarden's chart does: definitions, a namespace and a policy server. KUBEWARDEN_CRDS names a
// folder with Kubewarden's own definitions, where it is at hand.
func (r *reader) installKubewarden(t *testing.T) {
	t.Helper()
	definitions := filepath.Join(r.home, "definitions.yaml")
	r.write(t, definitions, kubewarden.Definitions())
	files := []string{definitions}
	if folder := os.Getenv("KUBEWARDEN_CRDS"); folder != "" {
		files = append(files, folder)
	}
	for _, file := range files {
		if _, err := r.kubectl("apply", "--server-side", "--force-conflicts", "--filename", file); err != nil {
			t.Fatal(err)
		}
	}
	server := filepath.Join(r.home, "default.yaml")
	r.write(t, server, "apiVersion: policies.kubewarden.io/v1\nkind: PolicyServer\nmetadata: {name: default}\nspec: {image: policy-server, replicas: 1}\n")
	// The example's policies fill in this class.
	class := filepath.Join(r.home, "class.yaml")
	r.write(t, class, "apiVersion: node.k8s.io/v1\nkind: RuntimeClass\nmetadata: {name: runc}\nhandler: runc\n")
	for _, arguments := range [][]string{
		{"create", "namespace", "kubewarden"}, {"create", "namespace", "shop"}, {"create", "namespace", "blog"}, {"apply", "--filename", class},
	} {
		if _, err := r.kubectl(arguments...); err != nil {
			t.Fatal(err)
		}
	}
	// Definitions are served a moment after they are stored.
	until(t, "the definitions", func(context.Context) error {
		_, err := r.kubectl("apply", "--filename", server)
		return err
	})
	controller, err := kubewarden.New(r.Admin)
	if err != nil {
		t.Fatal(err)
	}
	controller.Module, controller.Authority = r.module, r.Authority.PEM
	controller.Serve = func(name string, policies []byte) (*kubewarden.Served, error) {
		server, err := r.serve(name, policies)
		if err != nil {
			return nil, err
		}
		return &kubewarden.Served{URL: server.url, Log: server.process.Log, Stop: server.process.Kill}, nil
	}
	certificate, key, err := r.Authority.Issue("kubelet")
	if err != nil {
		t.Fatal(err)
	}
	if err := controller.Kubelet(t.Context(), certificate, key); err != nil {
		t.Fatal(err)
	}
	r.controller = controller
	ended := make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		defer close(ended)
		controller.Run(ctx, func(err error) { t.Log(err) })
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
}

// enter makes the folder that a document is followed in.
func (r *reader) enter(t *testing.T, data bool) {
	t.Helper()
	r.place = t.TempDir()
	from := root
	names := []string{"manifests", "examples", "docs", "charts", "policy.wasm"}
	if data {
		from, names = filepath.Join(root, "cli/tests/data"), nil
		if err := os.CopyFS(r.place, os.DirFS(from)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range names {
		target, err := filepath.Abs(filepath.Join(from, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(target, filepath.Join(r.place, name)); err != nil {
			t.Fatal(err)
		}
	}
}

// run runs a command as it stands in a document. `kubectl psp check` ends with 1 where it rejects something.
func (r *reader) run(t *testing.T, place, command string) {
	t.Helper()
	if strings.HasPrefix(command, "policy-host serve ") {
		r.serveOnALaptop(t, command)
		return
	}
	output, err := r.shell(r.ports.Replace(command))
	t.Logf("%s: %s\n%s", place, command, output)
	var status *exec.ExitError
	if errors.As(err, &status) && status.ExitCode() == 1 && strings.Contains(command, "kubectl psp ") {
		return
	}
	if err != nil {
		t.Errorf("%s: %s: %v\n%s", place, command, err, output)
	}
}

func (r *reader) environment() []string {
	return []string{"HOME=" + r.home, "KUBECONFIG=", "PATH=" + filepath.Join(r.home, "bin") + ":" + os.Getenv("PATH")}
}

func (r *reader) shell(command string) (string, error) {
	shell := exec.Command("bash", "-c", command)
	shell.Dir = r.place
	shell.Env = append(os.Environ(), r.environment()...)
	output, err := shell.CombinedOutput()
	return string(output), err
}

// apply has the API server check the objects of a block. Settings are checked by tests/docs.rs.
func (r *reader) apply(t *testing.T, place, text string) {
	t.Helper()
	first, _, _ := strings.Cut(text, "\n")
	if name, isFile := strings.CutPrefix(first, "# "); isFile {
		name, _, _ = strings.Cut(name, " ")
		if name == "policies.yml" || name == "values.yaml" {
			r.write(t, filepath.Join(r.place, name), text)
			return
		}
	}
	if !strings.Contains("\n"+text, "\napiVersion: ") {
		return
	}
	file := filepath.Join(t.TempDir(), "block.yaml")
	r.write(t, file, text)
	output, err := r.kubectl("apply", "--dry-run=server", "--filename", file)
	t.Logf("%s: %s", place, output)
	if err != nil {
		t.Errorf("%s: %v", place, err)
	}
}
