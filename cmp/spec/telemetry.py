"""What proxies measure, log and trace: Istio's Telemetry.

https://istio.io/latest/docs/reference/config/telemetry/
"""

from __future__ import annotations

from typing import Literal

from cmp.spec.types import (
    Bool,
    Cel,
    Duration,
    EnvName,
    Fraction,
    Header,
    HeaderValue,
    Model,
    SpanTag,
    TagName,
    Word,
)

#: Whether a proxy is on the side of who calls or of who is called.
Mode = Literal["CLIENT_AND_SERVER", "CLIENT", "SERVER"]
Metric = Literal[
    "ALL_METRICS",
    "REQUEST_COUNT",
    "REQUEST_DURATION",
    "REQUEST_SIZE",
    "RESPONSE_SIZE",
    "TCP_OPENED_CONNECTIONS",
    "TCP_CLOSED_CONNECTIONS",
    "TCP_SENT_BYTES",
    "TCP_RECEIVED_BYTES",
    "GRPC_REQUEST_MESSAGES",
    "GRPC_RESPONSE_MESSAGES",
]


class Side(Model):
    """The side that something holds for."""

    mode: Mode  #: `CLIENT` is what the pods call, `SERVER` what they are asked. Default: both.


class EnvironmentTag(Model):
    """A tag with the value of a variable of the proxy.

    https://istio.io/latest/docs/reference/config/telemetry/#Tracing-Environment
    """

    name: EnvName  #: The variable.
    defaultValue: Word | None = None  #: The value without the variable. Default: no tag.


class HeaderTag(Model):
    """A tag with the value of a header of the request.

    https://istio.io/latest/docs/reference/config/telemetry/#Tracing-RequestHeader
    """

    name: Header  #: The header.
    defaultValue: Word | None = None  #: The value without the header. Default: no tag.


class CustomTag(Model):
    """A tag of every span: fixed, or from a variable, a header, or a format of access logs.

    https://istio.io/latest/docs/reference/config/telemetry/#Tracing-CustomTag
    """

    literal: Word | None = None  #: The value itself.
    environment: EnvironmentTag | None = None  #: A variable of the proxy.
    header: HeaderTag | None = None  #: A header of the request.
    formatter: HeaderValue | None = None  #: A format of access logs, as `%REQ(x-a)%`. Istio 1.29.


class Tracing(Model):
    """Which requests are traced, and what spans say.

    https://istio.io/latest/docs/reference/config/telemetry/#Tracing
    """

    match: Side | None = None  #: The side that it holds for. Default: both.
    #: Who takes the traces. Default: what the platform says for namespace or mesh, or the only one that it has.
    providers: tuple[Word, ...] = ()
    #: Share of the requests that are traced, where nobody decided before. Default: the mesh's, 1%.
    randomSamplingPercentage: Fraction | None = None
    disableSpanReporting: Bool | None = None  #: Whether no span is reported. Default: they are.
    customTags: dict[SpanTag, CustomTag] = {}  #: Tags of every span. They replace those of namespace and mesh.
    useRequestIdForTraceSampling: Bool | None = (
        None  #: Whether the request's ID tells if it is traced. Default: it does.
    )
    enableIstioTags: Bool | None = None  #: Whether spans have Istio's own tags. Default: `true`. Istio 1.25.
    #: Whether the headers of traces are kept from who is called. Default: `false`. Istio 1.30.
    disableContextPropagation: Bool | None = None


class LogFilter(Model):
    """Which requests and connections are logged.

    https://istio.io/latest/docs/reference/config/telemetry/#AccessLogging-Filter
    """

    expression: Cel  #: A condition in CEL over attributes, as `response.code >= 500`.


class AccessLogging(Model):
    """Whether requests are logged, where to, and which.

    https://istio.io/latest/docs/reference/config/telemetry/#AccessLogging
    """

    match: Side | None = None  #: The side that it holds for. Default: both.
    #: Who takes the logs. Default: what the platform says for namespace or mesh, else `envoy`: the proxy's output.
    providers: tuple[Word, ...] = ()
    filter: LogFilter | None = None  #: What is logged; a plain text is the condition. Default: everything.
    disabled: Bool | None = None  #: Whether nothing is logged. Default: `false`.


class MetricMatch(Model):
    """The metrics that are meant. Default: all of them.

    https://istio.io/latest/docs/reference/config/telemetry/#MetricSelector
    """

    metric: Metric | None = None  #: One of Istio's own.
    customMetric: Word | None = None  #: Another one, by its name.
    mode: Mode | None = None  #: The side that it holds for. Default: both.


class TagOverride(Model):
    """What becomes of a label. A plain text is its value, and `REMOVE` removes it.

    https://istio.io/latest/docs/reference/config/telemetry/#MetricsOverrides-TagOverride
    """

    operation: Literal["UPSERT", "REMOVE"] | None = None  #: Default: `UPSERT`.
    value: Cel | None = None  #: The value in CEL; text stands in quotes inside it, as in `"'eu'"`.


class MetricsOverride(Model):
    """What is measured otherwise than Istio does.

    https://istio.io/latest/docs/reference/config/telemetry/#MetricsOverrides
    """

    match: MetricMatch | None = None  #: The metrics that are meant. Default: all of them.
    disabled: Bool | None = None  #: Whether they are not measured. Default: they are.
    tagOverrides: dict[TagName, TagOverride] = {}  #: What becomes of labels, by name.


class Metrics(Model):
    """What proxies measure.

    https://istio.io/latest/docs/reference/config/telemetry/#Metrics
    """

    #: Who takes the metrics. Default: what the platform says for namespace or mesh, else `prometheus`.
    providers: tuple[Word, ...] = ()
    remove: tuple[TagName, ...] = ()  #: Labels that all metrics go without.
    overrides: tuple[MetricsOverride, ...] = ()  #: In this order, after `remove`; later ones win.
    reportingInterval: Duration | None = None  #: How often connections are reported that stay open. Default: 5 seconds.


class Telemetry(Model):
    """What proxies measure, log and trace. What is not said stays as namespace and mesh have it.

    https://istio.io/latest/docs/reference/config/telemetry/
    """

    tracing: Tracing | None = None  #: Traces; a plain percentage is the share of requests.
    accessLogging: tuple[AccessLogging, ...] = ()  #: Logs of requests; `true` for all, `false` for none.
    metrics: tuple[Metrics, ...] = ()  #: Metrics of requests and connections.
