package scenarios

import (
	"strings"
	"testing"

	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

const enforce = "pod-security.kubernetes.io/enforce"

func TestNamespacesAreLabelled(t *testing.T) {
	t.Parallel()
	namespace := suite.namespace(t, of(labelled))
	stored, err := suite.admin.CoreV1().Namespaces().Get(t.Context(), namespace, meta.GetOptions{})
	labels := admitted(t, stored, err).Labels
	if labels[enforce] != "baseline" || labels["pod-security.kubernetes.io/warn"] != "restricted" {
		t.Errorf("the labels are %v", labels)
	}
}

// setLabel patches a namespace as the administrator.
func (s *Suite) setLabel(t *testing.T, namespace, patch string) {
	t.Helper()
	_, err := s.admin.CoreV1().Namespaces().Patch(t.Context(), namespace, types.MergePatchType, []byte(patch), meta.PatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

// An owner tries to weaken a namespace in every way that the API server has.
func TestLabelsOfNamespacesCannotBeWeakened(t *testing.T) {
	t.Parallel()
	namespace := suite.namespace(t, of(labelled))
	namespaces := suite.developer(t).CoreV1().Namespaces()
	patches := map[string]string{
		"weakened": `{"metadata":{"labels":{"` + enforce + `":"privileged"}}}`,
		"removed":  `{"metadata":{"labels":{"` + enforce + `":null}}}`,
	}
	for name, patch := range patches {
		for _, subresource := range []string{"", "status"} {
			subresources := strings.Fields(subresource)
			_, err := namespaces.Patch(t.Context(), namespace, types.MergePatchType, []byte(patch), meta.PatchOptions{}, subresources...)
			if !strings.Contains(denied(t, err), enforce) {
				t.Errorf("%s %s: the message does not name the label: %v", name, subresource, err)
			}
		}
	}
	stored, err := namespaces.Get(t.Context(), namespace, meta.GetOptions{})
	stored = admitted(t, stored, err)
	stored.Labels[enforce] = "privileged"
	_, err = namespaces.Finalize(t.Context(), stored, meta.UpdateOptions{})
	denied(t, err)
	// A stricter level and other labels are the owner's choice.
	for _, patch := range []string{`{"metadata":{"labels":{"` + enforce + `":"restricted"}}}`, `{"metadata":{"labels":{"team":"web"}}}`} {
		_, err = namespaces.Patch(t.Context(), namespace, types.MergePatchType, []byte(patch), meta.PatchOptions{})
		if err != nil {
			t.Errorf("%s: %v", patch, err)
		}
	}
}

// The label that opens all devices is for those who administer the cluster (KEP-5018).
func TestAdminAccessLabelIsGuarded(t *testing.T) {
	t.Parallel()
	namespace := suite.namespace(t, of(labelled))
	patch := []byte(`{"metadata":{"labels":{"resource.kubernetes.io/admin-access":"true"}}}`)
	for _, subresources := range [][]string{nil, {"status"}} {
		_, err := suite.developer(t).CoreV1().Namespaces().Patch(t.Context(), namespace, types.MergePatchType, patch, meta.PatchOptions{}, subresources...)
		denied(t, err)
	}
	suite.setLabel(t, namespace, string(patch))
}

func TestVolumesOfTheNodeNeedAGrantOfTheirCreator(t *testing.T) {
	t.Parallel()
	volume := &core.PersistentVolume{
		ObjectMeta: meta.ObjectMeta{Name: "node"},
		Spec: core.PersistentVolumeSpec{
			Capacity:    core.ResourceList{core.ResourceStorage: resource.MustParse("1Gi")},
			AccessModes: []core.PersistentVolumeAccessMode{core.ReadWriteOnce},
			PersistentVolumeSource: core.PersistentVolumeSource{
				HostPath: &core.HostPathVolumeSource{Path: "/etc"},
			},
		},
	}
	_, err := suite.developer(t).CoreV1().PersistentVolumes().Create(t.Context(), volume.DeepCopy(), create)
	const wanted = `no PodSecurityPolicy admits this volume: none may be used by user "dev" in all namespaces`
	if message := denied(t, err); message != wanted {
		t.Errorf("the message is %s", message)
	}
	made, err := suite.admin.CoreV1().PersistentVolumes().Create(t.Context(), volume.DeepCopy(), create)
	admitted(t, made, err)
	volume.Name, volume.Spec.HostPath = "csi", nil
	volume.Spec.CSI = &core.CSIPersistentVolumeSource{Driver: "csi.example.com", VolumeHandle: "1"}
	made, err = suite.developer(t).CoreV1().PersistentVolumes().Create(t.Context(), volume, create)
	admitted(t, made, err)
}
