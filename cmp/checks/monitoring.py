"""Checks of a service's own metrics, of its objectives, alerts and dashboard, and of what watches the platform."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cmp.checks.finding import Finding
from cmp.checks.ports import PROXY_PORTS
from cmp.context.model import TLS_PROTOCOLS, Context, Platform, Port, Service
from cmp.context.telemetry import around, changed, levels, measured

if TYPE_CHECKING:
    from cmp.context.rules import Fields
    from cmp.spec.monitoring import AppMetrics
    from cmp.spec.platform_monitoring import Grafana, Prometheus


def check_metrics(context: Context) -> Iterator[Finding]:
    """The proxy can fetch the application's metrics, or Prometheus can."""
    for service in context.services:
        metrics = service.spec.metrics
        if metrics is None or service.facts.runs != "image":
            continue
        number, port = service.container_port(metrics.port), service.port(metrics.port)
        if number is None:
            known = ", ".join(one.name for one in service.ports)
            help = f"one of {known}, or a number" if known else "write the number of the container's port"
            message = f'no port "{metrics.port}"' if metrics.port is not None else "which port has the metrics?"
            yield Finding("MS205", service, ("metrics", "port"), message, help)
            continue
        if number in PROXY_PORTS or not 0 < number <= 65535:
            message = f"port {number} is the proxy's, or none"
            yield Finding("MS252", service, ("metrics", "port"), message, "name a port of the application")
        if port is not None and port.protocol in TLS_PROTOCOLS:
            message = f'port "{port.name}" speaks {port.protocol}, and metrics are fetched in plain text'
            yield Finding("MS252", service, ("metrics",), message, "show them at a port of their own")
        yield from _annotated(service)
        yield from _unreachable(service, metrics, port) if metrics.merge is False else _with_the_proxy(service, metrics)


def _with_the_proxy(service: Service, metrics: AppMetrics) -> Iterator[Finding]:
    """What the proxy fetches comes when the proxy is asked."""
    for key in ("interval", "scrapeTimeout"):
        if getattr(metrics, key) is not None:
            message = f'"{key}" is for metrics that Prometheus fetches itself'
            yield Finding("MS252", service, ("metrics", key), message, "leave it out, or add merge: false", True)


def _unreachable(service: Service, metrics: AppMetrics, port: Port | None) -> Iterator[Finding]:
    """Prometheus has no identity of the mesh: it gets to a port that no proxy guards, or that is open to anybody."""
    if port is None:
        message = f"port {metrics.port} is none of the service, and Prometheus finds only these"
        yield Finding("MS252", service, ("metrics", "port"), message, "add it to ports, or leave out merge: false")
        return
    proxy, mtls = service.spec.proxy, service.spec.mtls
    if proxy is not None and str(port.target) in proxy.excludeInboundPorts:
        return
    mode = (mtls.ports.get(port.name) or mtls.mode if mtls is not None else None) or "STRICT"
    help = f"leave out merge: false, or add proxy: {{excludeInboundPorts: {{{port.target}: metrics}}}}"
    if mode == "STRICT":
        message = f'port "{port.name}" takes mutual TLS only, which Prometheus does not speak'
        yield Finding("MS252", service, ("metrics", "merge"), message, help)
    elif service.facts.guarded and not any(_anybody(grant.sources, grant.operations, port) for grant in service.grants):
        message = f'nobody without an identity may call port "{port.name}", and Prometheus has none'
        yield Finding(
            "MS252", service, ("metrics", "merge"), message, f"{help}, or access: {{to: {{ports: {port.name}}}}}"
        )


def _anybody(sources: object, operations: tuple[Fields, ...], port: Port) -> bool:
    return not sources and (
        not operations
        or any(
            one.keys() <= {"ports"} and str(port.target) in one.get("ports", (str(port.target),)) for one in operations
        )
    )


def _annotated(service: Service) -> Iterator[Finding]:
    """One place says where metrics are: Istio would take any of two spellings (pkg/kube/inject/webhook.go)."""
    for version in service.versions:
        for key in version.spec.pod.annotations if version.spec.pod is not None else ():
            if "".join(c if c.isalnum() else "_" for c in key) in SCRAPING:
                path = ("versions", version.name, "pod", "annotations", key)
                yield Finding("MS252", service, path, '"metrics" says where metrics are', "leave it out", True)


