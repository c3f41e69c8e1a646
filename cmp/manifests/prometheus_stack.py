"""Prometheus with its operator and Alertmanager, and Grafana: an Application for the chart that has them all.

https://github.com/prometheus-community/helm-charts/tree/main/charts/kube-prometheus-stack
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cmp.context import watched
from cmp.context.installation import ANY_PROJECT, Chart, argo, creates, given, laid_over
from cmp.context.model import Platform
from cmp.manifests.argocd import helm_application, project
from cmp.manifests.monitoring import DASHBOARD, FOLDER
from cmp.waves import Manifest

CHARTS = "https://prometheus-community.github.io/helm-charts"
NAME = "kube-prometheus-stack"
#: Its release v0.88.0 of the operator knows all fields that are written here. The chart's own file says so:
#: https://github.com/prometheus-community/helm-charts/blob/kube-prometheus-stack-81.4.5/charts/kube-prometheus-stack/Chart.yaml
VERSION = "81.4.5"
SECRET = "grafana-admin"

#: What the chart writes for the whole cluster, without its webhooks.
WIDE = {
    "": "Namespace",
    "apiextensions.k8s.io": "CustomResourceDefinition",
    "rbac.authorization.k8s.io": "ClusterRole ClusterRoleBinding",
}
#: What it writes into namespaces, with the values that people give it most.
KINDS = {
    "": "ConfigMap PersistentVolumeClaim Secret Service ServiceAccount",
    "apps": "DaemonSet Deployment StatefulSet",
    "autoscaling": "HorizontalPodAutoscaler",
    "monitoring.coreos.com": "Alertmanager PodMonitor Prometheus PrometheusRule ServiceMonitor",
    "networking.k8s.io": "Ingress NetworkPolicy",
    "policy": "PodDisruptionBudget",
    "rbac.authorization.k8s.io": "Role RoleBinding",
}
#: The kinds of objects that Prometheus finds by labels. The chart's own default are those of its release.
FOUND = ("serviceMonitor", "podMonitor", "rule", "probe", "scrapeConfig")


def projects(platform: Platform) -> Iterator[Manifest]:
    """The project of the chart. It writes Services for Kubernetes' own components beside these."""
    of = argo(platform)
    if not watched.installs_prometheus(platform) or of.project == ANY_PROJECT:
        return
    about = f'The monitoring of the platform "{platform.name}".'
    namespaces = [watched.prometheus_namespace(platform), "kube-system"]
    yield project(of, of.beside("monitoring"), about, [CHARTS], namespaces, WIDE, KINDS)


def applications(platform: Platform) -> Iterator[Manifest]:
    """The Application. What it installed stays when it goes: with the kinds, all monitors and rules would go.

    The kinds are too large for an annotation, in which Argo CD would keep them to compare with.
    """
    said = platform.spec.monitoring
    if said is None or said.prometheus is None or not said.prometheus.install:
        return
    of, where = argo(platform), watched.prometheus_namespace(platform)
    own = given(platform.tree.node.get("monitoring", "prometheus", "values"))
    chart = Chart(
        NAME,
        CHARTS,
        NAME,
        said.prometheus.version or VERSION,
        where,
        NAME,
        laid_over(values(platform), own),
        server_side=True,
        lasting=True,
    )
    yield helm_application(chart, of, of.beside("monitoring"), not creates(platform, where))


def values(platform: Platform) -> dict[str, Any]:
    """What the chart is told, so that what it writes is the same each time.

    Its webhooks need a certificate that a job makes, and the operator refuses what they would; Grafana's chart makes a
    password of its own each time that it is rendered, unless a Secret has one.
    """
    said = platform.spec.monitoring
    grafana: dict[str, Any] = {"enabled": False}
    if said is not None and said.grafana is not None and said.grafana.install:
        keys = {"userKey": "admin-user", "passwordKey": "admin-password"}
        folders = {"folderAnnotation": FOLDER, "provider": {"foldersFromFilesStructure": True}}
        grafana = {
            "admin": {"existingSecret": said.grafana.adminSecret or SECRET, **keys},
            "sidecar": {"dashboards": {"label": DASHBOARD, "searchNamespace": "ALL", **folders}},
            "testFramework": {"enabled": False},
        }
    return {
        "grafana": grafana,
        "prometheus": {"prometheusSpec": {f"{kind}SelectorNilUsesHelmValues": False for kind in FOUND}},
        "prometheusOperator": {"admissionWebhooks": {"enabled": False}, "tls": {"enabled": False}},
    }
