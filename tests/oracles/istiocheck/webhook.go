package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"istio.io/istio/pkg/config/schema/collections"
	"istio.io/istio/pkg/webhooks/validation/server"
)

// webhook is istiod's admission webhook, asked as an API server asks it, but without a network.
type webhook struct {
	mux *http.ServeMux
}

func newWebhook() (webhook, error) {
	mux := http.NewServeMux()
	_, err := server.New(server.Options{Schemas: collections.PilotGatewayAPI(), DomainSuffix: "cluster.local", Mux: mux})
	return webhook{mux}, err
}

// review gives nothing for objects that are not of Istio's kinds: an API server does not send those.
func (w webhook) review(o object) ([]finding, error) {
	group, version, _ := strings.Cut(text(o, "apiVersion"), "/")
	if !strings.HasSuffix(group, ".istio.io") {
		return nil, nil
	}
	raw, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(admissionv1.AdmissionReview{
		TypeMeta: metav1.TypeMeta{APIVersion: "admission.k8s.io/v1", Kind: "AdmissionReview"},
		Request: &admissionv1.AdmissionRequest{
			UID:       "review",
			Kind:      metav1.GroupVersionKind{Group: group, Version: version, Kind: kind(o)},
			Name:      name(o),
			Namespace: namespace(o),
			Operation: admissionv1.Create,
			Object:    runtime.RawExtension{Raw: raw},
		},
	})
	if err != nil {
		return nil, err
	}
	request := httptest.NewRequest(http.MethodPost, "/validate", bytes.NewReader(body))
	request.Header.Set("Content-Type", "application/json")
	recorder := httptest.NewRecorder()
	w.mux.ServeHTTP(recorder, request)
	var review admissionv1.AdmissionReview
	if err := json.Unmarshal(recorder.Body.Bytes(), &review); err != nil || review.Response == nil {
		return nil, fmt.Errorf("the webhook answered %d %q", recorder.Code, recorder.Body)
	}
	var findings []finding
	told := func(level, message string) {
		findings = append(findings, finding{level, "webhook", message, kind(o), namespace(o), name(o)})
	}
	if !review.Response.Allowed {
		message := "refused without a reason"
		if review.Response.Result != nil {
			message = review.Response.Result.Message
		}
		told("Error", message)
	}
	for _, warning := range review.Response.Warnings {
		told("Warning", warning)
	}
	return findings, nil
}
