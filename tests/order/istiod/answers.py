"""Who answers a request by what istiod tells the proxies of a moment: the same question as ``Mesh.answers``.

The caller's proxy says where it goes and how it is encrypted, that of the endpoint whether it gets in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cmp.replay.access import Pod, Request
from cmp.replay.cluster import Moment
from cmp.replay.mesh import PROXY, Answer
from cmp.replay.routes import Call
from cmp.waves import Manifest
from tests.order.istiod.access import admitted
from tests.order.istiod.kubernetes import address_of, host_of, name_of, service_address, slices_of
from tests.order.istiod.matching import Config, Connection, Http, chain_of, route_of

_HTTP = ("http/1.1",)
#: What proxies of Istio say to each other beside the protocol itself.
_PEERS = {True: ("istio-http/1.1",), False: ("istio",)}
_PASSED_ON = ("DYNAMIC_FORWARD_PROXY", "LOGICAL_DNS", "ORIGINAL_DST", "STRICT_DNS")


class Proxies:
    """What the proxies of a moment are told, by the names of their pods.

    Attributes:
        authorizers: the names of authorizers by the clusters that they are asked at.
    """

    def __init__(self, moment: Moment, told: Mapping[str, Config], authorizers: Mapping[str, str]) -> None:
        self._told = told
        self._authorizers = authorizers
        self._pods = {address_of(pod): pod for pod in moment.pods}
        services = {host_of(one): one for one in moment.objects.values() if one["kind"] == "Service"}
        self._addresses = {host: service_address(one) for host, one in services.items()}
        self._ports = {host: [port["port"] for port in one["spec"]["ports"]] for host, one in services.items()}
        self._headless = {
            f"{port['port']}||{host}": list(_ready(one, port["name"], moment.pods))
            for host, one in services.items()
            if one["spec"].get("clusterIP") == "None"
            for port in one["spec"]["ports"]
        }

    def answers(self, call: Call) -> frozenset[Answer]:
        """All ways in which a request may end. Errors are statuses."""
        shares, prefix = self.shares(call)
        return frozenset(one for name in shares for one in self._of_cluster(name, call, prefix))

    def shares(self, call: Call) -> tuple[dict[str, int], str]:
        """The clusters of a request with their weights (or what the proxy itself answers), and its path then."""
        told = self._told[name_of(call.caller)]
        listener = self._listener(told, call)
        chain = chain_of(listener, _outgoing(call, listener)) if listener else None
        if chain is None:
            return {"404": 1}, ""
        for filter_ in chain["filters"]:
            if "http" in filter_ and call.sent is not None:
                return _routed(told["routes"].get(filter_["http"]["routeConfigName"], ()), call.sent)
            if "tcp_proxy" in filter_:
                return _weights(filter_["tcp_proxy"]), call.sent.path if call.sent else ""
        return {"404": 1}, ""

    def _listener(self, told: Config, call: Call) -> Config | None:
        """That of the address and port, of the port, or where all else goes."""
        by_place = {(one["address"], one["port"]): one for one in told["listeners"]}
        by_name = {one["name"]: one for one in told["listeners"]}
        places = (self._addresses.get(call.host, ""), call.port), ("0.0.0.0", call.port)
        return next((by_place[place] for place in places if place in by_place), by_name.get("virtualOutbound"))

    def _of_cluster(self, name: str, call: Call, path: str) -> Iterator[Answer]:
        """What the endpoints of a cluster answer."""
        if name.isdigit():
            yield Answer("", name) if int(name) >= 400 else Answer(PROXY)
            return
        if name in ("BlackHoleCluster", "PassthroughCluster"):
            nowhere = name == "BlackHoleCluster" or call.port not in self._ports.get(call.host, (call.port,))
            yield Answer("", "502") if nowhere else Answer("passthrough")
            return
        cluster = self._told[name_of(call.caller)]["clusters"].get(name)
        if cluster is None:
            yield Answer("", "503")
            return
        if cluster["type"] in _PASSED_ON and without_subset(name) not in self._headless:
            yield Answer(name.rpartition("|")[2])
            return
        endpoints = self.endpoints(name, cluster)
        if not endpoints:
            yield Answer("", "503")
        for one in endpoints:
            yield self._in(call, one, encryption(cluster, one), path)

    def endpoints(self, name: str, cluster: Config) -> list[Config]:
        """The healthy ones. What goes where the client meant to, goes to any pod that the name of the host means."""
        if cluster["type"] == "ORIGINAL_DST":
            return self._headless.get(without_subset(name), [])
        return [one for one in cluster["endpoints"] if one["health"] in ("HEALTHY", "UNKNOWN")]

    def _in(self, call: Call, endpoint: Config, encryption: str, path: str) -> Answer:
        pod, port = self._pods[endpoint["address"]], endpoint["port"]
        if pod.ports and port not in (number for _, number in pod.ports):
            return Answer("", "503")
        if not pod.meshed:
            return Answer(pod.workload)
        sent = call.sent._replace(path=path) if call.sent else None
        asked = self.admits(call.caller, pod, port, sent, mutual=encryption == "ISTIO_MUTUAL")
        return Answer("", "403") if asked is None else Answer(pod.workload, asked=asked)

    def admits(
        self, caller: Pod, pod: Pod, port: int, sent: Request | None, *, mutual: bool | None = None
    ) -> frozenset[str] | None:
        """As ``Policies.admits``. Where it is not said, a caller with a proxy encrypts if it can."""
        told = self._told[name_of(pod)]
        listener = next(one for one in told["listeners"] if one["name"] == "virtualInbound")
        ways = [True, False] if caller.meshed and mutual is None else [bool(mutual)]
        for way in ways:
            connection = Connection(port, tls=way, alpn=_alpn(sent is not None, way))
            chain = chain_of(listener, connection)
            if chain is None or (way and not chain.get("requireClientCertificate")):
                continue
            connection = connection._replace(principal=f"spiffe://{caller.principal}" if way else "")
            found = admitted(chain["filters"], connection, http(sent) if sent else None)
            return None if found is None else frozenset(self._authorizers[name] for name in found)
        return None


def http(sent: Request) -> Http:
    """A request as it is on the wire."""
    said = {":method": sent.method, ":path": sent.path, ":authority": sent.host, **dict(sent.headers)}
    return Http(said, dict(zip(("iss", "sub"), sent.token, strict=False)))


def without_subset(cluster: str) -> str:
    """Port and host of ``outbound|PORT|SUBSET|HOST``."""
    _, port, _, host = cluster.split("|")
    return f"{port}||{host}"


def _ready(service: Manifest, port: str, pods: Iterable[Pod]) -> Iterator[Config]:
    """The addresses that the name of a headless Service means, with the port that one of its ports means there."""
    for one in slices_of(service, pods):
        for number in (each["port"] for each in one["ports"] if each["name"] == port):
            for endpoint in one["endpoints"]:
                if endpoint["conditions"]["ready"]:
                    yield {"address": endpoint["addresses"][0], "port": number}


def _alpn(is_http: bool, mutual: bool) -> tuple[str, ...]:
    return _PEERS[is_http] if mutual else _HTTP if is_http else ()


def _outgoing(call: Call, listener: Config) -> Connection:
    """A client speaks TLS to a gateway's HTTPS and to outside hosts whose listener knows server names."""
    names = any("serverNames" in chain["match"] for chain in listener["filterChains"])
    if names:
        return Connection(call.port, tls=True, server_name=call.host, alpn=_HTTP)
    return Connection(call.port, alpn=_HTTP if call.sent is not None else ())


