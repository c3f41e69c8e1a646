"""Where rules of a render lead, when files and patches have had their say: to hosts, ports, subsets and gateways.

Only what this render has is judged: other hosts and Gateways may be those of other applications.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from cmp.context.hosts import fits
from cmp.context.model import Context
from cmp.diagnostics import Diagnostic, did_you_mean, nearest
from cmp.manifests.step import Built
from cmp.patch.reading import Kinds, full, listed, named, said, selecting, space, workloads

Step = str | int


class _Host(NamedTuple):
    """What a render has of a host: its object, the numbers of its ports, and the subsets that are made of it."""

    object: Built
    ports: list[Any]
    subsets: list[str]


def led_nowhere(kinds: Kinds, context: Context) -> Iterator[Diagnostic]:
    """Destinations and gateways of VirtualServices, and subsets, behind which nothing is."""
    hosts = _hosts(kinds)
    gateways = {(space(one), one.manifest["metadata"]["name"]): one for one in kinds.get("Gateway", ())}
    known = {f"{one.namespace}/{one.name}" for one in (context.platform.gateways if context.platform else ())}
    known |= {"/".join(key) for key in gateways}
    for one in kinds.get("VirtualService", ()):
        for destination, path in _destinations(one):
            host = hosts.get(full(str(destination.get("host")), one))
            if host is not None:
                yield from _reached(one, destination, host, path)
        for at, name in enumerate(listed(one, "spec", "gateways")):
            whole = name if "/" in name else f"{space(one)}/{name}"
            gateway = gateways.get((whole.partition("/")[0], whole.partition("/")[2]))
            near = nearest(whole, known) if name != "mesh" and whole not in known else ""
            if near:
                message = f'{named(one)} is for the gateway "{name}", which nobody here has (IST0101)'
                yield _error(one, message, f'did you mean "{near}"?', ("spec", "gateways", at))
            elif gateway is not None:
                yield from _outside(one, gateway)
    yield from _empty_subsets(kinds, hosts)


def _error(one: Built, message: str, help: str, path: tuple[Step, ...]) -> Diagnostic:
    return Diagnostic("MS277", message, one.where(*path), help)


def _hosts(kinds: Kinds) -> dict[str, _Host]:
    found: dict[str, _Host] = {}
    for one in kinds.get("Service", ()):
        ports = [port.get("port") for port in listed(one, "spec", "ports")]
        found[full(one.manifest["metadata"]["name"], one)] = _Host(one, ports, [])
    for one in kinds.get("ServiceEntry", ()):
        ports = [port.get("number") for port in listed(one, "spec", "ports")]
        found.update((host, _Host(one, ports, [])) for host in listed(one, "spec", "hosts"))
    for one in kinds.get("DestinationRule", ()):
        host = found.get(full(str(said(one, "spec", "host")), one))
        if host is not None:
            host.subsets.extend(str(subset.get("name")) for subset in listed(one, "spec", "subsets"))
    return found


def _destinations(one: Built) -> Iterator[tuple[Any, tuple[Step, ...]]]:
    """The destinations of a VirtualService, with their paths."""
    for kind in ("http", "tcp", "tls"):
        for at, rule in enumerate(listed(one, "spec", kind)):
            for key in ("route", "mirrors"):
                for number, route in enumerate(rule.get(key) or ()):
                    yield route.get("destination") or {}, ("spec", kind, at, key, number, "destination")
            if rule.get("mirror"):
                yield rule["mirror"], ("spec", kind, at, "mirror")


def _reached(one: Built, destination: Any, host: _Host, path: tuple[Step, ...]) -> Iterator[Diagnostic]:
    subset, number, name = destination.get("subset"), (destination.get("port") or {}).get("number"), destination["host"]
    if subset is not None and subset not in host.subsets:
        message = f'{named(one)} leads to subset "{subset}" of "{name}", which no DestinationRule makes'
        help = did_you_mean(subset, host.subsets) or "add the version to the service"
        yield _error(one, f"{message} (IST0101)", help, (*path, "subset"))
    if number is not None and number not in host.ports:
        message = f'{named(one)} leads to port {number} of "{name}", which it does not have (IST0101)'
        yield _error(one, message, f"its ports: {', '.join(map(str, host.ports))}", (*path, "port", "number"))
    if number is None and len(host.ports) > 1:
        message = f'{named(one)} leads to "{name}", and not to which of its ports (IST0112)'
        yield _error(one, message, f"add port: {{number: {' or '.join(map(str, host.ports))}}}", path)


def _outside(one: Built, gateway: Built) -> Iterator[Diagnostic]:
    """A host that none of the gateway's servers has gets no request there."""
    served = [
        str(host).rpartition("/")[2]
        for server in listed(gateway, "spec", "servers")
        for host in server.get("hosts") or ()
    ]
    hosts = listed(one, "spec", "hosts")
    if hosts and "*" not in hosts and not any(fits(name, host) for name in served for host in hosts):
        message = f'{named(gateway)} serves no host of {named(one)}: "{hosts[0]}" (IST0132)'
        yield _error(one, message, f"hosts served: {', '.join(sorted(set(served)))}", ("spec", "hosts"))


def _empty_subsets(kinds: Kinds, hosts: Mapping[str, _Host]) -> Iterator[Diagnostic]:
    """A subset of a Service whose pods are all in this render is made of some of them."""
    services = kinds.get("Service", ())
    pods: dict[int, list[Any]] = {}
    runs = workloads(kinds)
    for pod, found in zip(runs, selecting(services, runs, ("spec", "selector")), strict=True):
        for service in found:
            pods.setdefault(id(service), []).append(said(pod, "spec", "template", "metadata", "labels"))
    for one in kinds.get("DestinationRule", ()):
        host = hosts.get(full(str(said(one, "spec", "host")), one))
        there = pods.get(id(host.object), []) if host is not None else []
        for at, subset in enumerate(listed(one, "spec", "subsets") if there else ()):
            wanted = subset.get("labels") or {}
            if not any(wanted.items() <= pod.items() for pod in there):
                labels = ", ".join(f"{key}: {value}" for key, value in sorted(wanted.items()))
                message = f'{named(one)}: no pod of "{said(one, "spec", "host")}" is labelled {labels}'
                help = "add the version to the service: its subset is written too"
                yield _error(one, f"{message} (IST0173)", help, ("spec", "subsets", at, "labels"))
