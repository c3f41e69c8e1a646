"""What runs behind a service, and which keys say something about it.

The merge has to know, because the defaults of an app and of a platform are written for what runs an image here: of all
else only what is said to have meaning below takes them, so that adopting pods or declaring a host changes nothing by
itself.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal, TypeAlias

from cmp.node import Node, entries_of

#: Pods of an image; only jobs; machines of a WorkloadGroup; pods that are there already; hosts outside; a host with
#: routes only.
Runs: TypeAlias = "Literal['image', 'jobs', 'machines', 'selector', 'external', 'host']"

#: Fields of a service that jobs have too.
RUN_KEYS = ("image", "command", "args", "resources", "env", "envFrom", "config", "secrets", "volumes", "pod")
#: What a job has from the service where it says nothing else. Its command is its own.
JOB_KEYS = tuple(key for key in RUN_KEYS if key not in ("command", "args"))
#: Fields of a service that each version has too, and may change.
WORKLOAD_KEYS = (*RUN_KEYS, "replicas", "health", "strategy", "shutdown", "podDisruptionBudget")
#: What a proxy beside the pods is told, and what others hold against the pods' identity.
PROXY_KEYS = ("proxy", "mtls", "access", "calls", "serviceAccount", "jwt", "sidecar", "telemetry")
#: Fields of the traffic policy: a version takes one of the service's only where it says something of its own, since the
#: policy of a subset replaces that of the host field by field.
POLICY_KEYS = ("loadBalancer", "connectionPool", "outlierDetection", "tls", "retryBudget", "proxyProtocol", "tunnel")
SOURCES = ("selector", "external", "workload")
OF_WHAT_RUNS = ("versions", "exportTo", "tcpRoutes", "tlsRoutes")
#: What others call: nobody calls a job.
_CALLED = ("port", "ports", "routes", "timeout", "retries", "cors", "expose", "mtls", "access", "jwt")
#: What is seen of pods in the mesh.
MEASURED = ("metrics", "slo", "dashboard")

#: Keys that say nothing about what runs so.
MEANINGLESS: dict[Runs, frozenset[str]] = {
    "image": frozenset(("selector", "external")),
    "jobs": frozenset(
        (
            *(key for key in WORKLOAD_KEYS if key not in JOB_KEYS),
            *_CALLED,
            *POLICY_KEYS,
            *OF_WHAT_RUNS,
            "selector",
            "external",
            "service",
            "telemetry",
            *MEASURED,
        )
    ),
    "machines": frozenset(("proxy", "rbac", "jobs", "metrics", *(key for key in WORKLOAD_KEYS if key != "health"))),
    "selector": frozenset((*WORKLOAD_KEYS, "rbac", "workload", "service", "jobs", "metrics")),
    "external": frozenset((*WORKLOAD_KEYS, "rbac", "workload", "service", "jobs", *MEASURED)),
    "host": frozenset(
        (*WORKLOAD_KEYS, "rbac", "service", "jobs", *PROXY_KEYS, *POLICY_KEYS, *SOURCES, *OF_WHAT_RUNS, *MEASURED)
    ),
}
#: Beside `external`, these speak of the pods or machines that a `selector` finds.
OF_SELECTED = frozenset(PROXY_KEYS)

#: The keys that are taken from the defaults of app and platform; for what is not listed, all that mean something.
_ABOUT = ("metadata", "platform", "parameters", "parameters+")
FROM_DEFAULTS: dict[Runs, tuple[str, ...]] = {
    "selector": (*_ABOUT, "port", "ports"),
    "external": _ABOUT,
    "host": _ABOUT,
}


def what_runs(entries: Mapping[str, Node], own: Collection[str]) -> Runs:
    """What a merged body says that runs. ``own`` are the keys that the service itself writes."""
    if "external" in own and _given(entries, "external"):
        return "external"
    if "selector" in own and _given(entries, "selector"):
        return "selector"
    workload = entries.get("workload")
    kind = workload.text("kind") if workload is not None else None
    if kind in ("WorkloadGroup", "None"):
        return "machines" if kind == "WorkloadGroup" else "jobs"
    versions = entries_of(entries.get("versions"))
    if "image" in own or _names_image(entries.get("image")) or any(_given(v, "image") for v in versions.values()):
        return "image"
    return "host" if {"routes", "expose"} & set(own) and not {"port", "ports"} & set(own) else "image"


def effective(entries: Mapping[str, Node], own: Collection[str], runs: Runs) -> dict[str, Node]:
    """The entries of a body less the defaults that are not for what runs so."""
    workload = entries.get("workload")
    kept, dropped = FROM_DEFAULTS.get(runs), MEANINGLESS[runs]
    if workload is not None and workload.text("kind") == "DaemonSet":
        dropped |= {"replicas"}
    if not any(_given(entries, key) for key in ("port", "ports")):
        dropped |= {"service"}
    return {
        key: node
        for key, node in entries.items()
        if key.removesuffix("+") in own or (key not in dropped if kept is None else key in kept)
    }


def _given(holder: Mapping[str, Node] | Node, key: str) -> bool:
    node = holder.get(key)
    return node is not None and node.value is not None


def _names_image(node: Node | None) -> bool:
    """Whether an image is more than what defaults give to all of them; what is no map is left to the parser."""
    return node is not None and node.value is not None and (not entries_of(node) or node.get("repository") is not None)
