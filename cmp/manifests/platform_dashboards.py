"""Dashboards of the platform: the mesh, any service, any workload, and Argo CD.

https://istio.io/latest/docs/reference/config/metrics/
https://argo-cd.readthedocs.io/en/stable/operator-manual/metrics/
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from cmp.context import istio_metrics, watched
from cmp.context.model import Platform, Port
from cmp.context.telemetry import around, changed, measured
from cmp.manifests import grafana
from cmp.manifests.dashboard import connections, requests
from cmp.manifests.grafana import WINDOW, Panel, Variable, by
from cmp.manifests.monitoring import shown_by_grafana
from cmp.waves import Manifest

TOTAL, BUCKET = "istio_requests_total", "istio_request_duration_milliseconds_bucket"
SENT, RECEIVED, OPENED = (f"istio_tcp_{name}_total" for name in ("sent_bytes", "received_bytes", "connections_opened"))
#: Grafana chooses these.
NAMESPACE = Variable("namespace", "Namespace", "destination_service_namespace", TOTAL)


def dashboards(platform: Platform) -> Iterator[Manifest]:
    """The dashboards of what the platform watches, each in the namespace of what it is about."""
    if watched.watches_argocd(platform):
        where = watched.argocd_namespace(platform)
        yield _dashboard(where, "argocd", "Argo CD", argocd(where))
    if watched.watches_istio(platform):
        where = platform.target.root_namespace
        whose = 'destination_service_namespace="$namespace"'
        service = Variable("service", "Service", "destination_service_name", f"{TOTAL}{{{whose}}}")
        namespaces = Variable("namespace", "Namespace", "destination_workload_namespace", TOTAL)
        whose = 'destination_workload_namespace="$namespace"'
        workload = Variable("workload", "Workload", "destination_workload", f"{TOTAL}{{{whose}}}")
        for name, title, panels, variables in (
            ("mesh", "Mesh", mesh(where), ()),
            ("service", "Services of the mesh", [*requests(ANY), *connections(ANY)], (NAMESPACE, service)),
            ("workload", "Workloads of the mesh", workloads(), (namespaces, workload)),
        ):
            if not any(one.label in changed(around(platform.spec, None), "REQUEST_COUNT") for one in variables):
                yield _dashboard(where, name, title, _measured(platform, panels), variables)


def _dashboard(
    namespace: str, name: str, title: str, panels: Iterable[Panel], variables: Iterable[Variable] = ()
) -> Manifest:
    text = grafana.text(f"meshspec-{name}", title, ["meshspec"], panels, variables)
    found = shown_by_grafana(f"meshspec-{name}", text)
    found["metadata"]["namespace"] = namespace
    return found


def _measured(platform: Platform, panels: Iterable[Panel]) -> Iterator[Panel]:
    """The panels, less those that ask for what the platform's own telemetry removes or turns off for all proxies."""
    said = tuple(around(platform.spec, None))
    for panel in panels:
        if not panel.metric or (measured(said, panel.metric) and not panel.labels & changed(said, panel.metric).keys()):
            yield panel


class AnyService(NamedTuple):
    """The service that somebody chooses, with ports of every sort."""

    name: str
    namespace: str
    ports: tuple[Port, ...]


ANY = AnyService("$service", "$namespace", (Port("grpc", 80, 80, "grpc"), Port("tcp", 90, 90, "tcp")))


# -- the mesh ----------------------------------------------------------------------------------------------------------


