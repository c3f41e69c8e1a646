"""The way out: what is called, and the rest of Istio's Sidecar."""

from __future__ import annotations

from typing import ClassVar, Literal

from cmp.spec.policy import ConnectionPool
from cmp.spec.types import (
    CallNamespace,
    DnsName,
    IpAddress,
    Label,
    LocalEndpoint,
    Model,
    Port,
    ProviderService,
    SeenHost,
    Subdomain,
    Url,
    Word,
    Workload,
    words,
)
from cmp.spec.workload import Protocol


class CallTls(Model):
    """TLS that the proxy adds to what the application sends in plain. Who answers is always verified.

    https://istio.io/latest/docs/reference/config/networking/destination-rule/#ClientTLSSettings
    """

    #: `SIMPLE` shows no certificate of the caller, `MUTUAL` one of `credentialName` or of `clientCertificate`.
    mode: Literal["SIMPLE", "MUTUAL"] | None = None
    #: A Secret in the caller's namespace; with `gateway` in that of the gateway's pods.
    credentialName: Subdomain | None = None
    #: A file in the proxy's container: the authorities that are believed. Default: those of the proxy's image.
    caCertificates: Word | None = None
    clientCertificate: Word | None = None  #: A file in the proxy's container.
    privateKey: Word | None = None  #: A file in the proxy's container.
    #: The names of which one has to be in the certificate of whoever answers. Default: the host.
    subjectAltNames: tuple[Word, ...] = ()
    sni: DnsName | None = None  #: The name that is asked for. Default: the host.


class SharedCall(Model):
    """Something that is called: a service, all services of namespaces, or an address outside the mesh.

    So written it holds for all services of a mesh or a namespace.
    """

    later: ClassVar[frozenset[str]] = words("tls gateway")

    service: Workload | None = None  #: A service of the mesh.
    namespaces: tuple[CallNamespace, ...] = ()  #: All services of these namespaces; `.` is that of the caller.
    #: An address outside the mesh. Schemes: http, https, http2, grpc, tls, tcp, mongo, redis, mysql.
    url: Url | None = None


class Call(SharedCall):
    """Something that a service calls, and how calls to an address outside get there."""

    later: ClassVar[frozenset[str]] = frozenset()

    tls: CallTls | None = None  #: TLS that the proxy adds; the application speaks plain.
    gateway: Label | None = None  #: The egress gateway of the platform that the call leaves through.
    #: With `gateway`, for TLS to a host with `*`: the server that answers for all its names.
    through: DnsName | None = None


class EgressProxy(Model):
    """A host of the mesh that gets all traffic to unknown hosts."""

    host: DnsName  #: The whole name of a host of the mesh.
    port: Port | None = None  #: Its port.
    subset: Label | None = None  #: A subset of its DestinationRule, where only that is meant.


class OutboundTrafficPolicy(Model):
    """What happens to calls of hosts that `calls` does not list."""

    #: `REGISTRY_ONLY` refuses them, `ALLOW_ANY` passes them through. Default: `REGISTRY_ONLY`.
    mode: Literal["REGISTRY_ONLY", "ALLOW_ANY"] | None = None
    #: A host that gets them instead, with `ALLOW_ANY`.
    egressProxy: EgressProxy | None = None


class ListenerTls(Model):
    """TLS of a port that the proxy ends itself, with files in its container.

    https://istio.io/latest/docs/reference/config/networking/gateway/#ServerTLSSettings
    """

    #: `MUTUAL` asks clients for a certificate, `OPTIONAL_MUTUAL` takes one.
    mode: Literal["SIMPLE", "MUTUAL", "OPTIONAL_MUTUAL"] | None = None
    serverCertificate: Word | None = None  #: The file with the certificate.
    privateKey: Word | None = None  #: The file with its key.
    caCertificates: Word | None = None  #: The file with the authorities of clients' certificates.


class IngressListener(Model):
    """How the proxy takes connections to a port of the service, and where it sends them."""

    port: Word  #: A port of the service, by name or number. All of them are listed.
    bind: IpAddress | None = None  #: The address that the proxy listens on.
    captureMode: Literal["DEFAULT", "IPTABLES", "NONE"] | None = None  #: How connections come to the proxy.
    defaultEndpoint: LocalEndpoint | None = None  #: Where the application listens. Default: the container port.
    connectionPool: ConnectionPool | None = None  #: Limits of what comes in at this port.
    tls: ListenerTls | None = None  #: TLS that the proxy ends for clients outside the mesh.


class EgressListener(Model):
    """A port that the proxy listens on for what the application calls; without `port`, how it takes all other calls."""

    port: Port | None = None  #: The port that the application calls.
    protocol: Protocol | None = None  #: What is spoken there.
    bind: IpAddress | None = None  #: The address that the proxy listens on.
    captureMode: Literal["DEFAULT", "IPTABLES", "NONE"] | None = None  #: How connections come to the proxy.
    hosts: tuple[SeenHost, ...] = ()  #: Which of the hosts that `calls` list are called there.


class SidecarSpec(Model):
    """The fields of Istio's Sidecar that other keys do not write.

    https://istio.io/latest/docs/reference/config/networking/sidecar/
    """

    outboundTrafficPolicy: OutboundTrafficPolicy | None = None
    ingress: tuple[IngressListener, ...] = ()
    egress: tuple[EgressListener, ...] = ()
    inboundConnectionPool: ConnectionPool | None = None


class _Provider(Model):
    service: ProviderService  #: The host of the service, `namespace/` before it where several namespaces declare it.
    port: Port  #: Its port.


class HttpAuthorizer(_Provider):
    """An external authorizer that is asked over HTTP.

    https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#MeshConfig-ExtensionProvider
    """

    later: ClassVar[frozenset[str]] = words(
        "timeout pathPrefix failOpen clearRouteCache statusOnError includeRequestHeadersInCheck "
        "includeAdditionalHeadersInCheck includeRequestBodyInCheck headersToUpstreamOnAllow "
        "headersToDownstreamOnDeny headersToDownstreamOnAllow"
    )


class GrpcAuthorizer(_Provider):
    """An external authorizer that is asked over gRPC.

    https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#MeshConfig-ExtensionProvider
    """

    later: ClassVar[frozenset[str]] = words("timeout failOpen clearRouteCache statusOnError includeRequestBodyInCheck")


class Tracer(_Provider):
    """A service that takes traces.

    https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#MeshConfig-ExtensionProvider
    """

    later: ClassVar[frozenset[str]] = words(
        "maxTagLength enable64bitTraceId path traceContextOption timeout headers accessToken http grpc "
        "resourceDetectors serviceAttributeEnrichment dynatraceSampler"
    )


class LogSink(_Provider):
    """A service that takes access logs.

    https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#MeshConfig-ExtensionProvider
    """

    later: ClassVar[frozenset[str]] = words(
        "logName logFormat filterStateObjectsToLog additionalRequestHeadersToLog additionalResponseHeadersToLog "
        "additionalResponseTrailersToLog"
    )


class ExtensionProvider(Model):
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
