"""A sync in a cluster, moment by moment: which objects and pods there are after every single step.

Deployments, StatefulSets and DaemonSets have as many pods as matter here: one of each template. A roll starts a pod
that is not ready, makes it ready, and only then ends the old one, unless the strategy, or a StatefulSet of one pod,
wants the gap. What is deleted keeps its pods for a moment, and then while they terminate, without requests.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from cmp.replay.access import Pod
from cmp.replay.mesh import Mesh
from cmp.replay.sync import Batch, Health, Key, Outcome, is_hook, kept_hooks, key, sync
from cmp.waves import Manifest

WORKLOADS = ("DaemonSet", "Deployment", "StatefulSet")
_NO_PROXY = ("sidecar.istio.io/inject", "false")


class Moment(NamedTuple):
    """A state of the cluster, and the step that led to it."""

    step: str
    objects: Mapping[Key, Manifest]
    pods: tuple[Pod, ...]

    @property
    def mesh(self) -> Mesh:
        """What proxies make of it."""
        return Mesh(self.objects.values(), self.pods)


class Replayed(NamedTuple):
    """All moments of a sync, the last one is how it ended."""

    moments: tuple[Moment, ...]
    outcome: Outcome


class Cluster:
    """The objects of an application, and its pods.

    Attributes:
        failing: names of workloads whose new pods never become ready.
        sick: the health of objects that are not healthy, by kind and name.
    """

    def __init__(self, failing: Collection[str] = (), sick: Mapping[tuple[str, str], Health] | None = None) -> None:
        self.failing = failing
        self.sick = sick or {}
        self.objects: dict[Key, Manifest] = {}
        self.pods: dict[Key, tuple[Pod, ...]] = {}
        self._moments: list[Moment] = []

    def settled(self, objects: Iterable[Manifest]) -> Cluster:
        """As it is long after a sync: each workload has its pods, and they are ready."""
        for one in objects:
            self.objects[key(one)] = one
            if one["kind"] in WORKLOADS:
                self.pods[key(one)] = pods_of(one, ready=one["metadata"]["name"] not in self.failing)
        return self

    def moment(self, step: str = "") -> Moment:
        """How it is now."""
        return Moment(step, dict(self.objects), tuple(pod for pods in self.pods.values() for pod in pods))

    def sync(self, target: Iterable[Manifest]) -> Replayed:
        """Make a sync, and tell all moments of it.

        Batches whose objects Argo CD starts together are told in their order and in the reverse.
        """
        self._moments = []
        wanted = list(target)
        outcome = sync(list(self.objects.values()), wanted, self._run, self._wait)
        self._settle("the end")
        for one in wanted:
            if is_hook(one) and not kept_hooks(one, outcome):
                self.objects.pop(key(one), None)
        return Replayed(tuple(self._moments), outcome)

    def _run(self, batch: Batch) -> None:
        before, pods = dict(self.objects), dict(self.pods)
        orders = [batch.manifests, batch.manifests[::-1]] if len(batch.manifests) > 1 else [batch.manifests]
        for order in orders:
            self.objects, self.pods = dict(before), dict(pods)
            for one in order:
                self._do(one, prune=batch.prune)
                name = f"{'delete' if batch.prune else 'apply'} {one['kind']}/{one['metadata']['name']}"
                self._tell(f"wave {batch.wave}: {name}")

    def _do(self, one: Manifest, *, prune: bool) -> None:
        place = key(one)
        if prune:
            self.objects.pop(place, None)
        else:
            self.objects[place] = one
            if one["kind"] in WORKLOADS:
                self.pods[place] = self._rolling(one)

    def _rolling(self, one: Manifest) -> tuple[Pod, ...]:
        """The old pods, and beside them the new ones, which are not ready."""
        old, wanted = self.pods.get(key(one), ()), pods_of(one, ready=False)
        kept = tuple(pod for pod in old if pod.ready)
        if any(pod._replace(ready=False) in wanted for pod in kept):
            return kept
        return wanted if _has_gap(one) else (*kept, *wanted)

    def _wait(self) -> Mapping[Key, Health]:
        """As long as it takes until nothing changes any more."""
        self._settle("wait")
        found: dict[Key, Health] = {}
        for place, one in self.objects.items():
            kind, name = place[1], place[3]
            if (kind, name) in self.sick:
                found[place] = self.sick[kind, name]
            elif one["kind"] in WORKLOADS and not all(pod.ready for pod in self.pods.get(place, ())):
                found[place] = "Degraded"
            elif kind == "PersistentVolumeClaim" and not any(_mounts(other, name) for other in self.objects.values()):
                found[place] = "Progressing"
        return found

    def _settle(self, step: str) -> None:
        """Pods of what was deleted get no more requests, and only then new ones become ready, and old ones end."""
        gone = [place for place in self.pods if place not in self.objects]
        if gone:
            for place in gone:
                self.pods[place] = tuple(pod._replace(ready=False) for pod in self.pods[place])
            self._tell(f"{step}: pods terminate")
        for place, pods in self.pods.items():
            if place not in gone and place[3] not in self.failing:
                self.pods[place] = tuple(pod._replace(ready=True) for pod in pods)
        self._tell(f"{step}: pods become ready")
        for place in list(self.pods):
            if place in gone:
                del self.pods[place]
            elif place[3] not in self.failing:
                self.pods[place] = pods_of(self.objects[place], ready=True)
        self._tell(f"{step}: old pods are gone")

    def _tell(self, step: str) -> None:
        self._moments.append(self.moment(step))


def pods_of(one: Manifest, *, ready: bool) -> tuple[Pod, ...]:
    """The pods of a workload, once it is settled. Without a number, an autoscaler keeps at least one."""
    if one["kind"] != "DaemonSet" and one["spec"].get("replicas", 1) == 0:
        return ()
    template = one["spec"]["template"]
    labels = template["metadata"]["labels"]
    containers = template["spec"]["containers"]
    ports = ((str(port.get("name", "")), int(port["containerPort"])) for c in containers for port in c.get("ports", ()))
    namespace, name = one["metadata"]["namespace"], one["metadata"]["name"]
    account = template["spec"].get("serviceAccountName", "default")
    meshed = _NO_PROXY not in labels.items()
    return (Pod(namespace, labels, account, meshed, tuple(ports), ready, f"{one['kind']}/{name}"),)


def _has_gap(one: Manifest) -> bool:
    """Whether the old pod ends before the new one starts."""
    spec = one["spec"]
    alone = one["kind"] == "StatefulSet" and spec.get("replicas", 1) == 1
    return alone or bool(spec.get("strategy", {}).get("type") == "Recreate")


def _mounts(one: Manifest, claim: str) -> bool:
    if one["kind"] not in WORKLOADS:
        return False
    volumes: Iterable[Manifest] = one["spec"]["template"]["spec"].get("volumes", ())
    return any(volume.get("persistentVolumeClaim", {}).get("claimName") == claim for volume in volumes)
