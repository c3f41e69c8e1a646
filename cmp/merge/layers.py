"""Expand a layer to long form, lay one over another, and finish the result.

``merge`` is associative: what a layer removes or replaces is remembered in it (``Node.cut``, ``Node.implied``) until
``finish``. So an environment can be laid over its document first, and the outcome over the defaults.
"""

from __future__ import annotations

from collections.abc import Iterator

from cmp.diagnostics import Diagnostic
from cmp.merge.shapes import Shape
from cmp.node import Lacking, Node


def expand(node: Node, shape: Shape | None, layer: str, problems: list[Diagnostic]) -> Node:
    """One layer in long form, every value marked with the layer's name. Findings are added to ``problems``."""
    value = node.value
    if shape is not None and shape.form.raw:
        return Node(value, node.pos, node.key, layer, node.cut, node.implied)
    if shape is not None and value is not None:
        value = _long(node, shape, problems)
    if isinstance(value, dict):
        value = {key: _entry(key, child, shape, layer, problems) for key, child in value.items()}
        if shape is not None and shape.form.one_of:
            _exclude(value, shape, node, layer, problems)
    elif isinstance(value, list):
        item = shape.item if shape is not None else None
        value = [expand(child, item, layer, problems) for child in value]
    return Node(value, node.pos, node.key, layer, node.cut, node.implied)


def _long(node: Node, shape: Shape, problems: list[Diagnostic]) -> dict[str, Node] | list[Node] | str | None:
    form, value = shape.form, node.value
    if form.listing:
        return value if isinstance(value, list) else [Node(value, node.pos)]
    if isinstance(value, str) and form.text is not None:
        if isinstance(form.text, str):
            return {form.text: Node(value, node.pos)}
        return form.text(Node(value, node.pos))
    if isinstance(value, list) and form.listed is not None:
        return {form.listed: Node(value, node.pos)}
    if isinstance(value, dict) and form.rest is not None:
        return form.rest(value)
    return value


def _entry(key: str, child: Node, shape: Shape | None, layer: str, problems: list[Diagnostic]) -> Node:
    if shape is None:
        return expand(child, None, layer, problems)
    if not key.endswith("+"):
        inner = shape.child(key)
        if isinstance(child.value, str) and (inner is None or inner.form.takes_text):  # most are: said as they are
            return Node(child.value, child.pos, child.key, layer, child.cut, child.implied)
        return expand(child, inner, layer, problems)
    if shape.fields:
        target = shape.child(key[:-1])
        if target is None or not target.form.listing:
            message = f'"{key}": only a list can be added to, and "{key[:-1]}" is none'
            problems.append(Diagnostic("MS110", message, child.key or child.pos, f'write "{key[:-1]}"'))
        return expand(child, target, layer, problems)
    return expand(child, shape.child(key), layer, problems)


def _exclude(entries: dict[str, Node], shape: Shape, node: Node, layer: str, problems: list[Diagnostic]) -> None:
    """Report keys that exclude each other; a key that is given removes, in lower layers, those it excludes."""
    groups = shape.groups
    given = [[name for name in group if name in entries and entries[name].value is not None] for group in groups]
    taken = [names[0] for names in given if names]
    if not taken:
        return
    if len(taken) > 1 and shape.form.one_of != (("tag",), ("digest",)):
        first, second = taken[:2]
        where = entries[second]
        message = f'"{second}" and "{first}" exclude each other'
        problems.append(Diagnostic("MS105", message, where.key or where.pos, f'keep "{first}" or "{second}"'))
    for group, names in zip(groups, given, strict=True):
        for name in group if not names else ():
            entries.setdefault(name, Node(None, node.pos, layer=layer, implied=True))


