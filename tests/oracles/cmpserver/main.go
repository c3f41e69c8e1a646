// Command cmpserver is Argo CD's own argocd-cmp-server, without the rest of Argo CD.
//
// With the argument environ it reads a JSON list from stdin, of lists of parameters of plugins as Applications have them,
// and answers with the variables that the repo-server makes of each.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/argoproj/argo-cd/v3/cmd/argocd-cmp-server/commands"
	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
)

func environ() error {
	var asked []v1alpha1.ApplicationSourcePluginParameters
	if err := json.NewDecoder(os.Stdin).Decode(&asked); err != nil {
		return err
	}
	told := make([][]string, 0, len(asked))
	for _, parameters := range asked {
		variables, err := parameters.Environ()
		if err != nil {
			return err
		}
		told = append(told, variables)
	}
	return json.NewEncoder(os.Stdout).Encode(told)
}

func main() {
	run := commands.NewCommand().Execute
	if len(os.Args) == 2 && os.Args[1] == "environ" {
		run = environ
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
