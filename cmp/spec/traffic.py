"""How requests find their way: routes, ingress and outbound calls."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from cmp.spec.gateway import OwnTls
from cmp.spec.types import (
    Bool,
    Claim,
    CookieName,
    Count,
    DnsName,
    Duration,
    Fraction,
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
    Port,
    RedirectCode,
    Regex,
    RetryCondition,
    SelectorKey,
    Status,
    Text,
    Weight,
    Word,
    Workload,
)

#: What Istio takes for methods of pages (istio pkg/config/validation, supportedCORSMethods).
CorsMethod = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE", "*"]


class PathMatch(Model):
    """A path as it is asked for. Text is a pattern of the language; the other keys are Istio's StringMatch."""

    pattern: Pattern | None = None  #: `/a` is that path only, `/a/*` it and all below it, `/a*` all that begins so.
    exact: Path | None = None  #: The whole path; a `*` in it is a star.
    prefix: Path | None = None  #: Its beginning, as text.
    regex: Regex | None = None  #: The whole path.


class TextMatch(Model):
    """A header or query parameter: plain text matches exactly.

    https://istio.io/latest/docs/reference/config/networking/virtual-service/#StringMatch
    """

    exact: Text | None = None  #: The whole value.
    prefix: Word | None = None  #: Its beginning.
    regex: Regex | None = None  #: The whole value.
    present: Literal["true"] | None = None  #: That it is there; not for `authority`, `scheme` and origins.


class Match(Model):
    """Conditions of a route; all of one match must hold. Several values of one key are an OR.

    https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPMatchRequest
    """

    path: tuple[PathMatch, ...] = ()  #: The path.
    headers: dict[Header, TextMatch] = {}  #: Headers by name.
    withoutHeaders: dict[Header, TextMatch] = {}  #: Headers that must not be there, or not with this value.
    cookies: dict[CookieName, TextMatch] = {}  #: Cookies by name; one for each match.
    queryParams: dict[Header, TextMatch] = {}  #: Parameters of the query by name.
    method: tuple[Method, ...] = ()  #: The HTTP method.
    authority: TextMatch | None = None  #: The Host header, with its port if it has one.
    scheme: TextMatch | None = None  #: The scheme, `http` or `https`.
    ignoreUriCase: Bool | None = None  #: Whether upper and lower case of the path are the same. Default: `false`.
    from_: Workload | None = Field(None, alias="from")  #: The service that calls. Requests of gateways do not match.
    sourceLabels: dict[SelectorKey, LabelValue] = {}  #: Labels of the pods that call.
    claims: dict[Claim, TextMatch] = {}  #: Claims of the token, which the gateway has checked. In the mesh none match.
    #: The gateways of the platform where the match holds; `mesh` is the mesh. Default: everywhere.
    gateways: tuple[Label, ...] = ()
    port: Word | None = None  #: The port of the Service, by name or number.


class RegexRewrite(Model):
    """What a regular expression finds in the path, and what comes in its place."""

    match: Regex  #: What is looked for.
    rewrite: Word  #: What is written there; a backslash and a digit is what that group of the expression matched.


class Rewrite(Model):
    """What replaces the matched part of the path, and the Host header, before the request is sent on.

    https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPRewrite
    """

    path: Path | None = None  #: In place of what the match's path matched.
    regex: RegexRewrite | None = None  #: In place of what a regular expression finds.
    authority: DnsName | None = None  #: In place of the Host header.


class Retries(Model):
    """How failed tries are repeated. The default repeats only what was never sent.

    https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPRetry
    """

    attempts: Count | None = None  #: Tries after the first; 0 is none. Default: `2`.
    perTryTimeout: Duration | None = None  #: How long each try may take. Default: the timeout of the request.
    #: The failures that are repeated. Default: `[connect-failure, refused-stream]`.
    retryOn: tuple[RetryCondition, ...] = ()
    backoff: Duration | None = None  #: The least time between two tries. Default: Istio's, 25ms.
    retryRemoteLocalities: Bool | None = None  #: Whether other localities may be tried. Default: Istio's, `false`.
    #: Whether tries avoid the pods that failed before. Default: Istio's, `true`.
    retryIgnorePreviousHosts: Bool | None = None


class HeaderChanges(Model):
    """What is done to headers before they are sent on. Values are Envoy's format strings: `%` begins a command.

    https://istio.io/latest/docs/reference/config/networking/virtual-service/#Headers-HeaderOperations
    """

    set: dict[Header, HeaderValue] = {}  #: Headers that are written, over what is there.
    add: dict[Header, HeaderValue] = {}  #: Headers that are added to what is there.
    remove: tuple[Header, ...] = ()  #: Headers that are removed.


class Headers(Model):
    """Changes to the headers of requests and responses.

    https://istio.io/latest/docs/reference/config/networking/virtual-service/#Headers
    """

    request: HeaderChanges | None = None  #: Before the request is sent on.
    response: HeaderChanges | None = None  #: Before the response is given back.


class Cors(Model):
    """Which pages of other origins may call. A plain origin matches exactly.

    https://istio.io/latest/docs/reference/config/networking/virtual-service/#CorsPolicy
    """

    allowOrigins: tuple[TextMatch, ...] = ()  #: The origins whose pages may call.
    allowMethods: tuple[CorsMethod, ...] = ()  #: The methods that they may use.
    allowHeaders: tuple[Header, ...] = ()  #: The headers that they may send.
    exposeHeaders: tuple[Header, ...] = ()  #: The headers of responses that they may read.
    maxAge: Duration | None = None  #: How long a browser may remember the answer.
    allowCredentials: Bool | None = None  #: Whether cookies and credentials are sent along.
    #: Whether preflights of other origins are sent on to the service.
    unmatchedPreflights: Literal["FORWARD", "IGNORE"] | None = None


