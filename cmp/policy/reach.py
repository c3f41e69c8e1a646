"""Where a rule holds besides the place that it names: what inherits from there, or stands in its stead.

Else a rule could be got around: `image` says nothing of the container beside the service's own, and `mtls` may differ
by port.
"""

from __future__ import annotations

from collections.abc import Iterator

from cmp.merge.compose import ROUTE_KEYS
from cmp.merge.running import JOB_KEYS, POLICY_KEYS, RUN_KEYS, WORKLOAD_KEYS
from cmp.node import Node, entries_of
from cmp.policy.paths import Steps
from cmp.policy.patterns import ITEM

#: What every container of a pod says for itself.
CONTAINER_KEYS = ("image", "command", "args", "env", "envFrom", "resources")
#: Of these, what a rule can ask of all of them: a proxy beside the service has no variable of the service's.
ASKED_OF_ALL = ("image", "resources")
#: What a container may say otherwise than the pod.
OVER_THE_POD = ("runAsUser", "runAsGroup", "runAsNonRoot", "seccompProfile", "seLinuxOptions")
#: Containers, by name and in order; under the service's own name stands what its own says besides.
CONTAINERS = (("pod", "containers", "*"), ("pod", "initContainers", ITEM))


def holders(steps: Steps, tree: Node, *, required: bool) -> Iterator[Steps]:
    """The paths at which a rule about a path holds in a service.

    Args:
        steps: the path that the rule names.
        tree: the finished service. What runs is said by its versions and jobs, which have taken over what it says.
        required: whether the rule asks that something is there; what is inherited need not be said again.
    """
    key = steps[0]
    if key in WORKLOAD_KEYS:
        for base in _runs(key, tree, required):
            yield (*base, *steps)
            if key in (ASKED_OF_ALL if required else CONTAINER_KEYS):
                yield from ((*base, *container, *steps) for container in CONTAINERS)
            if steps[:2] == ("pod", "securityContext") and steps[2:3] and steps[2] in OVER_THE_POD and not required:
                yield from ((*base, *container, *steps[1:]) for container in CONTAINERS)
        return
    yield steps
    if required:
        return
    if key in POLICY_KEYS:
        yield from ((*holder, *steps) for holder in (("versions", "*"), ("ports", "*")))
    elif key in ROUTE_KEYS:
        yield from ((*holder, *steps) for holder in (("routes", ITEM), ("expose", ITEM)))
    elif steps == ("mtls", "mode"):
        yield ("mtls", "ports", "*")


def _runs(key: str, tree: Node, required: bool) -> list[Steps]:
    """The versions and jobs of a service; where it has none, the service."""
    in_jobs = tree.get("jobs") is not None and key in (JOB_KEYS if required else RUN_KEYS)
    found: list[Steps] = [("versions", "*")] if tree.get("versions") is not None else []
    return [*found, *([("jobs", "*")] if in_jobs else [])] or [()]


def long_ports(tree: Node) -> Node:
    """A service in which a single ``port`` stands among the ``ports``, where rules look for it."""
    port = tree.get("port")
    if port is None:
        return tree
    http = port.with_value({"port": port})
    return tree.with_value({**entries_of(tree), "ports": port.with_value({"http": http})})
