"""Alerts on the platform itself: on Argo CD, on Istio's control plane, and on what all proxies of the mesh have.

Those of requests and failures are about services, and come with the objectives of each (`slo`). Who is called is said
as there: `page` for what cannot wait until morning, `ticket` for the rest.

https://argo-cd.readthedocs.io/en/stable/operator-manual/metrics/
https://istio.io/latest/docs/reference/commands/pilot-discovery/#metrics
"""

from __future__ import annotations

from collections.abc import Iterator

from cmp.context import watched
from cmp.context.model import Platform
from cmp.manifests.prometheus import of_platform
from cmp.waves import Manifest

#: Days before a root certificate ends at which somebody is told: every workload has to get the next one.
ROOT_DAYS = 30
#: Seconds before the end of a workload's certificate that none should reach: Istio renews it in the middle of its life.
WORKLOAD_SECONDS = 3600


def rules(platform: Platform) -> Iterator[Manifest]:
    """The rules of what the platform watches, each in the namespace of what it is about."""
    if watched.watches_argocd(platform):
        where = watched.argocd_namespace(platform)
        groups = [_group("argocd", {"service": "argocd", "namespace": where}, argocd(where))]
        yield of_platform(platform, "PrometheusRule", "argocd", where, {"groups": groups})
    if watched.watches_istio(platform):
        where = platform.target.root_namespace
        groups = [
            _group("istio-control-plane", {"service": watched.ISTIOD, "namespace": where}, control_plane(where)),
            _group("istio-proxies", {"service": watched.PROXIES}, proxies(watched.proxies_job(platform))),
        ]
        yield of_platform(platform, "PrometheusRule", "istio", where, {"groups": groups})


def _group(name: str, labels: dict[str, str], alerts: Iterator[Manifest]) -> Manifest:
    """Alerts with labels that say whose they are. Those of proxies have the namespace of the pods."""
    return {"name": name, "rules": [{**one, "labels": {**labels, **one["labels"]}} for one in alerts]}


def _alert(name: str, severity: str, after: str | None, expr: str, summary: str, description: str) -> Manifest:
    return {
        "alert": name,
        "expr": expr,
        "for": after,
        "labels": {"severity": severity},
        "annotations": {"summary": summary, "description": description},
    }


def argocd(namespace: str) -> Iterator[Manifest]:
    """On what is not in sync. Who syncs by hand decides that; so only Applications that sync themselves count there."""
    mine = f'namespace="{namespace}"'
    for name, job, does in (
        ("ArgoCdControllerDown", "argocd-metrics", "compares and syncs"),
        ("ArgoCdRepoServerDown", "argocd-repo-server", "renders"),
    ):
        expr = f'absent(up{{job="{job}",{mine}}} == 1)'
        said = f"Nothing {does} Applications, or Prometheus does not reach the Service {job}."
        yield _alert(name, "page", "5m", expr, f"{job} is down", said)

    def apps(condition: str) -> str:
        return f"max by (name, project) (argocd_app_info{{{mine},{condition}}}) > 0"

    yield _alert(
        "ArgoCdAppOutOfSync",
        "ticket",
        "30m",
        apps('autosync_enabled="true",sync_status="OutOfSync"'),
        "{{ $labels.name }} stays out of sync",
        "The Application syncs itself, and does not get there: a sync fails, or somebody changes what it applies.",
    )
    yield _alert(
        "ArgoCdAppNotCompared",
        "ticket",
        "15m",
        apps('sync_status="Unknown"'),
        "{{ $labels.name }} cannot be compared",
        "Its repository cannot be read, its objects cannot be rendered, or its cluster is not reached. Nothing that is "
        "committed is applied.",
    )
    yield _alert(
        "ArgoCdAppUnhealthy",
        "ticket",
        "15m",
        apps('health_status=~"Degraded|Missing"'),
        "{{ $labels.name }} is not healthy",
        "Objects of the Application are degraded or missing.",
    )
    yield _alert(
        "ArgoCdSyncFailed",
        "ticket",
        None,
        f'sum by (name, project) (increase(argocd_app_sync_total{{{mine},phase=~"Error|Failed"}}[15m])) > 0',
        "Syncs of {{ $labels.name }} fail",
        "{{ $value | humanize }} syncs failed in 15 minutes.",
    )
    yield _alert(
        "ArgoCdClusterNotConnected",
        "page",
        "10m",
        f"max by (server) (argocd_cluster_connection_status{{{mine}}}) == 0",
        "Argo CD does not reach {{ $labels.server }}",
        "Nothing is applied to the cluster, and nothing is seen of it.",
    )
    yield _alert(
        "ArgoCdGitFails",
        "ticket",
        "15m",
        f"sum by (repo) (increase(argocd_git_fetch_fail_total{{{mine}}}[15m])) > 0",
        "{{ $labels.repo }} cannot be fetched",
        "{{ $value | humanize }} fetches failed in 15 minutes. What is committed there is not applied.",
    )


