"""How connections to a service are made: the fields of Istio's TrafficPolicy, by their names there.

https://istio.io/latest/docs/reference/config/networking/destination-rule/#TrafficPolicy
"""

from __future__ import annotations

from typing import ClassVar, Literal

from cmp.spec.balancing import LoadBalancer
from cmp.spec.types import (
    AnyStatus,
    Bool,
    Count,
    Duration,
    DurationOrZero,
    Host,
    HostOrIp,
    Model,
    Percent,
    Port,
    Positive,
    Word,
    words,
)


class TcpKeepalive(Model):
    """Keep-alive probes of idle connections.

    https://istio.io/latest/docs/reference/config/networking/destination-rule/#ConnectionPoolSettings-TCPSettings-TcpKeepalive
    """

    probes: Positive | None = None  #: Unanswered probes until the connection is dead.
    time: Duration | None = None  #: Idle time until the first probe.
    interval: Duration | None = None  #: Time between probes.


class TcpPool(Model):
    """Limits of connections, for HTTP as well.

    https://istio.io/latest/docs/reference/config/networking/destination-rule/#ConnectionPoolSettings-TCPSettings
    """

    maxConnections: Count | None = None  #: Connections of TCP and HTTP/1.1 at once.
    connectTimeout: Duration | None = None  #: Time to connect. Default: Istio's, 10s.
    tcpKeepalive: TcpKeepalive | None = None  #: Probes of idle connections.
    maxConnectionDuration: Duration | None = None  #: How long a connection may last at all.
    #: How long a TCP connection may be idle; `0s` is for ever. Default: Istio's, 1h.
    idleTimeout: DurationOrZero | None = None


class Http2KeepAlive(Model):
    """PING frames of HTTP/2, by which a dead connection is found.

    https://istio.io/latest/docs/reference/config/networking/destination-rule/#ConnectionPoolSettings-HTTPSettings
    """

    interval: Duration  #: Time between two of them.
    timeout: Duration  #: How long an answer may take until the connection is closed.


class HttpPool(Model):
    """Limits of HTTP requests.

    https://istio.io/latest/docs/reference/config/networking/destination-rule/#ConnectionPoolSettings-HTTPSettings
    """

    http1MaxPendingRequests: Count | None = None  #: Requests that wait for a connection at once.
    http2MaxRequests: Count | None = None  #: Requests under way at once, of any version of HTTP.
    maxRequestsPerConnection: Count | None = None  #: Requests of one connection; 1 turns keep-alive off.
    maxRetries: Count | None = None  #: Retries under way at once.
    maxConcurrentStreams: Count | None = None  #: Streams of one HTTP/2 connection at once.
    idleTimeout: Duration | None = None  #: How long a connection may be without requests. Default: Istio's, 1h.
    #: Whether HTTP/1.1 is sent on as HTTP/2.
    h2UpgradePolicy: Literal["DEFAULT", "DO_NOT_UPGRADE", "UPGRADE"] | None = None
    useClientProtocol: Bool | None = None  #: Whether the caller's version of HTTP is kept.
    http2KeepAlive: Http2KeepAlive | None = None  #: Probes of idle HTTP/2 connections.


class ConnectionPool(Model):
    """Limits of what is under way to a service at once.

    https://istio.io/latest/docs/reference/config/networking/destination-rule/#ConnectionPoolSettings
    """

    tcp: TcpPool | None = None  #: Limits of connections, for HTTP as well.
    http: HttpPool | None = None  #: Limits of requests.


