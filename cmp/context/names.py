"""Names of derived objects. They are frozen: another name is another object, and the old one is deleted."""

from __future__ import annotations


def digest(text: str) -> str:
    """Eight hex digits that stand for a text in a name."""
    from hashlib import blake2b  # loads OpenSSL: only where a name needs it

    return blake2b(text.encode(), digest_size=4).hexdigest()


def fqdn(name: str, namespace: str, domain: str) -> str:
    """The full host of a Service. Short ones resolve against the namespace of the rule that names them.

    https://istio.io/latest/docs/reference/config/networking/virtual-service/#Destination
    """
    return f"{name}.{namespace}.svc.{domain}"


def split(reference: str, namespace: str) -> tuple[str, str]:
    """``name`` or ``name.namespace`` as (name, namespace)."""
    name, _, given = reference.partition(".")
    return name, given or namespace


def principal(trust_domain: str, namespace: str, account: str) -> str:
    """A workload's identity as an AuthorizationPolicy names it.

    https://istio.io/latest/docs/reference/config/security/authorization-policy/#Source
    """
    return f"{trust_domain}/ns/{namespace}/sa/{account}"


def slug(text: str) -> str:
    """A path or a host as part of a name."""
    return "-".join(part for part in "".join(c if c.isalnum() and c.isascii() else " " for c in text.lower()).split())
