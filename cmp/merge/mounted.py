"""The platform file that an operator mounts, below the one of the repository."""

from __future__ import annotations

from cmp.merge.layers import merge
from cmp.merge.shapes import PLATFORM_SHAPE
from cmp.node import Node, entries_of

#: What changes or joins the objects of the file's own platform, which no render of an application writes.
_ABOUT_ITSELF = ("patches", "patches+", "manifests", "manifests+")
#: What a platform says of itself and of the mesh that it writes for.
_ABOUT = ("metadata", "profile", "istio", "networkPolicy")


def laid(mounted: Node | None, own: Node | None) -> Node | None:
    """The body of the repository's platform over that of the mounted one; the guard-rails of both hold."""
    if mounted is None:
        return own
    kept = {key: node for key, node in entries_of(mounted).items() if key not in _ABOUT_ITSELF}
    if own is None:
        return mounted.with_value(kept)
    merged = merge(mounted.with_value(kept), own)
    rules = [rule for body in (mounted, own) for rule in _rules(body)]
    entries = {key: node for key, node in entries_of(merged).items() if key not in ("policy", "policy+")}
    if rules:
        entries["policy"] = Node(rules, own.pos, layer=own.layer)
    return merged.with_value(entries)


def part(platform: Node, own: Node) -> Node:
    """Of a finished platform what ``own``, the repository's, says something of, by name where things have names.

    What the mounted file says alone is written by the application of whoever mounts it, and by nobody else.
    """
    said = {key.removesuffix("+"): node for key, node in entries_of(own).items()}
    kept = {key: node for key, node in entries_of(platform).items() if key in said or key in _ABOUT}
    for key, node in kept.items():
        shape = PLATFORM_SHAPE.child(key)
        if shape is not None and shape.form.keyed:
            names = entries_of(said[key])
            kept[key] = node.with_value({name: child for name, child in entries_of(node).items() if name in names})
    if "istio" in kept and "install" not in entries_of(said.get("istio")):
        mesh = {key: node for key, node in entries_of(kept["istio"]).items() if key != "install"}
        kept["istio"] = kept["istio"].with_value(mesh)
    return platform.with_value(kept)


def _rules(body: Node) -> list[Node]:
    found = (body.get(key) for key in ("policy", "policy+"))
    return [rule for node in found if node is not None and isinstance(node.value, list) for rule in node.value]
