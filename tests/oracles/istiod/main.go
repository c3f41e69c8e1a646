// Command istiod says what istiod tells proxies for the objects of a cluster.
//
// It reads a JSON array of moments from stdin and answers all of them at once:
//
//	[{"name": "...", "mesh": {...}, "objects": [{"apiVersion": "v1", "kind": "Service", ...}],
//	  "proxies": [{"name": "front", "type": "sidecar", "namespace": "shop", "ip": "10.0.0.1", "labels": {...}}]}]
//
// Each moment gets a discovery server of its own: istiod's registries, stores and generators as Istio's own tests put
// them together (istio.io/istio/pilot/test/xds). Nothing of them is imitated but the API server, whose place client-go's
// tracker of objects takes: Services, Pods and EndpointSlices come from there, and Istio's kinds from the store that
// pilot-discovery fills from --configDir. A mesh is that fragment of MeshConfig in which it is not the default.
//
// The answer holds what decides where requests go and who gets in (told.go), each text once, under its digest.
package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"istio.io/istio/pkg/log"
	"istio.io/istio/pkg/test"
)

type object = map[string]any

type moment struct {
	Name    string            `json:"name"`
	Mesh    json.RawMessage   `json:"mesh"`
	Objects []json.RawMessage `json:"objects"`
	Proxies []proxy           `json:"proxies"`
}

// proxy is one that asks: beside a pod ("sidecar"), or a gateway ("router").
type proxy struct {
	Name      string            `json:"name"`
	Type      string            `json:"type"`
	Namespace string            `json:"namespace"`
	IP        string            `json:"ip"`
	Labels    map[string]string `json:"labels"`
	Account   string            `json:"account"`
}

// answer has the digest of what each proxy is told.
type answer struct {
	Name    string            `json:"name"`
	Proxies map[string]string `json:"proxies"`
}

type answers struct {
	Moments []answer          `json:"moments"`
	Told    map[string]object `json:"told"`
}

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "istiod:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
	// By default Istio's code logs to stdout.
	logging := log.DefaultOptions()
	logging.OutputPaths = []string{"stderr"}
	logging.SetDefaultOutputLevel(log.OverrideScopeName, log.ErrorLevel)
	if err := log.Configure(logging); err != nil {
		return err
	}
	var moments []moment
	if err := json.NewDecoder(in).Decode(&moments); err != nil {
		return fmt.Errorf("reading the moments: %w", err)
	}
	result := answers{Moments: []answer{}, Told: map[string]object{}}
	for _, m := range moments {
		told := answer{m.Name, map[string]string{}}
		err := test.Wrap(func(t test.Failer) {
			for name, config := range discovered(t, m) {
				told.Proxies[name] = result.keep(t, config)
			}
		})
		if err != nil {
			return fmt.Errorf("%s: %w", m.Name, err)
		}
		result.Moments = append(result.Moments, told)
	}
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(result)
}

// keep remembers a configuration under its digest.
func (a answers) keep(t test.Failer, config object) string {
	text, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(text)
	digest := hex.EncodeToString(sum[:8])
	a.Told[digest] = config
	return digest
}
