"""What objects of files and patches say beside the others of a render: Istio would take one of two, or lead nowhere.

Builders write no such objects. The rules are those of ``istioctl analyze`` that need no cluster; messages end in the
code under which it reports them (istio pkg/config/analysis/analyzers). They cost time in proportion to the objects.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from cmp.context.model import Context
from cmp.diagnostics import Diagnostic
from cmp.manifests.step import Built
from cmp.patch import alone
from cmp.patch.led import led_nowhere
from cmp.patch.reading import Kinds, full, is_known, listed, named, said, selecting, space, workloads


def judged(built: Sequence[Built], context: Context) -> Iterator[Diagnostic]:
    """What is wrong with the objects of a render together, and with those alone that were not built.

    A service silences warnings of its objects as others, by their code.
    """
    kinds: dict[str, list[Built]] = {}
    known = [one for one in built if is_known(one)]
    for one in known:
        kinds.setdefault(one.manifest["kind"], []).append(one)
    for check in (_fixed_and_scaled, _selected_twice, _whole_namespace_twice, _same_hosts, _same_servers, _protocols):
        for code, one, other, message, help, path in check(kinds):
            if one.foreign or other.foreign:
                first, second = (one, other) if other.foreign else (other, one)
                related = ((first.where(), f"{named(first)} is written by this"),)
                yield Diagnostic(code, message, second.where(*path), help, "error", related)
    yield from led_nowhere(kinds, context)
    for one in known:
        if one.foreign:
            silenced = getattr(one.owner.spec, "ignore", ())
            yield from (found for found in alone.warnings(one) if found.code not in silenced)


#: A code, two objects, what is wrong between them, what to do, and the path of the value in the second.
Pair = tuple[str, Built, Built, str, str, tuple[str | int, ...]]


_SCALERS = ("HorizontalPodAutoscaler", "ScaledObject")


def _fixed_and_scaled(kinds: Kinds) -> Iterator[Pair]:
    """An autoscaler changes a number that every sync sets back.

    https://argo-cd.readthedocs.io/en/stable/user-guide/best_practices/#leaving-room-for-imperativeness
    """
    found = {(one.manifest["kind"], space(one), one.manifest["metadata"]["name"]): one for one in workloads(kinds)}
    for scaler in (one for kind in _SCALERS for one in kinds.get(kind, ())):
        target = said(scaler, "spec", "scaleTargetRef") or {}
        one = found.get((target.get("kind") or "Deployment", space(scaler), target.get("name") or ""))
        count = said(one, "spec", "replicas") if one is not None else None
        if one is not None and count is not None:
            message = (
                f"{named(one)} has {count} replicas, and {named(scaler)} scales it: every sync sets the number back"
            )
            help = "write the range in the spec: replicas: {min: 2, max: 10, cpu: 70%}"
            yield "MS275", one, scaler, message, help, ("spec", "scaleTargetRef")


# -- two objects for the same pods -------------------------------------------------------------------------------------


class _Selector(NamedTuple):
    """How a kind says which pods it is for, and the codes for two of one pod, and two of a whole namespace."""

    path: tuple[str, ...]
    twice: str
    whole: str


_SELECTORS = {
    "Sidecar": _Selector(("spec", "workloadSelector", "labels"), "IST0110", "IST0111"),
    "Telemetry": _Selector(("spec", "selector", "matchLabels"), "IST0159", "IST0160"),
    "Service": _Selector(("spec", "selector"), "", ""),
}


def _selected_twice(kinds: Kinds) -> Iterator[Pair]:
    """Of two for one pod, Istio takes the older; two Services of one pod make a port of it two things."""
    done: set[tuple[int, int]] = set()
    for kind, selector in _SELECTORS.items():
        for found in selecting(kinds.get(kind, ()), workloads(kinds), selector.path):
            for at, other in enumerate(found):
                for one in found[:at]:
                    if (id(one), id(other)) in done:
                        continue
                    done.add((id(one), id(other)))
                    if kind == "Service":
                        yield from _ports_of_two(one, other)
                        continue
                    message = f"{named(one)} and {named(other)} are for the same pods, and Istio takes one of them"
                    help = f"say it in the spec, or patch {named(one)}"
                    yield "MS276", one, other, f"{message} ({selector.twice})", help, selector.path[:2]


def _ports_of_two(one: Built, other: Built) -> Iterator[Pair]:
    for mine in listed(one, "spec", "ports"):
        for at, port in enumerate(listed(other, "spec", "ports")):
            numbers = [each.get("port") for each in (mine, port)]
            targets = [each.get("targetPort") or each.get("port") for each in (mine, port)]
            transports = [each.get("protocol") or "TCP" for each in (mine, port)]
            who, path = f"{named(one)} and {named(other)} select the same pods", ("spec", "ports", at)
            if numbers[0] == numbers[1] and transports[0] != transports[1]:
                message = f"{who}, and port {numbers[0]} is {transports[0]} and {transports[1]} (IST0116)"
                yield "MS276", one, other, message, "give it another number", path
            elif targets[0] == targets[1] and numbers[0] != numbers[1]:
                message = f"{who}, and their ports {numbers[0]} and {numbers[1]} lead to port {targets[0]} (IST0137)"
                yield "MS276", one, other, message, f"write port: {numbers[0]} in both", path


def _whole_namespace_twice(kinds: Kinds) -> Iterator[Pair]:
    """Of two for a whole namespace, Istio takes the older."""
    for kind, selector in _SELECTORS.items():
        seen: dict[str, Built] = {}
        for one in kinds.get(kind, ()) if selector.whole else ():
            if said(one, *selector.path) or listed(one, "spec", "targetRefs"):
                continue
            first = seen.setdefault(space(one), one)
            if first is not one:
                message = f'{named(first)} and {named(one)} are both for all pods of namespace "{space(one)}"'
                yield "MS276", first, one, f"{message} ({selector.whole})", "let one of them say both", ()


# -- two objects for the same requests ---------------------------------------------------------------------------------


def _same_hosts(kinds: Kinds) -> Iterator[Pair]:
    """Inside the mesh, a proxy takes the rules of a host from one VirtualService that it sees.

    https://istio.io/latest/docs/ops/best-practices/traffic-management/#split-virtual-services
    """
    seen: dict[str, dict[str, Built]] = {}
    for one in kinds.get("VirtualService", ()):
        if "mesh" not in (listed(one, "spec", "gateways") or ["mesh"]):
            continue
        scope = {space(one) if name == "." else str(name) for name in listed(one, "spec", "exportTo") or ["*"]}
        for at, host in enumerate(listed(one, "spec", "hosts")):
            there = seen.setdefault(full(host, one), {})
            near = there.values() if "*" in scope else (there[name] for name in (*sorted(scope), "*") if name in there)
            first = next((other for other in near if other is not one), None)
            if first is not None:
                message = f'{named(first)} and {named(one)} both have rules for "{host}" in the mesh (IST0109)'
                help = "write them as routes of the service: a proxy takes those of one VirtualService"
                yield "MS276", first, one, message, help, ("spec", "hosts", at)
            for name in scope:
                there.setdefault(name, one)


def _same_servers(kinds: Kinds) -> Iterator[Pair]:
    """Of two servers for one host and port of the same pods, one is lost; one certificate in two makes answers 404.

    https://istio.io/latest/docs/ops/common-problems/network-issues/#404-errors-occur-when-multiple-gateways-configured-with-same-tls-certificate
    """
    seen: dict[tuple[Any, ...], Built] = {}
    for one in kinds.get("Gateway", ()):
        pods = tuple(sorted((said(one, "spec", "selector") or {}).items()))
        servers = listed(one, "spec", "servers") if pods else []
        for at, server in enumerate(servers):
            number, bind = (server.get("port") or {}).get("number"), server.get("bind")
            for host in server.get("hosts") or ():
                first = seen.setdefault((pods, number, bind, _for_whom(host, one)), one)
                if first is not one:
                    message = f'{named(first)} and {named(one)} serve "{host}" at port {number} of the same pods'
                    help = "name another host, or use one of the two Gateways"
                    yield "MS276", first, one, f"{message} (IST0145)", help, ("spec", "servers", at, "hosts")
            secret = (server.get("tls") or {}).get("credentialName")
            first = seen.setdefault((pods, secret), one) if secret else one
            if first is not one:
                message = f'{named(first)} and {named(one)} show the certificate "{secret}" from the same pods'
                help = "clients reuse connections for all hosts of a certificate: serve its hosts in one Gateway"
                yield (
                    "MS276",
                    first,
                    one,
                    f"{message} (IST0138)",
                    help,
                    ("spec", "servers", at, "tls", "credentialName"),
                )


def _for_whom(host: str, one: Built) -> tuple[str, str]:
    """The namespace whose rules a server's host is for, where it is one, and the name."""
    namespace, _, name = host.rpartition("/")
    return {".": space(one), "*": ""}.get(namespace, namespace), name


def _protocols(kinds: Kinds) -> Iterator[Pair]:
    """One port of a host has one protocol, in all ServiceEntries."""
    seen: dict[tuple[str, Any], tuple[Built, str]] = {}
    for one in kinds.get("ServiceEntry", ()):
        for at, port in enumerate(listed(one, "spec", "ports")):
            for host in listed(one, "spec", "hosts"):
                protocol = str(port.get("protocol") or "TCP").upper()
                first, before = seen.setdefault((host, port.get("number")), (one, protocol))
                if before != protocol:
                    message = f'port {port.get("number")} of "{host}" is {before} in {named(first)}, {protocol} here'
                    help = f"write protocol: {before} in both, or use another port"
                    yield "MS276", first, one, f"{message} (IST0177)", help, ("spec", "ports", at)
