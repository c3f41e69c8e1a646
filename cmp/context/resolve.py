"""Specs to context: the one place where names, identities, ports, visibility and routes are decided."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from cmp.context import egress, streams
from cmp.context.config import config
from cmp.context.destinations import Destinations
from cmp.context.gateways import exposures, own_gateways, servers
from cmp.context.ingress import ingress, of_bare
from cmp.context.jobs import identities, jobs
from cmp.context.model import (
    Context,
    Destination,
    Grant,
    Listed,
    Platform,
    Port,
    Service,
    Target,
    Version,
    find_port,
    main_port,
)
from cmp.context.names import fqdn, number_of, principal, protocol_of, split
from cmp.context.network import Networks
from cmp.context.outside import Directory, outside, usual_ports
from cmp.context.profiles import DEFAULT, PROFILES
from cmp.context.routes import Router
from cmp.context.rules import Scope, Wide, policies, without_token
from cmp.context.running import HostRules, facts
from cmp.context.security import grants, service_scope, visible_to, wide
from cmp.context.servers import Gateway
from cmp.context.shared import api_server, proxied, shared_calls, shared_hosts
from cmp.context.telemetry import observed
from cmp.context.visibility import Visibility
from cmp.environment import Environment
from cmp.parse import Parsed

if TYPE_CHECKING:
    from cmp.spec.installation import Istio
    from cmp.spec.platform import MeshPlatform
    from cmp.spec.service import MeshService
    from cmp.spec.workload import ListedPort
    from cmp.spec.workload import Version as VersionSpec


def resolve(specs: Sequence[Parsed], platform: Platform | None, environment: Environment) -> Context:
    """Decide everything that two builders must agree on.

    What refers to something that is not there is left open here (None, or left out) and reported by the checks.
    """
    target = platform.target if platform is not None else Target()
    services = [_service(parsed, platform, target, environment) for parsed in specs]
    index = {(service.name, service.namespace): service for service in services}
    known = _Known(index, platform, target)
    if platform is not None:
        own = platform.own._replace(wide=known.said(platform.own)) if platform.own is not None else None
        platform = platform._replace(wide=known.said(platform), own=own)
        known = _Known(index, platform, target)
    connected = {(one.name, one.namespace): known.connect(one) for one in services}
    limits = Networks(connected, platform) if platform is not None and platform.spec.networkPolicy else None
    if limits is not None:
        connected = {key: one._replace(network=limits.of(one)) for key, one in connected.items()}
    return Context(tuple(connected.values()), platform, connected)


def resolve_platform(parsed: Parsed, environment: Environment, rendered: bool) -> Platform:
    """The platform with its gateways' identities and its catalog's accounts."""
    spec: MeshPlatform = parsed.spec
    target = _target(spec.istio)._replace(profile=PROFILES[spec.profile or DEFAULT])
    gateways = []
    for name, gateway in spec.gateways.items():
        identity = principal(target.trust_domain, gateway.namespace, gateway.serviceAccount or name)
        served = servers(name, gateway) if gateway.hosts else ()
        host = fqdn(gateway.service or name, gateway.namespace, target.cluster_domain)
        gateways.append(Gateway(name, gateway.namespace, identity, gateway, served, host))
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
        outside=shared_hosts(parsed.tree.name, spec, target),
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
        istio.namespace or base.root_namespace,
    )


def _version(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    major, minor, *_ = text.split(".")
    return int(major), int(minor)


def _service(parsed: Parsed, platform: Platform | None, target: Target, environment: Environment) -> Service:
    spec: MeshService = parsed.spec
    name, namespace = spec.metadata.name, spec.metadata.namespace or environment.namespace
    found = outside(spec)
    namespace = namespace or ("" if environment.argocd else "default")
    account = spec.serviceAccount.name if spec.serviceAccount and spec.serviceAccount.name else name
    written = tuple(sorted(_ports(spec), key=lambda port: (port.number, port.name)))
    ports = written or usual_ports(found, parsed.broken)
    known = facts(parsed.tree.runs, spec, bool(ports))
    main = main_port(ports)
    shown = exposures(spec.expose, ports, platform.gateways if platform is not None else (), namespace)
    return Service(
        name=name,
        namespace=namespace,
        app=parsed.tree.app,
        tree=parsed.tree,
        spec=spec,
        broken=parsed.broken,
        target=target,
        facts=known,
        outside=found,
        host=found.hosts[0] if found is not None and found.hosts else fqdn(name, namespace, target.cluster_domain),
        account=account,
        principal=principal(target.trust_domain, namespace, account),
        owns_account=known.ours,
        ports=ports,
        main=main,
        versions=tuple(_versions(name, spec.versions, known.kind == "StatefulSet")),
        exposures=tuple(of_bare(shown) if known.runs == "host" else shown),
        jobs=tuple(jobs(name, account, spec.jobs)) if known.ours and known.runs != "machines" else (),
        observed=observed(spec, namespace, platform.spec if platform is not None else None),
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


def _versions(service: str, specs: Mapping[str, VersionSpec], stateful: bool) -> Iterable[Version]:
    """Versions with their shares: one may leave its weight out and gets the rest of 100. A check holds the sum."""
    rest = 100 - sum(spec.weight or 0 for spec in specs.values())
    for name, spec in specs.items():
        weight = max(0, rest) if spec.weight is None else spec.weight
        yield Version(name, weight, spec, config(service, spec.config), stateful)


def _number(name: str | None, ports: Sequence[Port]) -> int | None:
    """The number of a port by its name or number; without one, the main port's where there are several."""
    if name is None:
        main = main_port(ports)
        return main.number if main is not None and len(ports) > 1 else None
    named = find_port(ports, name)
    return named.number if named is not None else number_of(name)


