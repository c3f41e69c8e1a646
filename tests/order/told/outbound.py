"""What the proxy of a caller, or a gateway, is told: clusters, routes, and chains of what is not HTTP.

Names and form are istiod's (pilot/pkg/networking/core: ``httproute.go``, ``gateway.go``, ``route/route.go``,
``cluster_builder.go``). Left out is what decides nothing here: metadata, decorators, statistics, timeouts, the short
names of a host, and retries, which would hide failures.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from cmp.replay.access import Pod, UnjudgedError, refuse
from cmp.replay.cluster import Moment
from cmp.replay.mesh import Host, Mesh, is_plain, subset
from cmp.replay.routes import Call, Sidecar, concerns, host_fits

Config = dict[str, Any]

_HTTP = frozenset(("grpc", "grpc-web", "http", "http2", "kubernetes.io/h2c"))
_TLS = frozenset(("https", "tls"))
#: Fields of a rule that are translated, and those that change no answer.
_FIELDS = ("directResponse", "match", "name", "redirect", "retries", "rewrite", "route", "timeout")


class Cluster(NamedTuple):
    """Where requests of one cluster go.

    Attributes:
        name: ``outbound|PORT|SUBSET|HOST``.
        endpoints: ready pods, and the port of each.
        outside: the host that is looked up instead, for one that no pods are.
        plain: whether the caller shows no identity.
    """

    name: str
    endpoints: tuple[tuple[Pod, int], ...]
    outside: str = ""
    plain: bool = False


class Outbound(NamedTuple):
    """What one proxy is told.

    Attributes:
        clusters: by their names.
        routes: ``RouteConfiguration`` of Envoy, by their names: the port, and at a gateway the server.
        chains: filter chains (server names and a cluster), by the port that they are for.
    """

    clusters: Mapping[str, Cluster]
    routes: Mapping[str, Config]
    chains: Mapping[int, list[Config]]


def outbound(moment: Moment, caller: Pod) -> Outbound:
    """What the proxy beside a pod is told."""
    mesh = moment.mesh
    sidecar, hosts = mesh.seen(caller)
    numbers = sorted({port.number for host in hosts for port in host.ports if port.protocol in _HTTP})
    routes = {str(number): _of_port(mesh, caller, number, hosts, sidecar) for number in numbers}
    return Outbound(_clusters(mesh, caller, hosts), routes, dict(_chains(hosts)))


def gateway(moment: Moment, pod: Pod) -> Outbound:
    """What the proxy of a gateway is told."""
    mesh = moment.mesh
    _, hosts = mesh.seen(pod)
    routes: dict[str, Config] = {}
    for one in mesh.gateways:
        if one["spec"]["selector"].items() <= pod.labels.items():
            name = f"{one['metadata']['namespace']}/{one['metadata']['name']}"
            for server in one["spec"]["servers"]:
                found = _configuration(_route_name(one, server), _of_server(mesh, pod, name, server))
                routes.setdefault(found["name"], found)
    return Outbound(_clusters(mesh, pod, hosts), routes, {})


def _clusters(mesh: Mesh, caller: Pod, hosts: Iterable[Host]) -> dict[str, Cluster]:
    found = (cluster for host in hosts for cluster in _of_host(mesh, caller, host))
    return {cluster.name: cluster for cluster in found}


def _of_host(mesh: Mesh, caller: Pod, host: Host) -> Iterator[Cluster]:
    """One for each port and subset, and one for each port without."""
    rules = mesh.destination_rules(host, caller)
    names = dict.fromkeys(one["name"] for rule in rules for one in rule.get("subsets", ()))
    for port in host.ports:
        for name in ("", *names):
            full, plain = f"outbound|{port.number}|{name}|{host.name}", is_plain(rules, port.number)
            if host.selector is None:
                yield Cluster(full, (), host.name, plain)
            else:
                labels = {**host.selector, **(subset(rules, name or None) or {})}
                yield Cluster(full, tuple(mesh.endpoints(host, port, labels)), plain=plain)


def _of_port(mesh: Mesh, caller: Pod, number: int, hosts: Iterable[Host], sidecar: Sidecar) -> Config:
    """The virtual hosts of a port, and what becomes of all other hosts."""
    known = [host for host in hosts if any(port.number == number and port.protocol in _HTTP for port in host.ports)]
    found = []
    for host in known:
        call = Call(caller, host.name, number, None)
        routes = [route for spec in mesh.routes.of(call, sidecar) for route in _routes(mesh, spec, call)]
        plain = _route("default", None, {"route": {"cluster": f"outbound|{number}||{host.name}"}})
        found.append(_virtual_host(host.name, number, routes or [plain]))
    if sidecar.limited:
        other = _route("block_all", None, {"directResponse": {"status": 502}})
    else:
        other = _route("allow_any", None, {"route": {"cluster": "PassthroughCluster"}})
    found.append({"name": other["name"], "domains": ["*"], "routes": [other]})
    return _configuration(str(number), found)


def _of_server(mesh: Mesh, pod: Pod, name: str, server: Mapping[str, Any]) -> list[Config]:
    """The virtual hosts of a gateway's server: those of VirtualServices, as far as the server is for them."""
    number, found = server["port"]["number"], []
    served = [host.rpartition("/")[2] for host in server["hosts"]]
    for host in mesh.routes.hosts(name):
        if any(host_fits(one, host) for one in served):
            call = Call(pod, host, number, None, name)
            routes = [route for spec in mesh.routes.of(call, Sidecar()) for route in _routes(mesh, spec, call)]
            found += [_virtual_host(host, number, sorted(routes, key=_is_for_all))] if routes else []
    return found or [{"name": f"blackhole:{number}", "domains": ["*"], "routes": []}]


