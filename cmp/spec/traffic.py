"""How requests find their way: routes, ingress and outbound calls."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from cmp.spec.types import (
    Bool,
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

    later: ClassVar[frozenset[str]] = words("claims gateways")

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
    port: Word | None = None


class Rewrite(Model):
    """What replaces the matched part of the path, and the Host header, before the request is sent on."""

    later: ClassVar[frozenset[str]] = words("regex")

    path: Path | None = None
    authority: DnsName | None = None


class Retries(Model):
    """How failed tries are repeated (Istio's HTTPRetry). The default repeats only what was never sent."""

    later: ClassVar[frozenset[str]] = words("backoff retryRemoteLocalities retryIgnorePreviousHosts")

    attempts: Count | None = None
    perTryTimeout: Duration | None = None
    retryOn: tuple[RetryCondition, ...] = ()


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
    """A version that gets a copy of a share of the requests; its answers are dropped."""

    later: ClassVar[frozenset[str]] = words("service host port")

    version: Label
    percentage: Percent | None = None


class Route(Target):
    """One rule, tried in the order written. Without `match` it is the last."""

    later: ClassVar[frozenset[str]] = words("delegate")

    name: Label | None = None
    match: tuple[Match, ...] = ()
    redirect: Redirect | None = None
    directResponse: DirectResponse | None = None
    fault: Fault | None = None
    mirror: tuple[Mirror, ...] = ()


class Expose(Target):
    """A host at a gateway of the platform. `path` bounds what of the service is to be seen there."""

    later: ClassVar[frozenset[str]] = words("tls gatewayPort redirect directResponse delegated fault mirror")

    host: Host
    gateway: Label | None = None
    port: Word | None = None
    path: tuple[PathMatch, ...] = ()


class Call(Model):
    """Something the service calls: a service, all services of namespaces, or an address outside the mesh."""

    later: ClassVar[frozenset[str]] = words("tls gateway")

    service: Workload | None = None
    namespaces: tuple[Label, ...] = ()
    url: Url | None = None
