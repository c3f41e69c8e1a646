"""Sync waves: when Argo CD applies and removes each object, and why then.

Argo CD applies wave by wave, waits until a wave is healthy and two seconds more; it removes in the wave of the live
object, before that wave's applies, unless ``PruneLast`` moves the removal behind the last wave
(https://argo-cd.readthedocs.io/en/stable/user-guide/sync-waves/). Istio's kinds have no health: their wave means
"applied before".
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import Any

Manifest = dict[str, Any]


class Wave(IntEnum):
    """The waves, with the reason of each. There are few, because each costs every sync two seconds."""

    FOUNDATIONS = -50  # projects before Applications, namespaces before what is in them: labels decide injection
    DEFINITIONS = -48  # Istio's kinds, before objects of these kinds
    CONTROL_PLANE = -46  # istiod and the network of nodes: behind the definitions that they read
    NODE_PROXIES = -44  # ztunnel: behind the control plane that it asks
    EDGE = -42  # the pods of gateways: behind the webhook that makes them
    PREREQUISITES = -40  # what pods need; what refuses or asks, before what admits, lest a new caller come in unasked
    NAMES = -30  # Services, outside hosts, machines, gateways, policies that admit: before what refuses all others
    GUARDS = -20  # the policy that refuses all others, mTLS, subsets, Sidecars: before the pods that they are for
    WAYS_OUT = -10  # routes through egress gateways: behind the Sidecars that know these, before the pods that call
    JOBS = -5  # jobs of each sync: behind the account and configuration of the service, before its pods
    WORKLOADS = 0  # health-gated: nothing behind them moves before the pods are Ready
    TRAFFIC = 10  # routes, and servers of their own: traffic moves only to pods that are Ready
    FOLLOWERS = 20  # autoscalers, certificates, schedules and all that nothing should wait for
    OBSERVERS = 30  # what watches the platform: behind the Application that brings the kinds of Prometheus' operator


#: Kinds whose removal waits for the last wave: while a pod lives, what it uses and what protects it lives, and a subset
#: lives until no route names it.
PRUNE_LAST = frozenset(
    (
        "AppProject",  # an Application without its project is removed by nobody
        "Application",
        "ApplicationSet",
        "AuthorizationPolicy",
        "Certificate",  # with its Secret, where cert-manager is told to remove that too
        "ConfigMap",
        "DaemonSet",
        "Deployment",
        "DestinationRule",
        "ExternalSecret",
        "NetworkPolicy",
        "PeerAuthentication",
        "RequestAuthentication",
        "Role",
        "RoleBinding",
        "Service",
        "ServiceAccount",
        "ServiceEntry",
        "Sidecar",
        "StatefulSet",
        "TriggerAuthentication",  # the ScaledObject that asks with it goes before
        "WorkloadEntry",
        "WorkloadGroup",
    )
)

#: Kinds that Argo CD never deletes, neither by a prune nor with the application: they hold people's data, a namespace
#: all that is in it.
KEPT = frozenset(("Namespace", "PersistentVolumeClaim"))

#: Kinds of the cluster, which have no namespace.
WIDE = frozenset(("Namespace",))

#: Groups whose definitions another application may install in the same sync: no dry run before the kind is there.
LATE_GROUPS = (
    "cert-manager.io",
    "external-secrets.io",
    "keda.sh",
    "monitoring.coreos.com",
    "networking.istio.io",
    "security.istio.io",
    "telemetry.istio.io",
)

#: The order of kinds inside one wave, as Argo CD applies them (gitops-engine pkg/sync/sync_tasks.go); others come last.
KIND_ORDER = {
    kind: index
    for index, kind in enumerate(
        (
            "Namespace",
            "NetworkPolicy",
            "ResourceQuota",
            "LimitRange",
            "PodDisruptionBudget",
            "ServiceAccount",
            "ConfigMap",
            "PersistentVolumeClaim",
            "Role",
            "RoleBinding",
            "Service",
            "DaemonSet",
            "Deployment",
            "HorizontalPodAutoscaler",
            "StatefulSet",
            "Job",
            "CronJob",
        )
    )
}

#: Bytes of a ConfigMap above which Argo CD has to apply it on the server. Otherwise the object stands once more in an
#: annotation of its own, all of which may have 262,144 bytes, and JSON may write one byte as six
#: (https://argo-cd.readthedocs.io/en/stable/user-guide/sync-options/#server-side-apply).
LARGE = 40_000

#: The waves of kinds that authors bring along, where we have kinds of that sort. All others are applied in wave 0, as
#: Argo CD does with what says nothing.
_GROUPS = {
    Wave.PREREQUISITES: """
        Namespace ResourceQuota LimitRange CustomResourceDefinition PriorityClass StorageClass PersistentVolume
        ServiceAccount Role RoleBinding ClusterRole ClusterRoleBinding ConfigMap Secret SealedSecret SecretStore
        ClusterSecretStore ExternalSecret SecretProviderClass NetworkPolicy PodDisruptionBudget ProxyConfig
        RequestAuthentication
        """,
    Wave.NAMES: """
        Service EndpointSlice ServiceEntry WorkloadEntry WorkloadGroup Telemetry
        """,
    Wave.GUARDS: "AuthorizationPolicy PeerAuthentication DestinationRule Sidecar EnvoyFilter WasmPlugin",
    Wave.TRAFFIC: "VirtualService HTTPRoute GRPCRoute TLSRoute TCPRoute Ingress",
    Wave.FOLLOWERS: """
        HorizontalPodAutoscaler ScaledObject VerticalPodAutoscaler CronJob Certificate ServiceMonitor PodMonitor
        PrometheusRule
        """,
}
_WAVES = {kind: wave for wave, kinds in _GROUPS.items() for kind in kinds.split()}


def wave_of(kind: str) -> Wave:
    """The wave of a kind that we did not build."""
    return _WAVES.get(kind, Wave.WORKLOADS)


def wave_of_object(manifest: Manifest) -> Wave:
    """The wave of an object that we did not build: policies stand where ours of that sort do, by what they do."""
    if manifest["kind"] != "AuthorizationPolicy":
        return wave_of(manifest["kind"])
    spec = manifest.get("spec") or {}
    if spec.get("action", "ALLOW") != "ALLOW":
        return Wave.PREREQUISITES
    return Wave.NAMES if spec.get("rules") else Wave.GUARDS


WAVE = "argocd.argoproj.io/sync-wave"
OPTIONS = "argocd.argoproj.io/sync-options"
#: The phase of a sync in which an object is made anew, and removed, by other rules than those of waves
#: (https://argo-cd.readthedocs.io/en/stable/user-guide/resource_hooks/).
HOOK = "argocd.argoproj.io/hook"


def sync_annotations(manifest: Manifest, wave: int, asked: Iterable[str] = ()) -> dict[str, str]:
    """The annotations that tell Argo CD when to apply and remove an object. Wave 0 is its default: not written.

    To an option that is ``asked`` for, ours gives way. What says Argo CD's own default is not written, and what waits
    for somebody's yes comes last, since everything behind it waits, too.
    """
    options = []
    if manifest["kind"] in KEPT:
        options += ["Prune=false", "Delete=false"]
    last = manifest["kind"] in PRUNE_LAST and HOOK not in (manifest["metadata"].get("annotations") or {})
    if last or "Prune=confirm" in asked:
        options.append("PruneLast=true")
    if manifest["apiVersion"].partition("/")[0] in LATE_GROUPS:
        options.append("SkipDryRunOnMissingResource=true")
    if manifest["kind"] == "ConfigMap" and sum(map(len, map(str.encode, manifest.get("data", {}).values()))) > LARGE:
        options.append("ServerSideApply=true")
    if asked:
        chosen = {option.partition("=")[0]: option for option in (*options, *asked)}
        options = [option for option in chosen.values() if option not in ("Prune=true", "Delete=true")]
    found = {WAVE: str(int(wave))} if wave else {}
    return {**found, **({OPTIONS: ",".join(options)} if options else {})}


def order(manifests: Iterable[Manifest]) -> list[Manifest]:
    """Objects in the order in which Argo CD applies them."""
    return sorted(manifests, key=_place)


def _place(manifest: Manifest) -> tuple[int, int, str, str, str]:
    metadata = manifest["metadata"]
    wave = int((metadata.get("annotations") or {}).get(WAVE, "0"))
    kind = manifest["kind"]
    return wave, KIND_ORDER.get(kind, len(KIND_ORDER)), kind, metadata.get("namespace", ""), metadata["name"]
