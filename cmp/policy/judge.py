"""Holding the guard-rails of the platform against the services of a render."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from cmp.context.model import Context, Platform, Service
from cmp.diagnostics import Diagnostic, Pos
from cmp.merge.running import MEANINGLESS, OF_SELECTED
from cmp.node import Node
from cmp.policy.left_out import left_out
from cmp.policy.paths import Steps, dotted
from cmp.policy.patterns import ITEM, Path, fits, meant, named
from cmp.policy.reach import ASKED_OF_ALL, holders, long_ports
from cmp.policy.rules import Demand, Rule, compiled

#: Keys of services that a platform has as well, for objects of any kind. What may not be said of a service there would
#: only move.
WAYS_AROUND = ("patches", "manifests")


class Place(NamedTuple):
    """A place of a service to which a rule leads: the value there, or None, and the nearest thing that is there."""

    path: Path
    node: Node | None
    nearest: Node


def judge(context: Context) -> list[Diagnostic]:
    """What the guard-rails refuse, and what is wrong with them."""
    platform = context.platform
    if platform is None or not platform.spec.policy:
        return []
    problems: list[Diagnostic] = []
    nodes = [platform.tree.node.get("policy", index) for index in range(len(platform.spec.policy))]
    rules = compiled(
        [
            (node, rail.reason, rail.warn is True)
            for node, rail in zip(nodes, platform.spec.policy, strict=True)
            if node
        ],
        problems,
    )
    for rule in rules:
        for service in context.services:
            if _concerns(rule, service):
                problems += [found for demand in rule.demands for found in _refused(rule, demand, service)]
        if context.written is not None and rule.verb != "require" and not rule.when:
            for demand in rule.demands:
                if demand.steps[0] in WAYS_AROUND:
                    problems += _refused(rule, demand, context.written)
    return problems


def _concerns(rule: Rule, service: Service) -> bool:
    if not all(_holds(demand, service) for demand in rule.when):
        return False
    return not any(all(_holds(demand, service) for demand in case) for case in rule.unless)


def _holds(demand: Demand, service: Service) -> bool:
    """Whether a service says so somewhere."""
    return any(
        fits(demand.pattern, place.node, demand.field, place.path, left_out(service))
        for place in _places(demand.steps, service, required=False)
    )


def _refused(rule: Rule, demand: Demand, owner: Service | Platform) -> Iterator[Diagnostic]:
    judged = {"require": _lacking, "forbid": _forbidden, "allow": _not_allowed}[rule.verb]
    for message, help, place in judged(rule, demand, owner):
        if any(_overlap(gone, place.path) for gone in owner.broken):
            continue  # what stood there is refused already
        related = ((rule.pos, "the guard-rail"),)
        text, pos = f"{message}: {rule.reason}", _pos(place, owner)
        yield Diagnostic("MS265", text, pos, help, "warning" if rule.warn else "error", related)


_Found = Iterator[tuple[str, str, Place]]


def _lacking(rule: Rule, demand: Demand, owner: Service | Platform) -> _Found:
    if isinstance(owner, Platform):
        return
    key = demand.steps[0]
    unheld = key in OF_SELECTED and owner.facts.runs == "external" and not owner.facts.labels
    if unheld or key in MEANINGLESS[owner.facts.runs] or (key == "replicas" and owner.facts.kind == "DaemonSet"):
        return  # it would say nothing there, and is refused
    for place in _places(demand.steps, owner, required=True):
        node = place.node
        if node is None or node.layer == "built-in" or node.value in (None, "", [], {}):
            yield f"{_who(place.path, owner)} does not say {demand.asked}", f"add {demand.asked}", place


def _forbidden(rule: Rule, demand: Demand, owner: Service | Platform) -> _Found:
    if demand.whole:
        steps = (*demand.steps, ITEM) if demand.field.kind == "list" else demand.steps
        for place in _places(steps, owner, required=False):
            node = place.node
            if node is None or node.value is None or node.layer == "built-in":
                continue
            if node.pos.file != rule.pos.file:  # else whoever forbids it gives it
                yield f'"{demand.name}" is forbidden', "leave it out", place
        return
    for place in _places(demand.steps, owner, required=False):
        if place.node is None and not meant(demand.pattern, place.path, left_out(owner)):
            continue
        if fits(demand.pattern, place.node, demand.field, place.path, left_out(owner)):
            other = "" if demand.shown == "*" else f", or say something else than {demand.shown}"
            yield f"{_told(demand, place, owner)} is forbidden", f"leave it out{other}", place


def _not_allowed(rule: Rule, demand: Demand, owner: Service | Platform) -> _Found:
    for place in _places(demand.steps, owner, required=False):
        if place.node is None and not meant(demand.pattern, place.path, left_out(owner)):
            block = long_ports(owner.tree.node).get(*place.path[: -demand.short]) if demand.short else None
            if block is not None:  # another way than the shorthand's
                yield f'"{dotted(demand.steps[: -demand.short])}" is not allowed', f"allowed: {demand.shown}", place
        elif not fits(demand.pattern, place.node, demand.field, place.path, left_out(owner)):
            yield f"{_told(demand, place, owner)} is not allowed", f"allowed: {demand.shown}", place


def _told(demand: Demand, place: Place, owner: Service | Platform) -> str:
    """A path, with its value where that is text."""
    name = _named(demand.steps, place.path)
    if place.node is None:
        value = left_out(owner)(place.path)
        return f'"{name}{": " + value if value else ""}", as it is meant where nothing is written,'
    if demand.field.kind != "scalar":
        return f'"{name}"'
    text = str(place.node.value)
    return f'"{name}: {text if len(text) <= 60 else f"{text[:57]}..."}"'


def _named(steps: Steps, path: Path) -> str:
    """The path of a rule with the names that its stars stand for, where it holds at the place that it names."""
    last = path[len(path) - len(steps) :]
    pairs = list(zip(steps, last, strict=False))
    if not all(step in (ITEM, name) or "*" in step for step, name in pairs):
        return dotted(steps)
    return dotted(tuple(step if step == ITEM else str(name) for step, name in pairs))


def _who(path: Path, service: Service) -> str:
    """The service, or the container beside its own, that a path is about."""
    for index, step in enumerate(path[:-1]):
        if path[index - 1 : index] == ("pod",) and step in ("containers", "initContainers"):
            item = service.tree.node.get(*path[: index + 2])
            name = path[index + 1] if step == "containers" else item.text("name") if item is not None else None
            return f'container "{name}" of "{service.name}"'
    return f'"{service.name}"'


def _places(steps: Steps, owner: Service | Platform, *, required: bool) -> Iterator[Place]:
    tree = long_ports(owner.tree.node)
    for held in holders(steps, tree, required=required):
        for place in _walk(tree, held, ()):
            if not (required and _own(place.path, owner)):
                yield place


def _own(path: Path, owner: Service | Platform) -> bool:
    """Whether a path leads into the entry of the service's own container, which takes what the owner says."""
    starts = (index for index in range(len(path)) if path[index : index + 3] == ("pod", "containers", owner.name))
    return any(path[start + 3 : start + 4] and path[start + 3] in ASKED_OF_ALL for start in starts)


def _walk(node: Node, steps: Steps, path: Path) -> Iterator[Place]:
    """The places that steps lead to. Of a list or of names that are not there, there is none."""
    if not steps:
        yield Place(path, node, node)
        return
    step, rest = steps[0], steps[1:]
    if step == ITEM:
        for index, item in enumerate(node.value if isinstance(node.value, list) else ()):
            yield from _walk(item, rest, (*path, index))
        return
    found = named(node, step) if node.value else {}
    for name, child in found.items():
        yield from _walk(child, rest, (*path, name))
    if not found and not any(one == ITEM or "*" in one for one in steps):
        yield Place((*path, *steps), None, node)


def _pos(place: Place, owner: Service | Platform) -> Pos:
    node, top = place.node, owner.tree.node
    if node is not None:
        return node.pos if isinstance(node.value, str) else node.key or node.pos
    if place.nearest.layer != "built-in" and place.nearest.pos != top.pos:
        return place.nearest.pos
    return (top.get("metadata", "name") or top).pos


def _overlap(gone: Iterable[str | int], path: Path) -> bool:
    return all(one == other for one, other in zip(gone, path, strict=False))
