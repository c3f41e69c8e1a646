"""What Prometheus fetches of the platform itself: of Argo CD, of istiod, and of every proxy of the mesh.

https://prometheus-operator.dev/docs/api-reference/api/
"""

from __future__ import annotations

from collections.abc import Iterator

from cmp.context import watched
from cmp.context.model import Platform
from cmp.manifests.monitoring import API
from cmp.manifests.step import manifest
from cmp.waves import Manifest

#: How often metrics are fetched. Rules are evaluated as often.
INTERVAL = "30s"
#: The port of proxies at which their agent shows its own metrics, those of Envoy and those of the application. The
#: proxy does not take its traffic, so that it needs no identity of the mesh (istio pilot/cmd/pilot-agent/status).
AGENT = 15020


def monitors(platform: Platform) -> Iterator[Manifest]:
    """The monitors of what the platform watches."""
    if watched.watches_argocd(platform):
        yield from argocd(platform)
    if watched.watches_istio(platform):
        yield istiod(platform)
        yield proxies(platform)


def argocd(platform: Platform) -> Iterator[Manifest]:
    """One ServiceMonitor for each component, as the manifests of Argo CD name its Services and their labels.

    https://argo-cd.readthedocs.io/en/stable/operator-manual/metrics/#prometheus-operator
    """
    for name, service in watched.ARGOCD.items():
        spec = {
            "selector": {"matchLabels": {"app.kubernetes.io/name": service}},
            "endpoints": [{"port": "metrics", "interval": INTERVAL, "path": "/metrics"}],
        }
        yield of_platform(platform, "ServiceMonitor", name, watched.argocd_namespace(platform), spec)


def istiod(platform: Platform) -> Manifest:
    """Of all revisions, under one name. A tag of a revision has a Service of its own, with the same pods behind it.

    istio manifests/charts/istio-control/istio-discovery/templates/service.yaml, revision-tags-svc.yaml
    """
    spec = {
        "jobLabel": "app",
        "selector": {
            "matchLabels": {"app": watched.ISTIOD},
            "matchExpressions": [{"key": "istio.io/tag", "operator": "DoesNotExist"}],
        },
        "endpoints": [{"port": "http-monitoring", "interval": INTERVAL}],
    }
    return of_platform(platform, "ServiceMonitor", watched.ISTIOD, platform.target.root_namespace, spec)


def proxies(platform: Platform) -> Manifest:
    """Of every proxy, beside services and at gateways. Only proxies have the port, so each pod is asked once.

    Envoy's own port has neither the metrics of the agent nor those of the application, so the agent's is asked, also
    where pods say nothing of it in annotations. A pod can stay out by the label that Istio's example has for that
    (istio samples/addons/extras/prometheus-operator.yaml).
    """
    address = {"action": "replace", "sourceLabels": ["__meta_kubernetes_pod_ip"], "targetLabel": "__address__"}
    spec = {
        "selector": {"matchExpressions": [{"key": "istio-prometheus-ignore", "operator": "DoesNotExist"}]},
        "namespaceSelector": {"any": True},
        "podMetricsEndpoints": [
            {
                "port": "http-envoy-prom",
                "path": "/stats/prometheus",
                "interval": INTERVAL,
                "relabelings": [
                    {**address, "regex": "([0-9.]+)", "replacement": f"$1:{AGENT}"},
                    {**address, "regex": "(.*:.*)", "replacement": f"[$1]:{AGENT}"},
                ],
            }
        ],
    }
    return of_platform(platform, "PodMonitor", watched.PROXIES, platform.target.root_namespace, spec)


def of_platform(platform: Platform, kind: str, name: str, namespace: str, spec: Manifest) -> Manifest:
    """An object that Prometheus has to find by its labels, in the namespace of what it is about."""
    found = manifest(API, kind, name, spec=spec)
    found["metadata"]["namespace"] = namespace
    found["metadata"]["labels"] = watched.labels(platform)
    return found
