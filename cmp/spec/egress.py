"""The way out: what is called, and the rest of Istio's Sidecar."""

from __future__ import annotations

from typing import ClassVar, Literal

from cmp.spec.policy import ConnectionPool
from cmp.spec.types import (
    DnsName,
    IpAddress,
    Label,
    LocalEndpoint,
    Model,
    Port,
    ProviderService,
    Subdomain,
    Url,
    Word,
    Workload,
    words,
)


class CallTls(Model):
    """TLS that the proxy adds to what the application sends in plain. Who answers is always verified.

    `credentialName` is a Secret in the caller's namespace; the files are in the proxy's container.
    """

    mode: Literal["SIMPLE", "MUTUAL"] | None = None
    credentialName: Subdomain | None = None
    caCertificates: Word | None = None
    clientCertificate: Word | None = None
    privateKey: Word | None = None
    subjectAltNames: tuple[Word, ...] = ()
    sni: DnsName | None = None


class SharedCall(Model):
    """Something that is called: a service, all services of namespaces, or an address outside the mesh.

    So written it holds for all services of a mesh or a namespace.
    """

    later: ClassVar[frozenset[str]] = words("tls gateway")

    service: Workload | None = None
    namespaces: tuple[Label, ...] = ()
    url: Url | None = None


class Call(SharedCall):
    """Something that a service calls, and how calls to an address outside get there."""

    later: ClassVar[frozenset[str]] = frozenset()

    tls: CallTls | None = None
    gateway: Label | None = None


class EgressProxy(Model):
    """A host of the mesh that gets all traffic to unknown hosts."""

    host: DnsName
    port: Port | None = None
    subset: Label | None = None


class OutboundTrafficPolicy(Model):
    """What happens to calls of hosts that `calls` does not list."""

    mode: Literal["REGISTRY_ONLY", "ALLOW_ANY"] | None = None
    egressProxy: EgressProxy | None = None


class IngressListener(Model):
    """How the proxy takes connections to a port of the service, and where it sends them."""

    later: ClassVar[frozenset[str]] = words("tls")

    port: Word
    bind: IpAddress | None = None
    captureMode: Literal["DEFAULT", "IPTABLES", "NONE"] | None = None
    defaultEndpoint: LocalEndpoint | None = None
    connectionPool: ConnectionPool | None = None


class SidecarSpec(Model):
    """The fields of Istio's Sidecar that other keys do not write.

    https://istio.io/latest/docs/reference/config/networking/sidecar/
    """

    outboundTrafficPolicy: OutboundTrafficPolicy | None = None
    ingress: tuple[IngressListener, ...] = ()
    inboundConnectionPool: ConnectionPool | None = None


class _Provider(Model):
    service: ProviderService
    port: Port


class HttpAuthorizer(_Provider):
    """An external authorizer that is asked over HTTP."""

    later: ClassVar[frozenset[str]] = words(
        "timeout pathPrefix failOpen clearRouteCache statusOnError includeRequestHeadersInCheck "
        "includeAdditionalHeadersInCheck includeRequestBodyInCheck headersToUpstreamOnAllow "
        "headersToDownstreamOnDeny headersToDownstreamOnAllow"
    )


class GrpcAuthorizer(_Provider):
    """An external authorizer that is asked over gRPC."""

    later: ClassVar[frozenset[str]] = words("timeout failOpen clearRouteCache statusOnError includeRequestBodyInCheck")


class Tracer(_Provider):
    """A service that takes traces."""

    later: ClassVar[frozenset[str]] = words(
        "maxTagLength enable64bitTraceId path traceContextOption timeout headers accessToken http grpc "
        "resourceDetectors serviceAttributeEnrichment dynatraceSampler"
    )


class LogSink(_Provider):
    """A service that takes access logs."""

    later: ClassVar[frozenset[str]] = words(
        "logName logFormat filterStateObjectsToLog additionalRequestHeadersToLog additionalResponseHeadersToLog "
        "additionalResponseTrailersToLog"
    )


class Provider(Model):
    """A service that proxies call by themselves, by one of the kinds that Istio has.

    https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#MeshConfig-ExtensionProvider
    """

    later: ClassVar[frozenset[str]] = words("prometheus stackdriver envoyFileAccessLog sds")

    envoyExtAuthzHttp: HttpAuthorizer | None = None
    envoyExtAuthzGrpc: GrpcAuthorizer | None = None
    zipkin: Tracer | None = None
    datadog: Tracer | None = None
    skywalking: Tracer | None = None
    opentelemetry: Tracer | None = None
    envoyHttpAls: LogSink | None = None
    envoyTcpAls: LogSink | None = None
    envoyOtelAls: LogSink | None = None
