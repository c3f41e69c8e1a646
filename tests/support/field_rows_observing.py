"""The rows of telemetry, metrics, objectives, alerts and dashboards."""

from collections.abc import Iterator, Sequence

from cmp.spec import validators as v
from tests.support.field_row import SYNTAX, Row
from tests.support.field_rows_security import FEW

TRACE, LOG, METRIC = (f"Telemetry:spec.{key}.[]" for key in ("tracing", "accessLogging", "metrics"))
TAG = f"{TRACE}.customTags"
RULE = "PrometheusRule:spec.groups.[].rules.[]"
QUERIES = ("up == 0", "sum(rate(a[5m])) > 1", "up{a='b'} # c", "up\n> 1\n", *SYNTAX)
CONDITIONS = ("response.code >= 500", "request.path == 'a\\n'", *SYNTAX)


def telemetry() -> Iterator[tuple[str, str, Row]]:
    """The fields of a Telemetry: path, what it is written in, and the row for a service."""
    for block in ("tracing", "accessLogging[]", "metrics[]"):
        yield f"{block}.providers[]", f"{block.removesuffix('[]')}: {{providers: [@]}}", Row("")
    yield "tracing.customTags.*=", "tracing: {customTags: {@: a}}", Row("", f"{TAG}.{{}}")
    yield (
        "tracing.customTags.*.literal",
        "tracing: {customTags: {a: {literal: @}}}",
        Row("", f"{TAG}.a.literal.value"),
    )
    for kind, name in (("environment", "A"), ("header", "x-a")):
        body = f"tracing: {{customTags: {{a: {{{kind}: {{%s}}}}}}}}"
        yield f"tracing.customTags.*.{kind}.name", body % "name: @", Row("", f"{TAG}.a.{kind}.name")
        default = Row("", f"{TAG}.a.{kind}.defaultValue")
        yield f"tracing.customTags.*.{kind}.defaultValue", body % f"name: {name}, defaultValue: @", default
    formatter = Row("", f"{TAG}.a.formatter.value")
    yield "tracing.customTags.*.formatter", "tracing: {customTags: {a: {formatter: @}}}", formatter
    expression = Row("", f"{LOG}.filter.expression", texts=CONDITIONS)
    yield "accessLogging[].filter.expression", "accessLogging: {filter: {expression: @}}", expression
    override = "metrics: {overrides: {%s}}"
    yield "metrics[].remove[]", "metrics: {remove: [@]}", Row("", f"{METRIC}.overrides.[].tagOverrides.{{}}")
    custom = Row("", f"{METRIC}.overrides.[].match.customMetric")
    yield "metrics[].overrides[].match.customMetric", override % "match: {customMetric: @}, disabled: true", custom
    tags = f"{METRIC}.overrides.[].tagOverrides"
    named = Row("", f"{tags}.{{}}")
    yield "metrics[].overrides[].tagOverrides.*=", override % "tagOverrides: {@: {value: request.host}}", named
    value = Row("", f"{tags}.a.value", texts=CONDITIONS)
    yield "metrics[].overrides[].tagOverrides.*.value", override % "tagOverrides: {a: {value: @}}", value
    interval = Row("", f"{METRIC}.reportingInterval", v.duration)
    yield "metrics[].reportingInterval", "metrics: {reportingInterval: @}", interval


def rows(holder: str, written: str, texts: Sequence[str] = SYNTAX) -> Iterator[tuple[str, Row]]:
    """The rows of one that has a Telemetry; ``written`` has ``%s`` for the key."""
    for path, body, row in telemetry():
        tried = row.texts if row.texts is CONDITIONS and texts is SYNTAX else texts
        yield f"{holder}telemetry.{path}", row._replace(fields=written % f"telemetry: {{{body}}}", texts=tried)


