"""Host names with wildcards, as gateways and Istio compare them."""

from __future__ import annotations

from collections.abc import Iterable


def fits(pattern: str, host: str) -> bool:
    """Whether a gateway's host covers a host: equal, ``*``, or ``*.`` with the same suffix.

    https://istio.io/latest/docs/reference/config/networking/gateway/#Server (hosts)
    """
    if pattern in ("*", host):
        return True
    return pattern.startswith("*.") and host.endswith(pattern[1:])


def uncovered(hosts: Iterable[str]) -> tuple[str, ...]:
    """Hosts without those that another of them covers: a rule of Istio has no two that overlap.

    istio pkg/config/validation/validation.go, ValidateVirtualService (duplicate hosts)
    """
    listed = tuple(dict.fromkeys(hosts))
    return tuple(host for host in listed if not any(fits(other, host) for other in listed if other != host))


def best(hosts: Iterable[str], host: str) -> int:
    """How closely a gateway's hosts cover a host: the length of the longest that does, or -1."""
    return max((len(pattern) for pattern in hosts if fits(pattern, host)), default=-1)
