"""What Prometheus and Grafana are told of a service: where its metrics are, its rules, its dashboard.

https://prometheus-operator.dev/docs/api-reference/api/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from cmp.context.model import Platform, Service
from cmp.manifests.step import PlatformStep, Step, manifest
from cmp.waves import Manifest, Wave

if TYPE_CHECKING:
    from cmp.spec.monitoring import Alert

API = "monitoring.coreos.com/v1"
#: The label of ConfigMaps with dashboards.
DASHBOARD = "grafana_dashboard"
#: The annotation of ConfigMaps that names the folder of their dashboards.
FOLDER = "grafana_folder"


def pod_monitors(service: Service) -> Iterator[Manifest]:
    """Metrics of the application that Prometheus fetches itself. What the proxy shows is fetched with the proxies'."""
    metrics = service.spec.metrics
    if metrics is None or metrics.merge is not False:
        return
    endpoint = {
        "portNumber": service.container_port(metrics.port),
        "path": metrics.path or "/metrics",
        "interval": metrics.interval,
        "scrapeTimeout": metrics.scrapeTimeout,
    }
    spec = {"selector": {"matchLabels": dict(service.facts.labels)}, "podMetricsEndpoints": [endpoint]}
    yield _found(service, "PodMonitor", service.name, spec)


def objectives(service: Service) -> Iterator[Manifest]:
    """The objectives of a service, as rules that record and alert."""
    if service.spec.slo is None:
        return
    from cmp.manifests import slo  # only specs with objectives pay for it

    yield _found(service, "PrometheusRule", f"{service.name}-slo", {"groups": list(slo.groups(service))})


def alerts(service: Service) -> Iterator[Manifest]:
    """Alerts with queries of one's own, in the order of their names."""
    rules = [_alert(service, name, alert) for name, alert in sorted(service.spec.alerts.items())]
    if rules:
        spec = {"groups": [{"name": f"{service.name}-alerts", "rules": rules}]}
        yield _found(service, "PrometheusRule", f"{service.name}-alerts", spec)


def _alert(service: Service, name: str, alert: Alert) -> Manifest:
    labels = {**owned(service), "severity": alert.severity, **alert.labels}
    notes = {"summary": alert.summary, "description": alert.description, "runbook_url": alert.runbook}
    return {
        "alert": name,
        "expr": alert.expr,
        "for": alert.for_,
        "keep_firing_for": alert.keepFiringFor,
        "labels": {key: value for key, value in labels.items() if value is not None},
        "annotations": {key: value for key, value in {**notes, **alert.annotations}.items() if value is not None}
        or None,
    }


def owned(service: Service) -> Mapping[str, str]:
    """The labels that say whose a rule is; Alertmanager's routes of a namespace ask for the second."""
    return {"service": service.name, "namespace": service.namespace}


def dashboards(service: Service) -> Iterator[Manifest]:
    """The dashboard of a service, which Grafana's sidecar finds by its label.

    https://github.com/grafana/helm-charts/tree/main/charts/grafana#sidecar-for-dashboards
    """
    spec = service.spec.dashboard
    if spec is None or spec.enabled is False:
        return
    from cmp.manifests import dashboard  # only specs with a dashboard pay for it

    found = shown_by_grafana(service.name, dashboard.text(service))
    if spec.folder is not None:
        found["metadata"]["annotations"] = {FOLDER: spec.folder}
    yield found


def shown_by_grafana(name: str, text: str) -> Manifest:
    """The ConfigMap of a dashboard, with the label that Grafana's sidecar looks for."""
    found = manifest("v1", "ConfigMap", f"{name}-dashboard", data={f"{name}.json": text})
    found["metadata"]["labels"] = {DASHBOARD: "1"}
    return found


def projects(platform: Platform) -> Iterator[Manifest]:
    """What Argo CD may do to install Prometheus."""
    if platform.spec.monitoring is not None:
        from cmp.manifests import prometheus_stack

        yield from prometheus_stack.projects(platform)


def installed(platform: Platform) -> Iterator[Manifest]:
    """Prometheus and Grafana themselves."""
    if platform.spec.monitoring is not None:
        from cmp.manifests import prometheus_stack

        yield from prometheus_stack.applications(platform)


def of_platform(platform: Platform) -> Iterator[Manifest]:
    """What watches the platform itself."""
    if platform.spec.monitoring is None:
        return
    from cmp.manifests import platform_alerts, platform_dashboards, prometheus  # only platforms with monitoring pay

    yield from prometheus.monitors(platform)
    yield from platform_alerts.rules(platform)
    yield from platform_dashboards.dashboards(platform)


def _found(service: Service, kind: str, name: str, spec: Manifest) -> Manifest:
    """An object that Prometheus has to find by its labels."""
    found = manifest(API, kind, name, spec=spec)
    found["metadata"]["labels"] = dict(service.observed.labels)
    return found


STEPS = (
    Step(Wave.FOLLOWERS, pod_monitors),
    Step(Wave.FOLLOWERS, objectives),
    Step(Wave.FOLLOWERS, alerts),
    Step(Wave.FOLLOWERS, dashboards),
)
PLATFORM_STEPS = (
    PlatformStep(Wave.FOUNDATIONS, projects),
    PlatformStep(Wave.FOLLOWERS, installed),
    PlatformStep(Wave.OBSERVERS, of_platform),
)
