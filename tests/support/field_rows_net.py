"""Rows of ``field_rows`` for the way out."""

from collections.abc import Iterator

from tests.support.field_rows import SYNTAX, TEXTS, Row, same

CALL = "calls: [{url: http://s#.example.com, %s}]"  # each its own host, since the hosts of a namespace are shared
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


SERVICE_ROWS: dict[str, Row] = {
    **dict(added_tls()),
    "MeshService.calls[].gateway": Row(CALL % "gateway: @", texts=SYNTAX),
}
ENTRY_ROWS: dict[str, Row] = {
    "MeshPlatform.gateways.*.service": Row(
        "gateways: {g#: {namespace: in, service: @}}",
        "DestinationRule:spec.host",
        "{}.in.svc.cluster.local".format,
        SYNTAX,
    ),
}
