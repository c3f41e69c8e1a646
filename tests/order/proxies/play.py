"""Syncs on a real Envoy: a client that never stops asks what both revisions serve, and everybody tries to get in."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any, NamedTuple

from cmp.replay.access import Pod, Policies, Request
from cmp.replay.cluster import Cluster, Moment
from cmp.replay.judge import Questions, is_served, running, who
from cmp.replay.routes import MESH, Call
from cmp.waves import Manifest
from tests.order.proxies import resources
from tests.order.proxies.client import Connection, Response, answering, said
from tests.order.proxies.identities import Identities
from tests.order.proxies.process import Envoy
from tests.order.proxies.resources import BEHIND, Addresses, open_port
from tests.order.replays import questions
from tests.order.told.inbound import inbound
from tests.order.told.outbound import Config, Outbound, gateway, outbound

LEAST = 1000  # requests of a scenario
_AT_ONCE = 8  # requests that a client sends before it reads their answers

Verdict = frozenset[str] | None


class Played(NamedTuple):
    """What came of a scenario.

    Attributes:
        requests: how many of those that both revisions serve were sent.
        failures: the ones that were not answered by whom they should, by what they were.
        cells: how often somebody tried to get in somewhere with something.
        intruders: who got in, whom neither revision admits.
        disagreements: where Envoy does otherwise than the model says.
    """

    requests: int
    failures: Counter[str]
    cells: int
    intruders: tuple[str, ...]
    disagreements: tuple[str, ...]


async def play(program: str, identities: Identities, revisions: Sequence[list[Manifest]], **cluster: Any) -> Played:
    """Sync from each revision to the next, and tell all moments of it to Envoy while it is asked."""
    addresses = Addresses()
    async with AsyncExitStack() as behind, Envoy(program, addresses.of("admin", "admin")) as envoy:
        scene = _Scene(envoy, identities, addresses, behind)
        here = Cluster(**cluster).settled(revisions[0])
        for target in revisions[1:]:
            before, after = here.moment(), Cluster().settled(target).moment()
            moments = here.sync(target).moments
            await _Step(scene, before, after, moments).run()
        return scene.played()


class _Scene:
    """One Envoy, what stands around it, and what was counted."""

    def __init__(self, envoy: Envoy, identities: Identities, addresses: Addresses, behind: AsyncExitStack) -> None:
        self.envoy, self.identities, self.addresses = envoy, identities, addresses
        self._behind = behind
        self._answering: dict[str, Config] = {}
        self.requests = 0
        self.cells = 0
        self.failures: Counter[str] = Counter()
        self.intruders: dict[str, None] = {}
        self.disagreements: dict[str, None] = {}

    def played(self) -> Played:
        found = tuple(self.intruders), tuple(self.disagreements)
        return Played(self.requests, self.failures, self.cells, *found)

    async def answer(self, name: str, body: str, *headers: str) -> Config:
        """The cluster of a server that is started when it is first needed."""
        if name not in self._answering:
            host = self.addresses.of("behind", name)
            server = await answering(host, BEHIND, body, *headers)
            await self._behind.enter_async_context(server)
            self._answering[name] = resources.local(name, host)
        return self._answering[name]

    async def tell(self, callers: Iterable[tuple[Pod, Outbound]], pods: Iterable[Pod], policies: Policies) -> None:
        """Tell what the proxies of callers and of pods are told."""
        clusters, listeners, routes, outside = [], [], {}, set()
        for caller, one in callers:
            clusters += [
                resources.cluster(self.addresses, self.identities, caller, each) for each in one.clusters.values()
            ]
            more, found = resources.outbound(self.addresses, caller, one)
            listeners += more
            routes.update(found)
            outside |= {(each.outside, int(name.split("|")[1])) for name, each in one.clusters.items() if each.outside}
        for pod in pods:
            clusters.append(await self.answer(f"app/{pod.workload}", pod.workload))
            for _, port in pod.ports:
                told = inbound(policies, pod, port)
                clusters += [await self.answer(f"authorizer/{one}", "", f"x-asked: {one}") for one in told.providers]
                listeners.append(resources.inbound(self.addresses, self.identities, pod, port, told))
        listeners += [resources.outside(self.addresses, self.identities, *one) for one in sorted(outside)]
        await self.envoy.tell(list({one["name"]: one for one in clusters}.values()), listeners, routes)


class _Step:
    """One sync, from what was to what will be."""

    def __init__(self, scene: _Scene, before: Moment, after: Moment, moments: Iterable[Moment]) -> None:
        self._scene = scene
        self._ends = before, after
        self._moments = [before, *_changes(moments)]
        self._asked: Questions = questions(before, after)
        self._pods = {_one(pod): pod._replace(ready=True) for one in (*self._moments, after) for pod in one.pods}
        self._callers = {id(call.caller): (call.caller, call.gateway) for call in self._asked.calls}
        self._verdicts: dict[Any, list[Verdict]] = {}

    async def run(self) -> None:
        allowed = [await self._matrix(end, self._running(end)) for end in self._ends[::-1]]
        await self._tell(self._ends[0], self._pods_of(self._ends[0]))
        await self._compare(self._ends[0])
        client = _Client(self._scene, self._ends, self._asked.calls)
        async with client:
            for moment in self._moments:
                client.step = moment.step
                found = await self._matrix(moment, self._pods_of(moment))
                self._judge(moment, found, allowed)
                await client.round()
            await client.round(enough=True)

    def _running(self, end: Moment) -> list[Pod]:
        """All pods of the services that a revision runs, be they there at its end or not."""
        known = set(running(end))
        return [pod for pod in self._pods.values() if who(pod) in known]

    def _pods_of(self, moment: Moment) -> list[Pod]:
        return list({_one(pod): pod._replace(ready=True) for pod in moment.pods}.values())

    async def _tell(self, moment: Moment, pods: Iterable[Pod]) -> None:
        callers = [
            (caller, outbound(moment, caller) if name == MESH else gateway(moment, caller))
            for caller, name in self._callers.values()
        ]
        await self._scene.tell(callers, pods, moment.mesh.policies)

    async def _matrix(self, moment: Moment, pods: list[Pod]) -> dict[Any, list[Verdict]]:
        """Who gets in where with what, as Envoy decides it. What it was told before is not asked again."""
        await self._tell(moment, pods)
        policies = moment.mesh.policies
        places = [(caller, pod, port) for pod in pods for _, port in pod.ports for caller in self._asked.callers]
        keys = {
            (id(caller), _one(pod), port, json.dumps(inbound(policies, pod, port))): (caller, pod, port)
            for caller, pod, port in places
        }
        new = [key for key in keys if key not in self._verdicts]
        sent = [one for one in self._asked.requests if one is not None]
        answers = await asyncio.gather(*(self._try(*keys[key], sent) for key in new))
        for key, found in zip(new, answers, strict=True):
            self._verdicts[key] = found
            self._check(policies, keys[key], sent, found)
        return {key[:3]: self._verdicts[key] for key in keys}

    async def _try(self, caller: Pod, pod: Pod, port: int, sent: Sequence[Request]) -> list[Verdict]:
        scene = self._scene
        context = scene.identities.client(caller.principal) if caller.meshed else None
        connection = Connection(scene.addresses.of("pod", pod), open_port(port), context, "pod")
        answers = await connection.ask([said(one) for one in sent])
        connection.close()
        scene.cells += len(answers)
        return [frozenset(filter(None, [one.asked])) if one.status == 200 else None for one in answers]

    def _check(self, policies: Policies, place: tuple[Pod, Pod, int], sent: Sequence[Request], found: Any) -> None:
        for one, verdict in zip(sent, found, strict=True):
            if verdict != policies.admits(*place, one):
                self._scene.disagreements[f"{_named(place[0])} {_told(one)} into {place[1].workload}: {verdict}"] = None

    def _judge(self, moment: Moment, found: Mapping[Any, list[Verdict]], allowed: Sequence[Mapping[Any, Any]]) -> None:
        """Nobody gets in whom neither end lets in, nor with fewer authorizers asked than by both."""
        sent = [one for one in self._asked.requests if one is not None]
        names = {id(caller): caller for caller in self._asked.callers}
        for place, verdicts in found.items():
            for number, verdict in enumerate(verdicts):
                ends = (end[place][number] for end in allowed if place in end)
                if verdict is not None and not any(one is not None and one <= verdict for one in ends):
                    who_, where = _named(names[place[0]]), f"{place[1][0]}:{place[2]}"
                    self._scene.intruders[f"{who_} {_told(sent[number])} gets into {where} ({moment.step})"] = None

    async def _compare(self, end: Moment) -> None:
        """Whether Envoy serves what the model says, and nothing else.

        A connection that is kept open between proxies follows the old rules for one more request, so what differs is
        asked again.
        """
        mesh = end.mesh
        for calls in _by_place(self._asked.calls).values():
            connection = _connection(self._scene, calls[0])
            for call, answer in zip(calls, await connection.ask([said_to(call) for call in calls]), strict=True):
                answers = mesh.answers(call)
                expected, found = {one.by for one in answers if not one.error}, answer
                for _ in range(5):
                    if (found.status == 200) == is_served(answers) and (found.body in expected or not expected):
                        break
                    (found,) = await connection.ask([said_to(call)])
                else:
                    self._scene.disagreements[f"{_call(call)}: {found}, expected {sorted(answers)}"] = None
            connection.close()


class _Client:
    """Asks what both revisions serve, over and over, while things change."""

    def __init__(self, scene: _Scene, ends: tuple[Moment, Moment], calls: Sequence[Call]) -> None:
        self._scene = scene
        self.step = ""
        meshes = [end.mesh for end in ends]
        self._expected: dict[int, frozenset[str]] = {}
        for call in calls:
            both = [mesh.answers(call) for mesh in meshes]
            if all(map(is_served, both)):
                self._expected[id(call)] = frozenset(answer.by for answers in both for answer in answers)
        self._calls = _by_place(call for call in calls if id(call) in self._expected)
        self._rounds = dict.fromkeys(self._calls, 0)
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> _Client:
        self._tasks = [asyncio.create_task(self._ask(*one)) for one in self._calls.items()]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def round(self, *, enough: bool = False) -> None:
        """Wait until everything was asked once more, and all in all often enough."""
        wanted = {place: number + 2 for place, number in self._rounds.items()}
        while wanted and (
            any(self._rounds[place] < number for place, number in wanted.items())
            or (enough and self._scene.requests < LEAST)
        ):
            for task in self._tasks:
                if task.done():
                    task.result()
            await asyncio.sleep(0.002)

    async def _ask(self, place: Any, calls: Sequence[Call]) -> None:
        connection = _connection(self._scene, calls[0])
        try:
            while True:
                for start in range(0, len(calls), _AT_ONCE):
                    some = calls[start : start + _AT_ONCE]
                    for call, answer in zip(some, await connection.ask([said_to(one) for one in some]), strict=True):
                        self._count(call, answer)
                self._rounds[place] += 1
        finally:
            connection.close()

    def _count(self, call: Call, answer: Response) -> None:
        self._scene.requests += 1
        if answer.status != 200 or answer.body not in self._expected[id(call)]:
            told = answer.body if answer.status == 200 else answer.status
            self._scene.failures[f"{told} for {_call(call)} ({self.step})"] += 1


def _changes(moments: Iterable[Moment]) -> Iterator[Moment]:
    """Moments that differ from the one before, in what proxies may be told."""
    last: Any = None
    for moment in moments:
        objects = {name: one["spec"] for name, one in moment.objects.items() if "istio.io" in one["apiVersion"]}
        services = {name: one for name, one in moment.objects.items() if one["kind"] == "Service"}
        found = objects, services, moment.pods, set(running(moment))
        if found != last:
            last = found
            yield moment


def _by_place(calls: Iterable[Call]) -> dict[tuple[int, int, str], list[Call]]:
    """What is sent by one connection: from one proxy to one port, and of TLS, to one host."""
    found: dict[tuple[int, int, str], list[Call]] = {}
    for call in calls:
        found.setdefault((id(call.caller), call.port, _outside(call)), []).append(call)
    return found


def _connection(scene: _Scene, call: Call) -> Connection:
    name = _outside(call)
    context = scene.identities.client(call.caller.principal) if name else None
    return Connection(scene.addresses.of("proxy", call.caller), open_port(call.port), context, name)


def _outside(call: Call) -> str:
    """The host that a caller speaks TLS to, through its proxy: none of a Service's in these scenarios."""
    return call.host if call.gateway == MESH and call.port == 443 else ""


def said_to(call: Call) -> bytes:
    """The request of a call."""
    assert call.sent is not None
    return said(call.sent)


def _one(pod: Pod) -> tuple[str, str, str, tuple[tuple[str, int], ...]]:
    return pod.workload, str(pod.labels), pod.account, pod.ports


def _named(pod: Pod) -> str:
    return f"{pod.namespace}/{pod.account}"


def _told(sent: Request) -> str:
    return f"{sent.method} {sent.path}{' with a token' if sent.token else ''}"


def _call(call: Call) -> str:
    assert call.sent is not None
    return f"{_named(call.caller)} {_told(call.sent)} to {call.host}:{call.port}"
