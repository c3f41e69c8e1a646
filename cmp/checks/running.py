"""Checks of what runs: keys that say nothing about it, and hosts behind which nothing does."""

from __future__ import annotations

from collections.abc import Iterator

from cmp.checks.access import SPOKEN, port_for
from cmp.checks.finding import Finding, Step
from cmp.checks.traffic import named
from cmp.context.model import HTTP_PROTOCOLS, Context, Service
from cmp.context.names import split
from cmp.merge.running import MEANINGLESS, OF_SELECTED, PROXY_KEYS, SOURCES, WORKLOAD_KEYS, Runs

#: Why a key says nothing, and what to do, by what runs.
WHY: dict[Runs, tuple[str, str]] = {
    "image": ("is for pods that are not ours", "leave it out: our pods have the label version"),
    "jobs": (
        "is for what serves, and here only jobs run",
        "leave it out, or leave workload out to run pods that serve",
    ),
    "machines": ("is for pods, and a WorkloadGroup is for machines", "leave it out: it is set up on the machines"),
    "selector": (
        "is for pods of ours, and a selector finds those of others",
        "leave it out: whoever runs them says it",
    ),
    "external": ("is for what runs here, and an external host does not", "leave it out"),
    "host": ("is for something that runs, and nothing does here", "add image: registry/name:tag, or leave it out"),
}
#: Why nobody calls what runs so.
NOBODY_CALLS: dict[Runs, str] = {
    "host": "is a host with routes only: nothing runs there",
    "jobs": "has only jobs, which answer nobody",
}
SELECTED = "leave it out, or add the selector of the pods or machines that it is for"


def check_meaning(context: Context) -> Iterator[Finding]:
    """Keys that say nothing about what runs are refused: nobody should believe that they do something."""
    for service in context.services:
        runs = service.facts.runs
        why, help = WHY[runs]
        for path in _written(service, MEANINGLESS[runs]):
            source = next((key for key in SOURCES if runs == key and path == ("image",)), None)
            if source is not None:
                message = f'"image" and "{source}" exclude each other'
                yield Finding("MS105", service, path, message, f'keep "image" or "{source}"', True)
            else:
                yield Finding("MS218", service, path, f'"{path[-1]}" {why}', help, True)
        if runs == "external" and not service.facts.labels:
            for path in _written(service, OF_SELECTED):
                yield Finding("MS218", service, path, f'"{path[-1]}" {why}', SELECTED, True)
        yield from _of_others(service)
        yield from _empty_selectors(service)


def _written(service: Service, keys: frozenset[str]) -> Iterator[tuple[Step, ...]]:
    """The places of a service and its versions where keys stand."""
    tree = service.tree.node
    yield from ((key,) for key in sorted(keys) if tree.get(key) is not None)
    inner = sorted(keys.intersection((*WORKLOAD_KEYS, "selector")))
    for name in service.spec.versions if "versions" not in keys else ():
        yield from (("versions", name, key) for key in inner if tree.get("versions", name, key) is not None)


def _of_others(service: Service) -> Iterator[Finding]:
    """Parts of blocks that somebody else decides where what runs is not ours, or no pod."""
    account = service.spec.serviceAccount
    if not service.facts.ours and account is not None and account.annotations:
        message = "the account is not ours, and so are its annotations"
        yield Finding("MS218", service, ("serviceAccount", "annotations"), message, "leave them out", True)
    for name in service.spec.versions if service.facts.runs == "machines" else ():
        health = service.tree.node.get("versions", name, "health")
        for kind in ("liveness", "startup"):
            probe, same = (health.get(key) if health is not None else None for key in (kind, "readiness"))
            if probe is not None and (same is None or probe.pos != same.pos):  # else one probe stands for both
                message = f"{kind} is asked of pods; of machines only whether they are ready"
                yield Finding("MS218", service, ("versions", name, "health", kind), message, "leave it out", True)


def _empty_selectors(service: Service) -> Iterator[Finding]:
    """A Service whose pods nobody here speaks of needs no labels of them."""
    own: list[tuple[Step, ...]] = [("versions", name, "selector") for name in service.spec.versions]
    speaks = next((key for key in (*PROXY_KEYS, "external") if service.tree.node.get(key) is not None), None)
    for path in (*own, *([("selector",)] if speaks else [])):
        found = service.tree.node.get(*path)
        if found is not None and not found.value:
            why = "this would find everything" if path in own else f'"{speaks}" is for which pods?'
            yield Finding("MS102", service, path, f"no labels: {why}", "write labels: {app: name}")


def check_bare_hosts(context: Context) -> Iterator[Finding]:
    """Where nothing runs, routes lead elsewhere, and hosts have routes."""
    for service in context.services:
        if service.facts.runs != "host":
            continue
        if not service.spec.expose:
            message = "nothing runs here, and no host is exposed: nobody can follow these routes"
            help = "add image: registry/name:tag, or expose: a host"
            yield Finding("MS102", service, ("routes",), message, help, True)
        for index, route in enumerate(service.spec.routes):
            if not (route.to or route.destinations or route.redirect or route.directResponse or route.delegate):
                message = "nothing runs here, so this route has to say where it leads"
                help = "add destinations: {service: name}, redirect or directResponse"
                yield Finding("MS102", service, ("routes", index), message, help)
        empty = {(one.gateway.name, host) for one in service.ingress for host in one.hosts if not one.rules}
        for exposure in service.exposures:
            if exposure.gateway is not None and (exposure.gateway.name, exposure.spec.host) in empty:
                message = "nothing runs here, and no route says where requests for this host go"
                help = "add a route with destinations that fits its path, or image: registry/name:tag"
                yield Finding("MS102", service, ("expose", exposure.at), message, help)


