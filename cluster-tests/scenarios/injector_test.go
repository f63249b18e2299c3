package scenarios

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	review "k8s.io/api/admission/v1"
	admission "k8s.io/api/admissionregistration/v1"
	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

// webhook serves a mutating webhook on loopback until the test ends, and registers it.
func (s *Suite) webhook(t *testing.T, name string, selector *meta.LabelSelector, handle http.HandlerFunc) {
	t.Helper()
	certificate, key, err := s.Authority.Issue(name)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(handle)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	server.StartTLS()
	t.Cleanup(server.Close)
	configurations := s.admin.AdmissionregistrationV1().MutatingWebhookConfigurations()
	_, err = configurations.Create(t.Context(), &admission.MutatingWebhookConfiguration{
		ObjectMeta: meta.ObjectMeta{Name: name},
		Webhooks: []admission.MutatingWebhook{{
			Name:         name + ".example.com",
			ClientConfig: admission.WebhookClientConfig{URL: &server.URL, CABundle: s.Authority.PEM},
			Rules: []admission.RuleWithOperations{{
				Operations: []admission.OperationType{admission.Create},
				Rule:       admission.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"pods"}},
			}},
			NamespaceSelector: selector, FailurePolicy: ptr.To(admission.Fail), SideEffects: ptr.To(admission.SideEffectClassNone),
			AdmissionReviewVersions: []string{"v1"},
		}},
	}, create)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// The context of the test has ended.
		_ = configurations.Delete(suiteContext, name, meta.DeleteOptions{})
	})
	if err := s.awaitWebhooks(); err != nil {
		t.Fatal(err)
	}
}

// inject registers a webhook that adds a sidecar to the pods of namespaces that are labelled with its name.
func (s *Suite) inject(t *testing.T, name string, secure bool) {
	t.Helper()
	sidecar := core.Container{Name: "sidecar", Image: "registry.example.com/sidecar:1"}
	if secure {
		sidecar.SecurityContext = secured()
	}
	added, err := json.Marshal([]map[string]any{{"op": "add", "path": "/spec/containers/-", "value": sidecar}})
	if err != nil {
		t.Fatal(err)
	}
	selector := &meta.LabelSelector{MatchLabels: map[string]string{"cluster-tests/inject": name}}
	s.webhook(t, name, selector, func(response http.ResponseWriter, request *http.Request) {
		var asked review.AdmissionReview
		if err := json.NewDecoder(request.Body).Decode(&asked); err != nil {
			http.Error(response, fmt.Sprint(err), http.StatusBadRequest)
			return
		}
		asked.Response = &review.AdmissionResponse{
			UID: asked.Request.UID, Allowed: true, Patch: added, PatchType: ptr.To(review.PatchTypeJSONPatch),
		}
		asked.Request = nil
		_ = json.NewEncoder(response).Encode(asked)
	})
}