class Destination(Model):
    """A target of a route: a version of this service, another service, or a host."""

    version: Label | None = None  #: A version of this service.
    service: Workload | None = None  #: Another service; its own split between versions is kept.
    host: DnsName | None = None  #: A host outside, which a service of the namespace calls over HTTP.
    port: Word | None = None  #: The port there, by name or number. Default: the only port, or the one called http.
    weight: Weight | None = None  #: The share of the requests; they sum to 100. A single destination has all.
    headers: Headers | None = None  #: Changes to the headers of what goes this way.


class Delay(Model):
    """A pause before a share of the requests is sent on.

    https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPFaultInjection-Delay
    """

    fixedDelay: Duration  #: How long.
    percentage: Fraction | None = None  #: For which share of the requests. Default: `100%`.


class Abort(Model):
    """An answer in place of the service's, for a share of the requests.

    https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPFaultInjection-Abort
    """

    httpStatus: Status | None = None  #: The HTTP status of the answer.
    grpcStatus: GrpcStatus | None = None  #: The gRPC status of the answer.
    percentage: Fraction | None = None  #: For which share of the requests. Default: `100%`.


class Fault(Model):
    """Faults to try how callers bear them.

    https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPFaultInjection
    """

    delay: Delay | None = None  #: A pause before requests are sent on.
    abort: Abort | None = None  #: An answer in place of the service's.


class Redirect(Model):
    """An answer that sends the client elsewhere. `path` replaces the whole path, `prefixRewrite` what matched.

    https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPRedirect
    """

    path: Path | None = None  #: The path to go to, in place of the whole path (uri).
    #: What comes in place of the prefix that the route's path is (`{prefix: /a}` or `/a*`).
    prefixRewrite: Path | None = None
    authority: DnsName | None = None  #: The host to go to. Default: the same.
    scheme: Literal["http", "https"] | None = None  #: The scheme to go to. Default: the same.
    port: Port | None = None  #: The port to go to.
    redirectCode: RedirectCode | None = None  #: The status. Default: Istio's, 301.


class DirectResponse(Model):
    """A fixed answer, given by the proxy.

    https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPDirectResponse
    """

    status: Status  #: The HTTP status.
    body: Text | None = None  #: The text of the answer.


class Mirror(Model):
    """What gets a copy of a share of the requests; its answers are dropped.

    https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPMirrorPolicy
    """

    version: Label | None = None  #: The version that gets the copies.
    #: The service that gets them, `name` or `name.namespace`: its one serving version, or any pod of several.
    service: Workload | None = None
    host: DnsName | None = None  #: The outside host that gets them, which `calls` declares.
    port: Word | None = None  #: The port there. Default: the same, or the main one.
    percentage: Fraction | None = None  #: The share of the requests that is copied. Default: `100%`.


class Target(Model):
    """Where requests go, and what is done to them on the way."""

    to: dict[Label, Weight] = {}  #: Versions of this service with their shares.
    #: Versions, other services and hosts outside with their shares. Default: the versions by their weights.
    destinations: tuple[Destination, ...] = ()
    rewrite: Rewrite | None = None  #: What is sent in place of the path and the Host header.
    timeout: Duration | None = None  #: How long a request may take. Default: the service's.
    retries: Retries | None = None  #: How failed tries are repeated. Default: the service's.
    cors: Cors | None = None  #: Which pages of other origins may call. Default: the service's.
    headers: Headers | None = None  #: Changes to the headers of requests and responses.
    redirect: Redirect | None = None  #: Answers that the client should go elsewhere.
    directResponse: DirectResponse | None = None  #: Answers in place of any service.
    fault: Fault | None = None  #: Fails on purpose, to try how callers bear it.
    mirror: tuple[Mirror, ...] = ()  #: What gets a copy of the requests.


class Route(Target):
    """One rule, tried in the order written. Without `match` it is the last."""

    name: Label | None = None  #: Shows in access logs. Default: a hash of the matches.
    match: tuple[Match, ...] = ()  #: When the rule holds: one of the list has to. Default: always.
    delegate: Workload | None = None  #: The service whose rules take over, `name` or `name.namespace`.


class Expose(Target):
    """A host, or a port, at a gateway of the platform. `path` bounds what of the service is to be seen there."""

    #: The host, one that a gateway serves or, with `tls`, any. Needed unless `delegated`, or a port takes connections.
    host: Host | None = None
    #: The gateway of the platform. Default: the one whose hosts cover this one most closely.
    gateway: Label | None = None
    #: A further port of the gateway, by name or number: for requests or connections. Default: 80 and 443.
    gatewayPort: Word | None = None
    #: A server and certificate of its own for the host. Default: those of the gateway.
    tls: OwnTls | None = None
    #: The port that is published, by name or number. Default: the only HTTP port, or the one called http.
    port: Word | None = None
    path: tuple[PathMatch, ...] = ()  #: What of the service is to be seen there. Default: everything.
    #: Takes over what other services' routes hand to this one by `delegate`, in place of a host.
    delegated: Bool | None = None
