"""The rows of the fields of gateways, and of what is published with servers, ports and answers of its own."""

from collections.abc import Iterator

from cmp.spec import validators as v
from tests.support.field_row import SYNTAX, Row
from tests.support.field_rows import EXPOSE, GATEWAY, RULE, host

SERVERS = "Gateway:spec.servers.[]"
PORT = GATEWAY % "ports: {https-p: {port: 8443, tls: {%s}}}"
OWN = EXPOSE % "tls: {%s}"


def server_tls(at: str, body: str) -> Iterator[tuple[str, Row]]:
    tls, field = f"{SERVERS}.tls", f"{at}.tls"
    issuer = body % "issuer: {%s}"
    yield f"{field}.credentialName", Row(body % "credentialName: @", f"{tls}.credentialName", texts=SYNTAX)
    yield f"{field}.credentialNames[]", Row(body % "credentialNames: [@]", f"{tls}.credentialNames.[]", texts=SYNTAX)
    names = body % "credentialName: c#, mode: MUTUAL, subjectAltNames: [@]"
    yield f"{field}.subjectAltNames[]", Row(names, f"{tls}.subjectAltNames.[]", texts=SYNTAX)
    suites = body % "credentialName: c#, cipherSuites: [@]"
    yield f"{field}.cipherSuites[]", Row(suites, f"{tls}.cipherSuites.[]", texts=(*SYNTAX, "AES128-SHA"))
    reference = "Certificate:spec.issuerRef"
    yield f"{field}.issuer.name", Row(issuer % "name: @", f"{reference}.name", texts=SYNTAX)
    kind = issuer % "name: i, group: a.example.com, kind: @"
    yield f"{field}.issuer.kind", Row(kind, f"{reference}.kind", texts=(*SYNTAX, "AWSPCAIssuer"))
    yield f"{field}.issuer.group", Row(issuer % "name: i, group: @", f"{reference}.group", texts=SYNTAX)


def answers() -> Iterator[tuple[str, Row]]:
    """What routes and exposed hosts have in common, where it stands in ``expose``."""
    at, alone = "MeshService.expose[]", EXPOSE % "to: v1, %s"
    mirror, copied = alone % "mirror: [{%s}]", f"{RULE}.mirrors.[].destination"
    yield f"{at}.mirror[].version", Row(mirror % "version: @", f"{copied}.subset", texts=SYNTAX)
    yield f"{at}.mirror[].service", Row(mirror % "service: @", f"{copied}.host", host, SYNTAX)
    yield f"{at}.mirror[].host", Row(mirror % "host: @", f"{copied}.host", texts=SYNTAX)
    yield f"{at}.mirror[].port", Row(mirror % "service: other, port: @", texts=SYNTAX)
    delay = alone % "fault: {delay: {fixedDelay: @}}"
    yield f"{at}.fault.delay.fixedDelay", Row(delay, f"{RULE}.fault.delay.fixedDelay", v.duration, SYNTAX)
    abort = alone % "fault: {abort: {grpcStatus: @}}"
    yield f"{at}.fault.abort.grpcStatus", Row(abort, f"{RULE}.fault.abort.grpcStatus", texts=(*SYNTAX, "INTERNAL"))
    yield f"{at}.redirect.path", Row(EXPOSE % "redirect: {path: @}", f"{RULE}.redirect.uri", texts=SYNTAX)
    prefix = EXPOSE % "redirect: {prefixRewrite: @}"
    yield f"{at}.redirect.prefixRewrite", Row(prefix, f"{RULE}.redirect.prefixRewrite", texts=SYNTAX)
    authority = EXPOSE % "redirect: {authority: @}"
    yield f"{at}.redirect.authority", Row(authority, f"{RULE}.redirect.authority", str.lower, SYNTAX)
    body = EXPOSE % "directResponse: {status: 503, body: @}"
    yield f"{at}.directResponse.body", Row(body, f"{RULE}.directResponse.body.string", texts=SYNTAX)


SERVICE: dict[str, Row] = {
    **dict(server_tls("MeshService.expose[]", OWN)),
    **dict(answers()),
    "MeshService.expose[].gatewayPort": Row(EXPOSE % "gatewayPort: @", texts=SYNTAX),
}


def files(at: str, body: str) -> Iterator[tuple[str, Row]]:
    """Certificates in the container of the gateway's pods."""
    for key in ("serverCertificate", "privateKey", "caCertificates"):
        others = ", ".join(f"{one}: /x" for one in ("serverCertificate", "privateKey", "caCertificates") if one != key)
        written = body % f"mode: MUTUAL, {others}, {key}: @"
        yield f"{at}.tls.{key}", Row(written, f"{SERVERS}.tls.{key}", texts=SYNTAX)


ENTRIES: dict[str, Row] = {
    **dict(server_tls("MeshPlatform.gateways.*", GATEWAY % "tls: {%s}")),
    **dict(server_tls("MeshPlatform.gateways.*.ports.*", PORT)),
    **dict(files("MeshPlatform.gateways.*", GATEWAY % "tls: {%s}")),
    **dict(files("MeshPlatform.gateways.*.ports.*", PORT)),
    "MeshPlatform.gateways.*.ports.*=": Row(
        GATEWAY % "ports: {@: {port: 7000, protocol: tcp}}", f"{SERVERS}.port.name", texts=SYNTAX
    ),
}
