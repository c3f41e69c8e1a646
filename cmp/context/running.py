"""What a spec runs, as the facts that builders and checks ask for: the one place that tells the cases apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from cmp.context.hosts import fits
from cmp.merge.running import Runs

if TYPE_CHECKING:
    from cmp.context.jobs import Run
    from cmp.context.model import HttpRule, Service, StreamRule, Version
    from cmp.spec.scaling import Trigger
    from cmp.spec.service import MeshService


#: Kinds of which a service has one, that carries its name: the pods are told apart by theirs, or by their nodes.
SINGLE = ("StatefulSet", "DaemonSet")
#: No pods at all, as an amount of a roll.
NO_PODS = ("0", "0%")


class Facts(NamedTuple):
    """What is there, and which objects are written.

    Where what runs is ours, all are. Else only those for a block that the spec writes: adopting pods, or declaring a
    host, changes nothing by itself.

    Attributes:
        runs: which case it is, for messages.
        kind: the kind of object that keeps the pods of a version running; empty where none of ours does.
        headless: names of its Service lead to the pods themselves, so that callers choose one, and not their proxies.
        ours: the Service and the account are ours, and all that protects them.
        pods: an analyzer finds pods for what policies select; machines have none.
        labels: by what policies select; empty where nothing runs in the mesh, or only jobs, which have their own.
        mtls: a PeerAuthentication is written.
        guarded: policies decide who may call; without, anybody may.
        limited: a Sidecar decides what may be called.
        routed: requests in the mesh follow rules of this service.
        connected: so do connections of its TCP ports.
        split: its versions are subsets.
    """

    runs: Runs
    kind: str
    headless: bool
    ours: bool
    pods: bool
    labels: Mapping[str, str]
    mtls: bool
    guarded: bool
    limited: bool
    routed: bool
    connected: bool
    split: bool


#: What gives an adopted service or an outside host rules in the mesh, for requests and for connections.
REQUESTS = ("routes", "timeout", "retries", "cors", "versions")
CONNECTIONS = ("tcpRoutes", "versions")


def facts(runs: Runs, spec: MeshService, has_ports: bool) -> Facts:
    """The facts about what a spec runs."""
    if runs in ("image", "machines"):
        labels = {"app": spec.metadata.name}
        kind = "" if runs == "machines" else (spec.workload.kind if spec.workload is not None else None) or "Deployment"
        headless = has_ports and _headless(spec, kind)
        return Facts(
            runs, kind, headless, True, runs == "image", labels, True, True, True, has_ports, has_ports, has_ports
        )
    if runs == "jobs":
        return Facts(runs, "", False, True, False, {}, False, False, True, False, False, False)
    written = spec.__pydantic_fields_set__
    labels = spec.selector if runs != "host" else {}
    mtls, guarded, limited = (bool(labels) and key in written for key in ("mtls", "access", "calls"))
    routed, connected = (any(key in written for key in keys) for keys in (REQUESTS, CONNECTIONS))
    if runs == "host":
        routed = connected = False
    split = bool(spec.versions)
    return Facts(runs, "", False, False, runs == "selector", labels, mtls, guarded, limited, routed, connected, split)


def _headless(spec: MeshService, kind: str) -> bool:
    said = spec.service.headless if spec.service is not None else None
    return kind == "StatefulSet" if said is None else said


#: Seconds between a pod's leaving the endpoints and the signal to stop, where the spec does not say: time for callers'
#: proxies to hear of it.
PRE_STOP = 5
#: Seconds until a pod is killed where the spec does not say
#: (https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination).
GRACE = 30


def fewest_pods(version: Version) -> int:
    """The least number of pods that a version is meant to have while it has something to do."""
    scale = version.spec.replicas
    if scale is None:
        return 1
    if scale.count is not None:
        return scale.count
    return 1 if scale.min is None else scale.min


def pause(run: Run) -> int:
    """Seconds in which a pod that has left the endpoints serves on before it is told to stop."""
    shutdown = getattr(run.spec, "shutdown", None)  # a job has none
    return PRE_STOP if shutdown is None or shutdown.preStop is None else shutdown.preStop


def grace(run: Run) -> int | None:
    """Seconds until a pod is killed; None is Kubernetes' own. A longer pause takes nothing from what comes after it."""
    shutdown = getattr(run.spec, "shutdown", None)
    if shutdown is not None and shutdown.grace is not None:
        return int(shutdown.grace.removesuffix("s"))
    waits = pause(run)
    return GRACE - PRE_STOP + waits if waits > PRE_STOP else None


def trigger_name(trigger: Trigger) -> str:
    """What tells a trigger from others, in names of objects."""
    return trigger.name or trigger.type


class HostRules(NamedTuple):
    """The rules of one host of a service: what nobody leads elsewhere goes to that host."""

    host: str
    http: tuple[HttpRule, ...] = ()
    tcp: tuple[StreamRule, ...] = ()
    tls: tuple[StreamRule, ...] = ()


def each_host(service: Service) -> Iterator[tuple[str, Service]]:
    """A service once for each of its hosts, with what the names of objects about that host end in.

    The first one needs no suffix, so that a second renames nothing.
    """
    if not service.further:
        yield "", service
        return
    yield "", service._replace(tls=_asked_for(service.tls, service.host))
    for host, http, tcp, tls in service.further:
        suffix = f"-{host.replace('*.', 'wildcard.')}"
        yield suffix, service._replace(host=host, http=http, tcp=tcp, tls=_asked_for(tls, host))


def _asked_for(rules: Iterable[StreamRule], host: str) -> tuple[StreamRule, ...]:
    """The rules for server names that a host covers."""
    found = []
    for rule in rules:
        matches = [one._replace(sni=tuple(name for name in one.sni if fits(host, name))) for one in rule.matches]
        if matches := [one for one in matches if one.sni]:
            found.append(rule._replace(matches=tuple(matches)))
    return tuple(found)
