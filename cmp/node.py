"""The tree that a spec is: values, and where each was written."""

from __future__ import annotations

from typing import TypeAlias

from cmp.diagnostics import Pos


class Quoted(str):
    """A scalar in quotes or a block: text, whatever it looks like. A plain one is ``str``: its field decides."""

    __slots__ = ()


Value: TypeAlias = "dict[str, Node] | list[Node] | str | None"


class Node:
    """A value and where it was written.

    ``pos`` is the place of the value, ``key`` that of its key in a map. ``layer`` names the layer of the merge it came
    from. ``cut`` means that it replaces what lower layers say, also where both are maps. ``implied`` marks a null that
    stands for "another key was chosen", which no author wrote.
    """

    __slots__ = ("cut", "implied", "key", "layer", "pos", "value")

    def __init__(
        self,
        value: Value,
        pos: Pos,
        key: Pos | None = None,
        layer: str = "",
        cut: bool = False,
        implied: bool = False,
    ) -> None:
        self.value = value
        self.pos = pos
        self.key = key
        self.layer = layer
        self.cut = cut
        self.implied = implied

    def with_value(self, value: Value) -> Node:
        """The same place, another value."""
        return Node(value, self.pos, self.key, self.layer, self.cut, self.implied)

    def get(self, *path: str | int) -> Node | None:
        """The node at a path of keys and indexes below this one, or None."""
        node: Node = self
        for step in path:
            value = node.value
            below: Node | None = None
            if isinstance(value, dict) and isinstance(step, str):
                below = value.get(step)
            elif isinstance(value, list) and isinstance(step, int) and step < len(value):
                below = value[step]
            if below is None:
                return None
            node = below
        return node

    def text(self, *path: str | int) -> str | None:
        """The scalar at a path below this node, or None where there is none."""
        node = self.get(*path)
        return node.value if node is not None and isinstance(node.value, str) else None

    def __repr__(self) -> str:
        return f"Node({self.value!r} at {self.pos})"


class Lacking(Node):
    """A finished map from which a layer took something away: ``gone`` are the nulls that did it, by their keys."""

    __slots__ = ("gone",)

    def __init__(self, node: Node, value: dict[str, Node], gone: dict[str, Node]) -> None:
        super().__init__(value, node.pos, node.key, node.layer, node.cut, node.implied)
        self.gone = gone

    def with_value(self, value: Value) -> Node:
        """The same place, another value; what was taken away stays so."""
        return Lacking(self, value, self.gone) if isinstance(value, dict) else super().with_value(value)


def missing(node: Node, key: str | int) -> Node:
    """What to point at for a key that a map does not have: the null that took it away, or the map."""
    return node.gone.get(str(key), node) if isinstance(node, Lacking) else node


def entries_of(node: Node | None) -> dict[str, Node]:
    """The entries of a map, or none where there is no map."""
    return node.value if node is not None and isinstance(node.value, dict) else {}