def mesh(namespace: str) -> Iterator[Panel]:
    """What goes on between all services, which of them have trouble, and how the control plane does."""
    whose = "destination_service_namespace,destination_service_name"
    each = "{{destination_service_namespace}}"
    seen, lost = 'reporter="destination"', f'reporter="source",response_flags=~"{istio_metrics.LOST}"'
    failed, secure = f'{seen},response_code=~"5.."', f'{seen},connection_security_policy="mutual_tls"'
    of_all, labels = f"sum(rate({TOTAL}{{{seen}}}[{WINDOW}]))", istio_metrics.OF_SERVICE

    def panel(title: str, unit: str, legend: str, query: str, *also: str) -> Panel:
        return Panel(title, unit, {legend: query}, "REQUEST_COUNT", labels | set(also))

    in_namespace = "destination_service_namespace"
    yield panel("Requests", "reqps", each, by(in_namespace, TOTAL, seen))
    yield panel(
        "5xx by namespace",
        "percentunit",
        each,
        f"{by(in_namespace, TOTAL, failed)} / {by(in_namespace, TOTAL, seen)}",
        "response_code",
    )
    never = f"topk(10, {by(f'{whose},response_flags', TOTAL, lost)})"
    name = "{{destination_service_name}}.{{destination_service_namespace}}"
    yield panel("Requests that never arrived", "reqps", f"{name} {{{{response_flags}}}}", never, "response_flags")
    secured = f"sum(rate({TOTAL}{{{secure}}}[{WINDOW}])) / {of_all}"
    yield panel("Mutual TLS", "percentunit", "requests", secured, "connection_security_policy")
    quantiles = {f"p{part}": f"histogram_quantile(0.{part}, {by('le', BUCKET, seen)})" for part in (50, 90, 99)}
    yield Panel("Duration", "ms", quantiles, "REQUEST_DURATION", labels)
    traffic = {
        "sent": f"sum(rate({SENT}{{{seen}}}[{WINDOW}]))",
        "received": f"sum(rate({RECEIVED}{{{seen}}}[{WINDOW}]))",
    }
    yield Panel("TCP", "Bps", traffic, "TCP_SENT_BYTES", labels)
    busiest = {
        "Requests [reqps]": f"topk(50, {by(whose, TOTAL, seen)})",
        "5xx [percentunit]": f"topk(50, {by(whose, TOTAL, failed)} / {by(whose, TOTAL, seen)})",
        "p99 [ms]": f"topk(50, histogram_quantile(0.99, {by(f'{whose},le', BUCKET, seen)}))",
    }
    data = "${__data.fields.%s}"
    link = "/d/meshspec-service?" + "&".join(
        f"var-{variable}={data % label}"
        for variable, label in (
            ("namespace", "destination_service_namespace"),
            ("service", "destination_service_name"),
        )
    )
    yield Panel(
        "Services", "none", busiest, "REQUEST_COUNT", labels | {"response_code"}, "table", grafana.COLUMNS, link
    )
    yield from control_plane(f'job="{watched.ISTIOD}",namespace="{namespace}"')


def control_plane(mine: str) -> Iterator[Panel]:
    """What istiod does. ``mine`` are the matchers of its metrics."""
    late = f"sum by (le) (rate(pilot_proxy_convergence_time_bucket{{{mine}}}[{WINDOW}]))"
    rejected = f"sum by (type) (increase(pilot_total_xds_rejects{{{mine}}}[{WINDOW}]))"
    root = f"min(citadel_server_root_cert_expiry_timestamp{{{mine}}} > 0) - time()"
    yield Panel("istiod: proxies connected", "none", {"{{pod}}": f"sum by (pod) (pilot_xds{{{mine}}})"})
    yield Panel("istiod: pushes", "cps", {"{{type}}": by("type", "pilot_xds_pushes", mine)})
    times = {f"p{part}": f"histogram_quantile(0.{part}, {late})" for part in (50, 99)}
    yield Panel("istiod: until changes have arrived", "s", times)
    yield Panel("istiod: configuration that proxies refuse", "none", {"{{type}}": rejected})
    yield Panel("istiod: CPU", "none", {"{{pod}}": by("pod", "process_cpu_seconds_total", mine)})
    yield Panel("istiod: memory", "bytes", {"{{pod}}": f"sum by (pod) (process_resident_memory_bytes{{{mine}}})"})
    yield Panel("Releases", "none", {"{{tag}}": f"sum by (tag) (istio_build{{{mine}}})"}, kind="stat")
    yield Panel("Root certificate ends in", "s", {"root": root}, kind="stat")
    signed = {
        "signed": f"sum(rate(citadel_server_success_cert_issuance_count{{{mine}}}[{WINDOW}]))",
        "failed": f"sum(rate(citadel_server_csr_sign_err_count{{{mine}}}[{WINDOW}]))",
    }
    yield Panel("istiod: certificates", "cps", signed)


# -- workloads ---------------------------------------------------------------------------------------------------------


