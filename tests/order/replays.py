"""Two revisions of a spec, the sync between them, and the full matrix of who asks what of whom."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Sequence
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from cmp.emit import emit
from cmp.environment import Environment
from cmp.pipeline import render
from cmp.replay.access import Pod, Request
from cmp.replay.cluster import Cluster, Moment, Replayed
from cmp.replay.judge import Problem, Questions, problems
from cmp.replay.routes import MESH, Call
from cmp.waves import Manifest

PATHS = ("/", "/admin", "/admin/x", "/api")
METHODS = ("GET", "POST")
BETA = (("x-beta", "yes"),)
TOKENS: tuple[Any, ...] = ((), ("https://id.example.com", "somebody"))

#: Those who are not part of the application: of another namespace, without a proxy, and the platform's gateway.
STRANGERS = (
    Pod("elsewhere", {"app": "stranger"}, "stranger"),
    Pod("shop", {"app": "plain"}, "plain", meshed=False),
)
GATEWAY = Pod("istio-ingress", {"istio": "ingressgateway"}, "istio-ingressgateway")

PLATFORM = """
apiVersion: meshspec.io/v1alpha1
kind: MeshPlatform
metadata: {name: main}
gateways:
  public: {hosts: "*.example.com", namespace: istio-ingress, selector: {istio: ingressgateway},
           serviceAccount: istio-ingressgateway, tls: cert}
"""
APP = """
apiVersion: meshspec.io/v1alpha1
kind: MeshApp
metadata: {name: shop}
defaults: {image: example.com/web:1, port: 8080}
services:
"""


def rendered(*texts: str, namespace: str = "shop") -> list[Manifest]:
    """The objects of specs, as they are written."""
    with tempfile.TemporaryDirectory() as directory:
        for number, text in enumerate(texts):
            kind = "meshplatform" if "MeshPlatform" in text else f"{number}.meshspec"
            Path(directory, f"{kind}.yaml").write_text(text, encoding="utf-8")
        manifests = render(directory, Environment(namespace), {}).manifests
    return [json.loads(line) for line in emit(manifests, "ndjson").splitlines()]


def app(services: str, platform: str = PLATFORM) -> list[Manifest]:
    """The objects of an application, whose services are lines of ``name: {...}``, and of its platform."""
    lines = "".join(f"  {line}\n" for line in services.strip().splitlines())
    return rendered(APP + lines, platform)


class Step(NamedTuple):
    """A sync and what it broke."""

    replayed: Replayed
    problems: list[Problem]

    @property
    def broken(self) -> list[str]:
        """What is broken, once each."""
        return list(dict.fromkeys(f"{one.kind}: {one.message} ({one.step})" for one in self.problems))


def replay(cluster: Cluster, target: Sequence[Manifest]) -> Step:
    """Sync a cluster to a revision, and judge every moment by what it was and what it would be long after."""
    before = cluster.moment()
    after = Cluster(cluster.failing, cluster.sick).settled(target).moment()
    if cluster.failing:
        after = Cluster().settled(target).moment()
    replayed = cluster.sync(target)
    asked = questions(before, after)
    return Step(replayed, list(problems(before, after, replayed.moments, asked)))


def step(before: Iterable[Manifest], after: Sequence[Manifest], **cluster: Any) -> Step:
    """The sync from one revision to another."""
    return replay(Cluster(**cluster).settled(before), after)


def questions(*moments: Moment) -> Questions:
    """Every pod, and strangers, ask everything of every host and every pod."""
    pods = {
        (pod.workload, str(pod.labels), pod.account): pod._replace(ready=True)
        for moment in moments
        for pod in moment.pods
    }
    callers = (*pods.values(), *STRANGERS, GATEWAY)
    names = [{pod.workload for pod in moment.pods} for moment in moments]
    lasting = [pod for pod in pods.values() if all(pod.workload in one for one in names)]
    bare = [Request(*parts) for parts in product(METHODS, ["any"], PATHS, TOKENS)]
    requests = [*bare, *(one._replace(headers=BETA) for one in bare if one.token and one.method == "GET")]
    hosts = {
        (host.name, port.number) for moment in moments for host in moment.mesh.hosts.values() for port in host.ports
    }
    new = [pod for pod in pods.values() if pod.workload not in names[0]]
    calls, first = (
        [
            Call(caller, name, port, one._replace(host=name))
            for caller, (name, port), one in product(some, sorted(hosts), requests)
        ]
        for some in (lasting, new)
    )
    exposed = {
        (host, gateway)
        for moment in moments
        for one in moment.objects.values()
        if one["kind"] == "VirtualService"
        for gateway in one["spec"].get("gateways", ())
        if gateway != MESH
        for host in one["spec"]["hosts"]
    }
    calls += [
        Call(GATEWAY, host, 443, one._replace(host=host), gateway)
        for (host, gateway), one in product(sorted(exposed), requests)
    ]
    return Questions(tuple(calls), tuple(first), tuple(callers), (*bare, None))
