"""Parameters: the layer above all files, and the only one that reaches a spec from outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cmp.diagnostics import Diagnostic, Pos, did_you_mean
from cmp.merge.layers import expand, finish
from cmp.merge.shapes import SERVICE_SHAPE
from cmp.node import Node, entries_of


def declared(body: Node) -> list[tuple[Node, str]]:
    """The paths that a body's ``parameters`` list, each with its node."""
    part = {key: child for key, child in entries_of(body).items() if key in ("parameters", "parameters+")}
    listed = finish(body.with_value(part), SERVICE_SHAPE, []).get("parameters")
    items = listed.value if listed is not None and isinstance(listed.value, list) else []
    return [(item, item.value) for item in items if isinstance(item.value, str)]


def layers(
    services: Sequence[tuple[str, Node]], parameters: Mapping[str, str], problems: list[Diagnostic]
) -> list[list[Node]]:
    """For each service (name and merged body) the layers that the parameters give it.

    A parameter is named by its path, behind the service's name where there are several services.
    """
    known: dict[str, list[tuple[int, str]]] = {}
    for index, (service, body) in enumerate(services):
        for _, path in declared(body):
            known.setdefault(f"{service}.{path}", []).append((index, path))
            if len(services) == 1:
                known.setdefault(path, []).append((index, path))
    found: list[list[Node]] = [[] for _ in services]
    for name in sorted(parameters):
        place = Pos(f"parameter {name}", 0, 0)
        if name not in known:
            message = f'parameter "{name}" is not declared by the spec'
            help = did_you_mean(name, sorted(known)) or "declare the path in the spec: parameters: [image.tag]"
            problems.append(Diagnostic("MS112", message, place, help))
        for index, path in known.get(name, ()):
            found[index].append(expand(_nested(path, parameters[name], place), SERVICE_SHAPE, "parameter", problems))
    return found


def _nested(path: str, text: str, pos: Pos) -> Node:
    node = Node(text, pos, pos)
    for key in reversed(path.split(".")):
        node = Node({key: node}, pos, pos)
    return node
