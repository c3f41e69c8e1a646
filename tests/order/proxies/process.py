"""A process of Envoy that is told what to do by files, and tells when it has heard."""

from __future__ import annotations

import asyncio
import json
import os
import re
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.order.proxies.client import Connection, request
from tests.order.proxies.resources import address

Config = dict[str, Any]

_ADMIN = 15_000
_PATIENCE = 10.0  # seconds until what was told has to be heard, and until the process has to be there
_SETTLED = 0.01  # seconds from what the main thread of Envoy knows to what its workers do
_FLAGS = ("--log-level", "warning", "--concurrency", "1", "--use-dynamic-base-id", "--drain-strategy", "immediate")
_VERSION = re.compile(
    r'^(?:cluster_manager|listener_manager|http\..*\.rds)\.(.+)\.version_text: "(\d*)"$', re.MULTILINE
)
_KINDS = {
    "cds": "type.googleapis.com/envoy.config.cluster.v3.Cluster",
    "lds": "type.googleapis.com/envoy.config.listener.v3.Listener",
    "rds": "type.googleapis.com/envoy.config.route.v3.RouteConfiguration",
}


class NotHeardError(AssertionError):
    """Envoy has refused what it was told; the message is what it says."""


class Envoy:
    """One process, started by ``async with``.

    Connections that a change of listeners leaves behind are closed after their next answer and never cut off: how long
    they may live is not what is tested.
    """

    def __init__(self, program: str, host: str) -> None:
        self._program = program
        self._host = host
        self._place = tempfile.TemporaryDirectory(prefix="meshspec-envoy-")
        self._directory = Path(self._place.name)
        self._written: dict[str, tuple[list[Config], str]] = {}
        self._versions = count(1)
        self._process: asyncio.subprocess.Process | None = None
        self._admin = Connection(host, _ADMIN)

    async def __aenter__(self) -> Envoy:
        for name in ("cds", "lds"):
            self._write(name, name, [])
        self._log = (self._directory / "log").open("wb")
        text = json.dumps(self._bootstrap())
        self._process = await asyncio.create_subprocess_exec(
            self._program, "--config-yaml", text, *_FLAGS, cwd=self._directory, stderr=self._log
        )
        await self._heard(set())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._admin.close()
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
        self._log.close()
        self._place.cleanup()

    async def tell(self, clusters: list[Config], listeners: list[Config], routes: Mapping[str, Config]) -> None:
        """Tell it all, clusters first, as istiod does, and wait until it acts on it.

        Raises:
            NotHeardError: it does not.
        """
        if self._write("cds", "cds", clusters):
            await self._heard(set())
        for name, found in routes.items():
            self._write("rds", name, [found])
        self._write("lds", "lds", listeners)
        await self._heard(routes)
        await asyncio.sleep(_SETTLED)

    def _write(self, kind: str, name: str, found: list[Config]) -> bool:
        """Put a file in the place of another in one moment, if it says something else."""
        if name in self._written and self._written[name][0] == found:
            return False
        version = str(next(self._versions))
        typed = [{**one, "@type": _KINDS[kind]} for one in found]
        text = json.dumps({"versionInfo": version, "resources": typed})
        (self._directory / "next").write_text(text, encoding="utf-8")
        os.replace(self._directory / "next", self._directory / f"{name}.json")
        self._written[name] = found, version
        return True

    async def _heard(self, routes: Iterable[str]) -> None:
        wanted = {name: self._written[name][1] for name in ("cds", "lds", *routes)}
        end = asyncio.get_running_loop().time() + _PATIENCE
        while asyncio.get_running_loop().time() < end:
            (answer,) = await self._admin.ask([request("GET", "/stats?type=TextReadouts&filter=version_text", "envoy")])
            if wanted.items() <= dict(_VERSION.findall(answer.body)).items():
                return
            await asyncio.sleep(0.002 if answer.status else 0.02)
        self._log.flush()
        raise NotHeardError((self._directory / "log").read_text(encoding="utf-8")[-3000:])

    def _bootstrap(self) -> Config:
        dynamic = {f"{name}Config": {"pathConfigSource": {"path": f"./{name}.json"}} for name in ("cds", "lds")}
        return {
            "node": {"id": "all", "cluster": "all"},
            "admin": {"address": address(self._host, _ADMIN)},
            "dynamicResources": dynamic,
        }
