// Command argodiff says what Argo CD finds changed in objects that a cluster holds just as they were applied.
//
// It reads a JSON array of pairs from stdin and writes an array of answers to stdout:
//
//	[{"target": {"apiVersion": "apps/v1", "kind": "Deployment", ...}, "live": {...}}]
//
// The target is what Argo CD renders. The live object is made of it as an API server does (live.go); of a custom resource,
// whose defaults are in its definition, it is what is given. Both go to Argo CD's own comparison, with its settings as they
// are installed: its normalizers and, of gitops-engine, each way in which it can compare without a cluster.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/argoproj/argo-cd/v3/util/argo/diff"
	"github.com/argoproj/argo-cd/v3/util/argo/normalizers"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

type object = map[string]any

type pair struct {
	Target object `json:"target"`
	Live   object `json:"live"`
}

type answer struct {
	// Normalized is the target after Argo CD's normalization.
	Normalized object `json:"normalized"`
	// Defaulted tells whether the API server's defaults were filled in here.
	Defaulted bool `json:"defaulted"`
	// Changed has what Argo CD would show for each way of comparing that finds a difference.
	Changed map[string]change `json:"changed"`
}

type change struct {
	Live      json.RawMessage `json:"live"`
	Predicted json.RawMessage `json:"predicted"`
}

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "argodiff:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
	var pairs []pair
	if err := json.NewDecoder(in).Decode(&pairs); err != nil {
		return fmt.Errorf("reading the pairs: %w", err)
	}
	answers := []answer{}
	for _, each := range pairs {
		found, err := compare(each)
		if err != nil {
			return fmt.Errorf("%v %v: %w", each.Target["kind"], each.Target["metadata"], err)
		}
		answers = append(answers, found)
	}
	return json.NewEncoder(out).Encode(answers)
}

func compare(p pair) (answer, error) {
	target := &unstructured.Unstructured{Object: p.Target}
	live, defaulted, err := liveOf(target, p.Live)
	if err != nil {
		return answer{}, err
	}
	found := answer{Defaulted: defaulted, Changed: map[string]change{}}
	for name, way := range ways {
		told := live
		if way.applied {
			if told, err = withLastApplied(live, target); err != nil {
				return answer{}, err
			}
		}
		config, err := settings().WithStructuredMergeDiff(way.structured).Build()
		if err != nil {
			return answer{}, err
		}
		result, err := diff.StateDiff(told, target, config)
		if err != nil {
			return answer{}, fmt.Errorf("%s: %w", name, err)
		}
		if result.Modified {
			found.Changed[name] = change{result.NormalizedLive, result.PredictedLive}
		}
		normalized, err := diff.Normalize([]*unstructured.Unstructured{told}, []*unstructured.Unstructured{target}, config)
		if err != nil {
			return answer{}, err
		}
		found.Normalized = normalized.Targets[0].Object
	}
	return found, nil
}

// ways are those of gitops-engine's Diff: with what "kubectl apply" remembers of the last time, without it, and as for
// what is applied by the server.
var ways = map[string]struct{ applied, structured bool }{
	"three-way":        {applied: true},
	"two-way":          {},
	"structured merge": {structured: true},
}

// settings are those of an Argo CD for which nothing was set.
func settings() *diff.DiffConfigBuilder {
	return diff.NewDiffConfigBuilder().
		WithDiffSettings(nil, nil, false, normalizers.IgnoreNormalizerOpts{}).
		WithTracking("", "").
		WithManager("argocd-controller").
		WithNoCache()
}
