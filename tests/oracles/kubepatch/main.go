// Command kubepatch applies patches as kubectl does: strategic merge patches by the types of client-go, JSON patches
// by the library that kubectl uses. It reads one request a line and answers each with one line.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"k8s.io/client-go/kubernetes/scheme"
)

type request struct {
	Object json.RawMessage `json:"object"`
	Patch  json.RawMessage `json:"patch"`
	Type   string          `json:"type"`
}

type answer struct {
	Object json.RawMessage `json:"object,omitempty"`
	Error  string          `json:"error,omitempty"`
}

func patch(asked request) (json.RawMessage, error) {
	if asked.Type == "json" {
		steps, err := jsonpatch.DecodePatch(asked.Patch)
		if err != nil {
			return nil, err
		}
		return steps.Apply(asked.Object)
	}
	var head struct{ APIVersion, Kind string }
	if err := json.Unmarshal(asked.Object, &head); err != nil {
		return nil, err
	}
	group, err := schema.ParseGroupVersion(head.APIVersion)
	if err != nil {
		return nil, err
	}
	typed, err := scheme.Scheme.New(group.WithKind(head.Kind))
	if err != nil {
		return nil, err
	}
	return strategicpatch.StrategicMergePatch(asked.Object, asked.Patch, typed)
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var asked request
		var told answer
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			told.Error = err.Error()
		} else if found, err := patch(asked); err != nil {
			told.Error = err.Error()
		} else {
			told.Object = found
		}
		line, err := json.Marshal(told)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println(string(line))
	}
}
