"""Checks of routing: versions, weights, ports, gateways, hosts and paths."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cmp.checks.finding import Finding, Step
from cmp.context import paths
from cmp.context.hosts import best
from cmp.context.matching import has_conditions
from cmp.context.model import HTTP_PROTOCOLS, Context, Exposure, HttpMatch, IngressHosts, Service
from cmp.context.paths import PathRule
from cmp.context.resolve import candidates
from cmp.diagnostics import did_you_mean

if TYPE_CHECKING:
    from cmp.spec.streams import StreamDestination, StreamRoute
    from cmp.spec.traffic import Destination, Mirror, Retries, Target

    Named = Destination | StreamDestination | Mirror


def check_weights(context: Context) -> Iterator[Finding]:
    """The shares of versions, and those of each route, sum to 100."""
    for service in context.services:
        given = {version.name: version.spec.weight for version in service.versions}
        open_ = [name for name, weight in given.items() if weight is None]
        path: tuple[Step, ...] = ("versions",)
        total = sum(weight or 0 for weight in given.values())
        if len(open_) > 1:
            listed = " and ".join(f'"{name}"' for name in open_)
            message = f'versions {listed} of "{service.name}" both leave their weight out'
            yield Finding("MS203", service, (*path, open_[1]), message, "only one may, and gets the rest of 100", True)
        elif (given and not open_ and total != 100) or total > 100:
            message = f'weights of the versions of "{service.name}" sum to {total}, not 100'
            last = [name for name, weight in given.items() if weight is not None][-1]
            yield Finding("MS203", service, (*path, last, "weight"), message, _mend(last, given[last] or 0, total))
        yield from _target_weights(service)


def _mend(name: str, weight: int, total: int) -> str:
    right = weight + 100 - total
    return f"set {name}.weight to {right}" if 0 <= right <= 100 else "make them sum to 100"


def _target_weights(service: Service) -> Iterator[Finding]:
    for target, path in senders(service):
        if target.to and len(target.to) > 1 and sum(target.to.values()) != 100:
            message = f"weights of this route sum to {sum(target.to.values())}, not 100"
            last = list(target.to)[-1]
            help = _mend(last, target.to[last], sum(target.to.values())).replace(".weight", "")
            yield Finding("MS203", service, (*path, "to"), message, help, True)
        weights = [one.weight for one in target.destinations]
        if len(weights) > 1 and (None in weights or sum(w or 0 for w in weights) != 100):
            message = f"weights of these destinations sum to {sum(w or 0 for w in weights)}, not 100"
            yield Finding(
                "MS203", service, (*path, "destinations"), message, "give each a weight; they sum to 100", True
            )


def targets(service: Service) -> Iterator[tuple[Target, tuple[Step, ...]]]:
    """The routes and exposed hosts of a service, with their paths."""
    for index, route in enumerate(service.spec.routes):
        yield route, ("routes", index)
    for index, item in enumerate(service.spec.expose):
        yield item, ("expose", index)


def senders(service: Service) -> Iterator[tuple[Target | StreamRoute, tuple[Step, ...]]]:
    """All that names destinations: routes, exposed hosts, and rules for connections."""
    yield from targets(service)
    for key in ("tcpRoutes", "tlsRoutes"):
        for index, route in enumerate(getattr(service.spec, key)):
            yield route, (key, index)


def named(service: Service) -> Iterator[tuple[Named, tuple[Step, ...]]]:
    """The destinations and mirrors of all of these, each with its path."""
    for target, path in senders(service):
        for key in ("destinations", "mirror"):
            for index, one in enumerate(getattr(target, key, ())):
                yield one, (*path, key, index)


def check_versions(context: Context) -> Iterator[Finding]:
    """A route names versions that are there."""
    for service in context.services:
        names = [version.name for version in service.versions]
        used = [(name, (*path, "to", name)) for target, path in senders(service) for name in target.to]
        used += [(one.version, (*path, "version")) for one, path in named(service) if one.version is not None]
        for name, at in used:
            if name not in names:
                message = f'"{service.name}" has no version "{name}"'
                yield Finding("MS201", service, at, message, did_you_mean(name, names))


def check_gateways(context: Context) -> Iterator[Finding]:
    """A host has one gateway that serves it, and a port that speaks HTTP."""
    gateways = context.platform.gateways if context.platform is not None else ()
    names = [gateway.name for gateway in gateways]
    for service in context.services:
        for exposure in service.exposures:
            item, path = exposure.spec, ("expose", exposure.at)
            if item.host is None and not item.delegated:
                message = f'"expose[{exposure.at}].host" is missing'
                yield Finding("MS102", service, path, message, "add host: ...")
            elif item.delegated and item.gateway is None:
                pass  # whose host it is, and at which gateway, is said by who hands it over
            elif not gateways:
                help = (
                    "declare it in a meshplatform.yaml here or above (in Argo CD, manifest-generate-paths must send it)"
                )
                yield Finding("MS202", service, path, "there is no gateway to expose this host on", help)
            elif item.gateway is not None and item.gateway not in names:
                message = f'the platform has no gateway "{item.gateway}"'
                yield Finding("MS202", service, (*path, "gateway"), message, did_you_mean(item.gateway, names))
            elif item.host is not None:
                yield from _gateway_serves(service, exposure, item.host, context)
            yield from _exposed_port(service, exposure)
        for index, rule in enumerate(service.spec.access):
            for number, source in enumerate(rule.from_):
                for at, name in enumerate(source.gateway):
                    if name not in names:
                        where = ("access", index, "from", number, "gateway", at)
                        message = f'the platform has no gateway "{name}"'
                        yield Finding("MS202", service, where, message, did_you_mean(name, names))


def _gateway_serves(service: Service, exposure: Exposure, host: str, context: Context) -> Iterator[Finding]:
    gateways = context.platform.gateways if context.platform is not None else ()
    found = candidates(gateways, exposure.spec)
    path = ("expose", exposure.at, "host")
    if len(found) > 1:
        listed = ", ".join(gateway.name for gateway in found)
        message = f'several gateways serve "{host}": {listed}'
        yield Finding("MS204", service, path, message, f"choose one: gateway: {found[0].name}")
    elif not found or best(found[0].spec.hosts, host) < 0:
        hosts = sorted({host for gateway in (found or gateways) for host in gateway.spec.hosts})
        name = f'gateway "{found[0].name}" does not serve' if found else "no gateway serves"
        message = f'{name} "{host}"'
        yield Finding("MS204", service, path, message, f"hosts served: {', '.join(hosts)}")


def _exposed_port(service: Service, exposure: Exposure) -> Iterator[Finding]:
    path: tuple[Step, ...] = ("expose", exposure.at)
    named, port = exposure.spec.port, exposure.port
    names = [one.name for one in service.ports if one.protocol in HTTP_PROTOCOLS]
    if port is None and named is not None:
        message = f'"{service.name}" has no port "{named}"'
        yield Finding("MS205", service, (*path, "port"), message, did_you_mean(named, names))
    elif port is None:
        message = f'"{service.name}" has no one HTTP port to expose'
        help = f"name one: port: {names[0]}" if names else "add port: 8080"
        yield Finding("MS205", service, path, message, help)
    elif port.protocol not in HTTP_PROTOCOLS:
        message = f'port "{port.name}" does not speak HTTP; other protocols are not built yet'
        yield Finding("MS106", service, (*path, "port"), message, "expose an HTTP port")


def check_paths(context: Context) -> Iterator[Finding]:
    """On one host of a gateway no request fits rules of two services; one may take the rest.

    Istio merges the VirtualServices of a host at a gateway in no defined order, and moves only what matches everything
    behind the others (istio pilot/pkg/networking/core/route, SortVHostRoutes).
    """
    taken: dict[tuple[str, str], list[tuple[Service, IngressHosts]]] = {}
    for service in context.services:
        for ingress in service.ingress:
            for host in ingress.hosts:
                taken.setdefault((ingress.gateway.name, host), []).append((service, ingress))
    for (gateway, host), items in sorted(taken.items()):
        for index, (service, ingress) in enumerate(items):
            for other, earlier in items[:index]:
                clash = _clash(ingress, earlier)
                if clash is not None:
                    message = f'"{service.name}" and "{other.name}" both take {clash} of "{host}"'
                    related = ((other, _exposing(other, gateway, host), "also taken here"),)
                    path = _exposing(service, gateway, host)
                    yield Finding("MS209", service, path, message, "give each its own path", related=related)


def _exposing(service: Service, gateway: str, host: str) -> tuple[Step, ...]:
    """The path of the first item that exposes a host on a gateway."""
    return next(
        ("expose", one.at)
        for one in service.exposures
        if one.gateway is not None and (one.gateway.name, one.spec.host) == (gateway, host)
    )


def _clash(one: IngressHosts, other: IngressHosts) -> str | None:
    """What two services both take: a path, or all of them. One that takes the rest does not clash."""
    for left in (match for rule in one.rules for match in rule.matches):
        for right in (match for rule in other.rules for match in rule.matches):
            if (left == ANY_REQUEST) != (right == ANY_REQUEST):
                continue
            a, b = (match.path or paths.EVERYTHING.outer for match in (left, right))
            if paths.overlap(a, b):
                longer = max(a, b, key=lambda rule: len(rule.value)).value
                return "all paths" if longer == "/" else longer
    return None


ANY_REQUEST = HttpMatch()


def check_reachable(context: Context) -> Iterator[Finding]:
    """No route or host stands behind others that take all its requests."""
    for service in context.services:
        for items in (_of_routes(service), *_by_host(service)):
            taken: list[PathRule] = []
            for position, (path, conditions, bare) in enumerate(items):
                if position and all(any(paths.covers(one, rule) for one in taken) for rule in conditions):
                    message = "no request gets here: what stands before it takes all"
                    yield Finding("MS219", service, path, message, "put what is more general behind it, or remove one")
                taken += bare


#: The place of an item, the paths that it takes, and those of which it takes every request.
Taken = tuple[tuple[Step, ...], list[PathRule], list[PathRule]]


def _of_routes(service: Service) -> list[Taken]:
    everything, found = [paths.EVERYTHING.outer], list[Taken]()
    for index, route in enumerate(service.spec.routes):
        rules: list[PathRule] = [] if route.match else everything
        bare = list(rules)
        for match in route.match:
            own = [rule for path in match.path for rule in paths.rules(path)] or everything
            rules = rules + own
            bare += own if not (has_conditions(match) or match.port or match.gateways) else []
        found.append((("routes", index), rules, bare))
    return found


def _by_host(service: Service) -> Iterator[list[Taken]]:
    """The items of each host, in the order in which they are tried."""
    hosts: dict[tuple[str, str], list[Taken]] = {}
    for one in sorted(service.exposures, key=lambda item: not item.spec.path):
        rules = [span.outer for span in paths.spans(one.spec.path, None)]
        key = (one.gateway.name if one.gateway else "", one.spec.host or "")
        hosts.setdefault(key, []).append((("expose", one.at), rules, rules))
    yield from hosts.values()


def check_answers(context: Context) -> Iterator[Finding]:
    """A route that the proxy answers itself sends nothing on, and so has no more to say."""
    for service in context.services:
        for index, route in enumerate(service.spec.routes):
            answers = next((key for key in ("redirect", "directResponse") if getattr(route, key)), None)
            for key in ("rewrite", "fault", "mirror"):
                if answers is not None and getattr(route, key):
                    message = f'"{key}" says nothing beside "{answers}": the proxy answers itself'
                    yield Finding("MS218", service, ("routes", index, key), message, "leave it out", True)
            if route.redirect is not None and not any(vars(route.redirect).values()):
                message = "the redirect leads nowhere else"
                yield Finding(
                    "MS102", service, ("routes", index, "redirect"), message, "add path, authority, scheme or port"
                )
            if route.fault is not None and route.fault.delay is None and route.fault.abort is None:
                yield Finding("MS102", service, ("routes", index, "fault"), "the fault is empty", "add delay or abort")


def check_retries(context: Context) -> Iterator[Finding]:
    """Retries that are off have nothing else to say."""
    for service in context.services:
        for retries, path in _retries(service):
            extra = [key for key, value in vars(retries).items() if key != "attempts" and value not in (None, ())]
            if retries.attempts == 0 and extra:
                message = f'"{extra[0]}" says nothing where attempts is 0'
                yield Finding("MS218", service, (*path, "retries", extra[0]), message, "leave it out", True)


def _retries(service: Service) -> Iterator[tuple[Retries, tuple[Step, ...]]]:
    if service.spec.retries is not None:
        yield service.spec.retries, ()
    yield from ((target.retries, path) for target, path in targets(service) if target.retries is not None)


def check_timeouts(context: Context) -> Iterator[Finding]:
    """A try that may take longer than the whole request is never ended by its own timeout."""
    for service in context.services:
        spec = service.spec
        items = [(spec.timeout, spec.retries, ()), *((one.timeout, one.retries, at) for one, at in targets(service))]
        for timeout, retries, path in items:
            each = retries.perTryTimeout if retries is not None else None
            if timeout is not None and each is not None and _milliseconds(each) > _milliseconds(timeout):
                message = f"perTryTimeout {each} is longer than the timeout {timeout} of the whole request"
                yield Finding("MS218", service, (*path, "retries", "perTryTimeout"), message, "make it shorter")


def _milliseconds(duration: str) -> int:
    return int(duration[:-2]) if duration.endswith("ms") else int(duration[:-1]) * 1000
