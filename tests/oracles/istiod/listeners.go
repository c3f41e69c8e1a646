package main

import (
	"strings"

	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	listener "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	httpauthz "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/ext_authz/v3"
	httpjwt "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/jwt_authn/v3"
	httprbac "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/rbac/v3"
	netauthz "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/ext_authz/v3"
	hcm "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	netrbac "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/rbac/v3"
	tcp "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/tcp_proxy/v3"
	tls "github.com/envoyproxy/go-control-plane/envoy/extensions/transport_sockets/tls/v3"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"istio.io/istio/pkg/test"
)

// listenerOf is a listener's address and its chains.
func listenerOf(t test.Failer, l *listener.Listener) object {
	chains := []any{}
	for _, each := range l.FilterChains {
		chains = append(chains, chainOf(t, each))
	}
	address := l.GetAddress().GetSocketAddress()
	found := object{"name": l.Name, "address": address.GetAddress(), "port": address.GetPortValue(), "filterChains": chains}
	if l.DefaultFilterChain != nil {
		found["defaultFilterChain"] = chainOf(t, l.DefaultFilterChain)
	}
	return found
}

// chainOf has of the connection whether its client has to show a certificate.
func chainOf(t test.Failer, chain *listener.FilterChain) object {
	filters := []any{}
	for _, each := range chain.Filters {
		if found := networkFilter(t, each.GetTypedConfig()); found != nil {
			filters = append(filters, found)
		}
	}
	found := object{"name": chain.Name, "match": matchOf(t, chain), "filters": filters}
	if chain.TransportSocket != nil {
		context := &tls.DownstreamTlsContext{}
		open(t, chain.TransportSocket.GetTypedConfig(), context)
		found["requireClientCertificate"] = context.GetRequireClientCertificate().GetValue()
	}
	return found
}

func matchOf(t test.Failer, chain *listener.FilterChain) object {
	if chain.FilterChainMatch == nil {
		return object{}
	}
	return jsonOf(t, chain.FilterChainMatch)
}

func networkFilter(t test.Failer, config *anypb.Any) object {
	message, err := config.UnmarshalNew()
	if err != nil {
		return nil
	}
	switch filter := message.(type) {
	case *netrbac.RBAC:
		return object{"rbac": keep(jsonOf(t, filter), "rules", "shadowRules", "shadowRulesStatPrefix")}
	case *netauthz.ExtAuthz:
		return object{"ext_authz": keep(jsonOf(t, filter), "filterEnabledMetadata", "grpcService", "httpService")}
	case *tcp.TcpProxy:
		return object{"tcp_proxy": keep(jsonOf(t, filter), "cluster", "weightedClusters")}
	case *hcm.HttpConnectionManager:
		filters := []any{}
		for _, each := range filter.HttpFilters {
			if found := httpFilter(t, each.GetTypedConfig()); found != nil {
				filters = append(filters, found)
			}
		}
		return object{"http": object{
			"routeConfigName": filter.GetRds().GetRouteConfigName(),
			"httpFilters":     filters,
			// What becomes of a path before it is compared.
			"path": keep(jsonOf(t, filter), "normalizePath", "mergeSlashes", "pathWithEscapedSlashesAction"),
		}}
	}
	return nil
}

func httpFilter(t test.Failer, config *anypb.Any) object {
	message, err := config.UnmarshalNew()
	if err != nil {
		return nil
	}
	switch filter := message.(type) {
	case *httprbac.RBAC:
		return object{"rbac": keep(jsonOf(t, filter), "rules", "shadowRules", "shadowRulesStatPrefix")}
	case *httpauthz.ExtAuthz:
		return object{"ext_authz": keep(jsonOf(t, filter), "filterEnabledMetadata", "grpcService", "httpService")}
	case *httpjwt.JwtAuthentication:
		found := jsonOf(t, filter)
		issuers := object{}
		for name, each := range filter.Providers {
			issuers[name] = keep(jsonOf(t, each), "issuer", "audiences", "payloadInMetadata")
		}
		return object{"jwt_authn": object{"providers": issuers, "rules": found["rules"]}}
	}
	return nil
}

// upstream tells mutual TLS by Istio's own certificates from any other encryption.
func upstream(socket *core.TransportSocket) string {
	context := &tls.UpstreamTlsContext{}
	if socket.GetTypedConfig().UnmarshalTo(context) != nil {
		return socket.Name
	}
	for _, each := range context.GetCommonTlsContext().GetTlsCertificateSdsSecretConfigs() {
		if each.Name == "default" {
			return "ISTIO_MUTUAL"
		}
	}
	return strings.TrimSuffix("TLS "+context.Sni, " ")
}

func open(t test.Failer, config *anypb.Any, into proto.Message) {
	if err := config.UnmarshalTo(into); err != nil {
		t.Fatal(err)
	}
}
