"""Hosts of gateways that another service is to answer: the old way ends before the new one is there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from cmp.compare.gap import Gap
from cmp.replay.mesh import Mesh
from cmp.replay.routes import MESH, Rule, host_fits, is_exported
from cmp.replay.sync import Key, key, tasks
from cmp.waves import Manifest


class _Way(NamedTuple):
    """A rule by which a gateway answers a host; ``kind`` is http, tls or tcp."""

    owner: Key
    host: str
    kind: str
    rule: Rule


def moved_hosts(old: Mapping[Key, Manifest], new: Mapping[Key, Manifest]) -> Iterator[Gap]:
    """Hosts that both revisions answer, and for a while nothing does.

    Argo CD removes a VirtualService before it applies those of the same wave or of a later one, and a Service that no
    route of the new revision leads to is hidden from the gateway in the wave of Services, long before routes change.
    """
    before, after = _ways(old.values()), _ways(new.values())
    order = _Order(old, new)
    hidden = _Hidden(old, new, order)
    moved: dict[tuple[Key, Key], tuple[dict[str, None], dict[str, None]]] = {}
    for gateway, host in sorted(
        {(place, way.host) for side in (before, after) for place in side for way in side[place]}
    ):
        were, will = (_answering(side.get(gateway, ()), host) for side in (before, after))
        for one in were:
            then = [other for other in will if _overlap(one, other)]
            moves = not order.overlap(one, then)
            services = [name for name, early in hidden.by(one, gateway) if early or moves]
            if then and (moves or services):
                hosts, names = moved.setdefault((one.owner if moves else then[0].owner, then[0].owner), ({}, {}))
                hosts[host] = None
                names.update(dict.fromkeys(services))
    for (was, will_be), (hosts, names) in moved.items():
        yield _gap(was, new[will_be], ", ".join(hosts), " and ".join(f'"{name}"' for name in names))


def _gap(was: Key, one: Manifest, hosts: str, services: str) -> Gap:
    name = one["metadata"]["name"]
    first, then = [], []
    if was != key(one):
        what = f'{hosts} moves to VirtualService "{name}", which comes when "{was[3]}" is gone already'
        first.append(f'give VirtualService "{was[3]}" the sync option PruneLast=true by "patches"')
        then.append("move the host")
    else:
        what = f"before the route of {hosts} leads elsewhere, the gateway is not told of Service {services} any more"
    if services:
        first.append(f'admit the gateway in "access" of {services}')
        then.append("with that still there" if then else "take that away when the route leads elsewhere")
    return Gap(
        "MS278",
        one,
        ("expose",),
        f"{what}: for a while requests fail",
        f"{' and '.join(first)}, and sync",
        " ".join(then),
    )


def _ways(objects: Iterable[Manifest]) -> dict[str, list[_Way]]:
    """The rules of all hosts, by gateway (``namespace/name``)."""
    found: dict[str, list[_Way]] = {}
    for one in objects:
        if one["kind"] != "VirtualService":
            continue
        spec, own = one["spec"], one["metadata"]["namespace"]
        for name in spec.get("gateways", ()):
            gateway = name if "/" in name else f"{own}/{name}"
            if name == MESH or not is_exported(spec.get("exportTo"), own, gateway.partition("/")[0]):
                continue
            rules = [(kind, rule) for kind in ("http", "tls", "tcp") for rule in spec.get(kind, ())]
            ways = (_Way(key(one), host, *rule) for host in spec.get("hosts", ()) for rule in rules)
            found.setdefault(gateway, []).extend(ways)
    return found


def _answering(ways: Iterable[_Way], host: str) -> list[_Way]:
    """The rules of the host that is nearest, as a gateway merges them."""
    fitting = [way for way in ways if host_fits(way.host, host)]
    nearest = max((_length(way.host) for way in fitting), default=0)
    return [way for way in fitting if _length(way.host) == nearest]


def _length(host: str) -> int:
    return len(host.lstrip("*")) * 2 + (not host.startswith("*"))


def _overlap(one: _Way, other: _Way) -> bool:
    """Whether some requests fit both rules, as far as equal conditions, or none, tell."""
    some, others = (
        [{name: text for name, text in match.items() if name != "name"} for match in way.rule.get("match") or [{}]]
        for way in (one, other)
    )
    return one.kind == other.kind and ({} in some or {} in others or any(match in others for match in some))


class _Order:
    """When a sync changes what."""

    def __init__(self, old: Mapping[Key, Manifest], new: Mapping[Key, Manifest]) -> None:
        self._old, self._new = old, new
        found = tasks(list(old.values()), list(new.values()))
        self._places = {key(task.manifest): (task.wave, not task.prune) for task in found}

    def is_before(self, one: Key, other: Key) -> bool:
        """Whether an object is changed before another is: by wave, and in a wave what is removed is removed first."""
        return self._places[one] < self._places[other]

    def overlap(self, one: _Way, then: Iterable[_Way]) -> bool:
        """Whether the old rule is still there when a new one comes. What is applied in one wave has no order."""
        if one.owner in self._new and _has(self._new[one.owner], one):
            return True
        return any(
            (other.owner in self._old and _has(self._old[other.owner], other)) or self.is_before(other.owner, one.owner)
            for other in then
        )


def _has(one: Manifest, way: _Way) -> bool:
    """Whether a VirtualService answers some of the same."""
    rules = (way._replace(rule=rule) for rule in one["spec"].get(way.kind, ()))
    return way.host in one["spec"].get("hosts", ()) and any(_overlap(way, rule) for rule in rules)


class _Hidden:
    """Services that gateways are told of no more."""

    def __init__(self, old: Mapping[Key, Manifest], new: Mapping[Key, Manifest], order: _Order) -> None:
        self._old, self._new = (Mesh(objects.values(), ()).hosts for objects in (old, new))
        self._order = order

    def by(self, way: _Way, gateway: str) -> Iterator[tuple[str, bool]]:
        """The names of those that a rule of the old revision leads to, and whether the rule is there for longer."""
        place, routes = gateway.partition("/")[0], way.rule.get("route", ())
        for route in routes:
            name = route["destination"]["host"]
            was, now = self._old.get(name), self._new.get(name)
            if was is None or was.outside or (len(routes) > 1 and not route.get("weight")):
                continue
            seen = [one is not None and is_exported(one.export_to, one.namespace, place) for one in (was, now)]
            if seen == [True, False]:
                label = name.partition(".")[0]
                yield label, not self._order.is_before(way.owner, ("", "Service", was.namespace, label))
