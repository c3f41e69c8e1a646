// Command grafana reads dashboards with Grafana's published types.
//
// It reads a JSON list of texts from stdin, each of them a dashboard, and prints a list of what is wrong with each:
// nothing, or the fields that the types do not know, that they need, or whose values they do not allow. Panels and
// queries are read by the types of their own kinds.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

func main() {
	plugins.RegisterDefaultPlugins()
	var texts []string
	if err := json.NewDecoder(os.Stdin).Decode(&texts); err != nil {
		fail(err)
	}
	wrong := make([]string, len(texts))
	for i, text := range texts {
		if err := check(text); err != nil {
			wrong[i] = err.Error()
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(wrong); err != nil {
		fail(err)
	}
}

func check(text string) error {
	var read dashboard.Dashboard
	if err := read.UnmarshalJSONStrict([]byte(text)); err != nil {
		return err
	}
	return read.Validate()
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