def _routed(hosts: Any, sent: Request) -> tuple[dict[str, int], str]:
    route = route_of(hosts, http(sent))
    if route is None:
        return {"404": 1}, sent.path
    if "redirect" in route:
        return {"301": 1}, sent.path
    if "directResponse" in route:
        return {str(route["directResponse"]["status"]): 1}, sent.path
    action = route["route"]
    return _weights(action), _rewritten(route["match"], action, sent.path)


def _weights(action: Config) -> dict[str, int]:
    if "cluster" in action:
        return {action["cluster"]: 1}
    listed = action["weightedClusters"]["clusters"]
    return {one["name"]: one.get("weight", 0) for one in listed if one.get("weight", 0)}


def _rewritten(match: Config, action: Config, path: str) -> str:
    if "prefixRewrite" in action:
        fitted = next(match[key] for key in ("prefix", "path", "pathSeparatedPrefix") if key in match)
        return str(action["prefixRewrite"]) + path[len(fitted) :]
    return path


def encryption(cluster: Config, endpoint: Config) -> str:
    """How a cluster speaks to an endpoint: by the first match of what is known of it, else the cluster's own way."""
    labels = endpoint.get("transportSocketMatch", {})
    for one in cluster.get("transportSocketMatches", ()):
        if one["match"].items() <= labels.items():
            return str(one["tls"])
    return str(cluster["tls"])
