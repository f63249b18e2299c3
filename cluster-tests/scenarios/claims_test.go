package scenarios

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	core "k8s.io/api/core/v1"
	devices "k8s.io/api/resource/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"pod-security-policy/cluster-tests/register"
)

// administrative is the label without which the API server accepts no claim with `adminAccess`.
const administrative = "resource.kubernetes.io/admin-access"

func claim(admin bool) devices.ResourceClaimSpec {
	request := devices.ExactDeviceRequest{DeviceClassName: "gpu.example.com"}
	if admin {
		request.AdminAccess = ptr.To(true)
		request.AllocationMode = devices.DeviceAllocationModeAll
	}
	return devices.ResourceClaimSpec{Devices: devices.DeviceClaim{
		Requests: []devices.DeviceRequest{{Name: "gpu", Exactly: &request}},
	}}
}

// Who reaches the devices that other pods use needs a policy with `privileged: true`.
func TestResourceClaimsWithAdministrativeAccess(t *testing.T) {
	t.Parallel()
	shipped, err := register.Read(filepath.Join(root, "manifests/resource-claims.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	registered(t, "claims", protecting(shipped))
	labels := map[string]string{variantLabel: "claims", administrative: "true"}
	namespace, granted := suite.namespace(t, labels), suite.namespace(t, labels)
	binding := roleBinding("devices", "pod-security-policy:privileged", user("dev"))
	bound, err := suite.admin.RbacV1().RoleBindings(granted).Create(t.Context(), binding, create)
	admitted(t, bound, err)

	resources := suite.developer(t).ResourceV1()
	makeClaim := func(namespace, name string, admin bool) error {
		_, err := resources.ResourceClaims(namespace).Create(t.Context(), &devices.ResourceClaim{
			ObjectMeta: meta.ObjectMeta{Name: name}, Spec: claim(admin),
		}, create)
		return err
	}
	makeTemplate := func(namespace, name string, admin bool) error {
		_, err := resources.ResourceClaimTemplates(namespace).Create(t.Context(), &devices.ResourceClaimTemplate{
			ObjectMeta: meta.ObjectMeta{Name: name}, Spec: devices.ResourceClaimTemplateSpec{Spec: claim(admin)},
		}, create)
		return err
	}
	for kind, make := range map[string]func(string, string, bool) error{"claim": makeClaim, "template": makeTemplate} {
		if err := make(namespace, "plain", false); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		message := denied(t, make(namespace, "admin", true))
		if wanted := fmt.Sprintf(`none may be used by user "dev" in namespace %q`, namespace); !strings.Contains(message, wanted) {
			t.Errorf("%s: the message is %s", kind, message)
		}
		if err := make(granted, "admin", true); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}

	// The controller makes claims from the template, which was judged.
	pod := plain("web")
	pod.Spec.ResourceClaims = []core.PodResourceClaim{{Name: "gpu", ResourceClaimTemplateName: ptr.To("admin")}}
	made, err := suite.admin.CoreV1().Pods(granted).Create(t.Context(), pod, create)
	admitted(t, made, err)
	until(t, "the claim of the pod", func(ctx context.Context) error {
		claims, err := suite.admin.ResourceV1().ResourceClaims(granted).List(ctx, meta.ListOptions{})
		if err != nil {
			return err
		}
		for _, claim := range claims.Items {
			if meta.IsControlledBy(&claim, made) {
				return nil
			}
		}
		return fmt.Errorf("there are %d claims, and none is the pod's", len(claims.Items))
	})
}

const withoutClaims = `
volumes: [emptyDir, projected]
runAsUser: {rule: RunAsAny}
seLinux: {rule: RunAsAny}
supplementalGroups: {rule: RunAsAny}
fsGroup: {rule: RunAsAny}
`

// The template of a StatefulSet does not show the volumes that its pods get by claims.
func TestClaimsOfAStatefulSetAreJudgedWithItsTemplate(t *testing.T) {
	t.Parallel()
	registered(t, "no-claims", withSettings(t, withoutClaims))
	namespace := suite.namespace(t, of("no-claims"))
	err := kinds["StatefulSet"](t.Context(), suite.developer(t), namespace, plain("db"))
	if message := denied(t, err); !strings.Contains(message, "persistentVolumeClaim") {
		t.Errorf("the message is %s", message)
	}

	// Where claims are allowed, the pod has the volume, and the claim is made.
	namespace = suite.namespace(t, nil)
	if err := kinds["StatefulSet"](t.Context(), suite.developer(t), namespace, plain("db")); err != nil {
		t.Fatal(err)
	}
	pod := suite.awaitPods(t, namespace, 1)[0]
	if volume := pod.Spec.Volumes[0]; volume.PersistentVolumeClaim == nil || volume.PersistentVolumeClaim.ClaimName != "data-db-0" {
		t.Errorf("the volumes are %v", pod.Spec.Volumes)
	}
	if pod.Annotations[admittedBy] != "restricted" {
		t.Errorf("the annotations are %v", pod.Annotations)
	}
	made, err := suite.admin.CoreV1().PersistentVolumeClaims(namespace).Get(t.Context(), "data-db-0", meta.GetOptions{})
	admitted(t, made, err)
}
