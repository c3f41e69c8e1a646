// Command istiocheck says what Istio's own code finds in Istio's and Kubernetes' objects.
//
// It reads a JSON array of batches from stdin and answers all of them at once, since starting it is what takes long:
//
//	[{"name": "bookinfo", "objects": [{"apiVersion": "v1", "kind": "Service", ...}]}]
//
// A batch is everything that a cluster holds, and no batch sees another. Each of its objects of Istio's kinds goes to
// istiod's admission webhook. Then its objects and what a cluster adds to them (environment.go) go to all analyzers of
// "istioctl analyze", which are told that they look at a live cluster: for files, istioctl leaves out Services, Pods and
// Namespaces and with them half of its analyzers.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"istio.io/istio/pkg/log"
)

type object = map[string]any

type batch struct {
	Name    string   `json:"name"`
	Objects []object `json:"objects"`
}

// finding has one of the levels Info, Warning and Error. Its code is an analyzer's, like IST0101, or "webhook".
type finding struct {
	Level     string `json:"level"`
	Code      string `json:"code"`
	Message   string `json:"message"`
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
}

type answer struct {
	Name     string    `json:"name"`
	Findings []finding `json:"findings"`
}

type answers struct {
	Batches   []answer   `json:"batches"`
	Analyzers []analyzer `json:"analyzers"`
	// Unread are the kinds that neither the webhook nor an analyzer knows, so that nobody takes them for checked.
	Unread []string `json:"unread"`
}

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "istiocheck:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
	// By default Istio's code logs to stdout, and tells every object that it refuses a second time.
	logging := log.DefaultOptions()
	logging.OutputPaths = []string{"stderr"}
	logging.SetDefaultOutputLevel(log.OverrideScopeName, log.ErrorLevel)
	if err := log.Configure(logging); err != nil {
		return err
	}
	var batches []batch
	decoder := json.NewDecoder(in)
	decoder.UseNumber()
	if err := decoder.Decode(&batches); err != nil {
		return fmt.Errorf("reading the batches: %w", err)
	}
	admission, err := newWebhook()
	if err != nil {
		return err
	}
	all := newAnalysis()
	result := answers{Batches: []answer{}}
	for _, b := range batches {
		findings := []finding{}
		for _, o := range b.Objects {
			told, err := admission.review(o)
			if err != nil {
				return fmt.Errorf("%s: %w", b.Name, err)
			}
			findings = append(findings, told...)
		}
		told, err := all.analyze(append(b.Objects, environment(b.Objects)...))
		if err != nil {
			return fmt.Errorf("%s: %w", b.Name, err)
		}
		result.Batches = append(result.Batches, answer{b.Name, append(findings, told...)})
	}
	result.Analyzers, result.Unread = all.report()
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(result)
}

func kind(o object) string {
	return text(o, "kind")
}

func name(o object) string {
	return text(o, "metadata", "name")
}

func namespace(o object) string {
	return text(o, "metadata", "namespace")
}

// text is the string at a path of keys, or nothing.
func text(o object, path ...string) string {
	value, _ := at(o, path...).(string)
	return value
}

// at is the value at a path of keys, or nil.
func at(o object, path ...string) any {
	var value any = o
	for _, key := range path {
		m, _ := value.(object)
		value = m[key]
	}
	return value
}
