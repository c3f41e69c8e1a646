"""Moments of the replay, as istiod is asked about them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import Any, NamedTuple

from cmp.replay.access import Pod, Request
from cmp.replay.cluster import Cluster, Moment
from cmp.replay.mesh import CLUSTER_DOMAIN
from cmp.replay.routes import MESH, Call
from cmp.replay.sync import key
from cmp.waves import Manifest
from tests.order.istiod.kubernetes import Object, address_of, name_of, objects_of
from tests.order.replays import BETA, GATEWAY, METHODS, PATHS, STRANGERS, TOKENS

_REQUESTS = tuple(Request(*parts) for parts in product(METHODS, ["any"], PATHS, TOKENS))


class Asked(NamedTuple):
    """A moment, the pods whose proxies ask, and all of it as the oracle reads it."""

    moment: Moment
    proxies: tuple[Pod, ...]
    given: Object

    @property
    def digest(self) -> str:
        """Changes with whatever istiod is told, but not with the name of the moment."""
        text = json.dumps({**self.given, "name": ""}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def moments_of(revisions: Sequence[list[Manifest]], **state: Any) -> Iterator[Asked]:
    """The moments of the syncs from each revision to the next, once each, and what each revision comes to."""
    cluster = Cluster(**state).settled(revisions[0])
    found = [cluster.moment("before")]
    for target in revisions[1:]:
        found += [*cluster.sync(target).moments, Cluster().settled(target).moment("long after")]
    yield from {one.digest: one for one in map(asked, found)}.values()


def asked(moment: Moment) -> Asked:
    """A moment, its pods, a gateway and somebody of another namespace.

    The Services of authorizers are added to it: istiod lets nobody in who has to be asked about and cannot be.
    """
    providers = authorizers(moment)
    others = {key(one): one for one in map(_service, providers)}
    moment = moment._replace(objects={**moment.objects, **others})
    proxies = tuple({name_of(pod): pod for pod in (*moment.pods, GATEWAY, STRANGERS[0]) if pod.meshed}.values())
    given = {
        "name": moment.step,
        "mesh": {"extensionProviders": [_provider(name, cluster) for cluster, name in providers.items()]},
        "objects": [_read(one) for one in objects_of(moment)],
        "proxies": [
            {
                "name": name_of(pod),
                "type": "router" if pod is GATEWAY else "sidecar",
                "namespace": pod.namespace,
                "ip": address_of(pod),
                "labels": dict(pod.labels),
                "account": pod.account,
            }
            for pod in proxies
        ],
    }
    return Asked(moment, proxies, given)


def authorizers(moment: Moment) -> dict[str, str]:
    """The names of authorizers that policies ask, by the clusters at which istiod finds them."""
    specs = (one["spec"] for one in moment.objects.values() if one["kind"] == "AuthorizationPolicy")
    names = sorted({spec["provider"]["name"] for spec in specs if "provider" in spec})
    return {f"outbound|9000||a{place}.auth.svc.{CLUSTER_DOMAIN}": name for place, name in enumerate(names)}


def _provider(name: str, cluster: str) -> Object:
    """As the configuration of the mesh names it."""
    return {"name": name, "envoyExtAuthzGrpc": {"service": cluster.rpartition("|")[2], "port": 9000}}


def _service(cluster: str) -> Object:
    """Its Service."""
    name, namespace, *_ = cluster.rpartition("|")[2].split(".")
    ports = [{"name": "grpc", "port": 9000, "protocol": "TCP"}]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"selector": {"app": name}, "ports": ports},
    }


def _read(one: Object) -> Object:
    """What istiod reads of an object: nothing of Argo CD."""
    metadata = dict(one["metadata"])
    notes = {key: value for key, value in metadata.pop("annotations", {}).items() if "istio.io/" in key}
    return {**one, "metadata": {**metadata, **({"annotations": notes} if notes else {})}}


def calls_of(one: Asked) -> Iterator[Call]:
    """Everything that its proxies may ask of every host, of a port that it has not, and of one that is not there."""
    mesh = one.moment.mesh
    hosts = {(host.name, port.number) for host in mesh.hosts.values() for port in host.ports}
    hosts |= {(name, 7999) for name, _ in hosts} | {("nobody.example.org", 8080)}
    requests = (*_REQUESTS, *(sent._replace(headers=BETA) for sent in _REQUESTS if not sent.token))
    beside = [pod for pod in one.proxies if pod is not GATEWAY]
    for caller, (name, port), sent in product(beside, sorted(hosts), requests):
        yield Call(caller, name, port, sent._replace(host=name))
    exposed = {("nobody.example.com", gateway) for _, gateway in _exposed(one.moment)} | set(_exposed(one.moment))
    for (host, gateway), sent in product(sorted(exposed), requests):
        yield Call(GATEWAY, host, 443, sent._replace(host=host), gateway)


def _exposed(moment: Moment) -> Iterator[tuple[str, str]]:
    for one in moment.objects.values():
        if one["kind"] == "VirtualService":
            for gateway in one["spec"].get("gateways", ()):
                if gateway != MESH:
                    yield from ((host, gateway) for host in one["spec"]["hosts"])


def entries_of(one: Asked) -> Iterator[tuple[Pod, Pod, int, Request | None]]:
    """Everybody tries everything, past all routes, at every port of every pod; last comes what is not HTTP."""
    callers: Iterable[Any] = (*one.moment.pods, *STRANGERS, GATEWAY)
    for pod in one.moment.pods:
        if pod.meshed:
            for caller, (_, port), sent in product(callers, pod.ports, (*_REQUESTS, None)):
                yield caller, pod, port, sent
