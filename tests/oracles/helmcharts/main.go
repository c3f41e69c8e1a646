// Command helmcharts renders Istio's own Helm charts, and evaluates the templates of ApplicationSets.
//
// It reads JSON on stdin and writes JSON to stdout. The argument names what is asked:
//
//	charts  a list of {release, namespace, chart, values}: for each the objects that Helm makes of the chart, with
//	        the chart's JSON Schema asked first (helm.sh/helm/v4), and the defaults of its values.yaml. A chart is one
//	        of Istio's, or a path of a directory or an archive.
//	names   a list of {template, params}: the text that Go's templates give with the functions of sprig and Argo CD's
//	        normalize (argo-cd applicationset/utils/utils.go).
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig/v3"
	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	"helm.sh/helm/v4/pkg/chart/loader/archive"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/engine"
	"istio.io/istio/manifests"
	"sigs.k8s.io/yaml"
)

type object = map[string]any

var directories = map[string]string{
	"base": "base", "istiod": "istio-control/istio-discovery", "cni": "istio-cni", "ztunnel": "ztunnel", "gateway": "gateway",
}

type asked struct {
	Release, Namespace, Chart string
	Values                    object
	Template                  string
	Params                    object
}

type answer struct {
	Objects  []object `json:"objects,omitempty"`
	Defaults object   `json:"defaults,omitempty"`
	Text     string   `json:"text,omitempty"`
	Error    string   `json:"error,omitempty"`
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "helmcharts:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	answers := map[string]func(asked) (answer, error){"charts": render, "names": name}
	if len(args) != 1 || answers[args[0]] == nil {
		return fmt.Errorf("usage: helmcharts charts|names <questions")
	}
	var questions []asked
	if err := json.NewDecoder(os.Stdin).Decode(&questions); err != nil {
		return err
	}
	found := make([]answer, 0, len(questions))
	for _, one := range questions {
		said, err := answers[args[0]](one)
		if err != nil {
			said = answer{Error: err.Error()}
		}
		found = append(found, said)
	}
	return json.NewEncoder(os.Stdout).Encode(found)
}

func render(one asked) (answer, error) {
	loaded, err := load(one.Chart)
	if err != nil {
		return answer{}, err
	}
	capabilities := *common.DefaultCapabilities
	capabilities.KubeVersion = common.KubeVersion{Version: "v1.34.0", Major: "1", Minor: "34"}
	defaults := loaded.Values
	if inner, ok := defaults["_internal_defaults_do_not_set"].(object); ok {
		defaults = inner
	}
	release := common.ReleaseOptions{Name: one.Release, Namespace: one.Namespace}
	values, err := util.ToRenderValues(loaded, one.Values, release, &capabilities)
	if err != nil {
		return answer{}, err
	}
	files, err := engine.Render(loaded, values)
	if err != nil {
		return answer{}, err
	}
	said := answer{Defaults: defaults}
	for file, text := range files {
		if strings.HasSuffix(file, ".txt") {
			continue
		}
		for _, document := range regexp.MustCompile(`(?m)^---.*$`).Split(text, -1) {
			parsed := object{}
			if err := yaml.Unmarshal([]byte(document), &parsed); err != nil {
				return answer{}, fmt.Errorf("%s: %w", file, err)
			}
			if len(parsed) > 0 {
				said.Objects = append(said.Objects, parsed)
			}
		}
	}
	return said, nil
}

func load(name string) (*chart.Chart, error) {
	if strings.HasPrefix(name, "/") {
		return loader.Load(name)
	}
	root := "charts/" + directories[name]
	var files []*archive.BufferedFile
	err := fs.WalkDir(manifests.FS, root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := manifests.FS.ReadFile(path)
		files = append(files, &archive.BufferedFile{Name: strings.TrimPrefix(path, root+"/"), Data: data})
		return err
	})
	if err != nil {
		return nil, err
	}
	return loader.LoadFiles(files)
}

func name(one asked) (answer, error) {
	functions := sprig.GenericFuncMap()
	functions["normalize"] = normalize
	parsed, err := template.New("name").Funcs(functions).Option("missingkey=error").Parse(one.Template)
	if err != nil {
		return answer{}, err
	}
	var text bytes.Buffer
	if err := parsed.Execute(&text, one.Params); err != nil {
		return answer{}, err
	}
	return answer{Text: text.String()}, nil
}

// normalize does as Argo CD's function of that name: a name of a Kubernetes object of any text.
func normalize(text string) string {
	text = regexp.MustCompile(`[^-a-z0-9.]`).ReplaceAllString(strings.ToLower(text), "-")
	if len(text) > 253 {
		text = text[:253]
	}
	return strings.Trim(text, "-.")
}
