"""Where rules of access and tokens stand: in services, and in what the platform says for several of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from cmp.checks.finding import Step
from cmp.context.model import Context, Platform, Port, Service
from cmp.context.rules import Policy, Wide

if TYPE_CHECKING:
    from cmp.spec.security import Access, Jwt, Operation

Path = tuple[Step, ...]


class Held(NamedTuple):
    """Rules that hold for the same pods: those of a service, or what the platform says (``wide``) of several."""

    owner: Service | Platform
    path: Path
    namespace: str
    access: tuple[Access, ...]
    jwt: tuple[Jwt, ...]
    policies: tuple[Policy, ...]
    wide: Wide | None = None

    @property
    def ports(self) -> tuple[Port, ...] | None:
        """The ports of a service; those of other pods are not known."""
        return self.owner.ports if isinstance(self.owner, Service) else None

    @property
    def kind(self) -> str:
        """What it holds for: "service", or as the platform has it "gateways", "namespaces" or "mesh"."""
        return "service" if self.wide is None else str(self.path[0]) if self.path else "mesh"

    def __str__(self) -> str:
        named = {"service": f'"{self.owner.name}"', "mesh": "the mesh"}
        return named.get(self.kind) or f'{self.kind[:-1]} "{self.path[-1]}"'


def held(context: Context) -> Iterator[Held]:
    """All rules of a render: those of services, then the platform's."""
    for service in context.services:
        spec = service.spec
        yield Held(service, (), service.namespace, spec.access, spec.jwt, service.policies)
    yield from _by_platform(context.platform)


def around(context: Context, one: Held) -> Iterator[Held]:
    """What holds for the same pods: the rules themselves, and the platform's for their namespace and the mesh."""
    yield one
    for other in _by_platform(context.platform) if one.kind != "mesh" else ():
        if other.kind == "mesh" or (other.path == ("namespaces", one.namespace) and other.path != one.path):
            yield other


def _by_platform(platform: Platform | None) -> Iterator[Held]:
    for wide in platform.wide if platform is not None else ():
        assert platform is not None  # it says it
        holder: Any = platform.spec
        for step in wide.path:
            holder = holder[step] if isinstance(holder, dict) else getattr(holder, step)
        yield Held(platform, wide.path, wide.namespace, holder.access or (), holder.jwt, wide.policies, wide)


def operations(access: Iterable[Access], tokens: Iterable[Jwt], path: Path = ()) -> Iterator[tuple[Operation, Path]]:
    """The operations of rules and of requirements, with their paths."""
    for index, rule in enumerate(access):
        for number, operation in enumerate(rule.to):
            yield operation, (*path, "access", index, "to", number)
    for index, token in enumerate(tokens):
        if token.require is not None:
            yield token.require, (*path, "jwt", index, "require")
