"""The table of releases in docs/spec.md: what older ones of Istio and Kubernetes do not know."""

from __future__ import annotations

import re

from cmp.checks.gates import CONDITIONS, PLATFORM, SERVICE, Gate
from cmp.checks.platform import FLOORS
from cmp.context.releases import KUBERNETES


def releases() -> str:
    """A section for the end of the page."""
    listed: dict[tuple[int, int], list[str]] = {}
    for gate in {(gate.field, gate.value): gate for gate in (*PLATFORM, *SERVICE)[::-1]}.values():
        listed.setdefault(gate.release, []).append(_key(gate))
    for key, release in CONDITIONS.items():
        listed.setdefault(release, []).append(key)
    rows = [f"| Istio {shown(at)} | {_code(names)} | it is refused |" for at, names in sorted(listed.items())]
    rows += [f"| Kubernetes {shown(one.release)} | [{one.what}]({one.source}) | {one.before} |" for one in KUBERNETES]
    return "\n".join((HEAD, *rows)) + "\n"


def _key(gate: Gate) -> str:
    """A key with the one that it stands below."""
    keys = [key for key in re.split(r"[.\[\]]+", gate.path) if key not in ("", "*")]
    return ".".join(keys[-2:]) + (f": {gate.value}" if gate.value else "")


def shown(release: tuple[int, ...]) -> str:
    """A release as people write it."""
    return ".".join(map(str, release))


def _code(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))


HEAD = f"""\
## Releases

The platform's `istio: {{version, kubernetes}}` say what to write for: at least {shown(FLOORS["istio"])} and
{shown(FLOORS["kubernetes"])}. What came later:

| from | on | before |
|---|---|---|"""
