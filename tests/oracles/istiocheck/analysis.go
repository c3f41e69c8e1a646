package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"istio.io/istio/pkg/config"
	"istio.io/istio/pkg/config/analysis"
	"istio.io/istio/pkg/config/analysis/analyzers"
	"istio.io/istio/pkg/config/analysis/diag"
	"istio.io/istio/pkg/config/analysis/local"
	"istio.io/istio/pkg/config/constants"
	"istio.io/istio/pkg/config/resource"
	"istio.io/istio/pkg/config/schema/collections"
	sresource "istio.io/istio/pkg/config/schema/resource"
)

// analyzer tells what one of Istio's analyzers did in all batches.
type analyzer struct {
	Name string `json:"name"`
	// Skipped says in how many batches Istio left the analyzer out, because a kind that it needs could not be given.
	Skipped int `json:"skipped"`
	// Read counts the objects that it was handed, by kind. One that read none of its kinds ran, but checked nothing.
	Read map[string]int `json:"read"`
	// Found counts what it reported, by code.
	Found map[string]int `json:"found"`
}

// analyses runs the analyzers and remembers what they did.
type analyses struct {
	did    map[string]*analyzer
	unread map[string]bool
}

func newAnalysis() *analyses {
	a := &analyses{did: map[string]*analyzer{}, unread: map[string]bool{}}
	for _, each := range analyzers.All() {
		name := each.Metadata().Name
		did := &analyzer{Name: name, Read: map[string]int{}, Found: map[string]int{}}
		for _, input := range each.Metadata().Inputs {
			did.Read[input.Kind] = 0
		}
		a.did[name] = did
	}
	return a
}

func (a *analyses) analyze(objects []object) ([]finding, error) {
	var watched []analysis.Analyzer
	for _, each := range analyzers.All() {
		watched = append(watched, watching{each, a.did[each.Metadata().Name]})
	}
	system := resource.Namespace(constants.IstioSystemNamespace)
	source := local.NewSourceAnalyzer(analysis.Combine("all", watched...), "", system, nil)
	var readers []local.ReaderSource
	for _, o := range objects {
		if !a.readable(o) {
			a.unread[text(o, "apiVersion")+" "+kind(o)] = true
			continue
		}
		document, err := json.Marshal(applied(o))
		if err != nil {
			return nil, err
		}
		source := fmt.Sprintf("%s/%s.%s", kind(o), name(o), namespace(o))
		readers = append(readers, local.ReaderSource{Name: source, Reader: strings.NewReader(string(document))})
	}
	// "Test" only means that Services, Pods, Namespaces, Nodes and Secrets are read from it as well.
	if err := source.AddTestReaderKubeSource(readers); err != nil {
		return nil, err
	}
	stop := make(chan struct{})
	defer close(stop)
	result, err := source.Analyze(stop)
	if err != nil {
		return nil, err
	}
	for _, name := range result.SkippedAnalyzers {
		a.did[name].Skipped++
	}
	findings := []finding{}
	for _, message := range result.Messages {
		findings = append(findings, found(message))
	}
	return findings, nil
}

// readable tells whether the analyzers' source reads such objects: it passes over all others without a word.
func (a *analyses) readable(o object) bool {
	gvk := schema.FromAPIVersionAndKind(text(o, "apiVersion"), kind(o))
	found, ok := collections.All.FindByGroupVersionAliasesKind(sresource.FromKubernetesGVK(&gvk))
	if !ok {
		return false
	}
	if _, err := found.NewInstance(); err != nil {
		return false
	}
	for _, did := range a.did {
		if _, needed := did.Read[found.Kind()]; needed {
			return true
		}
	}
	return false
}

func (a *analyses) report() ([]analyzer, []string) {
	list := []analyzer{}
	for _, each := range slices.Sorted(maps.Keys(a.did)) {
		list = append(list, *a.did[each])
	}
	unread := append([]string{}, slices.Sorted(maps.Keys(a.unread))...)
	return list, unread
}

func found(message diag.Message) finding {
	f := finding{
		Level:   message.Type.Level().String(),
		Code:    message.Type.Code(),
		Message: fmt.Sprintf(message.Type.Template(), message.Parameters...),
	}
	if r := message.Resource; r != nil {
		f.Kind = r.Metadata.Schema.Kind()
		f.Namespace = r.Metadata.FullName.Namespace.String()
		f.Name = r.Metadata.FullName.Name.String()
	}
	return f
}

// watching is an analyzer that counts what it is handed and what it reports.
type watching struct {
	analysis.Analyzer
	did *analyzer
}

func (w watching) Analyze(c analysis.Context) {
	seen := map[string]map[resource.FullName]bool{}
	w.Analyzer.Analyze(watchedContext{c, seen, w.did})
	for kind, names := range seen {
		w.did.Read[kind] += len(names)
	}
}

type watchedContext struct {
	analysis.Context
	seen map[string]map[resource.FullName]bool
	did  *analyzer
}

func (c watchedContext) ForEach(kind config.GroupVersionKind, do analysis.IteratorFn) {
	c.Context.ForEach(kind, func(r *resource.Instance) bool {
		if c.seen[kind.Kind] == nil {
			c.seen[kind.Kind] = map[resource.FullName]bool{}
		}
		c.seen[kind.Kind][r.Metadata.FullName] = true
		return do(r)
	})
}

func (c watchedContext) Report(kind config.GroupVersionKind, message diag.Message) {
	c.did.Found[message.Type.Code()]++
	c.Context.Report(kind, message)
}
