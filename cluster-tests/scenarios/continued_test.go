package scenarios

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	admission "k8s.io/api/admissionregistration/v1"
	core "k8s.io/api/core/v1"
	node "k8s.io/api/node/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/yaml"

	"pod-security-policy/cluster-tests/register"
)

// withSettings is the shipped pair in protect mode with other settings, and with more rules in its judging half.
func withSettings(t *testing.T, settings string, rules ...admission.RuleWithOperations) []register.Policy {
	t.Helper()
	policies := protecting(pair(t))
	for index := range policies {
		spec := &policies[index].Spec
		spec.Settings = map[string]any{}
		if err := yaml.UnmarshalStrict([]byte(settings), &spec.Settings); err != nil {
			t.Fatal(err)
		}
		if !spec.Mutating {
			spec.Settings["mutate"] = false
			spec.Rules = append(spec.Rules, rules...)
		}
	}
	return policies
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, file))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func asRoot(name string) *core.Pod {
	pod := plain(name)
	pod.Spec.Containers[0].SecurityContext = &core.SecurityContext{RunAsUser: ptr.To[int64](0)}
	return pod
}

// The example for user namespaces: root in a pod of its own user namespace, everybody else where they are.
func TestRootRunsInAUserNamespaceOfItsOwn(t *testing.T) {
	t.Parallel()
	registered(t, "user-namespaces", withSettings(t, read(t, "examples/user-namespaces.yaml")))
	pods := suite.developer(t).CoreV1().Pods(suite.namespace(t, of("user-namespaces")))

	pod, err := pods.Create(t.Context(), asRoot("root"), create)
	if admitted(t, pod, err); pod.Annotations[admittedBy] != "b-root-in-a-user-namespace" || ptr.Deref(pod.Spec.HostUsers, true) {
		t.Errorf("%v, hostUsers %v", pod.Annotations, pod.Spec.HostUsers)
	}
	pod, err = pods.Create(t.Context(), plain("web"), create)
	if admitted(t, pod, err); pod.Annotations[admittedBy] != "a-non-root" || pod.Spec.HostUsers != nil {
		t.Errorf("%v, hostUsers %v", pod.Annotations, pod.Spec.HostUsers)
	}
	unwilling := asRoot("unwilling")
	unwilling.Spec.HostUsers = ptr.To(true)
	_, err = pods.Create(t.Context(), unwilling, create)
	if message := denied(t, err); !strings.Contains(message, "spec.hostUsers: ") {
		t.Errorf("the message is %s", message)
	}
}

// Every default that PodSecurityPolicy did not have, in one policy.
const continued = `
userNamespaceLevel: RequirePodLevel
supplementalGroupsPolicy: Strict
allowedPodCertificateSigners: [example.com/*]
volumes: [emptyDir, projected]
runAsUser: {rule: MayRunAs, ranges: [{min: 1, max: 65535}]}
seLinux: {rule: MustRunAs, seLinuxOptions: {level: "s0:c1,c2"}, changePolicy: Recursive}
supplementalGroups: {rule: RunAsAny}
fsGroup: {rule: RunAsAny}
`

func TestDefaultsOfContinuedFieldsAreStored(t *testing.T) {
	t.Parallel()
	registered(t, "continued", withSettings(t, continued))
	pods := suite.developer(t).CoreV1().Pods(suite.namespace(t, of("continued")))
	pod, err := pods.Create(t.Context(), plain("web"), create)
	admitted(t, pod, err)
	if ptr.Deref(pod.Spec.HostUsers, true) {
		t.Errorf("hostUsers is %v", pod.Spec.HostUsers)
	}
	wanted := &core.PodSecurityContext{
		SELinuxOptions:           &core.SELinuxOptions{Level: "s0:c1,c2"},
		SELinuxChangePolicy:      ptr.To(core.SELinuxChangePolicyRecursive),
		SupplementalGroupsPolicy: ptr.To(core.SupplementalGroupsPolicyStrict),
	}
	if !equality.Semantic.DeepEqual(pod.Spec.SecurityContext, wanted) {
		t.Errorf("the pod has %v", pod.Spec.SecurityContext)
	}
	for signer, isAllowed := range map[string]bool{"example.com/web": true, "example.org/web": false} {
		pod := plain("signed-" + strings.NewReplacer(".", "-", "/", "-").Replace(signer))
		certificate := core.PodCertificateProjection{SignerName: signer, KeyType: "ED25519", CredentialBundlePath: "bundle.pem"}
		pod.Spec.Volumes = []core.Volume{{Name: "certificate", VolumeSource: core.VolumeSource{
			Projected: &core.ProjectedVolumeSource{Sources: []core.VolumeProjection{{PodCertificate: &certificate}}},
		}}}
		made, err := pods.Create(t.Context(), pod, create)
		if isAllowed {
			admitted(t, made, err)
		} else if message := denied(t, err); !strings.Contains(message, "spec.volumes[0].projected.sources[0].podCertificate.signerName: ") {
			t.Errorf("the message is %s", message)
		}
	}
}

