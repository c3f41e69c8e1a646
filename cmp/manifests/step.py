"""A row of a builder table."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from cmp.context.model import Platform, Service
from cmp.diagnostics import Pos
from cmp.waves import Manifest, Wave

if TYPE_CHECKING:
    from cmp.node import Node


class Built(NamedTuple):
    """An object, whose it is, and the place in a file that it comes from where it was not built.

    ``node`` is what stands there, ``patched`` the last patch that changed the object.
    """

    manifest: Manifest
    owner: Service | Platform
    pos: Pos | None = None
    node: Node | None = None
    patched: Pos | None = None

    @property
    def foreign(self) -> bool:
        """Whether somebody else than a builder had a say in it."""
        return self.node is not None or self.patched is not None

    def where(self, *path: str | int, on_key: bool = False) -> Pos:
        """The place of a value, or of what should hold it; of an object that was built, the patch or its owner."""
        if self.node is None:
            owner = self.owner.tree.node
            return self.patched or (owner.get("metadata", "name") or owner).pos
        found = self.node
        for step in path:
            below = found.get(step)
            if below is None:
                break
            found = below
        return found.key if on_key and found.key is not None else found.pos

    @property
    def place(self) -> Pos:
        """The place to point at for it: in a file, or the name of its owner."""
        node = self.owner.tree.node
        return self.pos or (node.get("metadata", "name") or node).pos


class Step(NamedTuple):
    """A builder of a service's objects, and the wave in which they are applied."""

    wave: Wave
    build: Callable[[Service], Iterable[Manifest]]


class PlatformStep(NamedTuple):
    """A builder of the platform's own objects, and their wave."""

    wave: Wave
    build: Callable[[Platform], Iterable[Manifest]]


def fields(spec: Any) -> Any:
    """A part of a spec whose keys are those of the object, as plain data: what is not written is left out."""
    if isinstance(spec, tuple):
        return [fields(item) for item in spec]
    if isinstance(spec, dict):
        return {key: fields(value) for key, value in spec.items()}
    if not hasattr(spec, "__pydantic_fields_set__"):
        return spec
    return {key.rstrip("_"): fields(value) for key, value in vars(spec).items() if value not in (None, (), {})}


#: Codes that ``istioctl analyze`` does not report of an object.
SUPPRESS = "galley.istio.io/analyze-suppress"


def for_machines_too(service: Service, found: Manifest, code: str) -> Manifest:
    """An object for what its labels select; the analyzer looks for pods only, and would miss machines of that name."""
    return found if service.facts.pods else without_pods(found, code)


def without_pods(found: Manifest, code: str) -> Manifest:
    """An object for pods that are not always there, such as those of jobs, or never."""
    found["metadata"].setdefault("annotations", {})[SUPPRESS] = code
    return found


def manifest(api: str, kind: str, name: str, **parts: object) -> Manifest:
    """An object as builders write it: labels, namespace and annotations that all objects have are stamped later."""
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name}, **parts}
