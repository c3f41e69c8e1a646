package main

import (
	"encoding/json"
	"strings"

	meshconfig "istio.io/api/mesh/v1alpha1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"istio.io/istio/pilot/pkg/features"
	"istio.io/istio/pilot/pkg/model"
	"istio.io/istio/pilot/test/xds"
	"istio.io/istio/pkg/config/constants"
	"istio.io/istio/pkg/config/mesh"
	"istio.io/istio/pkg/jwt"
	"istio.io/istio/pkg/kube"
	"istio.io/istio/pkg/test"
)

// version is what the proxies say of themselves: that of the module.
const version = "1.31.0"

func init() {
	// Otherwise istiod fetches the keys of issuers itself, and nothing is to be fetched here.
	features.JwksFetchMode = jwt.Envoy
}

// discovered is what each proxy of a moment is told.
func discovered(t test.Failer, m moment) map[string]object {
	kubernetes, istio := sorted(t, m.Objects)
	server := xds.NewFakeDiscoveryServer(t, xds.FakeOptions{
		KubernetesObjects: kubernetes,
		ConfigString:      strings.Join(istio, "\n---\n"),
		MeshConfig:        meshOf(t, m.Mesh),
	})
	found := map[string]object{}
	for _, each := range m.Proxies {
		p := server.SetupProxy(&model.Proxy{
			ID:              each.Name + "." + each.Namespace,
			Type:            model.NodeType(each.Type),
			IPAddresses:     []string{each.IP},
			Labels:          each.Labels,
			ConfigNamespace: each.Namespace,
			Metadata: &model.NodeMetadata{
				IstioVersion:   version,
				Namespace:      each.Namespace,
				Labels:         each.Labels,
				ClusterID:      constants.DefaultClusterName,
				ServiceAccount: each.Account,
			},
		})
		found[each.Name] = told(t, server, p)
	}
	return found
}

func meshOf(t test.Failer, fragment json.RawMessage) *meshconfig.MeshConfig {
	config, err := mesh.ApplyMeshConfigDefaults(string(fragment))
	if err != nil {
		t.Fatalf("the configuration of the mesh: %v", err)
	}
	return config
}

// sorted parts objects by where istiod reads them: Kubernetes' kinds from the API server, its own from the store.
func sorted(t test.Failer, objects []json.RawMessage) ([]runtime.Object, []string) {
	var kubernetes []runtime.Object
	var istio []string
	decode := kube.IstioCodec.UniversalDeserializer().Decode
	for _, raw := range objects {
		var kind metav1.TypeMeta
		if err := json.Unmarshal(raw, &kind); err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(kind.GroupVersionKind().Group, ".istio.io") {
			istio = append(istio, string(raw))
			continue
		}
		found, _, err := decode(raw, nil, nil)
		if err != nil {
			t.Fatalf("%s: %v", kind.Kind, err)
		}
		kubernetes = append(kubernetes, found)
	}
	return kubernetes, istio
}