def merge(low: Node, high: Node) -> Node:
    """``high`` over ``low``, both in long form: maps merge, all else replaces, ``key+`` collects.

    For layers that ``expand`` wrote out, ``finish(merge(merge(a, b), c))`` is ``finish(merge(a, merge(b, c)))``,
    with the same values, places and findings, whatever they hold: nulls, ``key+`` over and below lists and nulls,
    keys that exclude each other, and values of the wrong type. A layer without entries changes nothing. It is not
    commutative, and a layer with ``key+`` laid twice adds twice. What a layer removed (``cut``) or ruled out
    (``implied``) is kept for this until ``finish``, so only outcomes of ``merge`` are laid on, never those of
    ``finish``.
    """
    if high.cut or not isinstance(low.value, dict) or not isinstance(high.value, dict):
        return Node(high.value, high.pos, high.key, high.layer, True, high.implied)
    entries = dict(low.value)
    for key, child in high.value.items():
        below = entries.get(key)
        if below is None:
            entries[key] = child
        elif key.endswith("+") and not child.cut and isinstance(below.value, list) and isinstance(child.value, list):
            entries[key] = Node([*below.value, *child.value], child.pos, child.key, child.layer, below.cut)
        else:
            entries[key] = merge(below, child)
    return Node(entries, high.pos, high.key, high.layer, low.cut)


def finish(node: Node, shape: Shape | None, problems: list[Diagnostic]) -> Node:
    """The outcome of a merge: ``key+`` added, removed keys gone, keys in order, so that no order in a file matters."""
    value = node.value
    if shape is not None and shape.form.raw:
        return node
    if isinstance(value, dict):
        gone = {key: child for key, child in value.items() if child.value is None and child.cut and not child.implied}
        found = _finish_map(value, shape, problems)
        return Lacking(node, found, gone) if gone else node.with_value(found)
    if isinstance(value, list):
        item = shape.item if shape is not None else None
        return node.with_value([finish(child, item, problems) for child in value])
    return node


def _finish_map(entries: dict[str, Node], shape: Shape | None, problems: list[Diagnostic]) -> dict[str, Node]:
    whole: dict[str, Node] = {}
    for key in sorted(entries):
        child = entries[key]
        inner = shape.child(key) if shape is not None else None
        as_it_is = inner is not None and inner.form.raw and not child.implied
        if as_it_is or (isinstance(child.value, str) and not key.endswith("+")):
            whole[key] = child
        elif child.value is None:
            if not child.cut and not child.implied and shape is not None and shape.form.keyed:
                problems.append(empty(key, child))
        elif key.endswith("+") and shape is not None and (target := shape.child(key[:-1])) and target.form.listing:
            added = finish(child, target, problems)
            base = whole.get(key[:-1])
            both = [*_items(base), *_items(added)]
            whole[key[:-1]] = (base or added).with_value(both)
        elif not (key.endswith("+") and shape is not None and shape.fields):  # else reported when it was expanded
            whole[key] = finish(child, inner, problems)
    return whole


def incomplete(node: Node, shape: Shape | None, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The paths of maps that lack one of several keys of which one is needed, and of limits that are empty."""
    value = node.value
    if shape is None or not isinstance(value, (dict, list)):
        return
    if shape.form.filled and not value:
        yield path
    elif isinstance(value, dict):
        if shape.form.needed and not any(key in value for group in shape.form.one_of for key in group):
            yield path
        for key, child in value.items():
            if not isinstance(child.value, str) and (inner := shape.child(key)) is not None:
                yield from incomplete(child, inner, (*path, key))
    elif shape.item is not None:
        for index, child in enumerate(value):
            yield from incomplete(child, shape.item, (*path, index))


def empty(key: str, node: Node) -> Diagnostic:
    """The finding for a null in a map of things, where no lower layer has the thing that it would remove."""
    message = f'"{key}" is empty: null removes what a lower layer says, and none does'
    return Diagnostic(
        "MS109", message, node.key or node.pos, f'leave it out, or write {key}: {{}} (for text, {key}: "")'
    )


def _items(node: Node | None) -> list[Node]:
    return node.value if node is not None and isinstance(node.value, list) else []
