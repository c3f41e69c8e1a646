// Command yamlread prints the objects that Kubernetes' own readers find in a stream of manifests.
//
// It reads YAML or JSON on stdin and writes one JSON array to stdout. The argument names the reader:
//
//	kubectl  apimachinery's decoder splits the stream and gives each document as JSON (client-go's resource builder
//	         does the same).
//	argocd   the same, then every document is read a second time by sigs.k8s.io/yaml, which parses JSON as YAML
//	         (argo-cd: cmpserver output, gitops-engine/pkg/utils/kube.SplitYAMLToString, then SplitYAML).
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"k8s.io/apimachinery/pkg/util/yaml"
)

type object = map[string]any

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "yamlread:", err)
		os.Exit(1)
	}
}

func run(args []string, in io.Reader, out io.Writer) error {
	if len(args) != 1 || args[0] != "kubectl" && args[0] != "argocd" {
		return errors.New("usage: yamlread kubectl|argocd <manifests")
	}
	text, err := io.ReadAll(in)
	if err != nil {
		return err
	}
	if args[0] == "argocd" {
		// Argo CD cuts one newline off the plugin's output before it splits it.
		text = bytes.TrimSuffix(text, []byte("\n"))
	}
	documents, err := split(text)
	if err != nil {
		return fmt.Errorf("splitting the stream: %w", err)
	}
	objects := make([]object, len(documents))
	for i, document := range documents {
		if args[0] == "argocd" {
			err = yaml.Unmarshal(document, &objects[i]) // sigs.k8s.io/yaml, with whole numbers kept as int64
		} else {
			err = unmarshalJSON(document, &objects[i])
		}
		if err != nil {
			return fmt.Errorf("document %d: %w", i, err)
		}
	}
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(objects)
}

// split returns the documents of a stream as JSON, without the empty ones.
func split(text []byte) ([]json.RawMessage, error) {
	documents := []json.RawMessage{}
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(text), 4096)
	for {
		var document json.RawMessage
		if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
			return documents, nil
		} else if err != nil {
			return nil, err
		}
		document = bytes.TrimSpace(document)
		if len(document) > 0 && !bytes.Equal(document, []byte("null")) {
			documents = append(documents, document)
		}
	}
}

func unmarshalJSON(document []byte, into *object) error {
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.UseNumber()
	return decoder.Decode(into)
}
