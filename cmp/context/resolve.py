"""Specs to context: the one place where names, identities, ports, visibility and routes are decided."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cmp.context import egress, streams
from cmp.context.config import config
from cmp.context.destinations import Destinations
from cmp.context.hosts import best
from cmp.context.model import (
    HTTP_PROTOCOLS,
    Context,
    Destination,
    Exposure,
    ExternalHost,
    Gateway,
    Grant,
    Listed,
    Platform,
    Port,
    Service,
    Target,
    Version,
    find_port,
)
from cmp.context.names import fqdn, principal, split
from cmp.context.routes import Router
from cmp.context.security import grants, visible_to
from cmp.environment import Environment
from cmp.parse import Parsed

if TYPE_CHECKING:
    from cmp.spec.platform import Istio, MeshPlatform
    from cmp.spec.service import MeshService
    from cmp.spec.traffic import Expose
    from cmp.spec.workload import ListedPort
    from cmp.spec.workload import Version as VersionSpec

PROTOCOLS = ("http", "http2", "https", "grpc", "grpc-web", "tls", "tcp", "mongo", "redis", "mysql")


def resolve(specs: Sequence[Parsed], platform: Platform | None, environment: Environment) -> Context:
    """Decide everything that two builders must agree on.

    What refers to something that is not there is left open here (None, or left out) and reported by the checks.
    """
    target = platform.target if platform is not None else Target()
    services = [_service(parsed, platform, target, environment) for parsed in specs]
    index = {(service.name, service.namespace): service for service in services}
    owned = _external(services)
    known = _Known(index, platform, target)
    return Context(tuple(known.connect(service, owned) for service in services), platform)


def resolve_platform(parsed: Parsed, environment: Environment, rendered: bool) -> Platform:
    """The platform with its gateways' identities and its catalog's accounts."""
    spec: MeshPlatform = parsed.spec
    target = _target(spec.istio)
    gateways = []
    for name, gateway in spec.gateways.items():
        identity = principal(target.trust_domain, gateway.namespace, gateway.serviceAccount or name)
        gateways.append(Gateway(name, gateway.namespace, identity, gateway))
    catalog = {}
    for reference, entry in spec.catalog.items():
        name, namespace = split(reference, "")
        catalog[name, namespace] = Listed(entry.serviceAccount or name, tuple(_listed_ports(entry.ports)))
    return Platform(
        name=parsed.tree.name,
        namespace=environment.namespace or ("" if environment.argocd else "default"),
        tree=parsed.tree,
        spec=spec,
        broken=parsed.broken,
        target=target,
        gateways=tuple(gateways),
        catalog=catalog,
        labels=spec.metadata.labels,
        annotations=spec.metadata.annotations,
        rendered=rendered,
        mode=(spec.istio.mode if spec.istio else None) or "sidecar",
    )


def _target(istio: Istio | None) -> Target:
    base = Target()
    if istio is None:
        return base
    return Target(
        _version(istio.version) or base.istio,
        _version(istio.kubernetes) or base.kubernetes,
        istio.trustDomain or base.trust_domain,
        istio.clusterDomain or base.cluster_domain,
        base.root_namespace,
    )


def _version(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    major, minor, *_ = text.split(".")
    return int(major), int(minor)


def _service(parsed: Parsed, platform: Platform | None, target: Target, environment: Environment) -> Service:
    spec: MeshService = parsed.spec
    name, namespace = spec.metadata.name, spec.metadata.namespace or environment.namespace
    namespace = namespace or ("" if environment.argocd else "default")
    account = spec.serviceAccount.name if spec.serviceAccount and spec.serviceAccount.name else name
    ports = tuple(sorted(_ports(spec), key=lambda port: (port.number, port.name)))
    main = _main(ports)
    return Service(
        name=name,
        namespace=namespace,
        app=parsed.tree.app,
        tree=parsed.tree,
        spec=spec,
        broken=parsed.broken,
        target=target,
        host=fqdn(name, namespace, target.cluster_domain),
        account=account,
        principal=principal(target.trust_domain, namespace, account),
        owns_account=True,
        ports=ports,
        main=main,
        versions=tuple(_versions(name, spec.versions)),
        exposures=tuple(_exposures(spec.expose, ports, platform)),
    )


def _ports(spec: MeshService) -> Iterable[Port]:
    if spec.port is not None:
        yield Port("http", spec.port, spec.port, "http")
    yield from _listed_ports(spec.ports)


def _listed_ports(ports: Mapping[str, ListedPort]) -> Iterable[Port]:
    for name, port in ports.items():
        if port.port is not None:
            protocol = port.protocol or protocol_of(name) or "tcp"
            yield Port(name, port.port, port.targetPort or port.port, protocol)


def protocol_of(name: str) -> str | None:
    """The protocol that a port's name begins with, in Istio's sense (``grpc-web`` before ``grpc``).

    https://istio.io/latest/docs/ops/configuration/traffic-management/protocol-selection/
    """
    for protocol in sorted(PROTOCOLS, key=len, reverse=True):
        if name == protocol or name.startswith(protocol + "-"):
            return protocol
    return None


def _main(ports: Sequence[Port]) -> Port | None:
    """The port that is meant where none is named: the only one, or the one called http."""
    if len(ports) == 1:
        return ports[0]
    return next((port for port in ports if port.name == "http"), None)


def _versions(service: str, specs: Mapping[str, VersionSpec]) -> Iterable[Version]:
    """Versions with their shares: one may leave its weight out and gets the rest of 100. A check holds the sum."""
    rest = 100 - sum(spec.weight or 0 for spec in specs.values())
    for name, spec in specs.items():
        weight = max(0, rest) if spec.weight is None else spec.weight
        yield Version(name, weight, spec, config(service, spec.config))


def _exposures(items: Iterable[Expose], ports: Sequence[Port], platform: Platform | None) -> Iterable[Exposure]:
    gateways = platform.gateways if platform is not None else ()
    http = [port for port in ports if port.protocol in HTTP_PROTOCOLS]
    for index, item in enumerate(items):
        fitting = candidates(gateways, item)
        if item.port is None:
            port = _main(ports) if _main(ports) in http else _main(http)
        else:
            port = find_port(ports, item.port)
        yield Exposure(index, item, fitting[0] if len(fitting) == 1 else None, port)


def candidates(gateways: Sequence[Gateway], item: Expose) -> list[Gateway]:
    """The gateways that an ``expose`` item may mean: the named one, else those whose hosts cover it most closely."""
    if item.gateway is not None:
        return [gateway for gateway in gateways if gateway.name == item.gateway]
    if item.host is None:
        return []
    scores = [best(gateway.spec.hosts, item.host) for gateway in gateways]
    top = max(scores, default=-1)
    return [gateway for gateway, score in zip(gateways, scores, strict=True) if score == top >= 0]


def _external(services: Sequence[Service]) -> dict[tuple[str, str], tuple[ExternalHost, ...]]:
    found = {}
    for namespace in sorted({service.namespace for service in services}):
        there = [service for service in services if service.namespace == namespace]
        for name, entries in egress.declared((s.name, s.app, s.spec.calls) for s in there).items():
            found[name, namespace] = entries
    return found


def _outside(
    host: str,
    port: str | None,
    protocols: Container[str],
    owned: Mapping[tuple[str, str], tuple[ExternalHost, ...]],
    namespace: str,
) -> tuple[Destination, ...]:
    """A host that is no service of the cluster, at the port that the namespace declares for such traffic."""
    entries = [entry for (_, where), listed in owned.items() if where == namespace for entry in listed]
    entry = next((entry for entry in entries if entry.host == host), None)
    found = entry.port(port, protocols) if entry is not None else None
    if found is None:
        return (Destination(host, None, int(port) if port is not None and port.isdigit() else None),)
    return (
        Destination(host, None, found.number if port is not None or len(entry.ports if entry else ()) > 1 else None),
    )


def _number(name: str | None, ports: Sequence[Port]) -> int | None:
    """The number of a port by its name or number; without one, the main port's where there are several."""
    if name is None:
        main = _main(ports)
        return main.number if main is not None and len(ports) > 1 else None
    named = find_port(ports, name)
    return named.number if named is not None else int(name) if name.isdigit() else None


