"""The metrics that queries may ask for, each with its labels, and where that is written.

Prometheus adds labels of the target to all of them (TARGET): those of a ServiceMonitor or PodMonitor.
"""

import re
from collections.abc import Iterator

from cmp.context.telemetry import LABELS

#: https://prometheus-operator.dev/docs/developer/getting-started/ ; a metric's own label `namespace` becomes
#: `exported_namespace`.
TARGET = {"job", "namespace", "pod", "container", "service", "endpoint", "instance"}
_PROXY = {*LABELS}
_POD = {"namespace", "pod", "container", "condition"}
_APP = {"name", "project", "dest_server", "exported_namespace"}

#: Proxies: https://istio.io/latest/docs/reference/config/metrics/
#: istiod: istio pilot/pkg/xds/monitoring.go, pkg/xds/monitoring.go, pilot/pkg/model/push_context.go,
#: pkg/kube/inject/monitoring.go, security/pkg/server/ca/monitoring.go, pkg/version/stats.go
#: agents: istio security/pkg/nodeagent/cache/monitoring.go, with the prefix of pilot/cmd/pilot-agent/status/server.go
#: Argo CD: argo-cd docs/operator-manual/metrics.md, controller/metrics/metrics.go, reposerver/metrics/metrics.go
#: of programs in Go: github.com/prometheus/client_golang prometheus/process_collector.go;
#: queues: sigs.k8s.io/controller-runtime pkg/metrics/workqueue.go
#: of pods: kubelet's cAdvisor and kube-state-metrics
METRICS: dict[str, set[str]] = {
    "istio_requests_total": _PROXY,
    "istio_request_duration_milliseconds_bucket": {*_PROXY, "le"},
    "istio_request_duration_milliseconds_count": _PROXY,
    "istio_tcp_connections_opened_total": _PROXY,
    "istio_tcp_sent_bytes_total": _PROXY,
    "istio_tcp_received_bytes_total": _PROXY,
    "istio_agent_cert_expiry_seconds": {"resource_name"},
    "istio_build": {"tag", "component"},
    "pilot_xds": {"version"},
    "pilot_xds_pushes": {"type"},
    "pilot_total_xds_rejects": {"type"},
    "pilot_total_xds_internal_errors": set(),
    "pilot_proxy_convergence_time_bucket": {"le"},
    "pilot_conflict_inbound_listener": set(),
    "pilot_conflict_outbound_listener_tcp_over_current_tcp": set(),
    "pilot_destrule_subsets": set(),
    "pilot_duplicate_envoy_clusters": set(),
    "pilot_vservice_dup_domain": set(),
    "sidecar_injection_failure_total": set(),
    "citadel_server_root_cert_expiry_timestamp": set(),
    "citadel_server_success_cert_issuance_count": set(),
    "citadel_server_csr_sign_err_count": set(),
    "argocd_app_info": {
        *_APP,
        *("autosync_enabled", "repo", "dest_namespace", "sync_status", "health_status", "operation"),
    },
    "argocd_app_sync_total": {*_APP, "phase"},
    "argocd_app_reconcile_bucket": {"dest_server", "le"},
    "argocd_cluster_connection_status": {"server"},
    "argocd_git_request_duration_seconds_bucket": {"repo", "request_type", "le"},
    "argocd_git_fetch_fail_total": {"repo", "revision"},
    "argocd_repo_pending_request_total": {"repo"},
    "workqueue_depth": {"name", "controller"},
    "process_cpu_seconds_total": set(),
    "process_resident_memory_bytes": set(),
    "up": set(),
    "container_cpu_usage_seconds_total": _POD,
    "container_cpu_cfs_periods_total": _POD,
    "container_cpu_cfs_throttled_periods_total": _POD,
    "container_memory_working_set_bytes": _POD,
    "kube_pod_container_status_restarts_total": _POD,
    "kube_pod_status_ready": _POD,
}
#: What queries give themselves: by `record`, and by `label_replace`.
RECORDED = {"service", "namespace", "slo"}
MADE = {"metric"}

_SELECTOR = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)?\{((?:[^}\"]|\"[^\"]*\")*)\}")
_MATCHER = re.compile(r"(\w+)\s*[=!]~?\s*\"((?:[^\"\\]|\\.)*)\"")


def selected(query: str) -> Iterator[tuple[str, set[str]]]:
    """The metrics that a query names, each with the labels that it matches; by a pattern too, if that lists names."""
    for name, matchers in _SELECTOR.findall(query):
        found = dict(_MATCHER.findall(matchers))
        for metric in [name] if name else found.pop("__name__").split("|"):
            yield metric, set(found)


def unknown(query: str) -> list[str]:
    """What a query asks for that is not there: metrics, labels in matchers, and labels to sum by."""
    wrong, labels = [], set[str](MADE)
    for metric, matched in selected(query):
        has = RECORDED if metric.startswith("slo:") else METRICS.get(metric)
        if has is None:
            wrong.append(metric)
            continue
        has = has | TARGET if not metric.startswith("slo:") else has
        wrong += [f"{metric}: {label}" for label in sorted(matched - has)]
        labels |= has
    for group in re.findall(r"\bby \(([^)]*)\)", query):
        wrong += [f"by {label}" for label in re.split(r",\s*", group) if label not in labels]
    return wrong
