"""Hosts that are only another name of one outside: what is said of them is said of that one.

The language leads calls through an egress gateway under a name of the calling namespace (docs/adr/0011): a ServiceEntry
below ``.internal``, a domain that is nobody's, whose only endpoint is the name of a host. To that host it makes no
difference.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

_DOMAIN = ".internal"


class Alias(NamedTuple):
    """The host that is meant, and its ports by those of the alias."""

    host: str
    ports: Mapping[int, int]


def without_aliases(objects: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The objects, where each alias is the host that it stands for. Entries of aliases say nothing then."""
    listed = list(objects)
    names = {host: alias for one in listed if one["kind"] == "ServiceEntry" for host, alias in _aliases(one["spec"])}
    if not names:
        return listed
    return [
        {**one, "spec": _meant(one["spec"], names)} if one["kind"] in ("VirtualService", "DestinationRule") else one
        for one in listed
    ]


def _aliases(entry: Mapping[str, Any]) -> Iterable[tuple[str, Alias]]:
    endpoints = entry.get("endpoints", [])
    for host in entry["hosts"]:
        if host.endswith(_DOMAIN) and len(endpoints) == 1:
            ports = {port["number"]: port.get("targetPort", port["number"]) for port in entry["ports"]}
            yield host, Alias(endpoints[0]["address"], ports)


def _meant(value: Any, names: Mapping[str, Alias]) -> Any:
    """A spec with the hosts that are meant, and beside them their ports."""
    if isinstance(value, list):
        return [_meant(one, names) for one in value]
    if not isinstance(value, Mapping):
        return names[value].host if value in names else value
    alias = names.get(value.get("host", ""))
    found = {key: _meant(one, names) for key, one in value.items()}
    if alias is not None and "port" in found:  # of a destination
        found["port"] = _port(found["port"], alias)
    policy = found.get("trafficPolicy", {})
    if alias is not None and "portLevelSettings" in policy:
        settings = [{**one, "port": _port(one["port"], alias)} for one in policy["portLevelSettings"]]
        found["trafficPolicy"] = {**policy, "portLevelSettings": settings}
    return found


def _port(port: Mapping[str, int], alias: Alias) -> dict[str, int]:
    return {"number": alias.ports.get(port["number"], port["number"])}
