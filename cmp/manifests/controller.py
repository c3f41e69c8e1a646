"""What keeps a version's pods running, for all who refer to it."""

from __future__ import annotations

from typing import NamedTuple

from cmp.context.model import Service, Version


class Controller(NamedTuple):
    """An object that keeps pods running, as others refer to it."""

    api: str
    kind: str
    name: str


def controller(service: Service, version: Version) -> Controller:
    """What runs the pods of a version."""
    return Controller("apps/v1", "Deployment", f"{service.name}-{version.name}")


def selector(service: Service, version: Version) -> dict[str, str]:
    """The labels that select a version's pods. Immutable in a Deployment, so there are two and they never change."""
    return {"app": service.name, "version": version.name}
