"""The dashboard of a service: requests, failures and durations by version, connections, objectives, and its pods.

https://grafana.com/docs/grafana/latest/visualizations/dashboards/build-dashboards/view-dashboard-json-model/
"""

from __future__ import annotations

from collections.abc import Iterator

from cmp.context import burns, istio_metrics
from cmp.context.istio_metrics import Asked, asked
from cmp.context.model import HTTP_PROTOCOLS, Service
from cmp.context.names import digest
from cmp.manifests import grafana, slo
from cmp.manifests.controller import controller
from cmp.manifests.grafana import WINDOW, Panel, by

VERSION = "destination_canonical_revision"


def text(service: Service) -> str:
    """The dashboard in JSON."""
    return grafana.text(
        f"meshspec-{digest(f'{service.namespace}/{service.name}')}",
        f"{service.name} ({service.namespace})",
        ["meshspec", service.namespace],
        shown(service),
    )


def shown(service: Service) -> Iterator[Panel]:
    """The panels, less those that ask for what the proxies do not measure."""
    for panel in _panels(service):
        gone = service.observed.lost.get(panel.metric, frozenset())
        if panel.metric not in service.observed.off and not panel.labels & gone:
            yield panel


def _panels(service: Service) -> Iterator[Panel]:
    if istio_metrics.serves_requests(service):
        yield from requests(service)
    if any(port.protocol not in HTTP_PROTOCOLS for port in service.ports):
        yield from connections(service)
    if service.spec.slo is not None:
        yield from _objectives(service)
    if service.facts.runs == "image":
        yield from _pods(service)


def requests(service: Asked) -> Iterator[Panel]:
    """What is asked of a service, and what becomes of it."""
    total, mine = "istio_requests_total", asked(service)
    counted = istio_metrics.OF_SERVICE
    versions = counted | {VERSION}

    def panel(title: str, unit: str, queries: dict[str, str], labels: frozenset[str]) -> Panel:
        return Panel(title, unit, queries, "REQUEST_COUNT", labels)

    failed = by(VERSION, total, asked(service, 'response_code=~"5.."'))
    share = f"({istio_metrics.failures(service, WINDOW)} or vector(0)) / {istio_metrics.requests(service, WINDOW)}"
    lost = asked(service, f'response_flags=~"{istio_metrics.LOST}"', reporter="source")
    secure = asked(service, 'connection_security_policy="mutual_tls"')
    callers = "source_workload_namespace,source_workload"
    yield panel("Requests", "reqps", {f"{{{{{VERSION}}}}}": by(VERSION, total, mine)}, versions)
    yield panel("Failed requests", "percentunit", {"all": share}, istio_metrics.labels_of_rates(service))
    yield panel(
        "5xx by version",
        "percentunit",
        {f"{{{{{VERSION}}}}}": f"{failed} / {by(VERSION, total, mine)}"},
        versions | {"response_code"},
    )
    yield panel(
        "Answers", "reqps", {"{{response_code}}": by("response_code", total, mine)}, counted | {"response_code"}
    )
    yield panel(
        "Callers",
        "reqps",
        {"{{source_workload}}.{{source_workload_namespace}}": by(callers, total, mine)},
        counted | set(callers.split(",")),
    )
    yield panel(
        "Requests that never arrived",
        "reqps",
        {"{{response_flags}}": by("response_flags", total, lost)},
        counted | {"response_flags"},
    )
    yield panel(
        "Mutual TLS",
        "percentunit",
        {"requests": f"sum(rate({total}{{{secure}}}[{WINDOW}])) / sum(rate({total}{{{mine}}}[{WINDOW}]))"},
        counted | {"connection_security_policy"},
    )
    bucket = "istio_request_duration_milliseconds_bucket"
    quantiles = {f"p{part}": f"histogram_quantile(0.{part}, {by('le', bucket, mine)})" for part in (50, 90, 99)}
    yield Panel("Duration", "ms", quantiles, "REQUEST_DURATION", counted)
    slowest = f"histogram_quantile(0.99, {by(f'le,{VERSION}', bucket, mine)})"
    yield Panel("Duration, p99 by version", "ms", {f"{{{{{VERSION}}}}}": slowest}, "REQUEST_DURATION", versions)


def connections(service: Asked) -> Iterator[Panel]:
    """The connections of ports whose requests proxies do not read."""
    mine, whose = asked(service), istio_metrics.OF_SERVICE
    opened = f"sum(rate(istio_tcp_connections_opened_total{{{mine}}}[{WINDOW}]))"
    yield Panel("Connections opened", "cps", {"opened": opened}, "TCP_OPENED_CONNECTIONS", whose)
    for title, metric, name in (
        ("Sent", "TCP_SENT_BYTES", "istio_tcp_sent_bytes_total"),
        ("Received", "TCP_RECEIVED_BYTES", "istio_tcp_received_bytes_total"),
    ):
        yield Panel(title, "Bps", {title.lower(): f"sum(rate({name}{{{mine}}}[{WINDOW}]))"}, metric, whose)


def _objectives(service: Service) -> Iterator[Panel]:
    days = (service.spec.slo.window if service.spec.slo is not None else None) or burns.DAYS
    left, burn = {}, {}
    for one in slo.objectives(service):
        whose = f'service="{service.name}",namespace="{service.namespace}",slo="{one.name}"'
        failed, all_of_them = (
            f"sum_over_time(slo:{name}:rate5m{{{whose}}}[{days}d])" for name in ("failures", "requests")
        )
        left[one.name] = f"1 - {failed} / {all_of_them} / {one.budget}"
        burn[one.name] = f"slo:failure_ratio:rate1h{{{whose}}} / {one.budget}"
    yield Panel(f"Error budget left of {days} days", "percentunit", left, kind="stat")
    yield Panel("Burn rate", "none", burn)


#: How names of pods go on behind that of what runs them.
_SUFFIXES = {"Deployment": "[a-z0-9]+-[a-z0-9]+", "StatefulSet": "[0-9]+"}


def _pods(service: Service) -> Iterator[Panel]:
    runners = {controller(service, version) for version in service.versions}
    names = "|".join(sorted(f"{one.name}-{_SUFFIXES.get(one.kind, '[a-z0-9]+')}" for one in runners))
    pods = f'namespace="{service.namespace}",pod=~"{names}"'
    own = f'{pods},container!=""'
    throttled = (by("container", f"container_cpu_cfs_{name}periods_total", own) for name in ("throttled_", ""))
    restarts = f"sum by (container) (increase(kube_pod_container_status_restarts_total{{{pods}}}[{WINDOW}]))"
    ready = f'sum(kube_pod_status_ready{{{pods},condition="true"}})'
    memory = f"max by (container) (container_memory_working_set_bytes{{{own}}})"
    cpu = by("container", "container_cpu_usage_seconds_total", own)
    line = "{{container}}"
    yield Panel("CPU of all pods", "none", {line: cpu})
    yield Panel("CPU throttled", "percentunit", {line: " / ".join(throttled)})
    yield Panel("Memory of the largest pod", "bytes", {line: memory})
    yield Panel("Pods ready", "none", {"ready": ready})
    yield Panel("Restarts", "none", {line: restarts})
