"""The table of forms as a tree to walk beside the data."""

from __future__ import annotations

from collections.abc import Iterable

from cmp.merge.form import Form
from cmp.merge.forms import PLATFORM, SERVICE
from cmp.merge.running import RUN_KEYS

_NONE = Form("")

#: What the platform says of the mesh, of namespaces and of gateways in the forms of a service.
SHARED_KEYS = ("mtls", "access", "jwt", "telemetry")
#: Where.
SHARING = ("", "namespaces.*.", "gateways.*.")


class Shape:
    """The form of a value, and the shapes below it: of its known keys, of any other key, and of its items."""

    __slots__ = ("_groups", "each", "fields", "form", "item")

    def __init__(self) -> None:
        self.form = _NONE
        self._groups: list[list[str]] | None = None
        self.fields: dict[str, Shape] = {}
        self.each: Shape | None = None
        self.item: Shape | None = None

    def child(self, key: str) -> Shape | None:
        """The shape of the value under a key."""
        return self.fields.get(key) or self.each

    @property
    def groups(self) -> list[list[str]]:
        """The groups of keys that exclude each other, with the keys that add to lists. Found once, when asked for."""
        if self._groups is None:
            self._groups = [[name for key in group for name in self._names(key)] for group in self.form.one_of]
        return self._groups

    def _names(self, key: str) -> tuple[str, ...]:
        inner = self.child(key)
        return (key, key + "+") if inner is not None and inner.form.listing else (key,)

    def at(self, path: Iterable[str | int]) -> Shape:
        """The shape of the value at a path; one without a form where the table says nothing."""
        shape = self
        for step in path:
            shape = (shape.item if isinstance(step, int) else shape.child(step)) or Shape()
        return shape


def build(forms: Iterable[Form]) -> Shape:
    """The tree of a table."""
    root = Shape()
    for form in forms:
        at = root
        for step in form.path.replace("[]", ".[]").split(".") if form.path else ():
            at = _down(at, step)
        at.form = form
    return root


def _down(at: Shape, step: str) -> Shape:
    if step == "[]":
        at.item = at.item or Shape()
        return at.item
    if step == "*":
        at.each = at.each or Shape()
        return at.each
    return at.fields.setdefault(step, Shape())


def _bodies() -> tuple[Shape, Shape, Shape]:
    """Service, app and platform. Bodies hold bodies: versions, jobs, environments, services and defaults."""
    service, app, platform = build(SERVICE), Shape(), build(PLATFORM)
    service.fields["versions"].each = service
    _down(service.fields["jobs"], "*").fields.update({key: service.fields[key] for key in RUN_KEYS})
    app.fields["services"] = services = Shape()
    services.form = Form("services", keyed=True)
    services.each = app.fields["defaults"] = platform.fields["defaults"] = service
    for key in ("parameters", "patches", "manifests"):
        app.fields[key] = service.fields[key]
    for path in SHARING:
        holder = platform
        for step in path.split(".")[:-1]:
            holder = _down(holder, step)
        holder.fields.update({key: service.fields[key] for key in SHARED_KEYS})
    for body in (service, app, platform):
        body.fields["environments"] = environments = Shape()
        environments.form = Form("environments", keyed=True)
        environments.each = body
    return service, app, platform


SERVICE_SHAPE, APP_SHAPE, PLATFORM_SHAPE = _bodies()
