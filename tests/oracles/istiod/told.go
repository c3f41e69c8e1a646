package main

import (
	"encoding/json"
	"slices"
	"strings"

	cluster "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	endpoint "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
	route "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"istio.io/istio/pilot/pkg/model"
	"istio.io/istio/pilot/test/xds"
	"istio.io/istio/pkg/test"
)

// told is the part of a proxy's configuration that decides where its requests go and who gets in, in Envoy's own form
// (https://www.envoyproxy.io/docs/envoy/latest/api-v3/api): listeners, routes by name, and clusters by name with their
// endpoints. Left out is what decides neither: retries, time limits, tracing, statistics, access logs.
func told(t test.Failer, server *xds.FakeDiscoveryServer, p *model.Proxy) object {
	built := server.Listeners(p)
	listeners := []object{}
	for _, each := range built {
		listeners = append(listeners, listenerOf(t, each))
	}
	slices.SortFunc(listeners, func(a, b object) int { return strings.Compare(a["name"].(string), b["name"].(string)) })
	routes := object{}
	for _, each := range server.RoutesFromListeners(p, built) {
		routes[each.Name] = hostsOf(t, each)
	}
	clusters := object{}
	for _, each := range server.Clusters(p) {
		clusters[each.Name] = clusterOf(t, each)
	}
	for _, each := range server.Endpoints(p) {
		if found, ok := clusters[each.ClusterName].(object); ok {
			found["endpoints"] = endpointsOf(each)
		}
	}
	return object{"listeners": listeners, "routes": routes, "clusters": clusters}
}

func hostsOf(t test.Failer, config *route.RouteConfiguration) []any {
	hosts := []any{}
	for _, host := range config.VirtualHosts {
		routes := []any{}
		for _, each := range host.Routes {
			one := keep(jsonOf(t, each), "name", "match", "route", "redirect", "directResponse")
			if action, ok := one["route"].(object); ok {
				one["route"] = keep(action, "cluster", "weightedClusters", "prefixRewrite", "regexRewrite", "hostRewriteLiteral")
			}
			routes = append(routes, one)
		}
		hosts = append(hosts, object{"name": host.Name, "domains": host.Domains, "routes": routes})
	}
	return hosts
}

func clusterOf(t test.Failer, c *cluster.Cluster) object {
	found := object{"type": c.GetType().String(), "tls": tlsOf(c.TransportSocket), "endpoints": endpointsOf(c.LoadAssignment)}
	if len(c.TransportSocketMatches) > 0 {
		matches := []any{}
		for _, each := range c.TransportSocketMatches {
			matches = append(matches, object{"match": each.Match.AsMap(), "tls": tlsOf(each.TransportSocket)})
		}
		found["transportSocketMatches"] = matches
	}
	return found
}

// tlsOf is the name of the way in which a cluster encrypts, or nothing.
func tlsOf(socket *core.TransportSocket) string {
	if socket == nil || socket.GetName() == "envoy.transport_sockets.raw_buffer" {
		return ""
	}
	return upstream(socket)
}

func endpointsOf(assignment *endpoint.ClusterLoadAssignment) []any {
	found := []any{}
	for _, locality := range assignment.GetEndpoints() {
		for _, each := range locality.LbEndpoints {
			address := each.GetEndpoint().GetAddress().GetSocketAddress()
			one := object{
				"address": address.GetAddress(),
				"port":    address.GetPortValue(),
				"health":  each.GetHealthStatus().String(),
			}
			if match := each.GetMetadata().GetFilterMetadata()["envoy.transport_socket_match"]; match != nil {
				one["transportSocketMatch"] = match.AsMap()
			}
			found = append(found, one)
		}
	}
	return found
}

// jsonOf is a message as Envoy reads it from a file.
func jsonOf(t test.Failer, m proto.Message) object {
	text, err := protojson.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	found := object{}
	if err := json.Unmarshal(text, &found); err != nil {
		t.Fatal(err)
	}
	return found
}

func keep(from object, keys ...string) object {
	found := object{}
	for _, key := range keys {
		if value, ok := from[key]; ok {
			found[key] = value
		}
	}
	return found
}
