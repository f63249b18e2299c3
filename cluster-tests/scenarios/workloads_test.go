package scenarios

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	apps "k8s.io/api/apps/v1"
	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/utils/ptr"
)

// awaitPods waits until a namespace has so many pods that are not being deleted.
func (s *Suite) awaitPods(t *testing.T, namespace string, count int) []core.Pod {
	t.Helper()
	var pods []core.Pod
	until(t, fmt.Sprintf("%d pods in %s", count, namespace), func(ctx context.Context) error {
		list, err := s.admin.CoreV1().Pods(namespace).List(ctx, meta.ListOptions{})
		if err != nil {
			return err
		}
		pods = nil
		for _, pod := range list.Items {
			if pod.DeletionTimestamp == nil {
				pods = append(pods, pod)
			}
		}
		if len(pods) != count {
			return fmt.Errorf("there are %d", len(pods))
		}
		return nil
	})
	return pods
}

// awaitGone waits until a namespace is deleted.
func (s *Suite) awaitGone(t *testing.T, namespace string) {
	t.Helper()
	until(t, "the end of "+namespace, func(ctx context.Context) error {
		_, err := s.admin.CoreV1().Namespaces().Get(ctx, namespace, meta.GetOptions{})
		if apierrors.IsNotFound(err) {
			return nil
		}
		return fmt.Errorf("it is there (%v)", err)
	})
}

// kinds are the kinds of workloads whose pods controllers make.
var kinds = map[string]func(context.Context, *kubernetes.Clientset, string, *core.Pod) error{
	"Deployment": func(ctx context.Context, client *kubernetes.Clientset, namespace string, pod *core.Pod) error {
		_, err := client.AppsV1().Deployments(namespace).Create(ctx, deployment(pod, 1), create)
		return err
	},
	"ReplicaSet": func(ctx context.Context, client *kubernetes.Clientset, namespace string, pod *core.Pod) error {
		_, err := client.AppsV1().ReplicaSets(namespace).Create(ctx, &apps.ReplicaSet{
			ObjectMeta: meta.ObjectMeta{Name: pod.Name},
			Spec:       apps.ReplicaSetSpec{Selector: &meta.LabelSelector{MatchLabels: pod.Labels}, Template: template(pod)},
		}, create)
		return err
	},
	"StatefulSet": func(ctx context.Context, client *kubernetes.Clientset, namespace string, pod *core.Pod) error {
		_, err := client.AppsV1().StatefulSets(namespace).Create(ctx, &apps.StatefulSet{
			ObjectMeta: meta.ObjectMeta{Name: pod.Name},
			Spec: apps.StatefulSetSpec{
				ServiceName: pod.Name, Selector: &meta.LabelSelector{MatchLabels: pod.Labels}, Template: template(pod),
				VolumeClaimTemplates: []core.PersistentVolumeClaim{{
					ObjectMeta: meta.ObjectMeta{Name: "data"},
					Spec: core.PersistentVolumeClaimSpec{
						AccessModes: []core.PersistentVolumeAccessMode{core.ReadWriteOnce},
						Resources:   core.VolumeResourceRequirements{Requests: core.ResourceList{core.ResourceStorage: resource.MustParse("1Gi")}},
					},
				}},
			},
		}, create)
		return err
	},
	"DaemonSet": func(ctx context.Context, client *kubernetes.Clientset, namespace string, pod *core.Pod) error {
		_, err := client.AppsV1().DaemonSets(namespace).Create(ctx, &apps.DaemonSet{
			ObjectMeta: meta.ObjectMeta{Name: pod.Name},
			Spec:       apps.DaemonSetSpec{Selector: &meta.LabelSelector{MatchLabels: pod.Labels}, Template: template(pod)},
		}, create)
		return err
	},
	"ReplicationController": func(ctx context.Context, client *kubernetes.Clientset, namespace string, pod *core.Pod) error {
		_, err := client.CoreV1().ReplicationControllers(namespace).Create(ctx, &core.ReplicationController{
			ObjectMeta: meta.ObjectMeta{Name: pod.Name},
			Spec:       core.ReplicationControllerSpec{Replicas: ptr.To[int32](1), Selector: pod.Labels, Template: ptr.To(template(pod))},
		}, create)
		return err
	},
	"Job": func(ctx context.Context, client *kubernetes.Clientset, namespace string, pod *core.Pod) error {
		_, err := client.BatchV1().Jobs(namespace).Create(ctx, &batch.Job{ObjectMeta: meta.ObjectMeta{Name: pod.Name}, Spec: job(pod)}, create)
		return err
	},
	"CronJob": func(ctx context.Context, client *kubernetes.Clientset, namespace string, pod *core.Pod) error {
		_, err := client.BatchV1().CronJobs(namespace).Create(ctx, &batch.CronJob{
			ObjectMeta: meta.ObjectMeta{Name: pod.Name},
			Spec: batch.CronJobSpec{
				Schedule: "* * * * *", ConcurrencyPolicy: batch.ForbidConcurrent, JobTemplate: batch.JobTemplateSpec{Spec: job(pod)},
			},
		}, create)
		return err
	},
}

func job(pod *core.Pod) batch.JobSpec {
	spec := batch.JobSpec{Template: template(pod)}
	spec.Template.Spec.RestartPolicy = core.RestartPolicyNever
	// The labels are chosen by the controller.
	spec.Template.Labels = nil
	return spec
}

// node makes a node, which a DaemonSet needs for a pod. No kubelet runs on it.
func (s *Suite) node(t *testing.T) {
	t.Helper()
	_, err := s.admin.CoreV1().Nodes().Create(t.Context(), &core.Node{ObjectMeta: meta.ObjectMeta{Name: "node"}}, create)
	if err != nil && !apierrors.IsAlreadyExists(err) {
		t.Fatal(err)
	}
}

