"""What gateways show of a service: its VirtualServices there, made from the same rules as those of the mesh."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from cmp.context.gateways import own_gateway_name
from cmp.context.hosts import best, uncovered
from cmp.context.matching import Place
from cmp.context.model import HTTP_PROTOCOLS, Exposure, HttpRule, IngressHosts, Port
from cmp.context.names import digest
from cmp.context.routes import Router, answers, reached, stands_alone, unlike
from cmp.context.servers import Gateway, Kind

if TYPE_CHECKING:
    from cmp.spec.service import MeshService


#: The port of an item that the gateway answers itself, for a service that has none.
NO_PORT = Port("", 0, 0, "http")


class _Place(NamedTuple):
    """Where an item is published: the gateway, its port if one is named, the host, and how."""

    gateway: str
    port: str
    kind: Kind
    host: str


def ingress(router: Router, name: str, exposures: Iterable[Exposure]) -> tuple[IngressHosts, ...]:
    """The VirtualServices of gateways: hosts without rules of their own share one per gateway."""
    places: dict[_Place, list[Exposure]] = {}
    for exposure in exposures:
        if published(exposure):
            places.setdefault(_place(exposure), []).append(exposure)
    shared: dict[tuple[str, str, int], list[_Place]] = {}
    found: list[IngressHosts] = []
    for place, items in sorted(places.items()):
        if place.kind == "http" and len(items) == 1 and _is_plain(items[0], router.spec):
            shared.setdefault((place.gateway, place.port, _number(items[0])), []).append(place)
        else:
            found.append(_alone(router, name, place, items))
    for (gateway, port, number), listed in sorted(shared.items()):
        items = places[listed[0]]
        usual = _usual_port(items[0], router) == number
        parts = [name, gateway, *([port] if port else []), *([] if usual else [str(number)])]
        hosts = uncovered(place.host for place in listed)
        found.append(_hosts(router, "-".join(parts), hosts, items))
        found += [_alone(router, name, place, places[place]) for place in listed if place.host not in hosts]
    return tuple(found)


def of_bare(exposures: Iterable[Exposure]) -> Iterator[Exposure]:
    """The items of a host behind which nothing runs: it has no port, and its routes say where requests go."""
    for one in exposures:
        yield one._replace(port=NO_PORT) if one.kind == "http" and one.spec.port is None else one


def published(exposure: Exposure) -> bool:
    """Whether an item is complete; what is not is reported by checks."""
    item = exposure.spec
    if exposure.gateway is None or item.delegated or (exposure.port is None and not answers(item)):
        return False
    if item.gatewayPort is not None and exposure.server is None:
        return False
    return item.host is not None or exposure.kind == "tcp"


def _place(exposure: Exposure) -> _Place:
    assert exposure.gateway is not None  # only such items are published
    port = exposure.server.name if exposure.server is not None else ""
    return _Place(exposure.gateway.name, port, exposure.kind, exposure.spec.host or "")


def _alone(router: Router, name: str, place: _Place, items: Sequence[Exposure]) -> IngressHosts:
    """A VirtualService of one host, or of a port that has no hosts."""
    if place.kind == "tcp":
        gateway = items[0].gateway
        assert gateway is not None  # only such items are published
        hosts = uncovered(gateway.hosts_for(router.namespace))
        return _hosts(router, f"{name}-{place.gateway}-{place.port}", hosts, items)
    told = f"{place.host}:{place.port}" if place.port else place.host
    return _hosts(router, f"{name}-{place.gateway}-{digest(told)}", (place.host,), items)


def _hosts(router: Router, name: str, hosts: tuple[str, ...], items: Sequence[Exposure]) -> IngressHosts:
    first = items[0]
    gateway, port = first.gateway, first.port
    assert gateway is not None  # only such items are published
    rules: list[HttpRule] = []
    if first.kind == "http":
        for exposure in sorted(items, key=lambda item: not item.spec.path):  # what takes the rest comes last
            place = Place(exposure.port or NO_PORT, None, gateway.name, exposure.spec)
            rules += router.exposed(exposure, place)
    return IngressHosts(
        name,
        gateway,
        hosts,
        unlike(reached(rules)),
        _bound(router, first, gateway),
        _ports(first, gateway),
        first.kind,
        router.destinations.of(first.spec, port) if first.kind != "http" and port is not None else (),
    )


def _bound(router: Router, exposure: Exposure, gateway: Gateway) -> tuple[str, ...]:
    """The Gateways that the rules are for.

    A host with a certificate of its own that the gateway's hosts cover as well is shown by both: a browser that has a
    connection under the wildcard's certificate asks there for it (and would get 404), and a host that moves between the
    two servers is there at any time. Not where clients must show a certificate: the other server would not ask for it.
    """
    shared, item = f"{gateway.namespace}/{gateway.name}", exposure.spec
    if item.tls is None:
        return (shared,)
    own = f"{gateway.namespace}/{own_gateway_name(router.spec.metadata.name, router.namespace, gateway)}"
    covered = item.host is not None and best(gateway.hosts_for(router.namespace), item.host) >= 0
    open_ = exposure.kind == "http" and item.tls.mode in (None, "SIMPLE")
    return (shared, own) if covered and open_ else (own,)


def _ports(exposure: Exposure, gateway: Gateway) -> tuple[int, ...]:
    """The ports of the gateway that are meant, where its Gateway has others that would take the rules too."""
    if exposure.server is not None:
        return (exposure.server.number,)
    if exposure.kind == "tls":
        return (443,)
    main = [server.number for server in gateway.main]
    more = any(server.kind == "http" and server.number not in main for server in gateway.servers)
    own = [443] if exposure.spec.tls is not None else []
    return tuple(sorted({*main, *own})) if more else ()


def _usual_port(exposure: Exposure, router: Router) -> int | None:
    """The port that a host without ``port`` publishes."""
    ports = [port for port in router.ports if port.protocol in HTTP_PROTOCOLS]
    return _number(exposure) if exposure.spec.port is None or len(ports) == 1 else None


def _is_plain(exposure: Exposure, spec: MeshService) -> bool:
    item = exposure.spec
    own = item.path or item.rewrite or item.headers or item.tls or stands_alone(item) or item.fault or item.mirror
    usual = (item.timeout, item.retries, item.cors) == (spec.timeout, spec.retries, spec.cors)
    return not own and usual


def _number(exposure: Exposure) -> int:
    return exposure.port.number if exposure.port is not None else 0
