"""Whether every moment between two revisions keeps what both promise.

Two promises: a request that both revisions serve is served, by a workload that one of them would send it to, and so is
one of a caller that comes with the new revision, from its first ready pod on; and nobody gets into a pod whom neither
revision lets in, with fewer authorizers asked than by both.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import product
from typing import Any, NamedTuple

from cmp.replay.access import Pod, Policies, Request
from cmp.replay.cluster import WORKLOADS, Moment
from cmp.replay.mesh import Answer
from cmp.replay.routes import Call
from cmp.waves import Manifest

#: Kinds that decide where requests go.
_ROUTING = ("DestinationRule", "Gateway", "Service", "ServiceEntry", "Sidecar", "VirtualService")


class Problem(NamedTuple):
    """A promise that a moment breaks: ``kind`` is "served" or "admitted"."""

    step: str
    kind: str
    message: str


class Questions(NamedTuple):
    """What is asked of every moment.

    Attributes:
        calls: requests, as their callers' proxies send them.
        first: those of callers that only the new revision has.
        callers: who tries to get into pods, past all routes.
        requests: what they send.
    """

    calls: tuple[Call, ...]
    first: tuple[Call, ...]
    callers: tuple[Pod, ...]
    requests: tuple[Request | None, ...]


def problems(before: Moment, after: Moment, moments: Iterable[Moment], asked: Questions) -> Iterator[Problem]:
    """All promises that are broken, in the order of the moments. What is the same to proxies is asked once."""
    judge = _Judge(before, after, asked)
    found: dict[Any, list[Problem]] = {}
    for moment in moments:
        policies = _ids(one for one in moment.objects.values() if one["apiVersion"].startswith("security.istio.io/"))
        routing = _ids(one for one in moment.objects.values() if one["kind"] in _ROUTING)
        pods = frozenset((pod.workload, id(pod.labels), pod.ready) for pod in moment.pods)
        place = policies, routing, pods
        if place not in found:
            found[place] = [*judge.unserved(moment), *judge.intruders(moment)]
        yield from (problem._replace(step=moment.step) for problem in found[place])


def is_served(answers: Collection[Answer]) -> bool:
    """Whether a request is answered, whichever way it goes."""
    return bool(answers) and not any(answer.error for answer in answers)


class _Judge:
    def __init__(self, before: Moment, after: Moment, asked: Questions) -> None:
        self._asked = asked
        ends = before.mesh, after.mesh
        self._promised: list[tuple[Call, frozenset[str]]] = []
        for call in asked.calls:
            both = [mesh.answers(call) for mesh in ends]
            if all(map(is_served, both)):
                self._promised.append((call, frozenset(answer.by for answers in both for answer in answers)))
        self._first = [call for call in asked.first if is_served(ends[1].answers(call))]
        self._ends = [(mesh.policies, set(running(moment))) for mesh, moment in zip(ends, (before, after), strict=True)]
        self._verdicts: dict[Any, list[frozenset[str]]] = {}

    def unserved(self, moment: Moment) -> Iterator[Problem]:
        mesh, ready = moment.mesh, {pod.workload for pod in moment.pods if pod.ready}
        first = ((call, None) for call in self._first if call.caller.workload in ready)
        for call, expected in (*self._promised, *first):
            for answer in sorted(mesh.answers(call)):
                if answer.error or (expected is not None and answer.by not in expected):
                    what = answer.error or f"{answer.by}, which neither revision sends it to"
                    yield Problem(moment.step, "served", f"{_told(call.caller, call.sent)} to {call.host}: {what}")

    def intruders(self, moment: Moment) -> Iterator[Problem]:
        policies = moment.mesh.policies
        for pod in moment.pods:
            if not pod.meshed:
                continue
            for caller, (_, port), sent in product(self._asked.callers, pod.ports, self._asked.requests):
                asked = policies.admits(caller, pod, port, sent)
                if asked is not None and not any(one <= asked for one in self._allowed(caller, pod, port, sent)):
                    message = f"{_told(caller, sent)} gets into {pod.workload}:{port}"
                    yield Problem(moment.step, "admitted", message)

    def _allowed(self, caller: Pod, pod: Pod, port: int, sent: Request | None) -> list[frozenset[str]]:
        """The authorizers that each revision asks which lets this in."""
        place = id(caller), who(pod), port, sent
        if place not in self._verdicts:
            found = (_admitted(policies, pods, caller, pod, port, sent) for policies, pods in self._ends)
            self._verdicts[place] = [asked for asked in found if asked is not None]
        return self._verdicts[place]


def _admitted(
    policies: Policies, pods: Collection[Any], caller: Pod, pod: Pod, port: int, sent: Request | None
) -> frozenset[str] | None:
    return policies.admits(caller, pod, port, sent) if who(pod) in pods else None


def running(moment: Moment) -> Iterator[tuple[str, str | None]]:
    """The services that a revision runs, be it with no pods for now."""
    for one in moment.objects.values():
        if one["kind"] in WORKLOADS:
            yield one["metadata"]["namespace"], _service_of(one["spec"]["template"]["metadata"]["labels"])


def who(pod: Pod) -> tuple[str, str | None]:
    """Whose a pod is: callers are let into services, whichever of their pods it is."""
    return pod.namespace, _service_of(pod.labels)


def _service_of(labels: Mapping[str, str]) -> str | None:
    """The name of the service that a pod is of (https://istio.io/latest/docs/ops/deployment/application-requirements/)."""
    return labels.get("app.kubernetes.io/name", labels.get("app"))


def _ids(objects: Iterable[Manifest]) -> frozenset[int]:
    return frozenset(map(id, objects))


def _told(caller: Pod, sent: Request | None) -> str:
    who = f"{caller.namespace}/{caller.account}" if caller.meshed else f"{caller.namespace}, without a proxy,"
    return f"{who} {sent.method} {sent.path}" if sent is not None else f"{who} a connection"