class _Known:
    """What the services of a render know of each other."""

    def __init__(self, index: Mapping[tuple[str, str], Service], platform: Platform | None, target: Target) -> None:
        self._index = index
        self._platform = platform
        self._target = target
        self._gateways = egress.gateways(platform)
        self._directory = Directory(index.values())
        self._called = egress.owned(index.values(), self._directory, platform)
        self._reached = self._directory.beside(self._called)
        self._visibility = Visibility(index.values(), self._visible)
        self._granted: dict[tuple[str, str], tuple[Grant, ...]] = {}
        ours = sorted((one.name, one.principal) for one in index.values() if one.facts.ours)
        self._account_owners = {account: name for name, account in reversed(ours)}

    def said(self, platform: Platform) -> tuple[Wide, ...]:
        """What a platform says of several services at once."""
        root = self._target.root_namespace
        return tuple(wide(platform.spec, platform.gateways, root, self.identity, self.gateway))

    def connect(self, service: Service) -> Service:
        """A service with its grants, visibility, hosts and routes."""
        spec, namespace, facts = service.spec, service.namespace, service.facts
        scope = self._scope(service)
        destinations = Destinations(
            service.host if facts.runs != "host" else "",
            service.ports,
            service.versions,
            lambda name, port: self.find(name, port, namespace),
            lambda host, port, protocols: egress.outside(host, port, protocols, self._reached, namespace),
        )
        router = Router(namespace, spec, service.ports, destinations)
        return service._replace(
            owns_account=facts.ours and service.name == self._account_owners[service.principal],
            grants=self._grants(service),
            policies=(*policies(scope, spec.access), *without_token(scope, spec.jwt)),
            export_to=self._visibility.of_service(service),
            egress=self._hosts(service),
            external=tuple(
                self._visibility.of_host(entry, namespace) for entry in self._called.get((service.name, namespace), ())
            ),
            originations=egress.originations(service.name, spec.calls) if facts.limited else (),
            **self._rules(service, destinations)._asdict(),
            further=tuple(self._rules(service, destinations._replace(host=host)) for host in service.hosts[1:]),
            delegated=router.delegated(service.exposures),
            ingress=ingress(router, service.name, service.exposures),
            own_gateways=own_gateways(service.name, namespace, service.exposures),
        )

    def _hosts(self, service: Service) -> tuple[str, ...]:
        """The hosts of a service's Sidecar."""
        namespace, platform, domain = service.namespace, self._platform, self._target.cluster_domain
        said = shared_calls(platform.spec, namespace, self._target, self._directory) if platform is not None else ()
        return egress.hosts(
            service.hosts if service.ports or not service.facts.ours else (),
            namespace,
            egress.own_calls(service, platform),
            self._target,
            self._directory,
            self._gateways,
            (*said, *proxied(service.spec, domain), *api_server(service.spec, domain)),
        )

    def _rules(self, service: Service, destinations: Destinations) -> HostRules:
        """What callers in the mesh follow for one host."""
        spec, namespace, facts = service.spec, service.namespace, service.facts
        return HostRules(
            destinations.host or service.host,
            Router(namespace, spec, service.ports, destinations).mesh() if facts.routed else (),
            tuple(streams.tcp(spec, namespace, service.ports, destinations)) if facts.connected else (),
            tuple(streams.tls(spec, namespace, service.ports, destinations)),
        )

    def _grants(self, service: Service) -> tuple[Grant, ...]:
        if not service.facts.guarded:
            return ()
        key = (service.name, service.namespace)
        if key not in self._granted:
            self._granted[key] = grants(self._scope(service), service.spec.access, service.exposures)
        return self._granted[key]

    def _scope(self, service: Service) -> Scope:
        namespace = service.namespace
        return service_scope(
            service.name, namespace, service.ports, lambda caller: self.identity(caller, namespace), self.gateway
        )

    def _visible(self, service: Service) -> tuple[str, ...]:
        """Who must see a service: all whom it admits, and those whom the platform lets into its whole namespace.

        Where nobody decides who may call, that is everybody; but a host outside is for its namespace.
        """
        around = self._platform.around(service.namespace) if self._platform is not None else ()
        if not service.facts.guarded and (not service.facts.labels or all(one.grants is None for one in around)):
            return ("*",) if service.outside is None else (".",)
        granted = self._grants(service)
        return visible_to(service.namespace, [*granted, *(grant for one in around for grant in one.grants or ())])

    def identity(self, reference: str, namespace: str) -> tuple[str, ...]:
        """A caller's identities: of its accounts from this render, else from the catalog, else of its name."""
        name, where = split(reference, namespace)
        if (name, where) in self._index:
            return identities(self._index[name, where])
        listed = self._platform.catalog.get((name, where)) if self._platform is not None else None
        return (principal(self._target.trust_domain, where, listed.account if listed is not None else name),)

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
        serving = tuple(Destination(other.host, one.name, number, one.weight) for one in other.versions if one.weight)
        return serving or (Destination(other.host, None, number),)  # no versions, or weights that a check refuses
