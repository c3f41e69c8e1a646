"""What proxies are told, as the resources of one Envoy that stands for all of them.

Every pod has an address of its own, and listens there on its own ports; so has the proxy of every caller, where it
takes what the caller sends. Clusters and routes are named as istiod does, behind the number of the proxy that they are
for.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from itertools import count
from typing import Any

from cmp.replay.access import Pod
from tests.order.proxies.identities import Identities, keys
from tests.order.told.inbound import EXT_AUTHZ, JWT, Inbound
from tests.order.told.outbound import Cluster, Config, Outbound

_EXTENSIONS = "type.googleapis.com/envoy.extensions"
_INSPECTOR = {
    "name": "tls",
    "typedConfig": {"@type": f"{_EXTENSIONS}.filters.listener.tls_inspector.v3.TlsInspector"},
}
#: Where an application listens beside its proxy, and an authorizer.
BEHIND = 15_999


class Addresses:
    """An address of this machine for every pod and host; no two processes give the same."""

    def __init__(self) -> None:
        process = os.getpid()
        self._network = f"127.{1 + process // 250 % 250}.{1 + process % 250}"
        self._numbers: dict[Any, int] = {}
        self._next = count(1)

    def of(self, role: str, who: Pod | str) -> str:
        """The address of a pod or host in one of its roles."""
        return f"{self._network}.{self.number(role, who)}"

    def number(self, role: str, who: Pod | str) -> int:
        """A number of its own."""
        place = role, who if isinstance(who, str) else (who.workload, str(who.labels), who.account, who.ports)
        if place not in self._numbers:
            self._numbers[place] = next(self._next)
        return self._numbers[place]


def open_port(number: int) -> int:
    """The port that stands for one which not everybody may listen on."""
    return number if number >= 1024 else number + 20_000


def cluster(addresses: Addresses, identities: Identities, caller: Pod, told: Cluster) -> Config:
    """A cluster of a caller. Endpoints are asked with its certificate, unless it shows none."""
    name = f"{addresses.number('proxy', caller)}/{told.name}"
    places = [(addresses.of("pod", pod), port) for pod, port in told.endpoints]
    if told.outside:
        places = [(addresses.of("outside", told.outside), open_port(int(told.name.split("|")[1])))]
    shown = {} if told.plain or told.outside else {"transportSocket": _client(identities, caller)}
    return {**_static(name, places), **shown}


def local(name: str, address: str, port: int = BEHIND) -> Config:
    """A cluster of what listens beside a proxy."""
    return _static(name, [(address, port)])


def outbound(addresses: Addresses, caller: Pod, told: Outbound) -> tuple[list[Config], dict[str, Config]]:
    """The listeners of a caller's proxy, and its route configurations by name."""
    number, address = addresses.number("proxy", caller), addresses.of("proxy", caller)
    listeners, routes = [], {}
    for name, configuration in told.routes.items():
        port = int(name.split(".")[1]) if "." in name else int(name)
        found = f"{number}-{name}"
        routes[found] = {**_prefixed(configuration, f"{number}/"), "name": found}
        rds = {"routeConfigName": found, "configSource": {"pathConfigSource": {"path": f"./{found}.json"}}}
        manager = _manager(found, {"rds": rds}, [])
        listeners.append(_listener(found, address, port, [{"filters": [manager]}]))
    for port, chains in told.chains.items():
        found = f"{number}-chains-{port}"
        passed = [
            {
                "filterChainMatch": {"serverNames": one["serverNames"]},
                "filters": [_passed(f"{number}/{one['cluster']}")],
            }
            for one in chains
        ]
        listeners.append({**_listener(found, address, port, passed), "listenerFilters": [_INSPECTOR]})
    return listeners, routes


def inbound(addresses: Addresses, identities: Identities, pod: Pod, port: int, told: Inbound) -> Config:
    """The listener of one port of a pod."""
    name = f"{addresses.number('pod', pod)}-{port}"
    virtual_host = {
        "name": f"inbound|http|{port}",
        "domains": ["*"],
        "routes": [{"match": {"prefix": "/"}, "route": {"cluster": f"app/{pod.workload}"}}],
    }
    filters = [_completed(one, told.providers) for one in told.filters]
    manager = _manager(name, {"routeConfig": {"name": f"inbound|{port}||", "virtualHosts": [virtual_host]}}, filters)
    secured = {"filterChainMatch": {"transportProtocol": "tls"}, "transportSocket": _server(identities, pod.principal)}
    chains: list[Config] = [] if told.mode == "DISABLE" else [{**secured, "filters": [manager]}]
    if told.mode != "STRICT":
        chains.append({"filterChainMatch": {"transportProtocol": "raw_buffer"}, "filters": [manager]})
    listener = _listener(name, addresses.of("pod", pod), port, chains)
    return {**listener, "listenerFilters": [_INSPECTOR]}


