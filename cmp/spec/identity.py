"""Syntax of what rules name callers, tokens and requests by; the same contract as in ``validators``.

What Istio's webhook asks for is in istio pkg/config/security/security.go.
"""

from __future__ import annotations

import re

from cmp.spec.kubernetes import label, subdomain
from cmp.spec.syntax import header, host, path, template
from cmp.spec.validators import refuse, shown


def ip_block(value: str) -> str:
    """An IP address, or a range of them in CIDR notation (security.ValidateIPs)."""
    if not is_ip_block(value):
        refuse(f"{shown(value)} is neither an IP address nor a range of them", "write for example 10.0.0.0/8")
    return value


def is_ip_block(value: str) -> bool:
    """Whether Go's netip reads a text as an address or, with a slash, as a prefix."""
    from ipaddress import ip_address  # only specs that name addresses pay for it

    address, slash, bits = value.partition("/")
    if "%" in address:
        return False
    try:
        longest = ip_address(address).max_prefixlen
    except ValueError:
        return False
    return not slash or bool(re.fullmatch(r"0|[1-9][0-9]{0,2}", bits) and int(bits) <= longest)


def account(value: str) -> str:
    """A ServiceAccount: ``name``, or ``namespace/name`` (security.CheckServiceAccount)."""
    namespace, slash, name = value.rpartition("/")
    if slash:
        label(namespace)
    subdomain(name)
    return value


def trust_domain(value: str) -> str:
    """A trust domain, with one ``*`` at an end (security.CheckTrustDomainValues)."""
    if not is_trust_domain(value):
        refuse(f"{shown(value)} is not a trust domain", "write for example cluster.local, with * at an end if needed")
    return value


def is_trust_domain(value: str) -> bool:
    """Whether a text is a name in SPIFFE's characters, or part of one with ``*`` before or behind it."""
    return bool(re.fullmatch(r"\*|\*?[A-Za-z0-9._-]+|[A-Za-z0-9._-]+\*", value))


def principal(value: str) -> str:
    """A workload identity as Istio writes it: trust domain/ns/namespace/sa/account, with one ``*`` at an end."""
    if not value or "*" in value[1:-1] or value.count("*") > 1 or value.startswith("spiffe://"):
        refuse(f"{shown(value)} is not a principal", "write cluster.local/ns/shop/sa/checkout, without spiffe://")
    return value


def request_principal(value: str) -> str:
    """Issuer and subject of a token, ``iss/sub``, with one ``*`` at an end.

    https://istio.io/latest/docs/reference/config/security/authorization-policy/#Source
    """
    if not value or value.count("*") > 1 or "*" in value[1:-1] or _invisible(value):
        refuse(
            f"{shown(value)} is not issuer/subject of a token",
            "write for example https://id.example.com/*, with * at one end only",
        )
    return value


def access_host(value: str) -> str:
    """A Host header as rules compare it: a name, with ``*`` at one end, and with its port if only that is meant."""
    name, colon, port = value.partition(":")
    if colon and not (re.fullmatch(r"[1-9][0-9]{0,4}", port) and int(port) <= 65535):
        refuse(f"{shown(value)} is not a host", "write a DNS name such as shop.example.com, without scheme and path")
    if name.endswith(".*"):
        if colon or "*" in name[:-2]:
            refuse(
                f"{shown(value)}: * stands at one end, and at the end it stands for ports too", "write for example a.*"
            )
        return host(name[:-2]) + ".*"
    return host(name) + colon + port


def access_path(value: str) -> str:
    """A path pattern of an access rule: ``/a``, ``/a/*``, ``/a*``, ``*/a``, or a template with ``{*}`` and ``{**}``.

    https://istio.io/latest/docs/reference/config/security/authorization-policy/#Operation
    """
    if "{" in value or "}" in value:
        if "//" in value.strip("/"):
            refuse(f"{shown(value)} is not a path template", "a segment of its path is empty: leave one / out")
        return template(value)
    if value.startswith("*") and len(value) > 1:
        return "*" + path(value[1:])
    if "*" in value[:-1]:
        refuse(f"{shown(value)}: * stands at one end of a path", "use {*} for one segment")
    return path(value)


CONDITIONS = (
    "source.ip",
    "remote.ip",
    "source.namespace",
    "source.principal",
    "source.serviceAccount",
    "source.trustDomain",
    "request.auth.principal",
    "request.auth.audiences",
    "request.auth.presenter",
    "destination.ip",
    "destination.port",
    "connection.sni",
)


