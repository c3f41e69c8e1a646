"""Checks of gateways, each for itself: hosts, ports and TLS, also of the servers that services write."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from cmp.checks.finding import Finding, Step
from cmp.checks.ports import PROXY_PORTS
from cmp.checks.servers import own_servers
from cmp.context.model import HTTP_PROTOCOLS, TLS_PROTOCOLS, Context, Platform, Service
from cmp.context.names import PROTOCOLS, protocol_of
from cmp.context.servers import PASSING_ON

if TYPE_CHECKING:
    from cmp.spec.gateway import GatewayPort, GatewayTls

Path = tuple[Step, ...]


# -- ports of the platform's gateways ----------------------------------------------------------------------------------


def check_gateway_ports(context: Context) -> Iterator[Finding]:
    """A further port has a name and a number of its own, and a protocol that goes with its TLS."""
    platform = context.platform
    for gateway in platform.gateways if platform is not None else ():
        assert platform is not None  # it holds the gateway
        seen: dict[int, str] = {80: "http", 443: "https"}
        for name, port in gateway.spec.ports.items():
            path: Path = ("gateways", gateway.name, "ports", name)
            if name in ("http", "https"):
                message = f'"{name}" is the name of a port that every gateway has'
                yield Finding("MS206", platform, path, message, f"choose another, for example {name}-admin", True)
            if port.port in seen:
                message = f'ports "{seen[port.port]}" and "{name}" have the same number {port.port}'
                yield Finding("MS205", platform, path, message, "change one of the numbers")
            seen.setdefault(port.port, name)
            if port.port in PROXY_PORTS:
                message = f"port {port.port} belongs to Istio's proxy"
                yield Finding("MS205", platform, path, message, "choose another")
            yield from _protocol(platform, path, name, port, gateway.spec.tls)


def _protocol(
    platform: Platform, path: Path, name: str, port: GatewayPort, shared: GatewayTls | None
) -> Iterator[Finding]:
    protocol = port.protocol or protocol_of(name)
    if protocol is None:
        help = f"begin its name with the protocol (tcp-{name}), or add protocol: one of {', '.join(PROTOCOLS)}"
        yield Finding("MS205", platform, path, f'the protocol of port "{name}" is not known', help, True)
    elif protocol in TLS_PROTOCOLS and port.tls is None and shared is None:
        message = f'port "{name}" speaks {protocol} and has no tls'
        yield Finding("MS102", platform, path, message, "add tls: name-of-the-secret, or tls: PASSTHROUGH")
    elif protocol not in TLS_PROTOCOLS and port.tls is not None:
        other = "https" if protocol in HTTP_PROTOCOLS else "tls"
        message = f'port "{name}" speaks {protocol}, which has no tls'
        yield Finding("MS218", platform, (*path, "tls"), message, f"make it protocol: {other}", True)


def check_gateway_hosts(context: Context) -> Iterator[Finding]:
    """Hosts of a server are domain names: Istio's webhook refuses short ones."""
    platform = context.platform
    for gateway in platform.gateways if platform is not None else ():
        assert platform is not None  # it holds the gateway
        for index, host in enumerate(gateway.hosts):
            yield from _domain(platform, ("gateways", gateway.name, "hosts", index), host)
    for service, exposure in own_servers(context):
        if exposure.spec.host == "*":
            message = "a server with TLS of its own is for a host of its own, not for all"
            help = "name the host, or leave tls to the platform's gateway"
            yield Finding("MS218", service, ("expose", exposure.at, "host"), message, help)
        elif exposure.spec.host is not None:
            yield from _domain(service, ("expose", exposure.at, "host"), exposure.spec.host)


def _domain(owner: Platform | Service, path: Path, host: str) -> Iterator[Finding]:
    if host != "*" and "." not in host:
        message = f'a gateway cannot serve "{host}": its hosts are domain names'
        yield Finding("MS104", owner, path, message, "write a whole name of letters, digits and -: shop.example.com")


# -- TLS ---------------------------------------------------------------------------------------------------------------


class _Written(NamedTuple):
    """TLS of a server, where it is written, and the hosts of the server."""

    owner: Platform | Service
    path: Path
    tls: GatewayTls
    hosts: tuple[str, ...]


def _tls(context: Context) -> Iterator[_Written]:
    platform = context.platform
    for gateway in platform.gateways if platform is not None else ():
        assert platform is not None  # it holds the gateway
        path: Path = ("gateways", gateway.name)
        if gateway.spec.tls is not None:
            yield _Written(platform, (*path, "tls"), gateway.spec.tls, gateway.hosts)
        for name, port in gateway.spec.ports.items():
            if port.tls is not None:
                yield _Written(platform, (*path, "ports", name, "tls"), port.tls, gateway.hosts)
    for service in context.services:
        for exposure in service.exposures:
            if exposure.spec.tls is not None:
                hosts = (exposure.spec.host,) if exposure.spec.host is not None else ()
                yield _Written(service, ("expose", exposure.at, "tls"), exposure.spec.tls, hosts)