def _route_name(one: Mapping[str, Any], server: Mapping[str, Any]) -> str:
    """``GatewayRDSRouteName``: plain servers of a port share one, each that ends TLS has its own."""
    port = server["port"]
    if "tls" not in server:
        return f"http.{port['number']}"
    return f"https.{port['number']}.{port['name']}.{one['metadata']['name']}.{one['metadata']['namespace']}"


def _routes(mesh: Mesh, spec: Mapping[str, Any], call: Call) -> Iterator[Config]:
    """``BuildHTTPRoutesForVirtualService``: a route for each match that is for this proxy and port."""
    for rule in spec.get("http", ()):
        refuse(rule, _FIELDS)
        for match in rule.get("match") or [None]:
            if match is None or concerns(match, call):
                name = ".".join(filter(None, (rule.get("name", ""), (match or {}).get("name", ""))))
                found = _route(name, match, _action(mesh, rule, call))
                yield found
                if _is_for_all(found):
                    return


def _action(mesh: Mesh, rule: Mapping[str, Any], call: Call) -> Config:
    if "redirect" in rule:
        return {"redirect": _redirect(rule["redirect"])}
    if "directResponse" in rule:
        refuse(rule["directResponse"], ("status",))
        return {"directResponse": {"status": rule["directResponse"]["status"]}}
    named = [(_cluster_of(mesh, one["destination"], call), one.get("weight", 0)) for one in rule["route"]]
    if len(named) == 1:
        action: Config = {"cluster": named[0][0]}
    else:
        action = {"weightedClusters": {"clusters": [{"name": name, "weight": share} for name, share in named if share]}}
    rewrite = rule.get("rewrite", {})
    refuse(rewrite, ("authority", "uri"))
    if "uri" in rewrite:
        action["prefixRewrite"] = rewrite["uri"]
    if "authority" in rewrite:
        action["hostRewriteLiteral"] = rewrite["authority"]
    return {"route": action}


