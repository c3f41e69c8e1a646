"""What keeps a version's pods running, for all who refer to it."""

from __future__ import annotations

from typing import NamedTuple

from cmp.context.model import Service, Version
from cmp.context.running import SINGLE


class Controller(NamedTuple):
    """An object that keeps pods running, as others refer to it."""

    api: str
    kind: str
    name: str


def controller(service: Service, version: Version) -> Controller:
    """What runs the pods of a version."""
    kind = service.facts.kind
    return Controller("apps/v1", kind, service.name if kind in SINGLE else f"{service.name}-{version.name}")


def selector(service: Service, version: Version) -> dict[str, str]:
    """The labels that select a version's pods. Immutable in all kinds, so they are few and never change.

    Where there is one version, its name is none of them, so that it can have another one later.
    """
    labels = {"app": service.name}
    return labels if service.facts.kind in SINGLE else {**labels, "version": version.name}