def check_named_services(context: Context) -> Iterator[Finding]:
    """What is called or led to runs somewhere, and under one name."""
    for service in context.services:
        called = [(one.service, None, ("calls", index, "service")) for index, one in enumerate(service.spec.calls)]
        led = [(one.service, one.port, (*path, "service")) for one, path in named(service)]
        for reference, port, path in (*called, *led):
            target = context.service(*split(reference, service.namespace)) if reference else None
            if target is None:
                continue
            if target.facts.runs in NOBODY_CALLS:
                message = f'"{target.name}" {NOBODY_CALLS[target.facts.runs]}'
                yield Finding("MS218", service, path, message, "name a service that runs something")
            hosts = target.outside.hosts if target.outside is not None else ()
            if len(hosts) > 1 and path[0] != "calls":
                message = f'"{target.name}" has several hosts'
                yield Finding("MS218", service, path, message, f"name one: host: {hosts[0]}")
            spoken, found = SPOKEN.get(str(path[0]), SPOKEN["routes"]), target.port(port)
            if len(hosts) == 1 and path[0] != "calls" and (found is None or found.protocol not in spoken.protocols):
                message = f'"{target.name}" does not speak {spoken.name} there, which is what the proxy sends on'
                yield Finding("MS217", service, path, message, port_for(target, spoken))
        hosts = service.outside.hosts if service.outside is not None else ()
        for index, item in enumerate(service.spec.expose):
            if len(hosts) > 1 and not item.destinations:
                message = f'"{service.name}" has several hosts, and this one leads to which?'
                help = f"name one: destinations: {{host: {hosts[0]}}}"
                yield Finding("MS218", service, ("expose", index), message, help)


def check_callers_by_labels(context: Context) -> Iterator[Finding]:
    """A route knows a caller by the label ``app`` of our pods and machines; those of others are labelled otherwise."""
    for service in context.services:
        for index, route in enumerate(service.spec.routes):
            for number, match in enumerate(route.match):
                caller = context.service(*split(match.from_, service.namespace)) if match.from_ else None
                if caller is None or (caller.facts.ours and caller.facts.labels):
                    continue
                labels = ", ".join(f"{key}: {value}" for key, value in sorted(caller.facts.labels.items()))
                why = "only jobs run there" if caller.facts.runs == "jobs" else "what runs there is not ours"
                message = f'no pod has the label "app: {caller.name}": {why}'
                help = f"write sourceLabels: {{{labels}}}" if labels else "leave it out: nothing that runs there calls"
                yield Finding("MS218", service, ("routes", index, "match", number, "from"), message, help)


def check_rules_without_requests(context: Context) -> Iterator[Finding]:
    """Timeouts and the like are for requests: without an HTTP port they would be written for nothing."""
    for service in context.services:
        http = any(port.protocol in HTTP_PROTOCOLS for port in service.ports)
        for key in ("timeout", "retries", "cors"):
            if not (service.facts.ours or service.facts.runs == "host" or http) and service.tree.node.get(key):
                message = f'"{key}" is for requests, and "{service.name}" has no HTTP port'
                yield Finding("MS205", service, (key,), message, f'add a port named http, or remove "{key}"', True)


def check_visibility(context: Context) -> Iterator[Finding]:
    """Who may call sees what it calls, and ``exportTo`` says each thing once (istio validation, validateExportTo)."""
    for service in context.services:
        yield from _said_once(service)
        for index, call in enumerate(service.spec.calls):
            target = context.service(*split(call.service, service.namespace)) if call.service else None
            if target is not None and not sees(target, service.namespace):
                message = f'"{service.name}" calls "{target.name}", which namespace "{service.namespace}" does not see'
                help = f'add to "{target.name}": exportTo: {service.namespace}'
                related = ((target, ("exportTo",), "decided here"),)
                yield Finding("MS208", service, ("calls", index, "service"), message, help, related=related)
        for exposure in service.exposures if service.facts.runs != "host" else ():
            gateway = exposure.gateway
            if gateway is not None and not sees(service, gateway.namespace):
                message = f'gateway "{gateway.name}" is in namespace "{gateway.namespace}", which does not see this'
                yield Finding("MS208", service, ("exportTo",), message, f"add {gateway.namespace}")


def sees(service: Service, namespace: str) -> bool:
    """Whether a service is exported to a namespace by what the spec says; what is computed always suffices."""
    listed = service.spec.exportTo
    return not listed or namespace in listed or "*" in listed or ("." in listed and namespace == service.namespace)


def _said_once(service: Service) -> Iterator[Finding]:
    seen: set[str] = set()
    for index, one in enumerate(service.spec.exportTo):
        where = service.namespace if one == "." else one
        if where in seen:
            yield Finding("MS104", service, ("exportTo", index), f'namespace "{where}" is named twice', "name it once")
        seen.add(where)
    if "*" in seen and len(seen) > 1:
        message = "* is every namespace, also those beside it"
        yield Finding("MS104", service, ("exportTo",), message, 'write exportTo: "*"')