def workloads() -> Iterator[Panel]:
    """What is asked of the pods of a workload, what they ask, and what their proxies need for it."""
    for side in ("destination", "source"):
        mine = ",".join(
            (f'reporter="{side}"', f'{side}_workload="$workload"', f'{side}_workload_namespace="$namespace"')
        )
        coming = side == "destination"
        whom = "source_workload,source_workload_namespace" if coming else "destination_service"
        line = f"{{{{{whom.replace(',', '}}.{{')}}}}}"
        labels = frozenset(("reporter", f"{side}_workload", f"{side}_workload_namespace"))
        said = "in" if coming else "out"
        asked = by(whom, TOTAL, mine)
        yield Panel(f"Requests {said}", "reqps", {line: asked}, "REQUEST_COUNT", labels | set(whom.split(",")))
        failed = by("response_code,response_flags", TOTAL, f'{mine},response_code=~"0|5.."')
        yield Panel(
            f"Failed requests {said}",
            "reqps",
            {"{{response_code}} {{response_flags}}": failed},
            "REQUEST_COUNT",
            labels | {"response_code", "response_flags"},
        )
        times = {f"p{part}": f"histogram_quantile(0.{part}, {by('le', BUCKET, mine)})" for part in (50, 90, 99)}
        yield Panel(f"Duration {said}", "ms", times, "REQUEST_DURATION", labels)
        opened = f"sum(rate({OPENED}{{{mine}}}[{WINDOW}]))"
        yield Panel(f"Connections opened {said}", "cps", {"opened": opened}, "TCP_OPENED_CONNECTIONS", labels)
        for title, counter, metric in (("Sent", SENT, "TCP_SENT_BYTES"), ("Received", RECEIVED, "TCP_RECEIVED_BYTES")):
            name = f"{title} over connections {said}"
            yield Panel(name, "Bps", {title.lower(): f"sum(rate({counter}{{{mine}}}[{WINDOW}]))"}, metric, labels)
    pods = 'namespace="$namespace",pod=~"$workload-.+",container="istio-proxy"'
    yield Panel("Proxies: CPU", "none", {"{{pod}}": by("pod", "container_cpu_usage_seconds_total", pods)})
    memory = f"max by (pod) (container_memory_working_set_bytes{{{pods}}})"
    yield Panel("Proxies: memory", "bytes", {"{{pod}}": memory})
    ends = 'min by (pod) (istio_agent_cert_expiry_seconds{namespace="$namespace",pod=~"$workload-.+"})'
    yield Panel("Proxies: certificate ends in", "s", {"{{pod}}": ends})


# -- Argo CD -----------------------------------------------------------------------------------------------------------


def argocd(namespace: str) -> Iterator[Panel]:
    """Which Applications are in sync and healthy, how syncs go, and what Argo CD itself is busy with."""
    mine = f'namespace="{namespace}"'
    info = f"argocd_app_info{{{mine}}}"
    yield Panel("Applications by sync", "none", {"{{sync_status}}": f"sum by (sync_status) ({info})"})
    yield Panel("Applications by health", "none", {"{{health_status}}": f"sum by (health_status) ({info})"})
    yield Panel("Syncs", "none", {"{{phase}}": _rises("phase", "argocd_app_sync_total", mine)})
    bad = f'argocd_app_info{{{mine},sync_status!="Synced"}} or argocd_app_info{{{mine},health_status!="Healthy"}}'
    listed = f"max by (project, name, sync_status, health_status) ({bad})"
    yield Panel("Not in sync, or not healthy", "none", {"Now": listed}, kind="table", width=grafana.COLUMNS)
    failed = _rises("name", "argocd_app_sync_total", f'{mine},phase=~"Error|Failed"')
    yield Panel("Failed syncs", "none", {"{{name}}": failed})
    reconciled = f"histogram_quantile(0.99, {by('le', 'argocd_app_reconcile_bucket', mine)})"
    yield Panel("Comparing, p99", "s", {"all": reconciled})
    queues = f'sum by (name) (workqueue_depth{{{mine},name=~"app_.+"}})'
    yield Panel("Waiting in queues", "none", {"{{name}}": queues})
    git = f"histogram_quantile(0.99, {by('le,request_type', 'argocd_git_request_duration_seconds_bucket', mine)})"
    yield Panel("Git, p99", "s", {"{{request_type}}": git})
    yield Panel("Failed fetches", "none", {"{{repo}}": _rises("repo", "argocd_git_fetch_fail_total", mine)})
    pending = f"sum by (repo) (argocd_repo_pending_request_total{{{mine}}})"
    yield Panel("Waiting for a repository", "none", {"{{repo}}": pending})
    connected = f"min by (server) (argocd_cluster_connection_status{{{mine}}})"
    yield Panel("Clusters connected", "bool_yes_no", {"{{server}}": connected})
    processes = f'{mine},job=~"argocd-.+"'
    yield Panel("CPU", "none", {"{{pod}}": by("pod", "process_cpu_seconds_total", processes)})
    memory = f"sum by (pod) (process_resident_memory_bytes{{{processes}}})"
    yield Panel("Memory", "bytes", {"{{pod}}": memory})


def _rises(labels: str, metric: str, matchers: str) -> str:
    return f"sum by ({labels}) (increase({metric}{{{matchers}}}[{WINDOW}]))"
