"""Names of derived objects. They are frozen: another name is another object, and the old one is deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmp import places

if TYPE_CHECKING:
    from cmp.spec.container import Image


def digest(text: str) -> str:
    """Eight hex digits that stand for a text in a name."""
    return places.digest(text.encode(), 4).hex()


def fqdn(name: str, namespace: str, domain: str) -> str:
    """The full host of a Service. Short ones resolve against the namespace of the rule that names them.

    https://istio.io/latest/docs/reference/config/networking/virtual-service/#Destination
    """
    return f"{name}.{namespace}.svc.{domain}"


def delegated_name(service: str) -> str:
    """The VirtualService of a service that others' rules hand requests to."""
    return f"{service}-delegated"


def number_of(text: str) -> int | None:
    """The port that a text is the number of; not of other digits than ours, which Python reads, or takes for digits."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 5 else None


def split(reference: str, namespace: str) -> tuple[str, str]:
    """``name`` or ``name.namespace`` as (name, namespace)."""
    name, _, given = reference.partition(".")
    return name, given or namespace


def principal(trust_domain: str, namespace: str, account: str) -> str:
    """A workload's identity as an AuthorizationPolicy names it.

    https://istio.io/latest/docs/reference/config/security/authorization-policy/#Source
    """
    return f"{trust_domain}/ns/{namespace}/sa/{account}"


def claim_name(service: str, path: str) -> str:
    """The PersistentVolumeClaim of a path. It depends on nothing else: another name would be another, empty volume."""
    words = slug(path)
    plain = path == "/" + words.replace("-", "/") and len(words) <= 100
    return f"{service}-{words}" if plain else f"{service}-{words[:100].strip('-')}-{digest(path)}".replace("--", "-")


def template_name(path: str) -> str:
    """The template of a path's claims, and the volume that they are mounted as. The same holds for it."""
    words = slug(path)
    plain = path == "/" + words.replace("-", "/") and len(words) <= 54
    return words if plain else f"{words[:45].strip('-')}-{digest(path)}".lstrip("-")


def slug(text: str) -> str:
    """A path or a host as part of a name."""
    return "-".join(part for part in "".join(c if c.isalnum() and c.isascii() else " " for c in text.lower()).split())


def image_reference(spec: Image | None) -> str | None:
    """The reference that the container runtime pulls."""
    if spec is None or spec.repository is None:
        return None  # a check reports it
    name = f"{spec.registry.rstrip('/')}/{spec.repository}" if spec.registry else spec.repository
    tag = f":{spec.tag}" if spec.tag else ""
    return f"{name}{tag}@{spec.digest}" if spec.digest else name + tag


PROTOCOLS = ("http", "http2", "https", "grpc", "grpc-web", "tls", "tcp", "mongo", "redis", "mysql")


def protocol_of(name: str) -> str | None:
    """The protocol that a port's name begins with, in Istio's sense (``grpc-web`` before ``grpc``).

    https://istio.io/latest/docs/ops/configuration/traffic-management/protocol-selection/
    """
    for protocol in sorted(PROTOCOLS, key=len, reverse=True):
        if name == protocol or name.startswith(protocol + "-"):
            return protocol
    return None