def outside(addresses: Addresses, identities: Identities, host: str, port: int) -> Config:
    """The listener of a host that is not of the mesh, and answers with its name."""
    answer = {"status": 200, "body": {"inlineString": host}}
    virtual_host = {
        "name": host,
        "domains": ["*"],
        "routes": [{"match": {"prefix": "/"}, "directResponse": answer}],
    }
    manager = _manager(host, {"routeConfig": {"virtualHosts": [virtual_host]}}, [])
    chain = {"filters": [manager], "transportSocket": _server(identities, host, known=False)}
    return _listener(host, addresses.of("outside", host), port, [chain])


def _completed(told: Config, providers: Iterable[str]) -> Config:
    """A filter with what is not told: the keys of issuers, and where authorizers are."""
    found: Config = told["typedConfig"]
    if told["name"] == JWT:
        given = {name: {**one, "localJwks": {"inlineString": keys()}} for name, one in found["providers"].items()}
        return {**told, "typedConfig": {**found, "providers": given}}
    if told["name"] == EXT_AUTHZ:
        prefix = found["filterEnabledMetadata"]["value"]["stringMatch"]["prefix"]
        provider = next(one for one in providers if prefix.endswith(f"-{one}"))
        uri = {"uri": "http://authorizer", "cluster": f"authorizer/{provider}", "timeout": "5s"}
        said = {"allowedClientHeadersOnSuccess": {"patterns": [{"exact": "x-asked"}]}}
        service = {"serverUri": uri, "authorizationResponse": said}
        return {**told, "typedConfig": {**found, "httpService": service, "transportApiVersion": "V3"}}
    return told


def _prefixed(one: Any, prefix: str) -> Any:
    """Routes whose clusters are named behind their proxy."""
    if isinstance(one, list):
        return [_prefixed(each, prefix) for each in one]
    if not isinstance(one, Mapping):
        return one
    found = {name: _prefixed(value, prefix) for name, value in one.items()}
    if isinstance(one.get("cluster"), str):
        found["cluster"] = prefix + one["cluster"]
    if "weight" in one:
        found["name"] = prefix + one["name"]
    return found


def _static(name: str, places: Iterable[tuple[str, int]]) -> Config:
    endpoints = [{"endpoint": {"address": address(*place)}} for place in places]
    return {
        "@type": "type.googleapis.com/envoy.config.cluster.v3.Cluster",
        "name": name,
        "connectTimeout": "5s",
        "type": "STATIC",
        "loadAssignment": {"clusterName": name, "endpoints": [{"lbEndpoints": endpoints}]},
    }


def address(host: str, port: int) -> Config:
    """A place on this machine."""
    return {"socketAddress": {"address": host, "portValue": port}}


def _listener(name: str, host: str, port: int, chains: list[Config]) -> Config:
    return {
        "@type": "type.googleapis.com/envoy.config.listener.v3.Listener",
        "name": name,
        "address": address(host, open_port(port)),
        "filterChains": chains,
    }


def _manager(prefix: str, routes: Config, filters: list[Config]) -> Config:
    router = {"name": "router", "typedConfig": {"@type": f"{_EXTENSIONS}.filters.http.router.v3.Router"}}
    kind = f"{_EXTENSIONS}.filters.network.http_connection_manager.v3.HttpConnectionManager"
    body = {"@type": kind, "statPrefix": prefix, "httpFilters": [*filters, router], **routes}
    return {"name": "http", "typedConfig": body}


def _passed(name: str) -> Config:
    kind = f"{_EXTENSIONS}.filters.network.tcp_proxy.v3.TcpProxy"
    return {"name": "tcp", "typedConfig": {"@type": kind, "statPrefix": name, "cluster": name}}


def _client(identities: Identities, caller: Pod) -> Config:
    kind = f"{_EXTENSIONS}.transport_sockets.tls.v3.UpstreamTlsContext"
    return _secured(kind, {"commonTlsContext": _shown(identities, caller.principal)})


def _server(identities: Identities, principal: str, *, known: bool = True) -> Config:
    """How connections are taken: from those whom we know only, or from everybody."""
    kind = f"{_EXTENSIONS}.transport_sockets.tls.v3.DownstreamTlsContext"
    body = {"commonTlsContext": _shown(identities, principal), "requireClientCertificate": known}
    return _secured(kind, body)


def _secured(kind: str, body: Config) -> Config:
    return {"name": "tls", "typedConfig": {"@type": kind, **body}}


def _shown(identities: Identities, principal: str) -> Config:
    certificate, key = identities.of(principal)
    return {
        "tlsCertificates": [{"certificateChain": {"filename": str(certificate)}, "privateKey": {"filename": str(key)}}],
        "validationContext": {"trustedCa": {"filename": str(identities.authority)}},
    }
