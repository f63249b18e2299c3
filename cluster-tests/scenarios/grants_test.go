package scenarios

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	core "k8s.io/api/core/v1"
	rbac "k8s.io/api/rbac/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// One subject may use `privileged` in every way that RBAC has, in one namespace and not in another.
func TestGrants(t *testing.T) {
	t.Parallel()
	for name, role := range map[string]*rbac.ClusterRole{
		"use-of-policy": use("use-of-policy", "policy", "privileged"),
		// The group of Kubernetes 1.15 and before, which clusters have carried along.
		"use-of-extensions": use("use-of-extensions", "extensions", "privileged"),
		"use-of-all":        use("use-of-all", "policy"),
		"every-verb": {
			ObjectMeta: meta.ObjectMeta{Name: "every-verb"},
			Rules:      []rbac.PolicyRule{{APIGroups: []string{"*"}, Resources: []string{"*"}, Verbs: []string{"*"}}},
		},
	} {
		made, err := suite.admin.RbacV1().ClusterRoles().Create(t.Context(), role, create)
		admitted(t, made, err)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, subject := range []string{"account", "accounts of the namespace", "user", "group", "everybody"} {
				t.Run(subject, func(t *testing.T) {
					t.Parallel()
					granted, other := suite.namespace(t, nil), suite.namespace(t, nil)
					who := fmt.Sprintf("dev-%s", granted)
					subjects := map[string]rbac.Subject{
						"account": account(granted, "default"), "accounts of the namespace": group(accountsOf(granted)),
						"user": user(who), "group": group(who + "s"), "everybody": group("system:authenticated"),
					}
					bound, err := suite.admin.RbacV1().RoleBindings(granted).Create(t.Context(), roleBinding("agent", name, subjects[subject]), create)
					admitted(t, bound, err)
					client := suite.as(t, who, developers, who+"s").CoreV1()
					pod, err := client.Pods(granted).Create(t.Context(), privileged("agent"), create)
					if admitted(t, pod, err).Annotations[admittedBy] != "privileged" {
						t.Errorf("the annotations are %v", pod.Annotations)
					}
					_, err = client.Pods(other).Create(t.Context(), privileged("agent"), create)
					denied(t, err)
				})
			}
		})
	}
}

func TestClusterRoleBindingGrantsInEveryNamespace(t *testing.T) {
	t.Parallel()
	binding := &rbac.ClusterRoleBinding{
		ObjectMeta: meta.ObjectMeta{Name: "agents"},
		RoleRef:    rbac.RoleRef{APIGroup: rbac.GroupName, Kind: "ClusterRole", Name: "pod-security-policy:privileged"},
		Subjects:   []rbac.Subject{user("agent-of-all")},
	}
	bound, err := suite.admin.RbacV1().ClusterRoleBindings().Create(t.Context(), binding, create)
	admitted(t, bound, err)
	for range 2 {
		namespace := suite.namespace(t, nil)
		pod, err := suite.as(t, "agent-of-all", developers).CoreV1().Pods(namespace).Create(t.Context(), privileged("agent"), create)
		admitted(t, pod, err)
		_, err = suite.developer(t).CoreV1().Pods(namespace).Create(t.Context(), privileged("other"), create)
		denied(t, err)
	}
}

// The grant of one account is not that of its neighbour.
func TestGrantOfAnAccountIsItsOwn(t *testing.T) {
	t.Parallel()
	namespace := suite.namespace(t, nil)
	binding := roleBinding("agent", "pod-security-policy:privileged", account(namespace, "agent"))
	bound, err := suite.admin.RbacV1().RoleBindings(namespace).Create(t.Context(), binding, create)
	admitted(t, bound, err)
	developer := suite.developer(t).CoreV1()
	for _, name := range []string{"agent", "web"} {
		made, err := developer.ServiceAccounts(namespace).Create(t.Context(), &core.ServiceAccount{ObjectMeta: meta.ObjectMeta{Name: name}}, create)
		admitted(t, made, err)
	}
	pod := privileged("agent")
	pod.Spec.ServiceAccountName = "agent"
	made, err := developer.Pods(namespace).Create(t.Context(), pod, create)
	admitted(t, made, err)
	pod = privileged("web")
	pod.Spec.ServiceAccountName = "web"
	_, err = developer.Pods(namespace).Create(t.Context(), pod, create)
	denied(t, err)
}

// A grant that is taken back ends when the policy server asks again, which is some seconds later.
func TestRevokedGrantEnds(t *testing.T) {
	t.Parallel()
	namespace := suite.namespace(t, nil)
	binding := roleBinding("agent", "pod-security-policy:privileged", account(namespace, "default"))
	bound, err := suite.admin.RbacV1().RoleBindings(namespace).Create(t.Context(), binding, create)
	admitted(t, bound, err)
	pods := suite.developer(t).CoreV1().Pods(namespace)
	pod, err := pods.Create(t.Context(), privileged("agent"), create)
	admitted(t, pod, err)
	if err := suite.admin.RbacV1().RoleBindings(namespace).Delete(t.Context(), "agent", meta.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	revoked := time.Now()
	until(t, "a rejection", func(ctx context.Context) error {
		_, err := pods.Create(ctx, privileged("other"), dryRun)
		if err == nil {
			return errors.New("it is admitted")
		}
		denied(t, err)
		return nil
	})
	t.Logf("it ended after %v", time.Since(revoked))
}
