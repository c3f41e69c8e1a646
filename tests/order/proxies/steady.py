"""What a client asks of proxies while they are told of changes, and what is counted."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from contextlib import AsyncExitStack
from typing import Any, NamedTuple

from cmp.replay.access import Pod, Policies, Request
from cmp.replay.cluster import Moment
from cmp.replay.judge import Questions, is_served
from cmp.replay.mesh import PROXY
from cmp.replay.routes import MESH, Call
from tests.order.proxies import resources
from tests.order.proxies.client import Connection, Response, answering, said
from tests.order.proxies.identities import Identities
from tests.order.proxies.process import Envoy
from tests.order.proxies.resources import BEHIND, Addresses, open_port
from tests.order.told.inbound import inbound
from tests.order.told.outbound import Config, Outbound

LEAST = 1000  # requests of a scenario


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


class Scene:
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
        """What was counted."""
        found = tuple(self.intruders), tuple(self.disagreements)
        return Played(self.requests, self.failures, self.cells, *found)

    async def answer(self, name: str, body: str, *headers: str) -> None:
        """Start a server when it is first needed; its cluster stays."""
        if name not in self._answering:
            host = self.addresses.of("behind", name)
            server = await answering(host, BEHIND, body, *headers)
            await self._behind.enter_async_context(server)
            self._answering[name] = resources.local(name, host)

    async def tell(self, callers: Iterable[tuple[Pod, Outbound]], pods: Iterable[Pod], policies: Policies) -> None:
        """Tell what the proxies of callers and of pods are told."""
        clusters: list[Config] = []
        listeners: list[Config] = []
        routes: dict[str, Config] = {}
        outside: set[tuple[str, int]] = set()
        for caller, one in callers:
            clusters += [
                resources.cluster(self.addresses, self.identities, caller, each) for each in one.clusters.values()
            ]
            more, named = resources.outbound(self.addresses, caller, one)
            listeners += more
            routes.update(named)
            outside |= {(each.outside, int(name.split("|")[1])) for name, each in one.clusters.items() if each.outside}
        for pod in pods:
            await self.answer(f"app/{pod.workload}", pod.workload)
            for _, port in pod.ports:
                found = inbound(policies, pod, port)
                for name in found.providers:
                    await self.answer(f"authorizer/{name}", "", f"x-asked: {name}")
                listeners.append(resources.inbound(self.addresses, self.identities, pod, port, found))
        listeners += [resources.outside(self.addresses, self.identities, *place) for place in sorted(outside)]
        await self.envoy.tell([*clusters, *self._answering.values()], listeners, routes)


class Client:
    """Asks what both revisions serve, over and over, while things change.

    Attributes:
        step: what is being done.
        ready: the workloads that have had a ready pod. Others do not ask.
    """

    def __init__(self, scene: Scene, ends: tuple[Moment, Moment], asked: Questions) -> None:
        self._scene = scene
        self.step = ""
        self.ready: set[str] = {pod.workload for pod in ends[0].pods}
        before, after = (end.mesh for end in ends)
        self._expected: dict[int, frozenset[str]] = {}
        for call in asked.calls:
            both = before.answers(call), after.answers(call)
            if all(map(is_served, both)):
                self._expected[id(call)] = frozenset(answer.by for answers in both for answer in answers)
        first = [call for call in asked.first if is_served(after.answers(call))]
        self._calls = by_place([*(call for call in asked.calls if id(call) in self._expected), *first])
        self._rounds = dict.fromkeys(self._calls, 0)
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Client:
        self._tasks = [asyncio.create_task(self._ask(*one)) for one in self._calls.items()]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def round(self, *, enough: bool = False) -> None:
        """Wait until everything was asked once more, from its first to its last, and all in all often enough."""
        wanted = {place: number + 2 for place, number in self._rounds.items() if self._asks(self._calls[place])}
        while wanted and (
            any(self._rounds[place] < number for place, number in wanted.items())
            or (enough and self._scene.requests < LEAST)
        ):
            for task in self._tasks:
                if task.done():
                    task.result()
            await asyncio.sleep(0.002)

    def _asks(self, calls: Sequence[Call]) -> bool:
        return calls[0].gateway != MESH or calls[0].caller.workload in self.ready

    async def _ask(self, place: Any, calls: Sequence[Call]) -> None:
        connection = connected(self._scene, calls[0])
        try:
            while True:
                while not self._asks(calls):
                    await asyncio.sleep(0.002)
                for call in calls:
                    (answer,) = await connection.ask([said_to(call)])
                    self._count(call, answer)
                self._rounds[place] += 1
        finally:
            connection.close()

    def _count(self, call: Call, answer: Response) -> None:
        self._scene.requests += 1
        if not is_from(answer, self._expected.get(id(call), (answer.body, PROXY))):
            told = answer.body if answer.status == 200 else answer.status
            self._scene.failures[f"{told} for {told_call(call)} ({self.step})"] += 1


def is_from(answer: Response, expected: Collection[str]) -> bool:
    """Whether one of those answers who should: a pod or host with its name, a proxy by sending elsewhere."""
    return answer.body in expected if answer.status == 200 else answer.status == 301 and PROXY in expected


def by_place(calls: Iterable[Call]) -> dict[tuple[int, int, str], list[Call]]:
    """What is sent by one connection: from one proxy to one port, and of TLS, to one host."""
    found: dict[tuple[int, int, str], list[Call]] = {}
    for call in calls:
        found.setdefault((id(call.caller), call.port, _outside(call)), []).append(call)
    return found


def connected(scene: Scene, call: Call) -> Connection:
    """The connection of a client to the proxy of its pod."""
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


def named(pod: Pod) -> str:
    """Who somebody is, for messages."""
    return f"{pod.namespace}/{pod.account}"


def told(sent: Request) -> str:
    """What somebody sends, for messages."""
    return f"{sent.method} {sent.path}{' with a token' if sent.token else ''}"


def told_call(call: Call) -> str:
    """Who sends what where, for messages."""
    assert call.sent is not None
    return f"{named(call.caller)} {told(call.sent)} to {call.host}:{call.port}"