const windows = `
windowsOptions: {runAsUserNames: [ContainerUser, ContainerAdministrator]%s}
hostNetwork: true
allowPrivilegeEscalation: false
requiredDropCapabilities: [ALL]
volumes: [emptyDir, projected]
runAsUser: {rule: MustRunAsNonRoot}
seLinux: {rule: MustRunAs, seLinuxOptions: {level: "s0:c1,c2"}}
supplementalGroups: {rule: MustRunAs, ranges: [{min: 1, max: 65535}]}
fsGroup: {rule: MustRunAs, ranges: [{min: 1, max: 65535}]}
annotations:
  seccomp.security.alpha.kubernetes.io/allowedProfileNames: runtime/default
  seccomp.security.alpha.kubernetes.io/defaultProfileName: runtime/default
`

func ofWindows(name string) *core.Pod {
	pod := plain(name)
	pod.Spec.OS = &core.PodOS{Name: core.Windows}
	return pod
}

// A HostProcess container, as the API server wants it.
func hostProcess(name string) *core.Pod {
	pod := ofWindows(name)
	pod.Spec.HostNetwork = true
	pod.Spec.SecurityContext = &core.PodSecurityContext{WindowsOptions: &core.WindowsSecurityContextOptions{
		HostProcess: ptr.To(true), RunAsUserName: ptr.To(`NT AUTHORITY\LOCAL SERVICE`),
	}}
	return pod
}

func TestWindowsPods(t *testing.T) {
	t.Parallel()
	for variant, allows := range map[string]bool{"windows": false, "windows-host-process": true} {
		more := ""
		if allows {
			more = ", hostProcess: true"
		}
		registered(t, variant, withSettings(t, fmt.Sprintf(windows, more)))
		pods := suite.developer(t).CoreV1().Pods(suite.namespace(t, of(variant)))
		pod, err := pods.Create(t.Context(), ofWindows("web"), create)
		admitted(t, pod, err)
		// What Windows has is filled in, and nothing that is Linux's.
		wanted := &core.SecurityContext{
			RunAsNonRoot: ptr.To(true), WindowsOptions: &core.WindowsSecurityContextOptions{RunAsUserName: ptr.To("ContainerUser")},
		}
		if own := pod.Spec.Containers[0].SecurityContext; !equality.Semantic.DeepEqual(own, wanted) {
			t.Errorf("the container has %v", own)
		}
		if !equality.Semantic.DeepEqual(pod.Spec.SecurityContext, &core.PodSecurityContext{}) {
			t.Errorf("the pod has %v", pod.Spec.SecurityContext)
		}
		other := ofWindows("other")
		other.Spec.SecurityContext = &core.PodSecurityContext{
			WindowsOptions: &core.WindowsSecurityContextOptions{RunAsUserName: ptr.To("Guest")},
		}
		_, err = pods.Create(t.Context(), other, create)
		if message := denied(t, err); !strings.Contains(message, "windowsOptions.runAsUserName: ") {
			t.Errorf("the message is %s", message)
		}
		pod, err = pods.Create(t.Context(), hostProcess("agent"), create)
		if allows {
			admitted(t, pod, err)
		} else if message := denied(t, err); !strings.Contains(message, "windowsOptions.hostProcess: ") {
			t.Errorf("the message is %s", message)
		}
	}
}

// Under the shipped policies a HostProcess container needs `privileged`, as on the node it is.
func TestHostProcessNeedsPrivileged(t *testing.T) {
	t.Parallel()
	namespace := suite.namespace(t, nil)
	_, err := suite.developer(t).CoreV1().Pods(namespace).Create(t.Context(), hostProcess("agent"), create)
	if message := denied(t, err); !strings.Contains(message, "windowsOptions.hostProcess: ") {
		t.Errorf("the message is %s", message)
	}
	pod, err := suite.admin.CoreV1().Pods(namespace).Create(t.Context(), hostProcess("agent"), create)
	if admitted(t, pod, err).Annotations[admittedBy] != "privileged" {
		t.Errorf("the annotations are %v", pod.Annotations)
	}
}

// The example for sandboxes: a privileged pod gets a runtime class with a kernel of its own, others get none.
func TestPrivilegedPodsRunInASandbox(t *testing.T) {
	t.Parallel()
	class := &node.RuntimeClass{ObjectMeta: meta.ObjectMeta{Name: "kata"}, Handler: "kata"}
	made, err := suite.admin.NodeV1().RuntimeClasses().Create(t.Context(), class, create)
	admitted(t, made, err)
	registered(t, "sandboxes", withSettings(t, read(t, "examples/sandboxes.yaml")))
	pods := suite.developer(t).CoreV1().Pods(suite.namespace(t, of("sandboxes")))
	pod, err := pods.Create(t.Context(), privileged("agent"), create)
	if admitted(t, pod, err); ptr.Deref(pod.Spec.RuntimeClassName, "") != "kata" {
		t.Errorf("%v, the class is %v", pod.Annotations, pod.Spec.RuntimeClassName)
	}
	pod, err = pods.Create(t.Context(), plain("web"), create)
	if admitted(t, pod, err); pod.Annotations[admittedBy] != "a-restricted" || pod.Spec.RuntimeClassName != nil {
		t.Errorf("%v, the class is %v", pod.Annotations, pod.Spec.RuntimeClassName)
	}
}