SCRAPING = ("prometheus_io_scrape", "prometheus_io_port", "prometheus_io_path")


def check_objectives(context: Context) -> Iterator[Finding]:
    """An objective is about something that proxies measure."""
    for service in context.services:
        slo = service.spec.slo
        if slo is None or service.facts.runs in ("external", "host"):
            continue
        from cmp.context import istio_metrics  # only specs with objectives pay for it

        if slo.availability is None and not slo.latency:
            yield Finding("MS102", service, ("slo",), "an objective of what?", "add availability: 99.9%, or latency")
        if not istio_metrics.serves_requests(service):
            message = f'proxies see requests of HTTP and gRPC, and "{service.name}" has no port for them'
            yield Finding("MS253", service, ("slo",), message, "add a port named http or grpc, or use alerts", True)
            continue
        yield from _latencies(service)
        yield from _never(service)
        needed = istio_metrics.labels_of_rates(service)
        metrics = ("REQUEST_COUNT",) if slo.availability is not None else ()
        yield from _lost(context, service, "slo", needed, (*metrics, *(("REQUEST_DURATION",) if slo.latency else ())))


def _never(service: Service) -> Iterator[Finding]:
    """An objective of which nobody would ever hear: all alerts ask for more failures than there are requests."""
    from cmp.context.burns import BURNS, DAYS, budget

    slo = service.spec.slo
    said: list[tuple[float | None, tuple[str | int, ...]]] = (
        [(slo.availability, ("slo", "availability"))] if slo is not None else []
    )
    said += [
        (one.percentile, ("slo", "latency", at, "percentile")) for at, one in enumerate(slo.latency if slo else ())
    ]
    days = (slo.window if slo is not None else None) or DAYS
    for percent, path in said:
        if percent is not None and not any(burn.possible(budget(percent), days) for burn in BURNS):
            message = f"{percent:g}% over {days} days leaves so much to fail that no alert could tell"
            yield Finding("MS253", service, path, message, "promise more, or over 30 days")


def _latencies(service: Service) -> Iterator[Finding]:
    from cmp.context.istio_metrics import BOUNDS, milliseconds

    seen: set[int] = set()
    for index, one in enumerate(service.spec.slo.latency if service.spec.slo is not None else ()):
        path = ("slo", "latency", index)
        for key, example in (("percentile", "99%"), ("under", "250ms")):
            if getattr(one, key) is None:
                yield Finding("MS102", service, path, f'the latency needs "{key}"', f"add {key}: {example}")
        if one.under is None:
            continue
        bound = milliseconds(one.under)
        if bound not in BOUNDS:
            near = [max((b for b in BOUNDS if b < bound), default=0), min((b for b in BOUNDS if b > bound), default=0)]
            message = f"{one.under} is no bound of the proxies' histogram: how many are faster is not known"
            help = "write " + " or ".join(_shown(b) for b in near if b)
            yield Finding("MS253", service, (*path, "under"), message, help)
        if bound in seen:
            yield Finding("MS253", service, (*path, "under"), f"a second objective for {one.under}", "keep one")
        seen.add(bound)


def _shown(milliseconds: int) -> str:
    return f"{milliseconds / 1000:g}s" if milliseconds >= 1000 else f"{milliseconds}ms"


def check_dashboard(context: Context) -> Iterator[Finding]:
    """A dashboard without the labels that tell services apart would be empty; it does without others."""
    for service in context.services:
        shown = service.spec.dashboard
        if shown is None or shown.enabled is False or not service.ports or service.facts.runs in ("external", "host"):
            continue
        from cmp.context.istio_metrics import OF_SERVICE, serves_requests  # only specs with a dashboard pay for it

        metric = "REQUEST_COUNT" if serves_requests(service) else "TCP_OPENED_CONNECTIONS"
        yield from _lost(context, service, "dashboard", OF_SERVICE, (metric,))


