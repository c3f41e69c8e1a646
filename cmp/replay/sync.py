"""How Argo CD goes from the objects of one revision to those of the next.

Written from its source: ``getSyncTasks``, ``Sync`` and ``runTasks`` in
https://github.com/argoproj/argo-cd/blob/v3.5.1/gitops-engine/pkg/sync/sync_context.go , the order of tasks in
sync_tasks.go beside it. Not modelled are dry runs, missing definitions, and single objects that are selected.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import IntEnum
from itertools import groupby
from typing import Literal, NamedTuple, TypeAlias

from cmp.waves import HOOK, OPTIONS, WAVE, Manifest

Key: TypeAlias = "tuple[str, str, str, str]"
Health: TypeAlias = Literal["Healthy", "Progressing", "Degraded", "Suspended"]
Outcome: TypeAlias = Literal["Succeeded", "Failed", "Running"]

DELETE_POLICY = "argocd.argoproj.io/hook-delete-policy"


class Phase(IntEnum):
    """The phases of a sync, in order. Of these only the one after a failure is not for every sync."""

    PRE_SYNC = -1
    SYNC = 0
    POST_SYNC = 1
    SYNC_FAIL = 2


_PHASES = {
    "PreSync": Phase.PRE_SYNC,
    "Sync": Phase.SYNC,
    "PostSync": Phase.POST_SYNC,
    "SyncFail": Phase.SYNC_FAIL,
}

#: The order of kinds inside a wave; all others come behind these.
_ORDER = """
    Namespace NetworkPolicy ResourceQuota LimitRange PodSecurityPolicy PodDisruptionBudget ServiceAccount Secret
    SecretList ConfigMap StorageClass PersistentVolume PersistentVolumeClaim CustomResourceDefinition ClusterRole
    ClusterRoleList ClusterRoleBinding ClusterRoleBindingList Role RoleList RoleBinding RoleBindingList Service
    DaemonSet Pod ReplicationController ReplicaSet Deployment HorizontalPodAutoscaler StatefulSet Job CronJob
    IngressClass Ingress APIService
    """
_PLACES = {kind: place for place, kind in enumerate(_ORDER.split())}

#: Kinds whose health Argo CD knows, by group: pkg/health beside pkg/sync, and resource_customizations/ of the
#: repository. Any other object counts as applied at once, which is all of Istio's.
_WITH_HEALTH = {
    "": "PersistentVolumeClaim Pod ReplicationController Service",
    "apps": "DaemonSet Deployment ReplicaSet StatefulSet",
    "argoproj.io": "AnalysisRun ApplicationSet Experiment Rollout Workflow",
    "autoscaling": "HorizontalPodAutoscaler",
    "batch": "CronJob Job",
    "cert-manager.io": "Certificate CertificateRequest ClusterIssuer Issuer",
    "external-secrets.io": "ClusterExternalSecret ClusterSecretStore ExternalSecret PushSecret SecretStore",
    "gateway.networking.k8s.io": "GRPCRoute Gateway HTTPRoute",
    "keda.sh": "ScaledJob ScaledObject",
    "monitoring.coreos.com": "Prometheus",
    "networking.k8s.io": "Ingress",
    "policy": "PodDisruptionBudget",
}
_HEALTH = frozenset((group, kind) for group, kinds in _WITH_HEALTH.items() for kind in kinds.split())


class Task(NamedTuple):
    """One object that is applied, or removed."""

    phase: Phase
    wave: int
    manifest: Manifest
    prune: bool = False


class Batch(NamedTuple):
    """Objects that Argo CD applies, or removes, at the same time: in whatever order, as far as anybody can tell."""

    phase: Phase
    wave: int
    prune: bool
    manifests: tuple[Manifest, ...]


def key(manifest: Manifest) -> Key:
    """What tells an object from all others."""
    metadata = manifest["metadata"]
    group, slash, _ = manifest["apiVersion"].partition("/")
    return group if slash else "", manifest["kind"], metadata.get("namespace") or "", metadata["name"]


def has_health(manifest: Manifest) -> bool:
    """Whether Argo CD waits until an object is healthy."""
    return key(manifest)[:2] in _HEALTH


def wave(manifest: Manifest) -> int:
    """The wave of an object; what is no number counts as none."""
    try:
        return int(_notes(manifest).get(WAVE, "0"))
    except ValueError:
        return 0


def phases(manifest: Manifest) -> tuple[Phase, ...]:
    """The phases in which an object is applied: those of a hook, which may be several, or the one for all others."""
    if not is_hook(manifest):
        return (Phase.SYNC,)
    return tuple(phase for name, phase in _PHASES.items() if name in _words(manifest, HOOK))


def is_hook(manifest: Manifest) -> bool:
    """Whether an object is made anew by each sync, and never removed for being gone from a revision."""
    return HOOK in _notes(manifest) and _words(manifest, HOOK) != ["Skip"]


def tasks(live: Iterable[Manifest], target: Iterable[Manifest]) -> list[Task]:
    """All that a sync does, in order: by phase, wave, kind and name.

    What is gone from the revision is removed in the wave of the live object, but the waves of all that is removed are
    mirrored: the highest and the lowest change places, and so on inwards. What says ``PruneLast`` is removed behind all
    other waves; its own wave still takes part in that exchange.
    """
    wanted = {key(one): one for one in target}
    found = [Task(phase, wave(one), one) for one in wanted.values() for phase in phases(one)]
    gone = [one for one in live if key(one) not in wanted and not is_hook(one)]
    waves = sorted({wave(one) for one in gone})
    mirrored = dict(zip(waves, reversed(waves), strict=True))
    pruned = [Task(Phase.SYNC, mirrored[wave(one)], one, prune=True) for one in gone]
    last = max([0, *(task.wave for task in (*found, *pruned) if task.phase is Phase.SYNC)]) + 1
    moved = [task._replace(wave=last) if _option(task.manifest, "PruneLast=true") else task for task in pruned]
    return sorted((*found, *moved), key=_place)


def batches(found: Iterable[Task]) -> Iterator[Batch]:
    """Tasks as they are started together: in a wave first all that is removed, then what is applied, kind by kind."""
    for (phase, number), same in groupby(found, lambda task: (task.phase, task.wave)):
        both = list(same)
        if removed := tuple(task.manifest for task in both if task.prune and not _option(task.manifest, "Prune=false")):
            yield Batch(phase, number, True, removed)
        applied = [task.manifest for task in both if not task.prune]
        for _, kind in groupby(applied, lambda one: str(one["kind"])):
            yield Batch(phase, number, False, tuple(kind))


def sync(
    live: Sequence[Manifest],
    target: Sequence[Manifest],
    run: Callable[[Batch], None],
    wait: Callable[[], Mapping[Key, Health]],
) -> Outcome:
    """One sync, from its first wave to its last, or to the first that does not become healthy.

    Each wave is waited for but the last one, and that too if it has hooks. Degraded ends the sync at once, Progressing
    and Suspended hold it up for as long as they last. What is to be done after a failure is done then.

    Args:
        live: the objects that the application has in the cluster.
        target: those that it is to have.
        run: called for each batch, in order.
        wait: called where Argo CD waits; answers with the health of objects after as long as it may take. An object
            that is not named is healthy.
    """
    planned = tasks(live, target)
    failing = [task for task in planned if task.phase is Phase.SYNC_FAIL]
    waves = [list(same) for _, same in groupby(planned, lambda task: (task.phase, task.wave)) if same]
    waves = [same for same in waves if same[0].phase is not Phase.SYNC_FAIL]
    for place, same in enumerate(waves):
        for batch in batches(same):
            run(batch)
        applied = [task.manifest for task in same if not task.prune]
        if place == len(waves) - 1 and not any(map(is_hook, applied)):
            return "Succeeded"
        health = wait()
        states = {health.get(key(one), "Healthy") for one in applied if has_health(one)}
        if "Degraded" in states:
            for batch in batches(failing):
                run(batch)
            return "Failed"
        if states - {"Healthy"}:
            return "Running"
    return "Succeeded"


def kept_hooks(manifest: Manifest, outcome: Outcome) -> bool:
    """Whether a hook that has run is still there when its sync is over. The default keeps it until the next one."""
    policies = _words(manifest, DELETE_POLICY)
    return ("HookSucceeded" if outcome == "Succeeded" else "HookFailed") not in policies


def _place(task: Task) -> tuple[int, int, int, str, str, str, str]:
    kind = task.manifest["kind"]
    return (
        task.phase,
        task.wave,
        _PLACES.get(kind, len(_PLACES)),
        task.manifest["metadata"]["name"],
        *key(task.manifest)[:3],
    )


def _notes(manifest: Manifest) -> Mapping[str, str]:
    return manifest["metadata"].get("annotations") or {}


def _words(manifest: Manifest, annotation: str) -> list[str]:
    return [word.strip() for word in _notes(manifest).get(annotation, "").split(",")]


def _option(manifest: Manifest, option: str) -> bool:
    return option in _words(manifest, OPTIONS)
