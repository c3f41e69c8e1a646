"""How connections to a service are made: the fields of Istio's TrafficPolicy, by their names there.

https://istio.io/latest/docs/reference/config/networking/destination-rule/#TrafficPolicy
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from cmp.spec.types import (
    Bool,
    Count,
    Duration,
    DurationOrZero,
    Header,
    Host,
    HostOrIp,
    Locality,
    Model,
    Percent,
    Port,
    Positive,
    Ratio,
    Region,
    Text,
    Weight,
    Word,
    words,
)


class CookieAttribute(Model):
    """An attribute of the cookie that the proxy sets, such as SameSite."""

    name: Word  #: For example `SameSite`.
    value: Text | None = None  #: For example `Lax`.


class HttpCookie(Model):
    """A cookie whose value decides which pod answers. With a `ttl` the proxy sets it where a request has none.

    https://istio.io/latest/docs/reference/config/networking/destination-rule/#LoadBalancerSettings-ConsistentHashLB-HTTPCookie
    """

    name: Word  #: The name of the cookie.
    path: Word | None = None  #: The path that the proxy sets it for.
    #: How long the cookie that the proxy sets lives; `0s` is the browser's session. Without it the proxy sets none.
    ttl: DurationOrZero | None = None
    attributes: tuple[CookieAttribute, ...] = ()  #: Further attributes of the cookie that the proxy sets.


class RingHash(Model):
    """Consistent hashing on a ring.

    https://istio.io/latest/docs/reference/config/networking/destination-rule/#LoadBalancerSettings-ConsistentHashLB-RingHash
    """

    minimumRingSize: Positive | None = None  #: The least number of places on the ring. Default: Istio's, 1024.


class Maglev(Model):
    """Consistent hashing by Maglev's table, whose size is a prime.

    https://istio.io/latest/docs/reference/config/networking/destination-rule/#LoadBalancerSettings-ConsistentHashLB-MagLev
    """

    tableSize: Positive  #: The size of the table, a prime.


class ConsistentHash(Model):
    """What of a request decides which pod answers.

    https://istio.io/latest/docs/reference/config/networking/destination-rule/#LoadBalancerSettings-ConsistentHashLB
    """

    httpHeaderName: Header | None = None  #: The value of a header.
    httpCookie: HttpCookie | None = None  #: The value of a cookie.
    useSourceIp: Bool | None = None  #: The address of the client.
    httpQueryParameterName: Header | None = None  #: The value of a query parameter.
    #: Hash on a ring, and how large it is. This is what Istio does where neither is written.
    ringHash: RingHash | None = None
    maglev: Maglev | None = None  #: Hash by Maglev's table, and how large it is.


class Distribute(Model):
    """Shares of the traffic from one locality (region/zone/sub-zone) to others, in percent.

    https://istio.io/latest/docs/reference/config/networking/destination-rule/#LocalityLoadBalancerSetting-Distribute
    """

    from_: Locality = Field(alias="from")  #: Where the traffic comes from.
    to: dict[Locality, Weight]  #: The share of each place it goes to; they sum to 100.


class Failover(Model):
    """The region that takes over for another.

    https://istio.io/latest/docs/reference/config/networking/destination-rule/#LocalityLoadBalancerSetting-Failover
    """

    from_: Region = Field(alias="from")  #: The region that fails.
    to: Region  #: The region that takes over.


class LocalityLbSetting(Model):
    """Where traffic goes by the place of its origin.

    https://istio.io/latest/docs/reference/config/networking/destination-rule/#LocalityLoadBalancerSetting
    """

    enabled: Bool | None = None  #: Whether places count at all.
    distribute: tuple[Distribute, ...] = ()  #: Shares by place. Excludes `failover`.
    failover: tuple[Failover, ...] = ()  #: Which region takes over for which.
    #: Labels by which pods like the caller are preferred, the most important first.
    failoverPriority: tuple[Word, ...] = ()


class Warmup(Model):
    """New pods get their share of the traffic little by little.

    https://istio.io/latest/docs/reference/config/networking/destination-rule/#WarmupConfiguration
    """

    duration: Duration  #: How long it takes until a new pod has its full share.
    minimumPercent: Percent | None = None  #: The share that it begins with.
    aggression: Ratio | None = None  #: How fast the share grows; above 1 it grows faster at first. Default: Istio's, 1.


class LoadBalancer(Model):
    """How a pod is chosen for a request.

    https://istio.io/latest/docs/reference/config/networking/destination-rule/#LoadBalancerSettings
    """

    #: The algorithm. Default: Istio's, `LEAST_REQUEST`.
    simple: Literal["LEAST_REQUEST", "RANDOM", "ROUND_ROBIN", "PASSTHROUGH"] | None = None
    consistentHash: ConsistentHash | None = None  #: Requests that are alike go to the same pod.
    localityLbSetting: LocalityLbSetting | None = None  #: Where requests go by the place of the caller.
    warmup: Warmup | None = None  #: How new pods are brought in.


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