def _lost(
    context: Context, service: Service, key: str, needed: frozenset[str], metrics: tuple[str, ...]
) -> Iterator[Finding]:
    """The labels that queries ask for are there, and the metrics themselves."""
    off = next((metric for metric in metrics if metric in service.observed.off), None)
    if off is not None:
        message = f"Prometheus does not get {off} of these pods, by what telemetry says"
        yield Finding("MS251", service, (key,), message, f"leave out {key}, or give Prometheus the metrics", True)
        return
    if not any(service.observed.lost.get(metric, frozenset()) & needed for metric in metrics):
        return
    platform = context.platform
    said = tuple(levels(service.spec, service.namespace, platform.spec if platform is not None else None))
    for level in said:
        for metric in metrics:
            gone = {name: path for name, path in changed((level,), metric).items() if name in needed}
            for name, path in sorted(gone.items()):
                owner = service if level.of_service or platform is None else platform
                message = f'{key} asks for the label "{name}", which is removed or replaced'
                related = ((owner, path, "removed or replaced here"),)
                yield Finding("MS251", service, (key,), message, "leave the label as Istio has it", True, related)
                return


def check_alerts(context: Context) -> Iterator[Finding]:
    """An alert has a query, and says each thing once."""
    for service in context.services:
        for name, alert in service.spec.alerts.items():
            path = ("alerts", name)
            if alert.expr is None:
                yield Finding("MS102", service, path, f'alert "{name}" has no query', "add expr: up == 0")
            twice = [("labels", "severity", alert.severity), ("annotations", "summary", alert.summary)]
            twice += [("annotations", "description", alert.description), ("annotations", "runbook_url", alert.runbook)]
            for block, key, said in twice:
                if said is not None and key in getattr(alert, block):
                    message = f'"{key}" is said twice'
                    yield Finding("MS105", service, (*path, block, key), message, "keep one", True)
            if "alertname" in alert.labels:
                message = "alertname is the key under which the alert stands"
                yield Finding("MS105", service, (*path, "labels", "alertname"), message, "leave it out", True)


def check_platform(context: Context) -> Iterator[Finding]:
    """What watches the platform has what it needs: it is installed together, and the proxies measure what it shows."""
    platform = context.platform
    said = platform.spec.monitoring if platform is not None else None
    if platform is None or said is None:
        return
    prometheus, grafana = said.prometheus, said.grafana
    installed = prometheus is not None and bool(prometheus.install)
    if grafana is not None and grafana.install and not installed:
        message = "Grafana is installed by the chart of Prometheus, and that is not installed here"
        yield Finding("MS255", platform, ("monitoring", "grafana"), message, "add prometheus: true")
    if installed and prometheus is not None and (prometheus.version or "0.0.0").count(".") < 2:
        message = f"{prometheus.version} is no version of a chart, and would be whatever is the newest at the time"
        yield Finding("MS256", platform, ("monitoring", "prometheus", "version"), message, "for example 81.4.5")
    yield from _unused(platform, "prometheus", prometheus, ("namespace", "version", "values"))
    yield from _unused(platform, "grafana", grafana, ("adminSecret",))
    if said.istio is not None and said.istio.enabled is not False:
        yield from _mesh(platform)


def _unused(
    platform: Platform, key: str, spec: Prometheus | Grafana | None, fields: tuple[str, ...]
) -> Iterator[Finding]:
    """What is said of an installation where nothing is installed."""
    for name in fields:
        if spec is not None and not spec.install and getattr(spec, name) is not None:
            message = f'"{name}" is for what is installed, and this is not'
            yield Finding(
                "MS255", platform, ("monitoring", key, name), message, "add install: true, or leave it out", True
            )


def _mesh(platform: Platform) -> Iterator[Finding]:
    """The dashboards of the mesh say something: services can be told apart."""
    from cmp.context.istio_metrics import OF_SERVICE

    path = ("monitoring", "istio")
    if platform.mode == "ambient":
        message = "monitoring of a mesh with mode: ambient is not built yet: waypoints measure under other labels"
        yield Finding("MS106", platform, path, message, "leave it out for now", True)
        return
    said = tuple(around(platform.spec, None))
    for metric in ("REQUEST_COUNT", "REQUEST_DURATION"):
        gone = {name: where for name, where in changed(said, metric).items() if name in OF_SERVICE}
        if not measured(said, metric):
            message = f"Prometheus does not get {metric} of the proxies, by what telemetry says"
            yield Finding("MS251", platform, path, message, "give it to Prometheus, or leave istio out", True)
        elif gone:
            name, where = min(gone.items())
            message = f'dashboards of the mesh ask for the label "{name}", which is removed or replaced'
            related = ((platform, where, "removed or replaced here"),)
            yield Finding("MS251", platform, path, message, "leave the label as Istio has it", True, related)
            return
