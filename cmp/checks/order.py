"""Checks of the waves and options that a spec asks for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cmp.checks.finding import Finding, diagnose
from cmp.context.model import Context, Platform, Service
from cmp.diagnostics import Diagnostic, did_you_mean
from cmp.waves import wave_of

#: What pods of a service share or keep.
_CLAIM = "PersistentVolumeClaim"
#: Stands for the kind that a service's pods are made by.
_PODS = ""
#: A kind, those that it stands before, whether the same wave will do, since Argo CD applies it first there, and why.
_ORDERED: tuple[tuple[str, tuple[str, ...], bool, str], ...] = (
    (_PODS, ("VirtualService",), False, "requests would go to pods that are not ready"),
    ("DestinationRule", ("VirtualService",), False, "requests would go to a version that is not there"),
    ("Service", ("VirtualService",), False, "requests would go to a host that is not there"),
    ("ServiceEntry", (_PODS, "VirtualService"), False, "pods would call hosts that their proxies do not know"),
    ("Sidecar", (_PODS,), False, "pods would start before their proxies are told what they may call"),
    ("PeerAuthentication", (_PODS,), False, "pods would start before mutual TLS is asked of their callers"),
    ("ServiceAccount", (_PODS,), True, "pods cannot start without it"),
    ("ConfigMap", (_PODS,), True, "pods cannot start without it"),
    ("Role", (_PODS,), True, "pods would start without what they may do"),
    ("RoleBinding", (_PODS,), True, "pods would start without what they may do"),
    ("NetworkPolicy", (_PODS,), True, "pods would start before it holds"),
    ("ExternalSecret", (_PODS,), False, "pods cannot start without its Secret"),
    ("VirtualService", ("CronJob", "HorizontalPodAutoscaler", "ScaledObject"), False, "nothing may wait for it"),
)
#: Kinds with an order among themselves: the issuers of tokens, what refuses or asks, what admits, the default deny.
_POLICIES = ("AuthorizationPolicy", "RequestAuthentication")
#: Kinds whose removal may wait for nobody: what is removed behind them would go first.
_UNCONFIRMED = ("VirtualService",)


def check_waves(context: Context) -> Iterator[Finding]:
    """No wave puts an object before what it needs, or behind what needs it."""
    for service in context.services:
        asked = service.spec.sync.waves if service.spec.sync is not None else {}
        for kind, wave in asked.items():
            path = ("sync", "waves", kind)
            if kind in _POLICIES:
                message = f"the kind {kind} cannot have one wave: what refuses comes before what admits, and so on"
                yield Finding("MS274", service, path, message, "leave it out, or set the annotation with patches", True)
            elif (broken := _broken(kind, wave, asked, _pods(service))) is not None:
                message, help = broken
                yield Finding("MS274", service, path, message, help)
        for kind in _apart(service, asked):
            message = "a claim and its pods wait for each other: the sync would never end"
            yield Finding("MS274", service, ("sync", "waves", kind), message, "give both kinds the same wave")


def _broken(kind: str, wave: int, asked: dict[str, int], pods: str) -> tuple[str, str] | None:
    """What is wrong with the wave of a kind, and what to type instead."""
    for one, others, same, why in _ORDERED:
        first = one or pods
        for other in (each or pods for each in others):
            before, after = (asked.get(each, int(wave_of(each))) for each in (first, other))
            if kind not in (first, other) or before < after or (same and before == after):
                continue
            limit = f"{after}, that of {other}," if kind == first else f"{before}, that of {first},"
            direction = "up to" if same and kind == first else "below" if kind == first else "from" if same else "above"
            message = (
                f"in wave {wave}, {kind} would stand {_where(kind == first)} {other if kind == first else first}: {why}"
            )
            return message, f"type a number {direction} {limit} or leave it out"
    return None


def _apart(service: Service, asked: dict[str, int]) -> Iterator[str]:
    """The kinds that were moved away from each other: a claim, which may be bound when a pod has it, and its pods."""
    pods = _pods(service)
    claims = any(volume.size is not None for one in service.versions for volume in one.spec.volumes.values())
    if claims and pods != "StatefulSet" and asked.get(_CLAIM, 0) != asked.get(pods, 0):
        yield from (kind for kind in (_CLAIM, pods) if kind in asked)


def _pods(service: Service) -> str:
    workload = service.spec.workload
    return workload.kind if workload is not None and workload.kind is not None else "Deployment"


def _where(first: bool) -> str:
    return "beside or behind" if first else "before or beside"


def check_options(context: Context) -> Iterator[Finding]:
    """No option makes a sync wait in the middle."""
    for service in context.services:
        for kind, options in (service.spec.sync.options if service.spec.sync is not None else {}).items():
            if kind in _UNCONFIRMED and "Prune=confirm" in options:
                at = ("sync", "options", kind, options.index("Prune=confirm"))
                message = f"a {kind} is removed before what it leads to, which would not wait for the yes"
                yield Finding("MS274", service, at, message, "type Prune=false, or leave it out")


def unwritten(context: Context, written: Iterable[tuple[Service | Platform, str]]) -> Iterator[Diagnostic]:
    """Kinds of waves and options that no service has which takes them; of an app's defaults, one will do.

    Args:
        context: what the objects were made from.
        written: the kinds of these, and whose each is.
    """
    kinds: dict[str, set[str]] = {}
    for owner, kind in written:
        kinds.setdefault(owner.name, set()).add(kind)
    used, idle = set(), {}
    for service in context.services:
        for part in ("waves", "options"):
            for kind in getattr(service.spec.sync, part, ()):
                node = service.tree.node.get("sync", part, kind)
                assert node is not None  # the spec was made from it
                there = kinds.get(service.name, set())
                if kind in there:
                    used.add(node.pos)
                    continue
                help = did_you_mean(kind, sorted(there))
                finding = Finding("MS231", service, ("sync", part, kind), f"no {kind} is written here", help, True)
                idle[node.pos] = diagnose(finding)
    yield from (problem for pos, problem in idle.items() if pos not in used)