def check_certificates(context: Context) -> Iterator[Finding]:
    """A server that ends TLS has a certificate, and one that passes it on says nothing of it."""
    for owner, path, tls, hosts in _tls(context):
        said = [key for key, value in vars(tls).items() if value and key not in ("mode", "httpsRedirect")]
        secret, files = tls.credentialName or tls.credentialNames or tls.issuer, any(key in FILES for key in said)
        if tls.mode in PASSING_ON:
            for key in said:
                message = f'"{key}" says nothing beside {tls.mode}: the service has the certificate'
                yield Finding("MS218", owner, (*path, key), message, "leave it out", True)
        elif files and not secret:
            yield from _files(owner, path, tls)
        elif not secret:
            message = "TLS needs a certificate"
            help = "add credentialName: the name of its Secret, or issuer: who issues it"
            yield Finding("MS102", owner, path, message, help)
        names = tls.credentialNames
        if len(names) > 2 or len(set(names)) < len(names):
            message = f"credentialNames are one or two, of different types of keys; here are {len(names)}"
            help = "one for RSA and one for ECDSA"
            yield Finding("MS104", owner, (*path, "credentialNames"), message, help)
        if tls.issuer is not None:
            yield from _issuer(owner, (*path, "issuer"), tls, hosts)
        if tls.mode == "AUTO_PASSTHROUGH" and isinstance(owner, Service):
            message = "AUTO_PASSTHROUGH leads to all services of the mesh, not to one"
            yield Finding("MS218", owner, (*path, "mode"), message, "write PASSTHROUGH")


#: Keys of TLS that name files in the container of the gateway's pods.
FILES = ("serverCertificate", "privateKey", "caCertificates")


def _files(owner: Platform | Service, path: Path, tls: GatewayTls) -> Iterator[Finding]:
    """Files come as certificate and key, and with the authorities of clients where those are asked for one.

    istio pkg/config/validation/validation.go, validateTLSOptions
    """
    missing = [key for key in FILES if getattr(tls, key, None) is None]
    asks = tls.mode in ("MUTUAL", "OPTIONAL_MUTUAL")
    for key in missing if asks else [key for key in missing if key != "caCertificates"]:
        message = f"tls needs a {key}" if key != "caCertificates" else f"{tls.mode} needs caCertificates"
        yield Finding("MS102", owner, path, message, f"add {key}: a file in the container of the gateway's pods")
    if not asks and "caCertificates" not in missing:
        message = "caCertificates are those of clients, which this mode does not ask for"
        yield Finding("MS218", owner, (*path, "caCertificates"), message, "leave it out, or add mode: MUTUAL", True)


def _issuer(owner: Platform | Service, path: Path, tls: GatewayTls, hosts: tuple[str, ...]) -> Iterator[Finding]:
    issuer = tls.issuer
    assert issuer is not None  # its caller has asked
    if "*" in hosts and isinstance(owner, Platform):
        yield Finding("MS218", owner, path, 'nobody issues a certificate for "*"', "name the gateway's hosts")
    if issuer.group is None and issuer.kind not in (None, "ClusterIssuer", "Issuer"):
        message = f'cert-manager has no kind "{issuer.kind}"'
        yield Finding("MS104", owner, (*path, "kind"), message, "ClusterIssuer or Issuer; others have a group")


def check_tls_limits(context: Context) -> Iterator[Finding]:
    """Versions and ciphers of TLS that Istio's webhook takes without a warning and that mean something."""
    for owner, path, tls, _ in _tls(context):
        if tls.mode in PASSING_ON:
            continue
        least, most = tls.minProtocolVersion or "TLSV1_2", tls.maxProtocolVersion or "TLSV1_3"
        if least > most:
            key = "maxProtocolVersion" if tls.maxProtocolVersion else "minProtocolVersion"
            message = f"no version of TLS is from {least} to {most}"
            yield Finding("MS218", owner, (*path, key), message, "raise maxProtocolVersion, or leave it out")
        elif least < "TLSV1_2" and not tls.cipherSuites:
            message = f"{least} has no ciphers that a gateway offers unless they are named"
            help = "add cipherSuites, for example ECDHE-RSA-AES128-SHA; or leave it out: TLS 1.2 and newer"
            yield Finding("MS102", owner, (*path, "minProtocolVersion"), message, help)
        if tls.cipherSuites and least == "TLSV1_3":
            message = '"cipherSuites" are of TLS up to 1.2: those of 1.3 are fixed'
            yield Finding("MS218", owner, (*path, "cipherSuites"), message, "leave it out", True)
        for index, suite in enumerate(tls.cipherSuites):
            if suite in tls.cipherSuites[:index]:
                message = f'cipher suite "{suite}" is listed twice'
                yield Finding("MS207", owner, (*path, "cipherSuites", index), message, "remove one")
        if tls.subjectAltNames and tls.mode not in ("MUTUAL", "OPTIONAL_MUTUAL"):
            message = '"subjectAltNames" are of clients\' certificates, which this mode does not ask for'
            yield Finding(
                "MS218", owner, (*path, "subjectAltNames"), message, "leave it out, or add mode: MUTUAL", True
            )
