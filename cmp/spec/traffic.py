"""How requests find their way: routes, ingress and outbound calls."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from cmp.spec.types import (
    Bool,
    Cidr,
    Claim,
    CookieName,
    Count,
    DnsName,
    Duration,
    GrpcStatus,
    Header,
    HeaderValue,
    Host,
    Label,
    LabelValue,
    Method,
    Model,
    Path,
    Pattern,
    Percent,
    Port,
    RedirectCode,
    Regex,
    RetryCondition,
    SelectorKey,
    Status,
    Text,
    Url,
    Weight,
    Word,
    Workload,
    words,
)


class PathMatch(Model):
    """A path as it is asked for. Text is a pattern of the language; the other keys are Istio's StringMatch."""

    pattern: Pattern | None = None
    exact: Path | None = None
    prefix: Path | None = None
    regex: Regex | None = None


class TextMatch(Model):
    """A header or query parameter: plain text matches exactly."""

    exact: Text | None = None
    prefix: Word | None = None
    regex: Regex | None = None
    present: Literal["true"] | None = None


class Match(Model):
    """Conditions of a route; all of one match must hold. Several values of one key are an OR."""

    path: tuple[PathMatch, ...] = ()
    headers: dict[Header, TextMatch] = {}
    withoutHeaders: dict[Header, TextMatch] = {}
    cookies: dict[CookieName, TextMatch] = {}
    queryParams: dict[Header, TextMatch] = {}
    method: tuple[Method, ...] = ()
    authority: TextMatch | None = None
    scheme: TextMatch | None = None
    ignoreUriCase: Bool | None = None
    from_: Workload | None = Field(None, alias="from")
    sourceLabels: dict[SelectorKey, LabelValue] = {}
    claims: dict[Claim, TextMatch] = {}
    gateways: tuple[Label, ...] = ()
    port: Word | None = None


class RegexRewrite(Model):
    """What a regular expression finds in the path, and what comes in its place (RE2: a backslash and 1 is a group)."""

    match: Regex
    rewrite: Text


class Rewrite(Model):
    """What replaces the matched part of the path, and the Host header, before the request is sent on."""

    path: Path | None = None
    regex: RegexRewrite | None = None
    authority: DnsName | None = None


class Retries(Model):
    """How failed tries are repeated (Istio's HTTPRetry). The default repeats only what was never sent."""

    attempts: Count | None = None
    perTryTimeout: Duration | None = None
    retryOn: tuple[RetryCondition, ...] = ()
    backoff: Duration | None = None
    retryRemoteLocalities: Bool | None = None
    retryIgnorePreviousHosts: Bool | None = None


class HeaderChanges(Model):
    """What is done to headers before they are sent on. Values are Envoy's format strings: a percent sign is `%%`."""

    set: dict[Header, HeaderValue] = {}
    add: dict[Header, HeaderValue] = {}
    remove: tuple[Header, ...] = ()


class Headers(Model):
    """Changes to the headers of requests and responses."""

    request: HeaderChanges | None = None
    response: HeaderChanges | None = None


class Cors(Model):
    """Which pages of other origins may call (Istio's CorsPolicy). A plain origin matches exactly."""

    allowOrigins: tuple[TextMatch, ...] = ()
    allowMethods: tuple[Method, ...] = ()
    allowHeaders: tuple[Header, ...] = ()
    exposeHeaders: tuple[Header, ...] = ()
    maxAge: Duration | None = None
    allowCredentials: Bool | None = None
    unmatchedPreflights: Literal["FORWARD", "IGNORE"] | None = None


class Destination(Model):
    """A target of a route: a version of this service, another service, or a host."""

    version: Label | None = None
    service: Workload | None = None
    host: DnsName | None = None
    port: Word | None = None
    weight: Weight | None = None
    headers: Headers | None = None


class Target(Model):
    """What a route and an exposed host have in common."""

    to: dict[Label, Weight] = {}
    destinations: tuple[Destination, ...] = ()
    rewrite: Rewrite | None = None
    timeout: Duration | None = None
    retries: Retries | None = None
    cors: Cors | None = None
    headers: Headers | None = None


class Delay(Model):
    """A pause before a share of the requests is sent on."""

    fixedDelay: Duration
    percentage: Percent | None = None


class Abort(Model):
    """An answer in place of the service's, for a share of the requests."""

    httpStatus: Status | None = None
    grpcStatus: GrpcStatus | None = None
    percentage: Percent | None = None


class Fault(Model):
    """Faults to try how callers bear them."""

    delay: Delay | None = None
    abort: Abort | None = None


class Redirect(Model):
    """An answer that sends the client elsewhere. `path` replaces the whole path."""

    path: Path | None = None
    authority: DnsName | None = None
    scheme: Literal["http", "https"] | None = None
    port: Port | None = None
    redirectCode: RedirectCode | None = None


class DirectResponse(Model):
    """A fixed answer, given by the proxy."""

    status: Status
    body: Text | None = None


class Mirror(Model):
    """What gets a copy of a share of the requests; its answers are dropped."""

    version: Label | None = None
    service: Workload | None = None
    host: DnsName | None = None
    port: Word | None = None
    percentage: Percent | None = None


class Route(Target):
    """One rule, tried in the order written. Without `match` it is the last."""

    name: Label | None = None
    match: tuple[Match, ...] = ()
    redirect: Redirect | None = None
    directResponse: DirectResponse | None = None
    delegate: Workload | None = None
    fault: Fault | None = None
    mirror: tuple[Mirror, ...] = ()


class StreamMatch(Model):
    """Conditions of a rule for connections: the port they go to, and who opens them."""

    port: Word | None = None
    from_: Workload | None = Field(None, alias="from")
    sourceLabels: dict[SelectorKey, LabelValue] = {}
    destinationSubnets: tuple[Cidr, ...] = ()


class TlsMatch(StreamMatch):
    """The same for encrypted connections, with the server names that clients ask for."""

    sniHosts: tuple[Host, ...]


class StreamDestination(Model):
    """A target of connections: a version of this service, another service, or a host."""

    version: Label | None = None
    service: Workload | None = None
    host: DnsName | None = None
    port: Word | None = None
    weight: Weight | None = None


class StreamRoute(Model):
    """Where connections go."""

    to: dict[Label, Weight] = {}
    destinations: tuple[StreamDestination, ...] = ()


class TcpRoute(StreamRoute):
    """One rule for connections of TCP ports, tried in the order written. Below them come the versions' weights."""

    match: tuple[StreamMatch, ...] = ()


class TlsRoute(StreamRoute):
    """One rule for connections of ports that speak TLS themselves, by the name of the server that is asked for."""

    match: tuple[TlsMatch, ...]


class Expose(Target):
    """A host at a gateway of the platform. `path` bounds what of the service is to be seen there."""

    later: ClassVar[frozenset[str]] = words("tls gatewayPort redirect directResponse fault mirror")

    host: Host | None = None
    gateway: Label | None = None
    port: Word | None = None
    path: tuple[PathMatch, ...] = ()
    delegated: Bool | None = None


class Call(Model):
    """Something the service calls: a service, all services of namespaces, or an address outside the mesh."""

    later: ClassVar[frozenset[str]] = words("tls gateway")

    service: Workload | None = None
    namespaces: tuple[Label, ...] = ()
    url: Url | None = None
