package main

import (
	"encoding/json"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/kubernetes/pkg/api/legacyscheme"

	// The API server's types with their defaults.
	_ "github.com/argoproj/gitops-engine/pkg/utils/kube/scheme"
)

// liveOf is an object as the API server stores what was applied: of a kind that it has a type for, after its own defaults
// (k8s.io/kubernetes/pkg/apis), otherwise the given one. It has what every stored object has.
func liveOf(target *unstructured.Unstructured, given object) (*unstructured.Unstructured, bool, error) {
	live := &unstructured.Unstructured{Object: given}
	typed, err := legacyscheme.Scheme.New(target.GroupVersionKind())
	defaulted := err == nil
	if defaulted {
		text, err := json.Marshal(target.Object)
		if err != nil {
			return nil, false, err
		}
		if err := json.Unmarshal(text, typed); err != nil {
			return nil, false, err
		}
		legacyscheme.Scheme.Default(typed)
		fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(typed)
		if err != nil {
			return nil, false, err
		}
		live.Object = fields
	}
	live = live.DeepCopy()
	live.SetUID("00000000-0000-0000-0000-000000000001")
	live.SetResourceVersion("1")
	live.SetGeneration(1)
	if err := unstructured.SetNestedField(live.Object, "2026-01-01T00:00:00Z", "metadata", "creationTimestamp"); err != nil {
		return nil, false, err
	}
	return live, defaulted, nil
}

// withLastApplied is a live object that remembers what was applied, as "kubectl apply" writes it.
func withLastApplied(live, target *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	text, err := json.Marshal(target.Object)
	if err != nil {
		return nil, err
	}
	live = live.DeepCopy()
	notes := live.GetAnnotations()
	if notes == nil {
		notes = map[string]string{}
	}
	notes[corev1.LastAppliedConfigAnnotation] = string(text) + "\n"
	live.SetAnnotations(notes)
	return live, nil
}
