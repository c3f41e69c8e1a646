"""What the platform watches of itself, and the names by which metrics, rules and dashboards know it."""

from __future__ import annotations

from cmp.context.installation import argo
from cmp.context.model import Platform

#: The ServiceMonitors of Argo CD's components, as its documentation calls them, and the label `app.kubernetes.io/name`
#: of the Services (argo-cd manifests/base). A component that is not installed is not found, and does no harm.
ARGOCD = {
    "argocd-applicationset-controller-metrics": "argocd-applicationset-controller",
    "argocd-commit-server-metrics": "argocd-commit-server",
    "argocd-dex-server": "argocd-dex-server",
    "argocd-metrics": "argocd-metrics",
    "argocd-notifications-controller": "argocd-notifications-controller-metrics",
    "argocd-repo-server-metrics": "argocd-repo-server",
    "argocd-server-metrics": "argocd-server-metrics",
}
#: The label `app` of istiod's Service, and the `job` of its metrics.
ISTIOD = "istiod"
#: The name of the proxies' PodMonitor.
PROXIES = "istio-proxies"


def watches_argocd(platform: Platform) -> bool:
    """Whether Argo CD is watched."""
    said = platform.spec.monitoring
    return said is not None and said.argocd is not None and said.argocd.enabled is not False


def watches_istio(platform: Platform) -> bool:
    """Whether the mesh is watched."""
    said = platform.spec.monitoring
    return said is not None and said.istio is not None and said.istio.enabled is not False


def argocd_namespace(platform: Platform) -> str:
    """The namespace that Argo CD is installed in: as its monitoring says, or as the platform says of it."""
    said = platform.spec.monitoring
    own = said.argocd.namespace if said is not None and said.argocd is not None else None
    return own or argo(platform).namespace


def labels(platform: Platform) -> dict[str, str]:
    """The labels by which Prometheus finds what is written for it."""
    said = platform.spec.monitoring
    return dict(said.prometheus.labels) if said is not None and said.prometheus is not None else {}


def proxies_job(platform: Platform) -> str:
    """The `job` of the proxies' metrics: the operator calls it like the PodMonitor, with its namespace."""
    return f"{platform.target.root_namespace}/{PROXIES}"


def installs_prometheus(platform: Platform) -> bool:
    """Whether Prometheus is installed from here."""
    said = platform.spec.monitoring
    return said is not None and said.prometheus is not None and bool(said.prometheus.install)


def prometheus_namespace(platform: Platform) -> str:
    """Where Prometheus is installed."""
    said = platform.spec.monitoring
    return (said.prometheus.namespace if said is not None and said.prometheus is not None else None) or "monitoring"
