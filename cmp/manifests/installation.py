"""Istio itself, by Applications for its charts: definitions, control plane, nodes, gateways, each in a wave of its own.

https://istio.io/latest/docs/setup/install/helm/
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cmp.context.installation import (
    ANY_PROJECT,
    CHARTS,
    Chart,
    argo,
    base,
    control_planes,
    creates,
    gateways,
    install,
    nodes,
    ztunnels,
)
from cmp.context.model import Platform
from cmp.manifests.argocd import helm_application, project
from cmp.manifests.step import PlatformStep
from cmp.waves import Manifest, Wave

#: What the charts write for the whole cluster; a namespace that nobody writes comes before them.
WIDE = {
    "": "Namespace",
    "admissionregistration.k8s.io": """
        MutatingWebhookConfiguration ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding
        ValidatingWebhookConfiguration
        """,
    "apiextensions.k8s.io": "CustomResourceDefinition",
    "rbac.authorization.k8s.io": "ClusterRole ClusterRoleBinding",
}
#: What they write into namespaces, whatever their values.
KINDS = {
    "": "ConfigMap ResourceQuota Service ServiceAccount",
    "apps": "DaemonSet Deployment",
    "autoscaling": "HorizontalPodAutoscaler",
    "discovery.k8s.io": "EndpointSlice",
    "k8s.cni.cncf.io": "NetworkAttachmentDefinition",
    "networking.k8s.io": "NetworkPolicy",
    "policy": "PodDisruptionBudget",
    "rbac.authorization.k8s.io": "Role RoleBinding",
}


def projects(platform: Platform) -> Iterator[Manifest]:
    """The project of the charts, which may write for the whole cluster, and have one source."""
    of, found = argo(platform), install(platform)
    if found is None or of.project == ANY_PROJECT:
        return
    namespaces = [platform.target.root_namespace, *(chart.namespace for chart in gateways(platform))]
    about = f'Istio, as the platform "{platform.name}" installs it.'
    yield project(of, of.beside("istio"), about, [found.repoURL or CHARTS], namespaces, WIDE, KINDS)


def definitions(platform: Platform) -> Iterator[Manifest]:
    """The definitions of Istio's kinds. They stay when the Application goes: with them, all objects would go."""
    if install(platform) is not None:
        yield from _applications(platform, [base(platform)])


def control_plane(platform: Platform) -> Iterator[Manifest]:
    """The control planes, and what sets up the network of pods on each node."""
    if install(platform) is not None:
        yield from _applications(platform, [*control_planes(platform), *nodes(platform)])


def node_proxies(platform: Platform) -> Iterator[Manifest]:
    """The proxies of the nodes, which ask the control plane for their configuration."""
    if install(platform) is not None:
        yield from _applications(platform, ztunnels(platform))


def edge(platform: Platform) -> Iterator[Manifest]:
    """The gateways' pods, which are made by the webhook of the control plane."""
    yield from _applications(platform, gateways(platform))


def _applications(platform: Platform, charts: Iterable[Chart]) -> Iterator[Manifest]:
    of = argo(platform)
    for chart in charts:
        yield helm_application(chart, of, of.beside("istio"), not creates(platform, chart.namespace))


STEPS = (
    PlatformStep(Wave.FOUNDATIONS, projects),
    PlatformStep(Wave.DEFINITIONS, definitions),
    PlatformStep(Wave.CONTROL_PLANE, control_plane),
    PlatformStep(Wave.NODE_PROXIES, node_proxies),
    PlatformStep(Wave.EDGE, edge),
)