def control_plane(namespace: str) -> Iterator[Manifest]:
    """On istiod: without it, what runs goes on with what it knows, and nothing gets configuration or certificates."""
    mine = f'job="{watched.ISTIOD}",namespace="{namespace}"'

    def risen(metric: str, by: str = "", window: str = "10m") -> str:
        of = f" {by} " if by else ""
        return f"sum{of}(increase({metric}{{{mine}}}[{window}])) > 0"

    yield _alert(
        "IstiodDown",
        "page",
        "5m",
        f"absent(up{{{mine}}} == 1)",
        "istiod is down",
        "New pods get no proxy, no configuration and no certificate; those of running pods end within a day.",
    )
    yield _alert(
        "IstioInjectionFails",
        "page",
        "5m",
        risen("sidecar_injection_failure_total"),
        "Pods get no proxy",
        "{{ $value | humanize }} pods in 10 minutes could not get a proxy, and are not made.",
    )
    yield _alert(
        "IstioConfigRejected",
        "ticket",
        "10m",
        risen("pilot_total_xds_rejects", "by (type)"),
        "Proxies refuse configuration ({{ $labels.type }})",
        "They go on with what they had before. istioctl proxy-status tells which.",
    )
    yield _alert(
        "IstioPushesFail",
        "ticket",
        "10m",
        f'sum(rate(pilot_xds_pushes{{{mine},type=~".+_(senderr|builderr)"}}[10m])) '
        f"/ sum(rate(pilot_xds_pushes{{{mine}}}[10m])) > 0.01",
        "Configuration does not get to proxies",
        "{{ $value | humanizePercentage }} of what istiod sends does not arrive.",
    )
    yield _alert(
        "IstioInternalErrors",
        "ticket",
        "10m",
        risen("pilot_total_xds_internal_errors"),
        "istiod fails to make configuration",
        "{{ $value | humanize }} errors in 10 minutes; its log has them.",
    )
    yield _alert(
        "IstioProxiesLagBehind",
        "ticket",
        "15m",
        f"histogram_quantile(0.99, sum by (le) (rate(pilot_proxy_convergence_time_bucket{{{mine}}}[10m]))) > 10",
        "Changes take {{ $value | humanizeDuration }} to get to proxies",
        "1% of the proxies wait longer than that for a change. Traffic goes to pods that are gone until then.",
    )
    conflicts = "|".join(
        (
            "pilot_conflict_inbound_listener",
            "pilot_conflict_outbound_listener_tcp_over_current_tcp",
            "pilot_destrule_subsets",
            "pilot_duplicate_envoy_clusters",
            "pilot_vservice_dup_domain",
        )
    )
    named = f'label_replace({{__name__=~"{conflicts}",{mine}}}, "metric", "$1", "__name__", "(.+)")'
    yield _alert(
        "IstioConfigConflicts",
        "ticket",
        "30m",
        f"max by (metric) ({named}) > 0",
        "Istio's objects contradict each other ({{ $labels.metric }})",
        "Of two that say different things of one host, subset or port, istiod takes one: see istioctl analyze -A.",
    )
    yield _alert(
        "IstioRootCertificateEnds",
        "ticket",
        "1h",
        f"(min(citadel_server_root_cert_expiry_timestamp{{{mine}}} > 0) - time()) / 86400 < {ROOT_DAYS}",
        "The root certificate of the mesh ends in {{ $value | humanize }} days",
        "When it ends, no service believes another one any more.",
    )
    yield _alert(
        "IstioCertificatesNotSigned",
        "page",
        "10m",
        risen("citadel_server_csr_sign_err_count"),
        "istiod signs no certificates",
        "{{ $value | humanize }} requests in 10 minutes failed. Certificates of running pods end within a day.",
    )


def proxies(job: str) -> Iterator[Manifest]:
    """On the proxies, beside services and at gateways."""
    mine = f'job="{job}"'
    yield _alert(
        "IstioProxyCertificateEnds",
        "page",
        "10m",
        f"min by (namespace, pod) (istio_agent_cert_expiry_seconds{{{mine}}}) < {WORKLOAD_SECONDS}",
        "The certificate of {{ $labels.namespace }}/{{ $labels.pod }} is not renewed",
        "It ends in {{ $value | humanizeDuration }}. After that, nobody lets the pod in.",
    )
    yield _alert(
        "IstioProxiesNotSeen",
        "ticket",
        "15m",
        f"count by (namespace) (up{{{mine}}} == 0) / count by (namespace) (up{{{mine}}}) > 0.1",
        "Proxies in {{ $labels.namespace }} show no metrics",
        "Prometheus does not reach {{ $value | humanizePercentage }} of them. Objectives and dashboards miss that.",
    )