FETCHED = "access: [{}], metrics: {merge: false, %s}"
ENDPOINT = "PodMonitor:spec.podMetricsEndpoints.[]"
SERVICE = {
    **dict(rows("MeshService.", "%s")),
    "MeshService.metrics.port": Row("metrics: {port: @}", texts=SYNTAX),
    "MeshService.metrics.path": Row("metrics: {path: @}", "Deployment:spec.template.metadata.annotations.[]"),
    "MeshService.metrics.interval": Row(FETCHED % "interval: @", f"{ENDPOINT}.interval", v.duration, SYNTAX),
    "MeshService.metrics.scrapeTimeout": Row(
        FETCHED % "scrapeTimeout: @", f"{ENDPOINT}.scrapeTimeout", v.duration, SYNTAX
    ),
    "MeshService.slo.latency[].under": Row("slo: {latency: {percentile: 99%, under: @}}", texts=SYNTAX),
    "MeshService.slo.runbook": Row(
        "slo: {availability: 99%, runbook: @}",
        f"{RULE}.annotations.runbook_url",
        texts=("https://a.b/c?d=e#f", *SYNTAX),
    ),
    "MeshService.alerts.*=": Row("alerts: {@: up == 0}", f"{RULE}.alert", texts=SYNTAX),
    "MeshService.alerts.*.expr": Row("alerts: {A: {expr: @}}", f"{RULE}.expr", texts=QUERIES),
    "MeshService.alerts.*.for": Row("alerts: {A: {expr: up, for: @}}", f"{RULE}.for", v.duration, SYNTAX),
    "MeshService.alerts.*.keepFiringFor": Row(
        "alerts: {A: {expr: up, keepFiringFor: @}}", f"{RULE}.keep_firing_for", v.duration, SYNTAX
    ),
    "MeshService.alerts.*.severity": Row("alerts: {A: {expr: up, severity: @}}", f"{RULE}.labels.severity"),
    "MeshService.alerts.*.summary": Row("alerts: {A: {expr: up, summary: @}}", f"{RULE}.annotations.summary"),
    "MeshService.alerts.*.description": Row(
        "alerts: {A: {expr: up, description: @}}", f"{RULE}.annotations.description"
    ),
    "MeshService.alerts.*.runbook": Row(
        "alerts: {A: {expr: up, runbook: @}}", f"{RULE}.annotations.runbook_url", texts=("http://a/b", *SYNTAX)
    ),
    "MeshService.alerts.*.labels.*=": Row(
        "alerts: {A: {expr: up, labels: {@: a}}}", f"{RULE}.labels.{{}}", texts=SYNTAX
    ),
    "MeshService.alerts.*.labels.*": Row("alerts: {A: {expr: up, labels: {a: @}}}", f"{RULE}.labels.a"),
    "MeshService.alerts.*.annotations.*=": Row(
        "alerts: {A: {expr: up, annotations: {@: a}}}", f"{RULE}.annotations.{{}}", texts=SYNTAX
    ),
    "MeshService.alerts.*.annotations.*": Row("alerts: {A: {expr: up, annotations: {a: @}}}", f"{RULE}.annotations.a"),
    "MeshService.dashboard.folder": Row("dashboard: {folder: @}", "ConfigMap:metadata.annotations.grafana_folder"),
}
ENTRIES = {
    **dict(rows("MeshPlatform.gateways.*.", "gateways: {g#: {hosts: g#.example.net, namespace: in, %s}}", FEW)),
    **dict(rows("MeshPlatform.namespaces.*.", "namespaces: {n#: {%s}}", FEW)),
}
SINGLE = {
    **dict(rows("MeshPlatform.", "%s", FEW)),
    "MeshPlatform.monitoring.prometheus.labels.*=": Row("monitoring: {prometheus: {labels: {@: a}}}", texts=FEW),
    "MeshPlatform.monitoring.prometheus.labels.*": Row("monitoring: {prometheus: {labels: {a: @}}}", texts=FEW),
    "MeshPlatform.monitoring.prometheus.namespace": Row(
        "monitoring: {prometheus: {install: true, namespace: @}}", "Application:spec.destination.namespace", texts=FEW
    ),
    "MeshPlatform.monitoring.prometheus.version": Row(
        "monitoring: {prometheus: {install: true, version: @}}", "Application:spec.source.targetRevision", texts=FEW
    ),
    "MeshPlatform.monitoring.grafana.adminSecret": Row(
        "monitoring: {prometheus: true, grafana: {install: true, adminSecret: @}}",
        "Application:spec.source.helm.valuesObject.grafana.admin.existingSecret",
        texts=FEW,
    ),
    "MeshPlatform.monitoring.argocd.namespace": Row("monitoring: {argocd: {namespace: @}}", texts=FEW),
}
