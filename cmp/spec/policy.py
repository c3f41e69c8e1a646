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

    name: Word
    value: Text | None = None


class HttpCookie(Model):
    """A cookie whose value decides which pod answers. With a `ttl` the proxy sets it where a request has none."""

    name: Word
    path: Word | None = None
    ttl: DurationOrZero | None = None
    attributes: tuple[CookieAttribute, ...] = ()


class RingHash(Model):
    """Consistent hashing on a ring."""

    minimumRingSize: Positive | None = None


class Maglev(Model):
    """Consistent hashing by Maglev's table, whose size is a prime."""

    tableSize: Positive


class ConsistentHash(Model):
    """What of a request decides which pod answers."""

    httpHeaderName: Header | None = None
    httpCookie: HttpCookie | None = None
    useSourceIp: Bool | None = None
    httpQueryParameterName: Header | None = None
    ringHash: RingHash | None = None
    maglev: Maglev | None = None


class Distribute(Model):
    """Shares of the traffic from one locality (region/zone/sub-zone) to others, in percent."""

    from_: Locality = Field(alias="from")
    to: dict[Locality, Weight]


class Failover(Model):
    """The region that takes over for another."""

    from_: Region = Field(alias="from")
    to: Region


class LocalityLbSetting(Model):
    """Where traffic goes by the place of its origin."""

    enabled: Bool | None = None
    distribute: tuple[Distribute, ...] = ()
    failover: tuple[Failover, ...] = ()
    failoverPriority: tuple[Word, ...] = ()


class Warmup(Model):
    """New pods get their share of the traffic little by little."""

    duration: Duration
    minimumPercent: Percent | None = None
    aggression: Ratio | None = None


class LoadBalancer(Model):
    """How a pod is chosen for a request."""

    simple: Literal["LEAST_REQUEST", "RANDOM", "ROUND_ROBIN", "PASSTHROUGH"] | None = None
    consistentHash: ConsistentHash | None = None
    localityLbSetting: LocalityLbSetting | None = None
    warmup: Warmup | None = None


class TcpKeepalive(Model):
    """Keep-alive probes of idle connections."""

    probes: Positive | None = None
    time: Duration | None = None
    interval: Duration | None = None


class TcpPool(Model):
    """Limits of connections, for HTTP as well."""

    maxConnections: Count | None = None
    connectTimeout: Duration | None = None
    tcpKeepalive: TcpKeepalive | None = None
    maxConnectionDuration: Duration | None = None
    idleTimeout: DurationOrZero | None = None


class HttpPool(Model):
    """Limits of HTTP requests."""

    http1MaxPendingRequests: Count | None = None
    http2MaxRequests: Count | None = None
    maxRequestsPerConnection: Count | None = None
    maxRetries: Count | None = None
    maxConcurrentStreams: Count | None = None
    idleTimeout: Duration | None = None
    h2UpgradePolicy: Literal["DEFAULT", "DO_NOT_UPGRADE", "UPGRADE"] | None = None
    useClientProtocol: Bool | None = None


class ConnectionPool(Model):
    """Limits of what is under way to a service at once."""

    tcp: TcpPool | None = None
    http: HttpPool | None = None


class OutlierDetection(Model):
    """When a pod that keeps failing gets no traffic for a while."""

    consecutive5xxErrors: Count | None = None
    consecutiveGatewayErrors: Count | None = None
    consecutiveLocalOriginFailures: Count | None = None
    splitExternalLocalOriginErrors: Bool | None = None
    interval: Duration | None = None
    baseEjectionTime: Duration | None = None
    maxEjectionPercent: Percent | None = None
    minHealthPercent: Percent | None = None


class ClientTls(Model):
    """TLS that the proxy of a caller speaks to the service. In the mesh this is left out: mutual TLS is automatic."""

    later: ClassVar[frozenset[str]] = words("credentialName")

    mode: Literal["DISABLE", "SIMPLE", "MUTUAL", "ISTIO_MUTUAL"] | None = None
    clientCertificate: Word | None = None
    privateKey: Word | None = None
    caCertificates: Word | None = None
    subjectAltNames: tuple[Word, ...] = ()
    sni: Host | None = None


class RetryBudget(Model):
    """How many of the requests under way may be retries."""

    percent: Percent | None = None
    minRetryConcurrency: Count | None = None


class ProxyProtocol(Model):
    """The PROXY protocol's header in front of each connection."""

    version: Literal["V1", "V2"] | None = None


class Tunnel(Model):
    """Connections are sent through an HTTP proxy, by CONNECT or POST, to the target that it is told."""

    protocol: Literal["CONNECT", "POST"] | None = None
    targetHost: HostOrIp
    targetPort: Port


class PortPolicy(Model):
    """What a port may say of its own."""

    loadBalancer: LoadBalancer | None = None
    connectionPool: ConnectionPool | None = None
    outlierDetection: OutlierDetection | None = None
    tls: ClientTls | None = None


class TrafficPolicy(PortPolicy):
    """What a service and each of its versions may say."""

    retryBudget: RetryBudget | None = None
    proxyProtocol: ProxyProtocol | None = None
    tunnel: Tunnel | None = None
