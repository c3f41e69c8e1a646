"""The rows of rules of access and of tokens: a service's, and the platform's for mesh, namespaces and gateways."""

from collections.abc import Callable, Iterator, Sequence

from cmp.spec import validators as v
from tests.support.field_row import SYNTAX, TEXTS, Row, same
from tests.support.field_rows import principal

RULE = "AuthorizationPolicy:spec.rules.[]"
TOKEN = "RequestAuthentication:spec.jwtRules.[]"
KEYS = '{"keys": [{"kty": "EC", "crv": "P-256", "x": "AAAA", "y": "AAAA"}]}'
# What the platform has is built as for a service, and some of it costs a render for each text.
FEW = tuple(dict.fromkeys((*SYNTAX[:12], *SYNTAX[12::12])))


def account(text: str) -> str:
    return text if "/" in text else f"ns/{text}"


def sources() -> Iterator[tuple[str, str, Row]]:
    """The fields of a source: path, what it is written in, and the row for a service."""
    kinds: tuple[tuple[str, Callable[[str], str | None]], ...] = (
        ("services", principal),
        ("namespaces", same),
        ("principals", same),
        ("serviceAccounts", account),
        ("trustDomains", same),
        ("ipBlocks", same),
        ("remoteIpBlocks", same),
        ("requestPrincipals", same),
    )
    for key, expected in kinds:
        for name in (key, f"not{key[0].upper()}{key[1:]}"):
            place = name.replace("services", "principals").replace("Services", "Principals")
            row = Row("", f"{RULE}.from.[].source.{place}.[]", expected)
            yield f"from[].{name}[]", f"from: [{{{name}: [@]}}]", row
    yield "from[].gateway[]", "from: [{gateway: [@]}]", Row("")


def operations() -> Iterator[tuple[str, str, Row]]:
    """The fields of an operation, of a rule or of a requirement."""
    for key, expected in (("methods", same), ("paths", same), ("hosts", str.lower), ("ports", None)):
        for name in (key, f"not{key.capitalize()}"):
            place = f"{RULE}.to.[].operation.{name}.[]" if expected is not None else ""
            yield f"{name}[]", f"{name}: [@]", Row("", place, expected or same)


def rules() -> Iterator[tuple[str, str, Row]]:
    """The fields of a rule."""
    yield from sources()
    for path, body, row in operations():
        yield f"to[].{path}", f"from: a.b, to: [{{{body}}}]", row
    yield "when.*=", "from: a.b, when: {@: {values: [a]}}", Row("", f"{RULE}.when.[].key")
    for key in ("values", "notValues"):
        row = Row("", f"{RULE}.when.[].{key}.[]")
        yield f"when.*.{key}[]", f'from: a.b, when: {{"request.headers[a]": {{{key}: [@]}}}}', row
    yield "provider.name", "action: CUSTOM, provider: {name: @}", Row("", "AuthorizationPolicy:spec.provider.name")


def tokens() -> Iterator[tuple[str, str, Row]]:
    """The fields of an issuer."""
    yield "issuer", "issuer: @, jwksUri: https://a.b", Row("", f"{TOKEN}.issuer")
    yield "jwksUri", "issuer: a, jwksUri: @", Row("", f"{TOKEN}.jwksUri")
    yield "jwks", "issuer: a, jwks: @", Row("", f"{TOKEN}.jwks", texts=(KEYS, "{}", *SYNTAX))
    for key in ("audiences", "fromParams", "fromCookies", "spaceDelimitedClaims"):
        yield f"{key}[]", f"issuer: https://a, {key}: [@]", Row("", f"{TOKEN}.{key}.[]")
    for key in ("name", "prefix"):
        body = "name: @" if key == "name" else "name: x-a, prefix: @"
        yield (
            f"fromHeaders[].{key}",
            f"issuer: https://a, fromHeaders: [{{{body}}}]",
            Row("", f"{TOKEN}.fromHeaders.[].{key}"),
        )
    yield (
        "outputPayloadToHeader",
        "issuer: https://a, outputPayloadToHeader: @",
        Row("", f"{TOKEN}.outputPayloadToHeader"),
    )
    claims = f"{TOKEN}.outputClaimToHeaders.[]"
    yield "outputClaimToHeaders.*=", "issuer: https://a, outputClaimToHeaders: {@: b}", Row("", f"{claims}.header")
    yield "outputClaimToHeaders.*", "issuer: https://a, outputClaimToHeaders: {x-a: @}", Row("", f"{claims}.claim")
    yield "timeout", "issuer: https://a, timeout: @", Row("", f"{TOKEN}.timeout", v.duration)
    for path, body, row in operations():
        also = "" if "orts" in path else ", ports: ['80']"
        yield f"require.{path}", f"issuer: https://a, require: {{{body}{also}}}", row
    yield "require.everything", "issuer: https://a, require: {everything: @}", Row("")


FREE = (
    "when.*.values[]",
    "audiences[]",
    "fromParams[]",
    "outputClaimToHeaders.*",
    "fromHeaders[].prefix",
    "provider.name",
)


def rows(
    holder: str, written: str, texts: Sequence[str] | None = SYNTAX, believed: str = ""
) -> Iterator[tuple[str, Row]]:
    """The rows of one that has rules and tokens.

    Args:
        holder: its path, with a dot at the end.
        written: how it is written, with ``%s`` for the key ``access`` or ``jwt``.
        texts: what to try, or None for more with free text.
        believed: a token's issuer, for the rules that ask for one.
    """
    for path, body, row in rules():
        fields = written % f"access: [{{{body}}}]{believed}"
        yield f"{holder}access[].{path}", row._replace(fields=fields, texts=_texts(path, row, texts))
    for path, body, row in tokens():
        yield (
            f"{holder}jwt[].{path}",
            row._replace(fields=written % f"jwt: [{{{body}}}]", texts=_texts(path, row, texts)),
        )


def _texts(path: str, row: Row, texts: Sequence[str] | None) -> Sequence[str]:
    return row.texts if path == "jwks" else TEXTS if texts is None and path in FREE else texts or SYNTAX


BELIEVED = ", jwt: {issuer: https://id}"
SERVICE = dict(rows("MeshService.", "%s", None, BELIEVED))
GATEWAY = "gateways: {g#: {hosts: g#.example.net, namespace: in, %s}}"
ENTRIES = {
    "MeshPlatform.namespaces.*=": Row(
        "namespaces: {@: {mtls: STRICT}}", "PeerAuthentication:metadata.namespace", texts=SYNTAX
    ),
    **dict(rows("MeshPlatform.gateways.*.", GATEWAY, FEW, BELIEVED)),
    **{
        field: row._replace(place="") if row.expected in (principal, account) else row  # a plain name is the entry's
        for field, row in rows("MeshPlatform.namespaces.*.", "namespaces: {n#: {%s}}", FEW, BELIEVED)
    },
}
SINGLE = dict(rows("MeshPlatform.", "%s", FEW, BELIEVED))