def condition_key(value: str) -> str:
    """An attribute that ``when`` may ask for (security.ValidateAttribute).

    https://istio.io/latest/docs/reference/config/security/conditions/
    """
    name = re.fullmatch(r"request\.headers\[:?([^\[\]]+)\]", value)
    if name:
        header(name[1])
    elif value not in CONDITIONS and not re.fullmatch(
        r"request\.auth\.claims(\[[^\[\]]+\])+|experimental\.envoy\.filters\.[^\[\]]+\[[^\[\]]+\]", value
    ):
        refuse(
            f"{shown(value)} is not an attribute of a request",
            "request.headers[name], request.auth.claims[name], " + ", ".join(CONDITIONS),
        )
    return value


def issuer(value: str) -> str:
    """The ``iss`` claim of tokens, compared as it stands. Rules name tokens by it, where ``*`` has a meaning."""
    if not value or "*" in value or _invisible(value):
        refuse(f"{shown(value)} is not an issuer", "write the iss claim of its tokens, as in https://id.example.com")
    return value


def jwks_uri(value: str) -> str:
    """Where the keys that sign tokens are fetched (security.ParseJwksURI; the length is the definition's)."""
    if not is_address(value) or len(value) > 2048:
        refuse(f"{shown(value)} is not an address of keys", "write for example https://id.example.com/jwks")
    return value


def is_address(value: str) -> bool:
    """Whether a text is an URL of HTTP or HTTPS with a host, as Go's net/url reads it."""
    match = re.fullmatch(r"https?://([A-Za-z0-9._-]+|\[([0-9A-Fa-f:.]+)\])(:([0-9]{1,5}))?([/?][!-~]*)?", value)
    if match is None or re.search(r"%(?![0-9A-Fa-f]{2})", value):
        return False
    return (match[2] is None or is_ip_block(match[2])) and 0 < int(match[4] or 1) <= 65535


def jwks(value: str) -> str:
    """Keys that sign tokens, as JSON (RFC 7517). Private ones have no place in a repository, and nobody here uses them.

    Istio reads them with jwk.Parse (istio pkg/config/validation, validateJwtRule).
    """
    from json import JSONDecodeError, loads

    try:
        found = loads(value)
    except (JSONDecodeError, RecursionError) as error:
        refuse(f"jwks is not JSON: {error}", "paste what the issuer's jwks_uri gives")
    keys = found.get("keys", [found]) if isinstance(found, dict) else None
    if not isinstance(keys, list) or not keys:
        refuse("jwks holds no keys", 'write {"keys": [...]}, as the issuer\'s jwks_uri gives it')
    for key in keys:
        _public_key(key)
    return value


#: The members that a public key of each type has (RFC 7518, section 6; RFC 8037, section 2).
KEY_MEMBERS = {"RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x")}
#: The curves that Envoy verifies with.
CURVES = {"EC": ("P-256", "P-384", "P-521"), "OKP": ("Ed25519",)}


def _public_key(key: object) -> None:
    kind = key.get("kty") if isinstance(key, dict) else None
    if not isinstance(key, dict) or not isinstance(kind, str):
        refuse("a key of jwks has no kty", "paste what the issuer's jwks_uri gives")
    if kind == "oct" or "d" in key:
        refuse("jwks holds a private key", "leave only the public part: whoever reads this could sign tokens")
    if kind not in KEY_MEMBERS:
        refuse(f"jwks: {shown(kind)} is not a type of key", "one of " + ", ".join(KEY_MEMBERS))
    for name in KEY_MEMBERS[kind]:
        text = key.get(name)
        fine = text in CURVES[kind] if name == "crv" else isinstance(text, str) and _is_base64(text)
        if not fine:
            refuse(f'jwks: "{name}" of a key of type {kind} is not right', "paste what the issuer's jwks_uri gives")


def _is_base64(text: str) -> bool:
    return bool(re.fullmatch(r"[A-Za-z0-9_-]+", text)) and len(text) % 4 != 1


def claim_header(value: str) -> str:
    """The name of a header that a claim is written to (istio pkg/config/validation, ValidateStrictHTTPHeaderName)."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", value):
        refuse(f"{shown(value)} is not a header that a claim can be written to", "letters, digits, _ and -")
    return value


def required(value: str) -> str:
    """``require: true``: all requests need a token."""
    if value != "true":
        refuse(f"expected true, got {shown(value)}", "write true, or which requests need one; or leave it out")
    return value


def _invisible(value: str) -> bool:
    return bool(re.search(r"[\x00-\x20\x7f]", value))
