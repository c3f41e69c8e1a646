package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"math/big"
	"sync"
	"time"

	"istio.io/api/annotation"
	"istio.io/api/label"
	"istio.io/istio/pkg/config/analysis/analyzers/util"
	"istio.io/istio/pkg/config/constants"
)

const proxyImage = "istio/proxyv2:1.31.0"

// environment is what a cluster has beside the objects that are applied to it, so that every analyzer has what it looks
// at: a running Pod with a proxy for each pod template; for each Gateway the Pod that its selector means, a Service that
// has its ports, and the Secrets that it names; and the Namespaces, injected. What the batch has is not made again.
func environment(objects []object) []object {
	c := cluster{have: map[string]bool{}}
	for _, o := range objects {
		c.have[key(o)] = true
		c.namespaces(o)
	}
	for _, o := range objects {
		if template, ok := at(o, "spec", "template").(object); ok && at(template, "spec", "containers") != nil {
			c.add(podOf(o, template))
		}
		if kind(o) == "Gateway" && at(o, "spec", "servers") != nil {
			c.gateway(o)
		}
	}
	c.add(namespaceOf(constants.IstioSystemNamespace))
	for _, o := range c.made {
		c.namespaces(o)
	}
	return c.made
}

type cluster struct {
	have map[string]bool
	made []object
}

func key(o object) string {
	return fmt.Sprintf("%s %s/%s", kind(o), namespace(o), name(o))
}

func (c *cluster) add(o object) {
	if !c.have[key(o)] {
		c.have[key(o)] = true
		c.made = append(c.made, o)
	}
}

func (c *cluster) namespaces(o object) {
	if in := namespace(o); in != "" {
		c.add(namespaceOf(in))
	}
}

func namespaceOf(name string) object {
	labels := object{"kubernetes.io/metadata.name": name}
	if name != constants.IstioSystemNamespace {
		labels[util.InjectionLabelName] = util.InjectionLabelEnableValue
	}
	return object{"apiVersion": "v1", "kind": "Namespace", "metadata": object{"name": name, "labels": labels}}
}

// podOf is one of the Pods of a workload, with a proxy unless the template refuses it.
func podOf(workload, template object) object {
	labels, _ := at(template, "metadata", "labels").(object)
	annotations, _ := at(template, "metadata", "annotations").(object)
	spec, _ := at(template, "spec").(object)
	if labels[label.SidecarInject.Name] == "false" {
		return pod(namespace(workload), name(workload)+"-pod", labels, annotations, spec)
	}
	annotations, spec = maps.Clone(annotations), maps.Clone(spec)
	if annotations == nil {
		annotations = object{}
	}
	annotations[annotation.SidecarStatus.Name] = `{"containers":["istio-proxy"],"revision":"default"}`
	containers, _ := spec["containers"].([]any)
	spec["containers"] = append([]any{proxy()}, containers...)
	return pod(namespace(workload), name(workload)+"-pod", labels, annotations, spec)
}

func pod(namespace, name string, labels, annotations, spec object) object {
	return object{
		"apiVersion": "v1", "kind": "Pod",
		"metadata": object{"name": name, "namespace": namespace, "labels": labels, "annotations": annotations},
		"spec":     spec,
		"status":   object{"phase": "Running"},
	}
}

func proxy() object {
	return object{"name": util.IstioProxyName, "image": proxyImage}
}

// applied is an object as it is found in a cluster some time later: istiod has written the addresses into a ServiceEntry
// that it allocates, where it does so (pilot/pkg/networking/serviceentry, ShouldV2AutoAllocateIP).
func applied(o object) object {
	if kind(o) != "ServiceEntry" || o["status"] != nil || at(o, "spec", "addresses") != nil {
		return o
	}
	resolution := text(o, "spec", "resolution")
	if resolution == "" || resolution == "NONE" || at(o, "metadata", "labels", label.NetworkingEnableAutoallocateIp.Name) == "false" {
		return o
	}
	o = maps.Clone(o)
	o["status"] = object{"addresses": []any{object{"value": "240.240.0.1"}}}
	return o
}

// gateway adds what a Gateway expects of its namespace.
func (c *cluster) gateway(o object) {
	selector, _ := at(o, "spec", "selector").(object)
	if len(selector) == 0 {
		return
	}
	c.add(pod(namespace(o), name(o)+"-gateway-pod", selector, nil, object{"containers": []any{proxy()}}))
	var ports []any
	servers, _ := at(o, "spec", "servers").([]any)
	for _, each := range servers {
		server, _ := each.(object)
		number, _ := at(server, "port", "number").(json.Number)
		ports = append(ports, object{"name": "tcp-" + number.String(), "port": number, "targetPort": number, "protocol": "TCP"})
		if credential := text(server, "tls", "credentialName"); credential != "" {
			c.add(certificate(namespace(o), credential))
		}
	}
	c.add(object{
		"apiVersion": "v1", "kind": "Service",
		"metadata": object{"name": name(o) + "-gateway", "namespace": namespace(o)},
		"spec":     object{"selector": selector, "ports": ports},
	})
}

func certificate(namespace, name string) object {
	chain, private := selfSigned()
	return object{
		"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls",
		"metadata": object{"name": name, "namespace": namespace},
		"data":     object{"tls.crt": chain, "tls.key": private, "ca.crt": chain},
	}
}

// selfSigned is a certificate and its key as PEM. Analyzers look only at its form and its dates.
var selfSigned = sync.OnceValues(func() (chain, private []byte) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := x509.Certificate{
		SerialNumber: big.NewInt(1),
		DNSNames:     []string{"example.com"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})
})
