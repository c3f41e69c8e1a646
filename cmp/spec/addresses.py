"""Syntax of addresses, places and hosts outside; the same contract as in ``validators``.

Istio reads them with Go's net/netip, which knows no leading zeros and no netmasks.
"""

from __future__ import annotations

import re

from cmp.spec.identity import is_ip_block
from cmp.spec.kubernetes import label
from cmp.spec.syntax import dns_name, host
from cmp.spec.validators import refuse, shown

UNIX = "unix://"


def is_ip(value: str) -> bool:
    """Whether a text is an IP address, without port, zone or prefix length."""
    return "/" not in value and is_ip_block(value)


def address(value: str) -> str:
    """The address of an endpoint: an IP address, a DNS name, or ``unix://`` and the path of a socket.

    https://istio.io/latest/docs/reference/config/networking/workload-entry/#WorkloadEntry-address
    """
    if value.startswith(UNIX):
        path = value.removeprefix(UNIX)
        if not re.fullmatch(r"(/|@)\S*[^/\s]", path) or len(value) > 256:
            refuse(f"{shown(value)} is not the path of a socket", "write unix:///run/app.sock")
    elif not is_ip(value):
        help = "an IP address, a DNS name or unix:///path; ports stand in ports: {http: 8080}"
        if not re.fullmatch(r"[-a-zA-Z0-9.]+", value) or value.replace(".", "").isdigit():
            refuse(f"{shown(value)} is not an address", help)
        return dns_name(value.lower())
    return value


def cidr(value: str) -> str:
    """An IP address, or a block of them by the length of its prefix (istio agent.ValidateIPSubnet)."""
    if not is_ip_block(value):
        refuse(f"{shown(value)} is not a block of addresses", "write for example 10.0.0.0/8")
    from ipaddress import ip_network  # only specs that name addresses pay for it

    block = ip_network(value, strict=False)
    if "/" in value and value.partition("/")[0] != str(block.network_address):
        refuse(f"{shown(value)} has bits beyond its length", f"write {block}")
    return value


def place(value: str) -> str:
    """Where an endpoint is: ``region``, ``region/zone`` or ``region/zone/sub-zone``."""
    if not re.fullmatch(r"[-\w.]+(/[-\w.]+){0,2}", value, re.A) or len(value) > 253:
        refuse(f"{shown(value)} is not a place", "write region/zone/sub-zone, or its first parts")
    return value


def outside_host(value: str) -> str:
    """A full DNS name, or ``*.`` before one: a short one would be taken for a service of the namespace."""
    name = value.lower()
    dns_name(name.removeprefix("*."))
    if "." not in name:
        refuse(f"{shown(value)} is not a full host name", f"write for example {name}.example.com")
    return name


def seen_host(value: str) -> str:
    """A host and the namespace that declares it, as a Sidecar names them."""
    where, slash, name = value.partition("/")
    if not slash:
        refuse(f"{shown(value)} names no namespace", f"write */{value}, ./{value} or namespace/{value}")
    if where not in (".", "*"):
        label(where)
    return f"{where}/{host(name)}"


def gateway_host(value: str) -> str:
    """A host of a gateway; before it may stand the only namespace that may show it, ``.`` for the gateway's own."""
    where, slash, name = value.rpartition("/")
    if slash and where not in (".", "*"):
        label(where)
    return f"{where}{slash}{host(name)}"


def ip_address(value: str) -> str:
    """An IP address, IPv4 or IPv6."""
    if not is_ip(value):
        refuse(f"{shown(value)} is not an IP address", "for example 0.0.0.0 or ::")
    return value


def local_endpoint(value: str) -> str:
    """Where the application of the pod listens: at the loopback or the pod's own address, or a socket in a file.

    istio pkg/config/validation/validation.go, ValidateSidecar
    """
    if re.fullmatch(r"unix://(@.*|/.*[^/])", value, re.S):
        return value
    match = re.fullmatch(r"(127\.0\.0\.1|0\.0\.0\.0|\[::1\]|\[::\])?:([0-9]{1,5})", value)
    if not match or not 1 <= int(match[2]) <= 65535:
        refuse(f"{shown(value)} is not where an application listens", "127.0.0.1:8080, 0.0.0.0:8080 or unix:///a/file")
    return value
