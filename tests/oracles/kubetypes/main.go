// Command kubetypes writes Kubernetes objects the way clients of Kubernetes do that know their types.
//
// It reads a JSON array of objects on stdin and writes one JSON array to stdout, with an answer for each object: the
// object after client-go's types have read it strictly and written it again, and, if it has pods, the object as
// `kubectl set env --local -o json` prints it. What the types write otherwise (a quantity that is not canonical, a
// field that they do not know) is what the API server would store otherwise, so that Argo CD would see a difference.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"k8s.io/apimachinery/pkg/runtime"
	serializer "k8s.io/apimachinery/pkg/runtime/serializer/json"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/kubectl/pkg/cmd/set"
	cmdutil "k8s.io/kubectl/pkg/cmd/util"
	"k8s.io/kubectl/pkg/scheme"
)

// variable is what kubectl is told to set: it prints nothing where nothing changes.
const variable = "KUBETYPES=set"

type answer struct {
	Known   bool            `json:"known"`
	Error   string          `json:"error,omitempty"`
	Typed   json.RawMessage `json:"typed,omitempty"`
	Kubectl json.RawMessage `json:"kubectl,omitempty"`
}

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "kubetypes:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
	var objects []json.RawMessage
	if err := json.NewDecoder(in).Decode(&objects); err != nil {
		return err
	}
	strict := serializer.NewSerializerWithOptions(
		serializer.DefaultMetaFactory, scheme.Scheme, scheme.Scheme, serializer.SerializerOptions{Strict: true})
	answers := make([]answer, len(objects))
	withPods, at := &bytes.Buffer{}, []int{}
	for i, text := range objects {
		object, kind, err := strict.Decode(text, nil, nil)
		if runtime.IsNotRegisteredError(err) {
			continue
		}
		answers[i].Known = true
		if err != nil {
			answers[i].Error = err.Error()
			continue
		}
		var typed bytes.Buffer
		if err := strict.Encode(object, &typed); err != nil {
			return err
		}
		answers[i].Typed = typed.Bytes()
		switch kind.Kind {
		case "CronJob", "DaemonSet", "Deployment", "Job", "Pod", "ReplicaSet", "StatefulSet":
			withPods.Write(append(text, '\n'))
			at = append(at, i)
		}
	}
	if len(at) == 0 {
		return json.NewEncoder(out).Encode(answers)
	}
	printed, err := setEnv(withPods.Bytes())
	if err != nil {
		return err
	}
	if len(printed) != len(at) {
		return fmt.Errorf("kubectl printed %d of %d objects", len(printed), len(at))
	}
	for n, i := range at {
		answers[i].Kubectl = printed[n]
	}
	return json.NewEncoder(out).Encode(answers)
}

// setEnv returns what `kubectl set env --local -o json` prints for a stream of objects.
func setEnv(objects []byte) ([]json.RawMessage, error) {
	directory, err := os.MkdirTemp("", "kubetypes")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(directory)
	file := filepath.Join(directory, "objects.json") // kubectl reads the process' own stdin only
	if err := os.WriteFile(file, objects, 0o600); err != nil {
		return nil, err
	}
	var out, errOut bytes.Buffer
	streams := genericiooptions.IOStreams{Out: &out, ErrOut: &errOut}
	cmdutil.BehaviorOnFatal(func(message string, _ int) { panic(message) })
	command := set.NewCmdEnv(cmdutil.NewFactory(genericclioptions.NewConfigFlags(false)), streams)
	command.SetArgs([]string{"--local", "-o", "json", "-f", file, variable})
	if err := command.Execute(); err != nil {
		return nil, err
	}
	if errOut.Len() > 0 {
		return nil, errors.New(errOut.String())
	}
	printed := []json.RawMessage{}
	decoder := json.NewDecoder(&out)
	for {
		var object json.RawMessage
		if err := decoder.Decode(&object); errors.Is(err, io.EOF) {
			return printed, nil
		} else if err != nil {
			return nil, err
		}
		printed = append(printed, object)
	}
}
