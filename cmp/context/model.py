"""The nouns of a render. Plain records; what is in them is decided in ``resolve``, and nothing is decided later."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from cmp.context.names import number_of
from cmp.context.paths import PathRule
from cmp.context.profiles import DEFAULT, PROFILES, Profile
from cmp.context.running import Facts, HostRules
from cmp.context.telemetry import Observed
from cmp.merge.compose import Tree

if TYPE_CHECKING:
    from cmp.context.config import Config
    from cmp.context.external import ExternalHost, Origination
    from cmp.context.jobs import Job
    from cmp.context.network import Network
    from cmp.context.rules import Asked, Fields, Policy, Wide
    from cmp.context.servers import Gateway, Kind, OwnGateway, Server
    from cmp.spec.outside import External
    from cmp.spec.platform import MeshPlatform
    from cmp.spec.service import MeshService
    from cmp.spec.traffic import Cors, Expose, Headers, Match, RegexRewrite, Retries
    from cmp.spec.traffic import Target as RouteTarget
    from cmp.spec.workload import Version as VersionSpec

#: Protocols whose requests Istio can route one by one.
HTTP_PROTOCOLS = frozenset(("http", "http2", "grpc", "grpc-web"))
TLS_PROTOCOLS = frozenset(("https", "tls"))
TCP_PROTOCOLS = frozenset(("tcp", "mongo", "redis", "mysql"))


class Target(NamedTuple):
    """The mesh and cluster to render for, and the set of defaults. Versions are (major, minor)."""

    istio: tuple[int, int] = (1, 30)
    kubernetes: tuple[int, int] = (1, 32)
    trust_domain: str = "cluster.local"
    cluster_domain: str = "cluster.local"
    root_namespace: str = "istio-system"
    profile: Profile = PROFILES[DEFAULT]


class Port(NamedTuple):
    """A port of a Service: its name, number, container port and protocol in Istio's words."""

    name: str
    number: int
    target: int
    protocol: str


def find_port(ports: Iterable[Port], name: str) -> Port | None:
    """The port of a name or number."""
    return next((port for port in ports if name in (port.name, str(port.number))), None)


def main_port(ports: Sequence[Port]) -> Port | None:
    """The port that is meant where none is named: the only one, or the one called http."""
    if len(ports) == 1:
        return ports[0]
    return next((port for port in ports if port.name == "http"), None)


class Version(NamedTuple):
    """One version: its share of the traffic in percent, what runs, and the files that it finds.

    ``stateful`` says that each of its pods has volumes of its own.
    """

    name: str
    weight: int
    spec: VersionSpec
    config: Config | None = None
    stateful: bool = False

    @property
    def labels(self) -> Mapping[str, str]:
        """The labels of its pods or endpoints that other versions do not have."""
        return self.spec.selector or {"version": self.name}


class Destination(NamedTuple):
    """Where a rule sends requests. ``subset`` is a version; ``port`` only where the host has several."""

    host: str
    subset: str | None = None
    port: int | None = None
    weight: int = 100
    headers: Headers | None = None


class HttpMatch(NamedTuple):
    """One condition of an HTTP rule; what is None matches all.

    ``source`` is the caller's name and namespace, ``spec`` holds what is written into the rule as it stands.
    """

    path: PathRule | None = None
    method: str | None = None
    port: int | None = None
    source: tuple[str, str] | None = None
    spec: Match | None = None


class Mirrored(NamedTuple):
    """Where a copy of a share of the requests goes, in percent."""

    destination: Destination
    percentage: float


class HttpRule(NamedTuple):
    """One rule of a VirtualService, in the service's order. ``route`` is what it was made from; a default has none.

    ``delegate`` is the name and namespace of the VirtualService that has the rules for what this one matches.
    """

    name: str
    matches: tuple[HttpMatch, ...]
    destinations: tuple[Destination, ...]
    rewrite: str | None = None
    authority: str | None = None
    timeout: str | None = None
    retries: Retries | None = None
    cors: Cors | None = None
    headers: Headers | None = None
    route: RouteTarget | None = None
    regex: RegexRewrite | None = None
    mirrors: tuple[Mirrored, ...] = ()
    delegate: tuple[str, str] | None = None


class StreamMatch(NamedTuple):
    """One condition of a rule for connections; what is empty matches all. ``sni`` are names of servers."""

    port: int | None = None
    source: tuple[str, str] | None = None
    labels: Mapping[str, str] = {}
    subnets: tuple[str, ...] = ()
    sni: tuple[str, ...] = ()


class StreamRule(NamedTuple):
    """Where the connections of a port go whose requests Istio does not read."""

    port: Port
    destinations: tuple[Destination, ...]
    matches: tuple[StreamMatch, ...] = ()


class Exposure(NamedTuple):
    """One ``expose`` item with its gateway, or None where none fits, and the port that it publishes.

    ``server`` is the one at the gateway's port that the item names.
    """

    at: int
    spec: Expose
    gateway: Gateway | None
    port: Port | None
    server: Server | None = None
    kind: Kind = "http"