func TestControllersMakePodsWithDefaults(t *testing.T) {
	t.Parallel()
	suite.node(t)
	for kind, make := range kinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			namespace := suite.namespace(t, nil)
			if err := make(t.Context(), suite.developer(t), namespace, plain("web")); err != nil {
				t.Fatal(err)
			}
			for _, pod := range suite.awaitPods(t, namespace, 1) {
				if pod.Annotations[admittedBy] != "restricted" || *pod.Spec.Containers[0].SecurityContext.RunAsNonRoot != true {
					t.Errorf("it was not filled in: %v", pod)
				}
			}
		})
	}
}

// The pod's own account may use the policy that it needs.
func TestControllersMakePodsUnderAGrantOfTheirAccount(t *testing.T) {
	t.Parallel()
	suite.node(t)
	for kind, make := range kinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			namespace := suite.namespace(t, nil)
			binding := roleBinding("agent", "pod-security-policy:privileged", account(namespace, "default"))
			bound, err := suite.admin.RbacV1().RoleBindings(namespace).Create(t.Context(), binding, create)
			admitted(t, bound, err)
			if err := make(t.Context(), suite.developer(t), namespace, privileged("agent")); err != nil {
				t.Fatal(err)
			}
			for _, pod := range suite.awaitPods(t, namespace, 1) {
				if pod.Annotations[admittedBy] != "privileged" {
					t.Errorf("the annotations are %v", pod.Annotations)
				}
			}
		})
	}
}

func TestWorkloadsThatNoPolicyAdmitsAreRejected(t *testing.T) {
	t.Parallel()
	pod := plain("agent")
	pod.Spec.SecurityContext = &core.PodSecurityContext{Sysctls: []core.Sysctl{{Name: "kernel.msgmax", Value: "1"}}}
	for kind, make := range kinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			namespace := suite.namespace(t, nil)
			err := make(t.Context(), suite.developer(t), namespace, pod.DeepCopy())
			message := denied(t, err)
			// The path is that of the manifest.
			path := `spec.template.spec.securityContext.sysctls[0]: Forbidden: unsafe sysctl "kernel.msgmax" is not allowed`
			if kind == "CronJob" {
				path = "spec.jobTemplate." + path
			}
			if !strings.Contains(message, path) {
				t.Errorf("%s is not in the message: %s", path, message)
			}
		})
	}
}

// warnings collects the warnings that the API server sends.
type warnings struct {
	sync.Mutex
	texts []string
}

func (w *warnings) HandleWarningHeader(_ int, _, text string) {
	w.Lock()
	defer w.Unlock()
	w.texts = append(w.texts, text)
}

// A grant may follow a moment later: until then there is a warning, which names who needs it.
func TestWorkloadsWhosePodsNobodyMayMakeYetAreWarnedOf(t *testing.T) {
	t.Parallel()
	namespace := suite.namespace(t, nil)
	config := impersonating(suite.Admin, "dev", developers)
	seen := &warnings{}
	config.WarningHandler = seen
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	made, err := client.AppsV1().Deployments(namespace).Create(t.Context(), deployment(privileged("agent"), 1), create)
	admitted(t, made, err)
	seen.Lock()
	defer seen.Unlock()
	text := strings.Join(seen.texts, "\n")
	for _, part := range []string{"privileged", namespace + "/default", "kube-system/replicaset-controller"} {
		if !strings.Contains(text, part) {
			t.Errorf("%s is not in the warnings: %s", part, text)
		}
	}
}

// A chart applies a workload first and its grant a moment later, as charts do.
func TestChartWithItsGrantInstalls(t *testing.T) {
	t.Parallel()
	namespace := suite.namespace(t, nil)
	developer := suite.developer(t)
	pod := privileged("agent")
	pod.Spec.ServiceAccountName = "agent"
	made, err := developer.CoreV1().ServiceAccounts(namespace).Create(t.Context(), &core.ServiceAccount{ObjectMeta: meta.ObjectMeta{Name: "agent"}}, create)
	admitted(t, made, err)
	_, err = developer.AppsV1().Deployments(namespace).Create(t.Context(), deployment(pod, 1), create)
	if err != nil {
		t.Fatalf("the deployment is applied before its grant: %v", err)
	}
	binding := roleBinding("agent", "pod-security-policy:privileged", account(namespace, "agent"))
	bound, err := suite.admin.RbacV1().RoleBindings(namespace).Create(t.Context(), binding, create)
	admitted(t, bound, err)
	for _, pod := range suite.awaitPods(t, namespace, 1) {
		if pod.Annotations[admittedBy] != "privileged" {
			t.Errorf("the annotations are %v", pod.Annotations)
		}
	}
}

func TestDeploymentOlderThanThePolicyScalesToZero(t *testing.T) {
	t.Parallel()
	namespace := suite.namespace(t, map[string]string{variantLabel: unjudged})
	deployments := suite.developer(t).AppsV1().Deployments(namespace)
	made, err := deployments.Create(t.Context(), deployment(privileged("old"), 2), create)
	admitted(t, made, err)
	suite.awaitPods(t, namespace, 2)
	suite.judge(t, namespace)
	made, err = deployments.Patch(t.Context(), "old", types.MergePatchType, []byte(`{"spec": {"replicas": 1}}`), meta.PatchOptions{})
	admitted(t, made, err)
	suite.awaitPods(t, namespace, 1)
	if output, err := asDeveloper(namespace, "scale", "deployment/old", "--replicas", "0"); err != nil {
		t.Errorf("%v\n%s", err, output)
	}
	suite.awaitPods(t, namespace, 0)
}
