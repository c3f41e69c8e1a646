"""What a gap between two revisions is, and what all that find one ask of pods and their policies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from cmp.replay.access import Pod, Policies, is_tried
from cmp.replay.cluster import WORKLOADS, pods_of
from cmp.waves import Manifest


class Gap(NamedTuple):
    """A promise that a moment between two revisions breaks.

    Attributes:
        code: what is said of it by ``cmp explain``.
        manifest: the object of the new revision that it is about; None where that is gone.
        keys: those of a spec that steer it, the nearest first.
        message: what happens.
        first, then: the two steps that lead there instead.
    """

    code: str
    manifest: Manifest | None
    keys: tuple[str, ...]
    message: str
    first: str
    then: str


def running(one: Manifest) -> tuple[Pod, ...]:
    """The ready pods of a workload; none of any other object."""
    return pods_of(one, ready=True) if one["kind"] in WORKLOADS else ()


def of_service(pod: Pod) -> tuple[str, str]:
    """The namespace and the name of the service that a pod is of."""
    return pod.namespace, pod.labels.get("app", pod.workload)


def specs(policies: Policies, pod: Pod) -> list[dict[str, Any]]:
    """What authorization says of a pod. What is only tried decides nothing, and is left out."""
    return [one["spec"] for one in policies.of("AuthorizationPolicy", pod) if not is_tried(one)]


def acting(policies: Policies, pod: Pod, *actions: str) -> Sequence[dict[str, Any]]:
    """Those of them with one of some actions."""
    return [spec for spec in specs(policies, pod) if spec.get("action", "ALLOW") in actions]