class IngressHosts(NamedTuple):
    """Hosts of one gateway that share their rules: one VirtualService.

    ``bound`` names the Gateways, as namespace/name; ``ports`` are those of the gateway, where not all are meant.
    ``rules`` are for requests, ``destinations`` for connections.
    """

    name: str
    gateway: Gateway
    hosts: tuple[str, ...]
    rules: tuple[HttpRule, ...]
    bound: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    kind: Kind = "http"
    destinations: tuple[Destination, ...] = ()


class Grant(NamedTuple):
    """An ALLOW policy in force, in Istio's fields: who (empty is anybody), for what (empty is anything), and when."""

    name: str
    sources: tuple[Fields, ...] = ()
    operations: tuple[Fields, ...] = ()
    conditions: tuple[Asked, ...] = ()


class Outside(NamedTuple):
    """Hosts that run elsewhere, with what the spec left out: how they are found, and on which side of the mesh."""

    hosts: tuple[str, ...]
    resolution: str
    location: str
    spec: External


class Service(NamedTuple):
    """A service with all that was decided about it.

    ``broken`` holds the paths of what the parser took out.
    """

    name: str
    namespace: str
    app: str
    tree: Tree
    spec: MeshService
    broken: frozenset[tuple[str | int, ...]]
    target: Target
    facts: Facts
    outside: Outside | None
    host: str
    account: str
    principal: str
    owns_account: bool
    ports: tuple[Port, ...]
    main: Port | None
    versions: tuple[Version, ...]
    exposures: tuple[Exposure, ...]
    jobs: tuple[Job, ...] = ()
    export_to: tuple[str, ...] = ()
    grants: tuple[Grant, ...] = ()
    policies: tuple[Policy, ...] = ()
    egress: tuple[str, ...] = ()
    external: tuple[ExternalHost, ...] = ()
    originations: tuple[Origination, ...] = ()
    http: tuple[HttpRule, ...] = ()
    tcp: tuple[StreamRule, ...] = ()
    tls: tuple[StreamRule, ...] = ()
    further: tuple[HostRules, ...] = ()
    delegated: tuple[HttpRule, ...] = ()
    ingress: tuple[IngressHosts, ...] = ()
    own_gateways: tuple[OwnGateway, ...] = ()
    network: Network | None = None
    observed: Observed = Observed()

    @property
    def hosts(self) -> tuple[str, ...]:
        """The names by which it is called: its Service's, or those that it declares."""
        return self.outside.hosts if self.outside is not None else (self.host,)

    def port(self, name: str | None) -> Port | None:
        """The port of a name or number; without one the main port."""
        return self.main if name is None else find_port(self.ports, name)

    def container_port(self, name: str | None) -> int | None:
        """The container port that a port's name or number leads to; another number is the container's own."""
        port = self.port(name)
        if port is not None:
            return port.target
        return number_of(name) if name is not None else None


class Listed(NamedTuple):
    """A service of another application as the platform lists it: its account, and its ports, if it lists them."""

    account: str
    ports: tuple[Port, ...]


class Platform(NamedTuple):
    """The platform of a render. ``rendered`` says whether its own objects are written, or it only gives defaults.

    ``own`` is the part of it that is written then, where that is not all of it.
    """

    name: str
    namespace: str
    tree: Tree
    spec: MeshPlatform
    broken: frozenset[tuple[str | int, ...]]
    target: Target
    gateways: tuple[Gateway, ...]
    catalog: Mapping[tuple[str, str], Listed]
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    rendered: bool
    mode: str = "sidecar"
    wide: tuple[Wide, ...] = ()
    outside: Mapping[str, tuple[ExternalHost, ...]] = {}
    own: Platform | None = None

    @property
    def installs(self) -> bool:
        """Whether the platform itself is rendered, and may say how it is installed."""
        istio, spec = self.spec.istio, self.spec
        said: list[object] = [
            spec.argocd,
            spec.namespaces,
            spec.monitoring,
            *(one.spec.install or one.spec.values for one in self.gateways),
        ]
        said += [istio.install, istio.canary, istio.tags, istio.mode == "ambient"] if istio is not None else []
        return self.rendered and any(said)

    def around(self, namespace: str) -> tuple[Wide, ...]:
        """What holds for every pod of a namespace: what is said of the mesh, and of that namespace."""
        return tuple(one for one in self.wide if one.selector is None and one.path in ((), ("namespaces", namespace)))

    def declares(self, namespace: str) -> dict[str, ExternalHost]:
        """The outside hosts that the platform declares and that a namespace sees, by host."""
        entries = [*self.outside.get(self.target.root_namespace, ()), *self.outside.get(namespace, ())]
        return {entry.host: entry for entry in entries}


class Context(NamedTuple):
    """All services of a render, in the order of their names, and the platform. ``by_name`` has the same services."""

    services: tuple[Service, ...]
    platform: Platform | None
    by_name: Mapping[tuple[str, str], Service]

    @property
    def written(self) -> Platform | None:
        """The platform whose objects are written, if any are."""
        found = self.platform
        return (found.own or found) if found is not None and found.rendered else None

    @property
    def owners(self) -> list[Service | Platform]:
        """Whoever has objects in this render."""
        return [*self.services, *([self.written] if self.written is not None else [])]

    def service(self, name: str, namespace: str) -> Service | None:
        """A service of this render."""
        return self.by_name.get((name, namespace))
