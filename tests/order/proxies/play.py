"""Syncs on a real Envoy: a client that never stops asks what both revisions serve, and everybody tries to get in."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any

from cmp.replay.access import Pod, Policies, Request
from cmp.replay.cluster import Cluster, Moment
from cmp.replay.judge import Questions, is_served, running, who
from cmp.replay.mesh import PROXY
from cmp.replay.routes import MESH
from cmp.waves import Manifest
from tests.order.proxies.client import Connection, said
from tests.order.proxies.identities import Identities
from tests.order.proxies.process import Envoy
from tests.order.proxies.resources import Addresses, open_port
from tests.order.proxies.steady import (
    Client,
    Played,
    Scene,
    by_place,
    connected,
    is_from,
    named,
    said_to,
    told,
    told_call,
)
from tests.order.replays import questions
from tests.order.told.inbound import inbound
from tests.order.told.outbound import gateway, outbound

Verdict = frozenset[str] | None


async def play(program: str, identities: Identities, revisions: Sequence[list[Manifest]], **cluster: Any) -> Played:
    """Sync from each revision to the next, and tell all moments of it to Envoy while it is asked."""
    addresses = Addresses()
    async with AsyncExitStack() as behind, Envoy(program, addresses.of("admin", "admin")) as envoy:
        scene = Scene(envoy, identities, addresses, behind)
        here = Cluster(**cluster).settled(revisions[0])
        for target in revisions[1:]:
            before, after = here.moment(), Cluster().settled(target).moment()
            moments = here.sync(target).moments
            await _Step(scene, before, after, moments).run()
        return scene.played()


class _Step:
    """One sync, from what was to what will be."""

    def __init__(self, scene: Scene, before: Moment, after: Moment, moments: Iterable[Moment]) -> None:
        self._scene = scene
        self._ends = before, after
        self._moments = [before, *_changes(moments)]
        self._asked: Questions = questions(before, after)
        self._calls = (*self._asked.calls, *self._asked.first)
        self._pods = {_one(pod): pod._replace(ready=True) for one in (*self._moments, after) for pod in one.pods}
        self._callers = {id(call.caller): (call.caller, call.gateway) for call in self._calls}
        self._verdicts: dict[Any, list[Verdict]] = {}

    async def run(self) -> None:
        allowed = [await self._matrix(end, self._running(end)) for end in self._ends[::-1]]
        await self._tell(self._ends[0], self._pods_of(self._ends[0]))
        await self._compare(self._ends[0])
        client = Client(self._scene, self._ends, self._asked)
        async with client:
            for moment in self._moments:
                client.step = moment.step
                found = await self._matrix(moment, self._pods_of(moment))
                client.ready |= {pod.workload for pod in moment.pods if pod.ready}
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
                self._scene.disagreements[f"{named(place[0])} {told(one)} into {place[1].workload}: {verdict}"] = None

    def _judge(self, moment: Moment, found: Mapping[Any, list[Verdict]], allowed: Sequence[Mapping[Any, Any]]) -> None:
        """Nobody gets in whom neither end lets in, nor with fewer authorizers asked than by both."""
        sent = [one for one in self._asked.requests if one is not None]
        names = {id(caller): caller for caller in self._asked.callers}
        for place, verdicts in found.items():
            for number, verdict in enumerate(verdicts):
                ends = (end[place][number] for end in allowed if place in end)
                if verdict is not None and not any(one is not None and one <= verdict for one in ends):
                    tried, where = told(sent[number]), f"{place[1][0]}:{place[2]}"
                    intruder = f"{named(names[place[0]])} {tried} gets into {where} ({moment.step})"
                    self._scene.intruders[intruder] = None

    async def _compare(self, end: Moment) -> None:
        """Whether Envoy serves what the model says, and nothing else.

        A connection that is kept open between proxies follows the old rules for one more request, so what differs is
        asked again.
        """
        mesh = end.mesh
        for calls in by_place(self._asked.calls).values():
            connection = connected(self._scene, calls[0])
            for call, answer in zip(calls, await connection.ask([said_to(call) for call in calls]), strict=True):
                answers = mesh.answers(call)
                expected, found = {one.by for one in answers if not one.error}, answer
                for _ in range(5):
                    others = {found.body, PROXY} - expected
                    if is_from(found, expected) if is_served(answers) else not is_from(found, others):
                        break
                    (found,) = await connection.ask([said_to(call)])
                else:
                    self._scene.disagreements[f"{told_call(call)}: {found}, expected {sorted(answers)}"] = None
            connection.close()


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


def _one(pod: Pod) -> tuple[str, str, str, tuple[tuple[str, int], ...]]:
    return pod.workload, str(pod.labels), pod.account, pod.ports