def _redirect(said: Mapping[str, Any]) -> Config:
    refuse(said, ("authority", "port", "redirectCode", "scheme", "uri"))
    codes = {301: "MOVED_PERMANENTLY", 302: "FOUND", 303: "SEE_OTHER", 307: "TEMPORARY_REDIRECT"}
    found = {
        "hostRedirect": said.get("authority"),
        "pathRedirect": said.get("uri"),
        "portRedirect": said.get("port"),
        "responseCode": {**codes, 308: "PERMANENT_REDIRECT"}[said.get("redirectCode", 301)],
        "schemeRedirect": said.get("scheme"),
    }
    return {name: value for name, value in found.items() if value not in (None, "MOVED_PERMANENTLY")}


def _cluster_of(mesh: Mesh, destination: Mapping[str, Any], call: Call) -> str:
    """``GetDestinationCluster``: the port that is named, else the only one, else that of the listener."""
    host = mesh.hosts.get(destination["host"])
    number = destination.get("port", {}).get("number")
    if number is None:
        number = host.ports[0].number if host is not None and len(host.ports) == 1 else call.port
    return f"outbound|{number}|{destination.get('subset', '')}|{destination['host']}"


def _route(name: str, match: Mapping[str, Any] | None, action: Config) -> Config:
    named = {"name": name} if name else {}
    return {**named, "match": _match(match), **action}


def _match(match: Mapping[str, Any] | None) -> Config:
    """``TranslateRouteMatch``."""
    if match is None:
        return {"prefix": "/"}
    headers = [_header(name, text) for name, text in match.get("headers", {}).items()]
    for name, text in match.get("withoutHeaders", {}).items():
        missing = {} if _is_presence(text) else {"treatMissingHeaderAsEmpty": True}
        headers.append({**_header(name, text), "invertMatch": True, **missing})
    headers.sort(key=lambda one: str(one["name"]))
    headers += [_header(":method", match["method"])] if "method" in match else []
    kind, value = next(iter(match.get("uri", {"prefix": "/"}).items()))
    path = {"exact": {"path": value}, "prefix": {"prefix": value}, "regex": {"safeRegex": {"regex": value}}}[kind]
    return {**path, "caseSensitive": True, **({"headers": headers} if headers else {})}


def _header(name: str, text: Mapping[str, str]) -> Config:
    if name.startswith("@"):
        raise UnjudgedError(f"a route by the claim {name}")
    if _is_presence(text):
        return {"name": name, "presentMatch": True}
    kind, value = next(iter(text.items()))
    return {"name": name, "stringMatch": {"safeRegex": {"regex": value}} if kind == "regex" else {kind: value}}


def _is_presence(text: Mapping[str, str]) -> bool:
    return not text or text == {"regex": "*"}


def _is_for_all(route: Mapping[str, Any]) -> bool:
    """``IsCatchAllRoute``: nothing behind it is ever asked."""
    match = route["match"]
    path = match.get("prefix") == "/" or match.get("safeRegex", {}).get("regex") == ".*"
    return path and not match.get("headers")


def _virtual_host(host: str, number: int, routes: list[Config]) -> Config:
    return {"name": f"{host}:{number}", "domains": [host], "routes": routes}


def _configuration(name: str, virtual_hosts: list[Config]) -> Config:
    found = sorted(virtual_hosts, key=lambda one: ("*" in one["domains"], one["name"]))
    return {"name": name, "virtualHosts": found, "validateClusters": False, "ignorePortInHostMatching": True}


def _chains(hosts: Iterable[Host]) -> Iterator[tuple[int, list[Config]]]:
    """Connections that the proxy does not open: those of TLS by the name that they ask for."""
    found: dict[int, list[Config]] = {}
    for host in hosts:
        for port in host.ports:
            if port.protocol in _TLS:
                one = {"serverNames": [host.name], "cluster": f"outbound|{port.number}||{host.name}"}
                found.setdefault(port.number, []).append(one)
    yield from found.items()
