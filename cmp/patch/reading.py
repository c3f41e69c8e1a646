"""How the objects of a render are read: what one says, and which pods it selects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from cmp.manifests.step import Built
from cmp.patch.kinds import type_of

#: The objects of a render by their kind.
Kinds = Mapping[str, Sequence[Built]]
_WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet")


#: The groups of the kinds that are judged. Other groups have kinds of these names too.
_GROUPS = {
    "DaemonSet": "apps",
    "Deployment": "apps",
    "HorizontalPodAutoscaler": "autoscaling",
    "Namespace": "",
    "ScaledObject": "keda.sh",
    "Service": "",
    "StatefulSet": "apps",
    "Telemetry": "telemetry.istio.io",
    **dict.fromkeys(
        ("DestinationRule", "EnvoyFilter", "Gateway", "ServiceEntry", "Sidecar", "VirtualService"),
        "networking.istio.io",
    ),
}


def is_known(one: Built) -> bool:
    """Whether an object is of a kind that is judged, and in a version whose fields have been checked."""
    api, kind = one.manifest["apiVersion"], one.manifest["kind"]
    return _GROUPS.get(kind) == api.rpartition("/")[0] and type_of(api, kind) is not None


def named(one: Built) -> str:
    """An object in a message."""
    return f'{one.manifest["kind"]} "{one.manifest["metadata"]["name"]}"'


def space(one: Built) -> str:
    """The namespace of an object."""
    return str(one.manifest["metadata"].get("namespace") or "")


def said(one: Built, *path: str) -> Any:
    """A value of an object, or None."""
    value: Any = one.manifest
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    return value


def listed(one: Built, *path: str) -> list[Any]:
    """A list of an object, or an empty one."""
    found = said(one, *path)
    return [*found] if isinstance(found, list | tuple) else []


def full(host: str, one: Built) -> str:
    """A host as Istio completes it: a short one is in the namespace of the object that names it."""
    return host if "." in host or host == "*" else f"{host}.{space(one)}.svc.{one.owner.target.cluster_domain}"


def workloads(kinds: Kinds) -> list[Built]:
    """What runs pods."""
    return [one for kind in _WORKLOADS for one in kinds.get(kind, ())]


def selecting(objects: Iterable[Built], pods: Iterable[Built], path: tuple[str, ...]) -> Iterator[list[Built]]:
    """For each workload, the objects that select its pods. Each is looked up by one of its labels."""
    by_label: dict[tuple[str, str, Any], list[Built]] = {}
    for one in objects:
        wanted = said(one, *path) or {}
        if wanted:
            label = min(wanted)
            by_label.setdefault((space(one), label, wanted[label]), []).append(one)
    for pod in pods:
        labels = said(pod, "spec", "template", "metadata", "labels") or {}
        near = [one for key, value in labels.items() for one in by_label.get((space(pod), key, value), ())]
        yield [one for one in near if (said(one, *path) or {}).items() <= labels.items()]
