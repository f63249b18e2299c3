package scenarios

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	admission "k8s.io/api/admissionregistration/v1"
	core "k8s.io/api/core/v1"
	rbac "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"pod-security-policy/cluster-tests/plane"
	"pod-security-policy/cluster-tests/register"
)

const (
	// variantLabel says by which registrations a namespace is evaluated: without it by those in protect mode.
	variantLabel = "cluster-tests/variant"
	// unjudged is a variant without registrations: what is older than the policy.
	unjudged = "unjudged"
	// labelled is the variant whose namespaces get labels.
	labelled = "labelled"
	// developers may write everything, and use no policy of their own.
	developers = "developers"
	// patience bounds each wait, on a machine that is busy.
	patience = 3 * time.Minute
)

// root is the project's folder.
const root = "../.."

// Suite is a control plane with the policy registered.
type Suite struct {
	*plane.Plane
	binary, folder, module string
	admin                  *kubernetes.Clientset
	protect, labels        *Registered
	counter                atomic.Int64
}

// on is a suite on another control plane, without registrations. The plane stops with the test.
func (s *Suite) on(t *testing.T, control *plane.Plane, folder string) *Suite {
	t.Helper()
	t.Cleanup(control.Stop)
	admin, err := kubernetes.NewForConfig(control.Admin)
	if err != nil {
		t.Fatal(err)
	}
	return &Suite{Plane: control, binary: s.binary, folder: folder, module: s.module, admin: admin}
}

func newSuite(control *plane.Plane, binary, folder string) (*Suite, error) {
	module, err := fromEnvironment("MODULE", "the policy module")
	if err != nil {
		return nil, err
	}
	admin, err := kubernetes.NewForConfig(control.Admin)
	if err != nil {
		return nil, err
	}
	s := &Suite{Plane: control, binary: binary, folder: folder, module: module, admin: admin}
	if err := s.grantDevelopers(); err != nil {
		return nil, err
	}
	if _, err := s.kubectl("apply", "--filename", filepath.Join(root, "manifests/rbac.yaml")); err != nil {
		return nil, err
	}
	shipped, err := register.Read(
		filepath.Join(root, "manifests/mutating.yaml"), filepath.Join(root, "manifests/validating.yaml"),
		filepath.Join(root, "manifests/persistent-volumes.yaml"),
	)
	if err != nil {
		return nil, err
	}
	if s.protect, err = s.register("", protecting(shipped)); err != nil {
		return s, err
	}
	// Pod Security admission would judge the pods of all namespaces that got its labels.
	labels, err := register.Read(filepath.Join(root, "manifests/namespaces.yaml"))
	if err != nil {
		return s, err
	}
	s.labels, err = s.register(labelled, protecting(labels))
	return s, err
}

func (s *Suite) stop() {
	for _, registered := range []*Registered{s.protect, s.labels} {
		if registered != nil {
			registered.remove()
		}
	}
}

// protecting switches registrations on, as docs/install.md does.
func protecting(policies []register.Policy) []register.Policy {
	for index := range policies {
		policies[index].Spec.Mode = "protect"
		policies[index].Spec.FailurePolicy = new(admission.FailurePolicyType)
		*policies[index].Spec.FailurePolicy = admission.Fail
	}
	return policies
}

func (s *Suite) grantDevelopers() error {
	role := &rbac.ClusterRole{
		ObjectMeta: meta.ObjectMeta{Name: developers},
		Rules: []rbac.PolicyRule{{
			APIGroups: []string{"*"}, Resources: []string{"*"},
			Verbs: []string{"get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"},
		}},
	}
	if _, err := s.admin.RbacV1().ClusterRoles().Create(context.Background(), role, meta.CreateOptions{}); err != nil {
		return err
	}
	binding := &rbac.ClusterRoleBinding{
		ObjectMeta: meta.ObjectMeta{Name: developers},
		RoleRef:    rbac.RoleRef{APIGroup: rbac.GroupName, Kind: "ClusterRole", Name: developers},
		Subjects:   []rbac.Subject{{APIGroup: rbac.GroupName, Kind: rbac.GroupKind, Name: developers}},
	}
	_, err := s.admin.RbacV1().ClusterRoleBindings().Create(context.Background(), binding, meta.CreateOptions{})
	return err
}

