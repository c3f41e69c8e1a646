"""Repositories of many services for the benchmarks: copies of `fleet/orders`, each with names of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

TEMPLATE = Path(__file__).resolve().parent / "fleet"
#: Objects of one service.
OBJECTS = 27


def repository(root: Path, services: int) -> Path:
    """A repository of so many services, each an application of its own below one platform."""
    (root / ".git").mkdir(parents=True)
    shutil.copy(TEMPLATE / "meshplatform.yaml", root)
    text = (TEMPLATE / "orders" / "meshspec.yaml").read_text(encoding="utf-8")
    for number in range(services):
        directory = root / "services" / f"orders-{number:05}"
        directory.mkdir(parents=True)
        own = text.replace("orders", f"orders-{number:05}").replace("70%", f"{50 + number % 40}%")
        (directory / "meshspec.yaml").write_text(own, encoding="utf-8")
    return root
