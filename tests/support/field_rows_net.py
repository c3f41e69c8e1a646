"""Rows of ``field_rows`` for the way out."""

from collections.abc import Iterator

from cmp.merge.forms import PROVIDERS
from cmp.spec import validators as v
from tests.support.field_row import SYNTAX, TEXTS, Row, same
from tests.support.field_rows import policy_fields

CALL = "calls: [{url: http://s#.example.com, %s}]"  # each its own host, since the hosts of a namespace are shared
CONFIG = "ProxyConfig:spec.environmentVariables"
ADDED = "DestinationRule:spec.trafficPolicy.portLevelSettings.[].tls"


def added_tls() -> Iterator[tuple[str, Row]]:
    """TLS that the proxy adds."""
    at, pair = "MeshService.calls[].tls", "tls: {mode: MUTUAL, clientCertificate: %s, privateKey: %s}"
    for key, body, texts in (
        ("caCertificates", "tls: {mode: SIMPLE, caCertificates: @}", TEXTS),
        ("clientCertificate", pair % ("@", "/k"), SYNTAX),
        ("privateKey", pair % ("/c", "@"), SYNTAX),
        ("credentialName", "tls: {mode: MUTUAL, credentialName: @}", SYNTAX),
        ("sni", "tls: {mode: SIMPLE, sni: @}", SYNTAX),
    ):
        yield f"{at}.{key}", Row(CALL % body, f"{ADDED}.{key}", same, texts)
    names = "tls: {mode: SIMPLE, subjectAltNames: [@]}"
    yield f"{at}.subjectAltNames[]", Row(CALL % names, f"{ADDED}.subjectAltNames.[]", same, TEXTS)


def listeners() -> Iterator[tuple[str, Row]]:
    """What a Sidecar says beside hosts."""
    at, place = "MeshService.sidecar", "Sidecar:spec"
    proxy = "sidecar: {outboundTrafficPolicy: {mode: ALLOW_ANY, egressProxy: {port: 80, %s}}}"
    written = f"{place}.outboundTrafficPolicy.egressProxy"
    yield f"{at}.outboundTrafficPolicy.egressProxy.host", Row(proxy % "host: @", f"{written}.host", same, SYNTAX)
    subset = Row(proxy % "host: a.example.com, subset: @", f"{written}.subset", same, SYNTAX)
    yield f"{at}.outboundTrafficPolicy.egressProxy.subset", subset
    yield f"{at}.ingress[].port", Row("sidecar: {ingress: [{port: @}]}", texts=SYNTAX)
    addresses = ("0.0.0.0", "::1", "127.0.0.1:80", "unix:///a", *SYNTAX)
    for key in ("bind", "defaultEndpoint"):
        body = f"sidecar: {{ingress: [{{port: http, {key}: @}}]}}"
        yield f"{at}.ingress[].{key}", Row(body, f"{place}.ingress.[].{key}", same, addresses)
    at_port = "sidecar: {egress: [{port: 80, protocol: http, %s}]}"
    bound = Row(at_port % "hosts: [./a], bind: @", f"{place}.egress.[].bind", same, addresses)
    yield f"{at}.egress[].bind", bound
    hosts = ("*/*", "./a.b", "a/*.b", *SYNTAX)
    yield f"{at}.egress[].hosts[]", Row(at_port % "hosts: [@]", f"{place}.egress.[].hosts.[]", same, hosts)
    ended = "sidecar: {ingress: [{port: http, tls: {mode: MUTUAL, %s}}]}"
    for key in ("serverCertificate", "privateKey", "caCertificates"):
        yield f"{at}.ingress[].tls.{key}", Row(ended % f"{key}: @", f"{place}.ingress.[].tls.{key}", same, SYNTAX)
    for holder, body, where in (
        ("ingress[].connectionPool", "sidecar: {ingress: [{port: http, connectionPool: {%s}}]}", "ingress.[]"),
        ("inboundConnectionPool", "sidecar: {inboundConnectionPool: {%s}}", ""),
    ):
        for path, row in policy_fields():
            part = path.removeprefix("connectionPool.")
            if part != path:
                fields = row.fields.removeprefix("connectionPool: {").removesuffix("}")
                where_ = f"{place}.{where}.connectionPool" if where else f"{place}.inboundConnectionPool"
                yield f"{at}.{holder}.{part}", Row(body % fields, f"{where_}.{part}", row.expected, SYNTAX)


def shared() -> Iterator[tuple[str, Row]]:
    """What a platform lets all call, and its providers. Nothing of it stands in an object of the platform by itself."""
    for kind in PROVIDERS:
        row = Row(f"providers: {{p#: {{{kind}: {{service: @, port: 80}}}}}}", texts=SYNTAX)
        yield f"MeshPlatform.providers.*.{kind}.service", row
    yield "MeshPlatform.providers.*=", Row("providers: {@: {zipkin: {service: a.b, port: 80}}}", texts=SYNTAX)
    yield "MeshPlatform.namespaces.*=", Row("namespaces: {@: {calls: web}}", texts=SYNTAX)
    for key in ("service", "namespaces[]", "url"):
        written = f"{key.removesuffix('[]')}: {'[@]' if key.endswith('[]') else '@'}"
        row = Row(f"namespaces: {{n#: {{calls: [{{{written}}}]}}}}", texts=SYNTAX)
        yield f"MeshPlatform.namespaces.*.calls[].{key}", row


def proxies() -> Iterator[tuple[str, Row]]:
    """Settings of the proxy."""
    at = "MeshService.proxy"
    for block in ("requests", "limits"):
        for key, expected in (("cpu", v.cpu), ("memory", v.memory)):
            row = f"proxy: {{resources: {{{block}: {{{key}: @}}}}}}"
            yield f"{at}.resources.{block}.{key}", Row(row, "", expected, SYNTAX)
    yield f"{at}.environmentVariables.*=", Row("proxy: {environmentVariables: {@: x}}", f"{CONFIG}.{{}}", same, SYNTAX)
    yield f"{at}.environmentVariables.*", Row("proxy: {environmentVariables: {A: @}}", f"{CONFIG}.A", same, TEXTS)
    for key in ("excludeInboundPorts", "excludeOutboundPorts"):
        yield f"{at}.{key}.*=", Row(f"proxy: {{{key}: {{@: why}}}}", texts=SYNTAX)
        yield f"{at}.{key}.*", Row(f"proxy: {{{key}: {{6000: @}}}}", texts=SYNTAX)


SERVICE_ROWS: dict[str, Row] = {
    **dict(added_tls()),
    **dict(proxies()),
    **dict(listeners()),
    "MeshService.calls[].gateway": Row(CALL % "gateway: @", texts=SYNTAX),
    "MeshService.calls[].through": Row(
        "calls: [{url: 'https://*.s#.example.com', gateway: egress, through: @}]", texts=SYNTAX
    ),
}
ENTRY_ROWS: dict[str, Row] = {
    "MeshPlatform.gateways.*.service": Row(
        "gateways: {g#: {namespace: in, service: @}}",
        "DestinationRule:spec.host",
        "{}.in.svc.cluster.local".format,
        SYNTAX,
    ),
    **dict(shared()),
}
SINGLE_ROWS: dict[str, Row] = {
    "MeshPlatform.calls[].service": Row("calls: [{service: @}]", texts=SYNTAX),
    "MeshPlatform.calls[].namespaces[]": Row("calls: [{namespaces: [@]}]", texts=SYNTAX),
    "MeshPlatform.calls[].url": Row("calls: [{url: @}]", texts=SYNTAX),
}