class _Known:
    """What the services of a render know of each other."""

    def __init__(self, index: Mapping[tuple[str, str], Service], platform: Platform | None, target: Target) -> None:
        self._index = index
        self._platform = platform
        self._target = target

    def connect(self, service: Service, owned: Mapping[tuple[str, str], tuple[ExternalHost, ...]]) -> Service:
        """A service with its grants, visibility, hosts and routes."""
        spec, namespace = service.spec, service.namespace
        granted = self._grants(service)
        destinations = Destinations(
            service.host,
            service.ports,
            service.versions,
            lambda name, port: self.find(name, port, namespace),
            lambda host, port, protocols: _outside(host, port, protocols, owned, namespace),
        )
        router = Router(namespace, spec, service.ports, destinations)
        sharing = [one.name for one in self._index.values() if one.principal == service.principal]
        return service._replace(
            owns_account=service.name == min(sharing),
            grants=granted,
            export_to=visible_to(namespace, granted),
            egress=egress.hosts(
                service.name if service.ports else None, namespace, spec.calls, self._target, api_server=bool(spec.rbac)
            ),
            external=tuple(self._exported(entry, namespace) for entry in owned.get((service.name, namespace), ())),
            http=router.mesh(),
            tcp=tuple(streams.tcp(spec, namespace, service.ports, destinations)),
            tls=tuple(streams.tls(spec, namespace, service.ports, destinations)),
            delegated=router.delegated(service.exposures),
            ingress=router.ingress(service.name, service.exposures),
        )

    def _exported(self, entry: ExternalHost, namespace: str) -> ExternalHost:
        """An outside host, seen also by those who follow a route to it: callers and gateways of the routing service."""
        seen = {"."}
        for other in self._index.values():
            own = other.spec
            routes: tuple[Any, ...] = (*own.routes, *own.expose, *own.tcpRoutes, *own.tlsRoutes)
            named = [one for target in routes for one in (*target.destinations, *getattr(target, "mirror", ()))]
            if other.namespace == namespace and any(one.host == entry.host for one in named):
                seen.update(visible_to(namespace, self._grants(other)))
                seen.update(one.gateway.namespace for one in other.exposures if one.gateway is not None)
        return entry._replace(export_to=("*",) if "*" in seen else tuple(sorted(seen - {namespace})))

    def _grants(self, service: Service) -> tuple[Grant, ...]:
        return grants(
            service.name,
            service.namespace,
            service.spec.access,
            service.exposures,
            service.ports,
            lambda caller: self.identity(caller, service.namespace),
            self.gateway,
        )

    def identity(self, reference: str, namespace: str) -> str:
        """A caller's identity: its account from this render, else from the catalog, else its name."""
        name, where = split(reference, namespace)
        if (name, where) in self._index:
            return self._index[name, where].principal
        listed = self._platform.catalog.get((name, where)) if self._platform is not None else None
        return principal(self._target.trust_domain, where, listed.account if listed is not None else name)

    def gateway(self, name: str) -> str | None:
        gateways = self._platform.gateways if self._platform is not None else ()
        return next((gateway.principal for gateway in gateways if gateway.name == name), None)

    def find(self, reference: str, port: str | None, namespace: str) -> tuple[Destination, ...]:
        """The versions of a service with their shares, at the port asked for or the main one.

        Of a service outside this render only the host is known: its requests go to any of its pods.
        """
        name, where = split(reference, namespace)
        host = fqdn(name, where, self._target.cluster_domain)
        other = self._index.get((name, where))
        if other is None:
            listed = self._platform.catalog.get((name, where)) if self._platform is not None else None
            return (Destination(host, None, _number(port, listed.ports if listed is not None else ())),)
        chosen = other.port(port)
        number = chosen.number if chosen is not None and (port is not None or len(other.ports) > 1) else None
        return tuple(Destination(host, one.name, number, one.weight) for one in other.versions if one.weight)
