"""How a service is seen to run: its own metrics, its objectives, alerts and dashboard."""

from __future__ import annotations

from pydantic import Field

from cmp.spec.types import (
    Bool,
    Count,
    Days,
    Duration,
    Model,
    Objective,
    ProbePath,
    PromLabel,
    PromQl,
    Text,
    WebPage,
    Word,
)


class AppMetrics(Model):
    """Where the application shows metrics of its own, in Prometheus' format.

    The proxy fetches and shows them together with its own, so that Prometheus needs no identity of the mesh.
    https://istio.io/latest/docs/ops/integrations/prometheus/#option-1-metrics-merging
    """

    port: Word | None = (
        None  #: A port of the service by name or number, or one of the container. Default: the main port.
    )
    path: ProbePath | None = None  #: Where. Default: `/metrics`.
    #: Whether the proxy shows them with its own; `false` writes a PodMonitor of the port, which Prometheus has to reach
    #: without mutual TLS. Default: `true`.
    merge: Bool | None = None
    interval: Duration | None = None  #: How often they are fetched, with `merge: false`. Default: Prometheus' own.
    scrapeTimeout: Duration | None = None  #: How long fetching may take, with `merge: false`. Default: Prometheus' own.


class Latency(Model):
    """How fast how many requests are answered that do not fail."""

    percentile: Objective | None = None  #: The share of requests, as `99%`.
    #: The time: a bound of the proxies' histogram, 1ms, 5ms, 10ms, 25ms, 50ms, 100ms, 250ms, 500ms, 1s, 2.5s, 5s, 10s,
    #: 30s, 1m, 5m or 10m.
    under: Duration | None = None


class Slo(Model):
    """Objectives of the service, each watched by alerts over several windows.

    https://sre.google/workbook/alerting-on-slos/
    """

    #: The share of requests that do not fail: no 5xx, no error of the server in gRPC, and not lost on the way.
    availability: Objective | None = None
    latency: tuple[Latency, ...] = ()  #: How fast requests are answered.
    window: Days | None = None  #: The time over which objectives hold, 28 to 90 days. Default: `30d`.
    #: How many requests have to fail in an alert's long window before it calls anybody. Default: `5`.
    minFailures: Count | None = None
    runbook: WebPage | None = None  #: The page that tells what to do, in `runbook_url` of the alerts.


class Alert(Model):
    """An alert with a query of one's own; a plain text is the query.

    https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules/
    """

    expr: PromQl | None = None  #: The query in PromQL: the alert is on while it gives something.
    for_: Duration | None = Field(None, alias="for")  #: How long before somebody is called. Default: at once.
    keepFiringFor: Duration | None = None  #: How long it stays on when the query gives nothing any more.
    severity: Word | None = None  #: The label `severity`, by which alerts find people.
    summary: Word | None = None  #: One line of what is wrong; a template of Prometheus.
    description: Word | None = None  #: More of it; a template of Prometheus.
    runbook: WebPage | None = None  #: The page that tells what to do, in `runbook_url`.
    labels: dict[PromLabel, Text] = {}  #: Further labels. All alerts have `service` and `namespace`.
    annotations: dict[PromLabel, Text] = {}  #: Further annotations.


class Dashboard(Model):
    """A dashboard of Grafana with what proxies and cluster measure of the service.

    Its ConfigMap has the label `grafana_dashboard`, for Grafana's sidecar.
    https://github.com/grafana/helm-charts/tree/main/charts/grafana#sidecar-for-dashboards
    """

    enabled: Bool | None = None  #: `false` for none. Default: `true`.
    folder: Word | None = None  #: The folder, in the annotation `grafana_folder`. Default: Grafana's own.