class OutlierDetection(Model):
    """When a pod that keeps failing gets no traffic for a while.

    https://istio.io/latest/docs/reference/config/networking/destination-rule/#OutlierDetection
    """

    #: Failures in a row, status 5xx or none at all, until a pod is left out; 0 is never. Default: Istio's, 5.
    consecutive5xxErrors: Count | None = None
    consecutiveGatewayErrors: Count | None = None  #: The same for 502, 503 and 504. Default: none.
    #: The same for connections that fail, beside `splitExternalLocalOriginErrors: true`.
    consecutiveLocalOriginFailures: Count | None = None
    splitExternalLocalOriginErrors: Bool | None = None  #: Whether failures to connect are counted apart from answers.
    interval: Duration | None = None  #: Time between two looks. Default: Istio's, 10s.
    #: How long a pod is left out, times how often it was. Default: Istio's, 30s.
    baseEjectionTime: Duration | None = None
    maxEjectionPercent: Percent | None = None  #: Share of the pods that may be left out at once. Default: Istio's, 10%.
    #: The statuses that count as failures, in place of 5xx.
    outlierDetectionHttpErrorCodes: tuple[AnyStatus, ...] = ()
    minHealthPercent: Percent | None = None  #: Below this share of healthy pods none is left out. Default: Istio's, 0%.


class ClientTls(Model):
    """TLS that the proxy of a caller speaks to the service. In the mesh this is left out: mutual TLS is automatic.

    https://istio.io/latest/docs/reference/config/networking/destination-rule/#ClientTLSSettings
    """

    later: ClassVar[frozenset[str]] = words("credentialName")

    mode: Literal["DISABLE", "SIMPLE", "MUTUAL", "ISTIO_MUTUAL"] | None = None  #: What is spoken.
    clientCertificate: Word | None = None  #: File of the certificate in the caller's proxy, with MUTUAL.
    privateKey: Word | None = None  #: File of its key.
    caCertificates: Word | None = None  #: File of the authorities that the server's certificate is checked by.
    subjectAltNames: tuple[Word, ...] = ()  #: Names of which the server's certificate must have one.
    sni: Host | None = None  #: The name that is asked for in the TLS handshake.


class RetryBudget(Model):
    """How many of the requests under way may be retries.

    https://istio.io/latest/docs/reference/config/networking/destination-rule/#TrafficPolicy-RetryBudget
    """

    percent: Percent | None = None  #: Share of the requests under way that may be retries. Default: Istio's, 20%.
    minRetryConcurrency: Count | None = None  #: Retries that are allowed anyway. Default: Istio's, 3.
    budgetInterval: Duration | None = None  #: The time whose requests are counted. Default: those under way.


class ProxyProtocol(Model):
    """The PROXY protocol's header in front of each connection.

    https://istio.io/latest/docs/reference/config/networking/destination-rule/#TrafficPolicy-ProxyProtocol
    """

    version: Literal["V1", "V2"] | None = None  #: The version of the header. Default: Istio's, V1.


class Tunnel(Model):
    """Connections go through an HTTP proxy, which is told where they shall lead. For ports that are not HTTP.

    https://istio.io/latest/docs/reference/config/networking/destination-rule/#TrafficPolicy-TunnelSettings
    """

    protocol: Literal["CONNECT", "POST"] | None = None  #: The method. Default: Istio's, CONNECT.
    targetHost: HostOrIp  #: The host at the other end.
    targetPort: Port  #: Its port.


class PortPolicy(Model):
    """How callers connect. A version and a port may change each of these."""

    loadBalancer: LoadBalancer | None = None  #: How a pod is chosen for a request.
    connectionPool: ConnectionPool | None = None  #: Limits of what is under way at once. Default: none.
    #: When a pod that keeps failing gets no traffic for a while. Default: never.
    outlierDetection: OutlierDetection | None = None
    tls: ClientTls | None = None  #: TLS that callers' proxies speak. Default: mutual TLS by itself, as in Istio.


class TrafficPolicy(PortPolicy):
    """How callers connect. A version may change each of these."""

    retryBudget: RetryBudget | None = None  #: How many of the requests under way may be retries.
    #: The PROXY protocol's header in front of each connection, for ports that are not HTTP.
    proxyProtocol: ProxyProtocol | None = None
    tunnel: Tunnel | None = None  #: Connections go through an HTTP proxy.
