"""Where the configuration that the model makes is not the one that istiod makes: routes, clusters, authorization.

Both are in Envoy's form, with istiod's names. Virtual hosts are known by the host's own name, since istiod makes one of
those with the same routes, and adds short names. Of the filters of a chain, those are compared that decide who gets in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from cmp.replay.access import Pod
from tests.order.istiod.answers import Proxies, encryption
from tests.order.istiod.asking import Asked, authorizers
from tests.order.istiod.kubernetes import address_of, name_of
from tests.order.istiod.matching import Config
from tests.order.replays import GATEWAY
from tests.order.told.inbound import inbound
from tests.order.told.outbound import Outbound, gateway, outbound

_KINDS = {
    "envoy.filters.http.rbac": "rbac",
    "envoy.filters.http.jwt_authn": "jwt_authn",
    "envoy.filters.http.ext_authz": "ext_authz",
}
#: Which chains of a port there are for a mode of mutual TLS: for its clients, and for those without a certificate.
_CHAINS = {"STRICT": {True}, "PERMISSIVE": {True, False}, "DISABLE": {False}}


def differences(one: Asked, told: Mapping[str, Config]) -> Iterator[str]:
    """What differs for each proxy of a moment, in words."""
    proxies = Proxies(one.moment, told, authorizers(one.moment))
    for pod in one.proxies:
        made = gateway(one.moment, pod) if pod is GATEWAY else outbound(one.moment, pod)
        found = told[name_of(pod)]
        for what in (*_clusters(made, found, proxies), *_routes(made, found), *_chains(made, found)):
            yield f"{pod.workload or pod.account}: {what}"
    for pod in one.moment.pods:
        if pod.meshed:
            for _, port in pod.ports:
                for what in _entries(one, pod, port, told[name_of(pod)]):
                    yield f"{pod.workload}:{port}: {what}"


def _clusters(made: Outbound, told: Config, proxies: Proxies) -> Iterator[str]:
    """Their names, the endpoints of each, and whether it shows an identity."""
    found = {name: body for name, body in told["clusters"].items() if name.startswith("outbound|")}
    yield from _unlike("clusters", sorted(made.clusters), sorted(found))
    for name in made.clusters.keys() & found.keys():
        ours, theirs = made.clusters[name], found[name]
        if ours.outside:
            continue
        endpoints = proxies.endpoints(name, theirs)
        pods = sorted((address_of(pod), port) for pod, port in ours.endpoints)
        yield from _unlike(f"endpoints of {name}", pods, sorted((each["address"], each["port"]) for each in endpoints))
        for each in endpoints:
            mutual = encryption(theirs, each) == "ISTIO_MUTUAL"
            yield from _unlike(f"identity for {name}", not ours.plain, mutual)


def _routes(made: Outbound, told: Config) -> Iterator[str]:
    """The configurations by their names, their virtual hosts, and the routes of each, in order."""
    yield from _unlike("routes", sorted(made.routes), sorted(told["routes"]))
    for name in made.routes.keys() & told["routes"].keys():
        ours = {domain: one["routes"] for one in made.routes[name]["virtualHosts"] for domain in one["domains"]}
        theirs = [(set(one["domains"]), list(map(_route, one["routes"]))) for one in told["routes"][name]]
        for domain, routes in ours.items():
            found = next((routes for domains, routes in theirs if domain in domains), None)
            yield from _unlike(f"routes of {domain}:{name}", routes, found)
        for domains, _ in theirs:
            if not domains & set(ours):
                yield f"no routes of {', '.join(sorted(domains))}:{name}"


def _route(route: Config) -> Config:
    """Of weighted clusters, their names and weights."""
    found = dict(route)
    listed = found.get("route", {}).get("weightedClusters")
    if listed:
        shares = [{key: one[key] for key in ("name", "weight") if key in one} for one in listed["clusters"]]
        found["route"] = {**found["route"], "weightedClusters": {"clusters": shares}}
    return found


def _chains(made: Outbound, told: Config) -> Iterator[str]:
    """Those for connections that are not opened: the names that they ask for, and where each goes."""
    for port, chains in made.chains.items():
        found = {
            (name, filter_["tcp_proxy"].get("cluster"))
            for listener in told["listeners"]
            if listener["port"] == port
            for chain in listener["filterChains"]
            for name in chain["match"].get("serverNames", ())
            for filter_ in chain["filters"]
            if "tcp_proxy" in filter_
        }
        ours = {(name, chain["cluster"]) for chain in chains for name in chain["serverNames"]}
        yield from _unlike(f"chains of {port}", sorted(ours), sorted(found))


def _entries(one: Asked, pod: Pod, port: int, told: Config) -> Iterator[str]:
    """The mode of mutual TLS and the filters of one port. Every chain of it has the same.

    While no Service has the port, it is one of those that have no chain of their own.
    """
    made = inbound(one.moment.mesh.policies, pod, port)
    listener = next(each for each in told["listeners"] if each["name"] == "virtualInbound")
    by_port = {number: list(same) for number, same in _by_port(listener["filterChains"])}
    chains = by_port.get(port) or by_port[None]
    yield from _unlike("mode", _CHAINS[made.mode], {"requireClientCertificate" in chain for chain in chains})
    ours = [_filter(each) for each in made.filters]
    for chain in chains:
        for found in (each["http"]["httpFilters"] for each in chain["filters"] if "http" in each):
            yield from _unlike("filters", ours, [_bare(each) for each in found])


def _by_port(chains: Iterable[Config]) -> Iterator[tuple[int | None, Iterator[Config]]]:
    def number(chain: Config) -> int:
        return int(chain["match"].get("destinationPort", 0))

    for port, same in groupby(sorted(chains, key=number), number):
        yield port or None, same


def _filter(filter_: Config) -> Config:
    """A filter of the model, under the name of its kind."""
    body = {key: value for key, value in filter_["typedConfig"].items() if key not in ("@type", "bypassCorsPreflight")}
    return {_KINDS[filter_["name"]]: body}


def _bare(filter_: Config) -> Config:
    """A filter of istiod, without where its authorizer is, and what is only said of rules that are not there."""
    ((kind, body),) = filter_.items()
    dropped = {"grpcService", "httpService"} | (set() if "shadowRules" in body else {"shadowRulesStatPrefix"})
    return {kind: {key: value for key, value in body.items() if key not in dropped}}


def _unlike(what: str, ours: Any, theirs: Any) -> Iterator[str]:
    if ours != theirs:
        yield f"{what}: {_only(ours, theirs)} instead of {_only(theirs, ours)}"


def _only(these: Any, those: Any) -> Any:
    """What is in one and not in the other, if they are lists."""
    return [one for one in these if one not in those] if isinstance(these, Sequence) else these