// as is a client of a user with groups.
func (s *Suite) as(t *testing.T, user string, groups ...string) *kubernetes.Clientset {
	t.Helper()
	client, err := kubernetes.NewForConfig(impersonating(s.Admin, user, groups...))
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func impersonating(config *rest.Config, user string, groups ...string) *rest.Config {
	config = rest.CopyConfig(config)
	config.Impersonate = rest.ImpersonationConfig{UserName: user, Groups: append([]string{"system:authenticated"}, groups...)}
	return config
}

// developer is the client of somebody who may use no policy.
func (s *Suite) developer(t *testing.T) *kubernetes.Clientset {
	t.Helper()
	return s.as(t, "dev", developers)
}

// namespace makes one for a test, whose default account exists.
func (s *Suite) namespace(t *testing.T, labels map[string]string) string {
	t.Helper()
	name := fmt.Sprintf("t%d", s.counter.Add(1))
	object := &core.Namespace{ObjectMeta: meta.ObjectMeta{Name: name, Labels: labels}}
	if _, err := s.admin.CoreV1().Namespaces().Create(t.Context(), object, meta.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	until(t, "the default account of "+name, func(ctx context.Context) error {
		_, err := s.admin.CoreV1().ServiceAccounts(name).Get(ctx, "default", meta.GetOptions{})
		return err
	})
	return name
}

// judge lets the policy evaluate a namespace that it did not evaluate before.
func (s *Suite) judge(t *testing.T, namespace string) {
	t.Helper()
	s.setLabel(t, namespace, fmt.Sprintf(`{"metadata":{"labels":{%q:null}}}`, variantLabel))
	// The API server learns of the label by a watch of its own.
	until(t, "the policy in "+namespace, func(ctx context.Context) error {
		_, err := s.developer(t).CoreV1().Pods(namespace).Create(ctx, privileged("probe"), dryRun)
		if err == nil {
			return errors.New("a privileged pod is admitted")
		}
		return nil
	})
}

// until polls until there is no error.
func until(t *testing.T, what string, check func(context.Context) error) {
	t.Helper()
	var last error
	err := wait.PollUntilContextTimeout(t.Context(), 50*time.Millisecond, patience, true, func(ctx context.Context) (bool, error) {
		last = check(ctx)
		return last == nil, nil
	})
	if err != nil {
		t.Fatalf("%s: %v (%v)", what, err, last)
	}
}

// kubectl runs kubectl as the administrator, or as options say, and returns what it prints.
func (s *Suite) kubectl(arguments ...string) (string, error) {
	return s.kubectlIn(nil, arguments...)
}

// kubectlIn runs it with more in its environment.
func (s *Suite) kubectlIn(environment []string, arguments ...string) (string, error) {
	command := exec.Command(s.binary, append([]string{"kubectl", "--kubeconfig", s.Kubeconfig}, arguments...)...)
	command.Env = append(append(os.Environ(), "KUBECTL_KUBERC=false"), environment...)
	output, err := command.CombinedOutput()
	if err != nil {
		return string(output), fmt.Errorf("kubectl %s: %w: %s", strings.Join(arguments, " "), err, output)
	}
	return string(output), nil
}

var (
	dryRun = meta.CreateOptions{DryRun: []string{meta.DryRunAll}}
	create = meta.CreateOptions{}
)

// denied is the policy's message in an error of the API server.
func denied(t *testing.T, err error) string {
	t.Helper()
	if err == nil {
		t.Fatal("it was admitted")
	}
	_, message, found := strings.Cut(err.Error(), " denied the request: ")
	if !found {
		t.Fatalf("the policy did not deny this: %v", err)
	}
	return message
}

func admitted[T any](t *testing.T, object T, err error) T {
	t.Helper()
	if err != nil {
		t.Fatalf("it was not admitted: %v", err)
	}
	return object
}

func ignoreNotFound(err error) error {
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}
