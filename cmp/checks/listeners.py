"""Checks of a Sidecar's listeners: for what comes in, and for what the application calls.

istio pkg/config/validation/validation.go, ValidateSidecar
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cmp.checks.finding import Finding, Step
from cmp.checks.policy import connection_pool, empty_parts
from cmp.context.model import HTTP_PROTOCOLS, TLS_PROTOCOLS, Port, Service
from cmp.diagnostics import did_you_mean

if TYPE_CHECKING:
    from cmp.spec.egress import EgressListener, ListenerTls
    from cmp.spec.policy import ConnectionPool


def incoming(service: Service) -> Iterator[Finding]:
    """Listeners for what comes in: each port of the service has one, with TLS where callers bring their own."""
    assert service.spec.sidecar is not None  # asked before
    names = [port.name for port in service.ports]
    taken: set[int] = set()
    for index, one in enumerate(service.spec.sidecar.ingress):
        path, port = ("sidecar", "ingress", index), service.port(one.port)
        yield from pool(service, one.connectionPool, (*path, "connectionPool"))
        if port is None:
            message = f'"{service.name}" has no port "{one.port}"'
            yield Finding("MS205", service, (*path, "port"), message, did_you_mean(one.port, names))
            continue
        if port.target in taken:
            message = f"container port {port.target} has a listener already"
            yield Finding("MS218", service, (*path, "port"), message, "keep one")
        taken.add(port.target)
        if one.tls is not None:
            yield from _ended(service, port, one.tls, (*path, "tls"))
        limits = one.connectionPool
        if limits is not None and limits.http is not None and port.protocol not in HTTP_PROTOCOLS:
            message = f'port "{port.name}" does not speak HTTP'
            yield Finding("MS218", service, (*path, "connectionPool", "http"), message, "leave it out", True)
    for port in service.ports if taken else ():
        if port.target not in taken:
            message = f'port "{port.name}" is not listed, so the proxy would pass its connections on unread'
            yield Finding("MS218", service, ("sidecar", "ingress"), message, f"add {port.name} to the list", True)


def _ended(service: Service, port: Port, tls: ListenerTls, path: tuple[Step, ...]) -> Iterator[Finding]:
    """Istio takes these settings only where it does not end mutual TLS of the mesh at the port.

    istio pilot/pkg/networking/core/listener_inbound.go
    """
    if port.protocol not in TLS_PROTOCOLS:
        message = f'port "{port.name}" speaks {port.protocol}, which has no tls'
        yield Finding("MS218", service, path, message, "begin its name with https, or leave tls out", True)
        return
    mtls = service.spec.mtls
    if mtls is None or mtls.ports.get(port.name, mtls.mode) != "DISABLE":
        message = f'port "{port.name}" takes mutual TLS of the mesh, and no other beside it'
        help = f"add mtls: {{ports: {{{port.name}: DISABLE}}}}, or leave tls out"
        yield Finding("MS218", service, path, message, help, True)
    for key in ("serverCertificate", "privateKey"):
        if getattr(tls, key) is None:
            yield Finding("MS102", service, path, f"tls needs a {key}", f"add {key}: a file in the proxy's container")
    asks = tls.mode in ("MUTUAL", "OPTIONAL_MUTUAL")
    if asks and tls.caCertificates is None:
        message = "whom are clients' certificates from?"
        yield Finding("MS102", service, path, message, "add caCertificates: a file in the proxy's container")
    elif tls.caCertificates is not None and not asks:
        message = "caCertificates are those of clients, which this mode does not ask for"
        help = "leave it out, or add mode: MUTUAL"
        yield Finding("MS218", service, (*path, "caCertificates"), message, help, True)


def outgoing(service: Service) -> Iterator[Finding]:
    """Listeners for what is called: one for each port, with hosts that the service calls, and one for the rest."""
    assert service.spec.sidecar is not None  # asked before
    seen: dict[int | None, int] = {}
    for index, one in enumerate(service.spec.sidecar.egress):
        path: tuple[Step, ...] = ("sidecar", "egress", index)
        if one.port in seen:
            taken = f"port {one.port} has" if one.port else "all other calls have"
            related = ((service, ("sidecar", "egress", seen[one.port]), "the other one"),)
            yield Finding("MS207", service, path, f"{taken} a listener already", "keep one", related=related)
        seen.setdefault(one.port, index)
        if one.port is None:
            for key in ("protocol", "bind", "hosts"):
                if getattr(one, key):
                    message = f'"{key}" belongs to a listener with a port; the one without takes all that is called'
                    yield Finding("MS218", service, (*path, key), message, "leave it out, or add port: 3306", True)
            continue
        for key, help in (("protocol", "add protocol: mysql"), ("hosts", 'add hosts: "*/db.example.com"')):
            if not getattr(one, key):
                yield Finding("MS102", service, path, f"a listener with a port needs {key}", help)
        yield from _uncalled(service, one, path)


def _uncalled(service: Service, one: EgressListener, path: tuple[Step, ...]) -> Iterator[Finding]:
    """What may be called stands in calls alone: a listener only says at which port."""
    for index, host in enumerate(one.hosts):
        if not any(_known(service, seen, host) for seen in service.egress):
            message = f'nothing in calls is "{host}"'
            yield Finding("MS218", service, (*path, "hosts", index), message, "add it to calls")
        if host in one.hosts[:index]:
            yield Finding("MS207", service, (*path, "hosts", index), f'"{host}" is listed twice', "remove one")


def _known(service: Service, seen: str, host: str) -> bool:
    """Whether the proxy knows of a host, by one of those that it knows; nothing is known of everything."""
    (there, name), (where, wanted) = seen.split("/"), host.split("/")
    there, where = (service.namespace if one == "." else one for one in (there, where))
    return where in ("*", there) and name in ("*", wanted) and (where, wanted) != ("*", "*")


def pool(service: Service, pool: ConnectionPool | None, path: tuple[Step, ...]) -> Iterator[Finding]:
    """Limits of what comes in say something, and what they say can be."""
    if pool is None:
        return
    for empty in empty_parts(pool, ()):
        message = f'"{(*path, *empty)[-1]}" is empty'
        yield Finding("MS102", service, (*path, *empty), message, "say something in it, or leave it out")
    for below, message, help in connection_pool(pool):
        yield Finding("MS218", service, (*path, *below), message, help)
