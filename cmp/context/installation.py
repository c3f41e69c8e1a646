"""How the platform is installed: which Applications of Argo CD there are, in which projects, and with which values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from cmp.node import Node, Quoted

if TYPE_CHECKING:
    from cmp.context.model import Platform
    from cmp.context.servers import Gateway
    from cmp.spec.installation import Install

#: Where Istio's charts are (https://istio.io/latest/docs/setup/install/helm/).
CHARTS = "https://istio-release.storage.googleapis.com/charts"
#: The cluster that Argo CD itself runs in.
OWN_CLUSTER = "https://kubernetes.default.svc"
#: The project that Argo CD brings along, which may do anything.
ANY_PROJECT = "default"

#: What is written for a tag, in its webhook and its Service.
KEPT = {"argocd.argoproj.io/sync-options": "Prune=false"}

Values = dict[str, Any]


class Argo(NamedTuple):
    """What all Applications of a platform have in common. Without a ``repository`` nothing is said of services."""

    namespace: str
    project: str
    cluster: Mapping[str, str]
    repository: str = ""
    revision: str = "HEAD"

    def beside(self, name: str) -> str:
        """The project of charts, which may do what those of services may not: for each group of them its own."""
        return ANY_PROJECT if self.project == ANY_PROJECT else f"{self.project}-{name}"


class Chart(NamedTuple):
    """A Helm chart, and the Application that installs it.

    Attributes:
        name: of the Application.
        repository: where the chart is.
        chart: its name there.
        version: its version.
        namespace: where it is installed.
        release: the name of the installation, which charts give to what they write.
        values: what it is told.
        server_side: the API server lays the objects over those that are there, also where they are large.
        webhooks: it has webhooks, of which the program that answers them writes a part itself.
        lasting: what it installed stays when the Application goes.
    """

    name: str
    repository: str
    chart: str
    version: str
    namespace: str
    release: str
    values: Values
    server_side: bool = False
    webhooks: bool = False
    lasting: bool = False


def argo(platform: Platform) -> Argo:
    """What the platform says of Argo CD."""
    spec = platform.spec.argocd
    if spec is None:
        return Argo("argocd", ANY_PROJECT, {"server": OWN_CLUSTER})
    to = spec.destination
    cluster = {"name": to.name} if to is not None and to.name else {"server": (to and to.server) or OWN_CLUSTER}
    project = spec.project or platform.name
    return Argo(spec.namespace or "argocd", project, cluster, spec.repoURL, spec.targetRevision or "HEAD")


def install(platform: Platform) -> Install | None:
    """How Istio is installed, or None where somebody else does that."""
    istio = platform.spec.istio
    found = istio.install if istio is not None else None
    return found if found is not None and found.enabled is not False else None


def has_cni(platform: Platform) -> bool:
    """Whether the platform installs what sets up the network of pods on the nodes."""
    found = install(platform)
    return found is not None and found.cni is not False


def revisions(platform: Platform) -> dict[str, str]:
    """The control planes: the release of each by its revision, which is empty where it has none."""
    istio = platform.spec.istio
    found = {(istio and istio.revision) or "": (istio and istio.version) or ""}
    if istio is not None and istio.canary is not None:
        found[istio.canary.revision] = istio.canary.version
    return found


def is_installed(platform: Platform, gateway: Gateway) -> bool:
    """Whether the pods of a gateway are ours: those that labels choose are there already."""
    if install(platform) is None:
        return False
    return gateway.spec.install if gateway.spec.install is not None else not gateway.spec.selector


def creates(platform: Platform, namespace: str) -> bool:
    """Whether the platform writes a namespace itself."""
    found = platform.spec.namespaces.get(namespace)
    return found is not None and bool(found.create)


# -- charts ------------------------------------------------------------------------------------------------------------


def _istio_chart(platform: Platform, name: str, chart: str, version: str, values: Values, **more: bool) -> Chart:
    found = install(platform)
    assert found is not None  # only then there are charts
    own = platform.tree.node.get("istio", "install", "values", chart)
    merged = laid_over(values, given(own))
    return Chart(name, found.repoURL or CHARTS, chart, version, platform.target.root_namespace, name, merged, **more)


def base(platform: Platform) -> Chart:
    """The definitions of Istio's kinds. Those of the newest release hold for older ones too."""
    planes = revisions(platform)
    values = _pruned({"defaultRevision": next(iter(planes)), "global": _global(platform)})
    version = max(planes.values(), key=_order)
    return _istio_chart(platform, "istio-base", "base", version, values, server_side=True, webhooks=True, lasting=True)


