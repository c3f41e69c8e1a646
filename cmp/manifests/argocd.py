"""Argo CD's own objects: the project, and the Applications of charts and of services.

https://argo-cd.readthedocs.io/en/stable/operator-manual/declarative-setup/
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from cmp.context.installation import ANY_PROJECT, Argo, Chart, argo
from cmp.context.model import Platform
from cmp.manifests.step import PlatformStep, manifest
from cmp.waves import Manifest, Wave

if TYPE_CHECKING:
    from cmp.spec.argocd import GitApplication

API = "argoproj.io/v1alpha1"
#: What a render reads: changes of other files of the repository need none.
PATHS = "argocd.argoproj.io/manifest-generate-paths"
COMPARE = "argocd.argoproj.io/compare-options"
#: Removes what an Application has applied, when it goes itself.
CASCADE = "resources-finalizer.argocd.argoproj.io"

#: Waits of 10 s to 3 min, 20 min in all: Applications do not wait for each other unless Argo CD is told how healthy
#: they are, so one that comes before what it needs has to be tried again until that is there.
RETRY: Manifest = {"limit": 10, "backoff": {"duration": "10s", "factor": 2, "maxDuration": "3m"}}

#: What istiod writes into its webhooks itself (istio pkg/webhooks/webhookpatch.go, validation/controller).
WEBHOOKS: list[Manifest] = [
    {
        "group": "admissionregistration.k8s.io",
        "kind": "MutatingWebhookConfiguration",
        "jqPathExpressions": [".webhooks[]?.clientConfig.caBundle"],
    },
    {
        "group": "admissionregistration.k8s.io",
        "kind": "ValidatingWebhookConfiguration",
        "jqPathExpressions": [".webhooks[]?.clientConfig.caBundle", ".webhooks[]?.failurePolicy"],
    },
]

#: The kinds that meshspec writes for services, by group.
KINDS = {
    "": "ConfigMap PersistentVolumeClaim Service ServiceAccount",
    "apps": "DaemonSet Deployment StatefulSet",
    "autoscaling": "HorizontalPodAutoscaler",
    "batch": "CronJob Job",
    "cert-manager.io": "Certificate",
    "external-secrets.io": "ExternalSecret",
    "keda.sh": "ScaledObject TriggerAuthentication",
    "monitoring.coreos.com": "PodMonitor PrometheusRule",
    "networking.istio.io": """
        DestinationRule Gateway ProxyConfig ServiceEntry Sidecar VirtualService WorkloadEntry WorkloadGroup
        """,
    "networking.k8s.io": "NetworkPolicy",
    "policy": "PodDisruptionBudget",
    "rbac.authorization.k8s.io": "Role RoleBinding",
    "security.istio.io": "AuthorizationPolicy PeerAuthentication RequestAuthentication",
    "telemetry.istio.io": "Telemetry",
}


# -- for all who write Applications ------------------------------------------------------------------------------------


def helm_application(chart: Chart, of: Argo, project: str, create: bool) -> Manifest:
    """An Application for a Helm chart. ``create`` says that nobody else writes its namespace."""
    options = [
        *(["CreateNamespace=true"] if create else []),
        *(["RespectIgnoreDifferences=true"] if chart.webhooks else []),
        *(["ServerSideApply=true"] if chart.server_side else []),
    ]
    spec = {
        "project": project,
        "source": {
            "repoURL": chart.repository,
            "chart": chart.chart,
            "targetRevision": chart.version,
            "helm": {"releaseName": chart.release, "valuesObject": chart.values or None},
        },
        "destination": {**of.cluster, "namespace": chart.namespace},
        "syncPolicy": sync_policy(True, options),
        "ignoreDifferences": WEBHOOKS if chart.webhooks else None,
    }
    return _application(of, chart.name, spec, {}, not chart.lasting)


def sync_policy(automated: bool, options: list[str]) -> Manifest:
    """How an Application is synced: by itself, with removals, and against changes that are made elsewhere."""
    policy = {"automated": {"prune": True, "selfHeal": True}} if automated else {}
    return {**policy, "retry": RETRY, "syncOptions": options or None}


def project(
    of: Argo,
    name: str,
    description: str,
    repositories: Iterable[str],
    namespaces: Iterable[str],
    wide: Mapping[str, str],
    kinds: Mapping[str, str],
) -> Manifest:
    """A project that may do what is listed, and nothing else: kinds of the cluster (``wide``) and of namespaces."""
    spec = {
        "description": description,
        "sourceRepos": sorted(set(repositories)),
        "destinations": [{**of.cluster, "namespace": one} for one in sorted(set(namespaces))] or None,
        "clusterResourceWhitelist": _listed(wide) or None,
        "namespaceResourceWhitelist": _listed(kinds),
    }
    return _placed(of, manifest(API, "AppProject", name, spec=spec))


def _listed(kinds: Mapping[str, str]) -> list[Manifest]:
    return [{"group": group, "kind": kind} for group, some in sorted(kinds.items()) for kind in sorted(some.split())]


def _application(of: Argo, name: str, spec: Manifest, notes: Mapping[str, str], cascade: bool = True) -> Manifest:
    found = _placed(of, manifest(API, "Application", name, spec=spec))
    found["metadata"]["annotations"] = {**notes, COMPARE: "ServerSideDiff=true"}
    found["metadata"]["finalizers"] = [CASCADE] if cascade else None
    return found


def _placed(of: Argo, found: Manifest) -> Manifest:
    found["metadata"]["namespace"] = of.namespace
    return found


# -- of services -------------------------------------------------------------------------------------------------------


def projects(platform: Platform) -> Iterator[Manifest]:
    """The project of the services: their repository, their namespaces, those of gateways, and our kinds."""
    of, spec = argo(platform), platform.spec.argocd
    if spec is None or of.project == ANY_PROJECT:
        return
    kinds = dict(KINDS)
    for group, _, kind in (one.rpartition("/") for one in spec.kinds):
        kinds[group] = f"{kinds.get(group, '')} {kind}"
    kinds = {group: " ".join(set(some.split())) for group, some in kinds.items()}
    own = [one.namespace or name for name, one in spec.applications.items()]
    namespaces = [*own, *(gateway.namespace for gateway in platform.gateways)]
    about = f'The services of the platform "{platform.name}".'
    yield project(of, of.project, about, [of.repository], namespaces, {}, kinds)


class Source(NamedTuple):
    """A directory of the repository, and how Argo CD keeps the cluster in sync with it."""

    path: str
    namespace: str
    environment: str = ""
    parameters: Mapping[str, str] = {}
    revision: str = ""
    automated: bool = True
    watched: str = "."


def source_of(platform: Platform, name: str, one: GitApplication) -> Source:
    """What an entry of ``applications`` says."""
    return Source(
        one.path,
        one.namespace or name,
        one.environment or "",
        one.parameters,
        one.targetRevision or "",
        one.automated is not False,
        watched(platform, one.path),
    )


def applications(platform: Platform) -> Iterator[Manifest]:
    """An Application for a directory, or an ApplicationSet that makes one for each ``meshspec.yaml`` in it."""
    of, spec = argo(platform), platform.spec.argocd
    for name, one in sorted(spec.applications.items()) if spec is not None else ():
        source = source_of(platform, name, one)
        yield application_set(of, name, source) if one.each is not False else git_application(of, name, source)


def git_application(of: Argo, name: str, source: Source, cascade: bool = True) -> Manifest:
    """The Application of a directory."""
    return _application(of, name, _git(of, source), {PATHS: source.watched}, cascade)


def _git(of: Argo, source: Source) -> Manifest:
    """The spec of an Application that meshspec renders."""
    parameters: list[Manifest] = []
    if source.environment:
        parameters.append({"name": "environment", "string": source.environment})
    if source.parameters:
        parameters.append({"name": "set", "map": dict(sorted(source.parameters.items()))})
    return {
        "project": of.project,
        "source": {
            "repoURL": of.repository,
            "targetRevision": source.revision or of.revision,
            "path": source.path,
            "plugin": {"name": "meshspec", "parameters": parameters or None},
        },
        "destination": {**of.cluster, "namespace": source.namespace},
        "syncPolicy": sync_policy(source.automated, []),
    }


def application_set(of: Argo, name: str, source: Source) -> Manifest:
    """One Application for each ``meshspec.yaml`` below a directory, named by the way that leads there.

    https://argo-cd.readthedocs.io/en/stable/operator-manual/applicationset/Generators-Git/
    """
    below = "" if source.path == "." else f"{source.path}/"
    named = f'{{{{ join "-" (concat (list "{name}") (slice .path.segments {below.count("/")})) | normalize }}}}'
    files = [{"path": f"{below}**/meshspec.yaml"}]
    git = {"repoURL": of.repository, "revision": source.revision or of.revision, "files": files}
    spec = {
        "goTemplate": True,
        "goTemplateOptions": ["missingkey=error"],
        "generators": [{"git": git}],
        "template": {
            "metadata": {"name": named, "annotations": {PATHS: source.watched, COMPARE: "ServerSideDiff=true"}},
            "spec": _git(of, source._replace(path="{{ .path.path }}")),
        },
    }
    return _placed(of, manifest(API, "ApplicationSet", name, spec=spec))


def watched(platform: Platform, path: str) -> str:
    """What a render of a path reads: the path, and the platform's file where that lies above it."""
    file = platform.tree.node.pos.file
    home = file.rpartition("/")[0] or "."
    above = home in (".", path) or path.startswith(f"{home}/")
    return f".;/{file}" if above else "."


STEPS = (PlatformStep(Wave.FOUNDATIONS, projects), PlatformStep(Wave.FOLLOWERS, applications))