def control_planes(platform: Platform) -> Iterator[Chart]:
    """One istiod for each revision."""
    spec = platform.spec
    mesh: Values = {
        "outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"},
        "trustDomain": spec.istio.trustDomain if spec.istio else None,
        "extensionProviders": [
            {"name": name, **{kind: dict(vars(one)) for kind, one in vars(provider).items() if one is not None}}
            for name, provider in sorted(spec.providers.items())
        ],
    }
    for revision, version in revisions(platform).items():
        tags = sorted(tag for tag, to in (spec.istio.tags if spec.istio else {}).items() if to == revision)
        values = {
            "profile": "ambient" if platform.mode == "ambient" else None,
            "revision": revision,
            "revisionTags": tags,
            # a tag that moves to another revision is written by that one, and not removed by this one before
            "sidecarInjectorWebhookAnnotations": KEPT if tags else None,
            "serviceAnnotations": KEPT if tags else None,
            "autoscaleMin": 2,
            "cni": {"enabled": True} if has_cni(platform) else None,
            "meshConfig": mesh,
            "global": {
                **_global(platform),
                "proxy": {"clusterDomain": spec.istio.clusterDomain if spec.istio else None},
            },
        }
        name = f"istiod-{revision}" if revision else "istiod"
        yield _istio_chart(platform, name, "istiod", version, _pruned(values), webhooks=True)


def nodes(platform: Platform) -> Iterator[Chart]:
    """What runs on each node to set up the network of pods; of the release that all pods have."""
    version = next(iter(revisions(platform).values()))
    if has_cni(platform):
        values = _pruned({"profile": "ambient" if platform.mode == "ambient" else None})
        yield _istio_chart(platform, "istio-cni", "cni", version, values)


def ztunnels(platform: Platform) -> Iterator[Chart]:
    """The proxy of each node, in an ambient mesh."""
    revision, version = next(iter(revisions(platform).items()))
    if platform.mode == "ambient":
        root = platform.target.root_namespace
        values = {"revision": revision, "istioNamespace": root if root != "istio-system" else None}
        yield _istio_chart(platform, "ztunnel", "ztunnel", version, _pruned(values))


def gateways(platform: Platform) -> Iterator[Chart]:
    """The pods of gateways, with the labels and the account by which all else knows them."""
    found = install(platform)
    for gateway in platform.gateways:
        if found is None or not is_installed(platform, gateway):
            continue
        revision, version = next(iter(revisions(platform).items()))
        release = gateway.spec.service or gateway.name
        account = gateway.spec.serviceAccount or gateway.name
        values = {
            "revision": revision,
            "labels": dict(gateway.selector),
            "serviceAccount": {"name": account if account != release else None},
            "service": {"type": None if gateway.spec.hosts else "ClusterIP", "ports": _ports(gateway)},
            "autoscaling": {"minReplicas": 2},
            "podDisruptionBudget": {"maxUnavailable": 1},
        }
        node = platform.tree.node
        merged = laid_over(_pruned(values), given(node.get("istio", "install", "values", "gateway")))
        merged = laid_over(merged, given(node.get("gateways", gateway.name, "values")))
        name, where = f"{gateway.namespace}-{gateway.name}", gateway.namespace
        yield Chart(name, found.repoURL or CHARTS, "gateway", version, where, release, merged)


#: The ports that the chart gives to a gateway's Service; 15021 is where load balancers ask whether it is ready.
USUAL_PORTS = (("status-port", 15021), ("http2", 80), ("https", 443))


def _ports(gateway: Gateway) -> list[Values] | None:
    """The ports of a gateway's Service, where the chart's own are not all."""
    usual = dict(USUAL_PORTS)
    further = [(one.name, one.number) for one in gateway.servers if one.number not in usual.values()]
    if not further:
        return None
    named = [(f"{name}-{number}" if name in usual else name, number) for name, number in further]
    ports = (*USUAL_PORTS, *named)
    return [{"name": name, "port": number, "protocol": "TCP", "targetPort": number} for name, number in ports]


def _global(platform: Platform) -> Values:
    root = platform.target.root_namespace
    return {"istioNamespace": root if root != "istio-system" else None}


def _order(version: str) -> list[int]:
    return [int(part) for part in version.split(".") if part]


# -- values ------------------------------------------------------------------------------------------------------------


def given(node: Node | None) -> Any:
    """Values that the platform passes on, by the core schema of YAML 1.2; text in quotes stays text."""
    from cmp.spec.scalars import core  # only for platforms that have values

    value = node.value if node is not None else {}
    if isinstance(value, dict):
        return {key: given(child) for key, child in value.items() if child.value is not None}
    if isinstance(value, list):
        return [given(child) for child in value]
    return core(value) if isinstance(value, str) and not isinstance(value, Quoted) else value and str(value)


def laid_over(low: Any, high: Any) -> Any:
    """Values over others, as Helm lays them: maps are merged, all else is replaced."""
    if not isinstance(low, dict) or not isinstance(high, dict):
        return high
    return {**low, **{key: laid_over(low[key], value) if key in low else value for key, value in high.items()}}


def _pruned(values: Mapping[str, Any]) -> Values:
    """Values without those that say nothing."""
    found = {key: _pruned(value) if isinstance(value, Mapping) else value for key, value in values.items()}
    return {key: value for key, value in found.items() if value not in (None, "", {}, [])}


def leaves(values: Any, path: tuple[str, ...] = ()) -> Iterable[tuple[str, ...]]:
    """The paths of all values that are no maps."""
    if not isinstance(values, Mapping):
        return [path]
    return [leaf for key, value in values.items() for leaf in leaves(value, (*path, key))]
