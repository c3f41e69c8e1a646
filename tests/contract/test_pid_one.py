"""Argo CD's server as the first process of a container: it ends what it started, and takes in no orphans.

A namespace of processes stands for the container, so this needs root and Linux.
"""

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import grpc
import pytest

from tests.contract.sidecars import meshspec, other
from tests.support.cmp_server import SIDECAR, Request
from tests.support.cmp_sockets import Served, real

UNSHARE = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")
#: A child that nobody waits for.
ORPHANS = """
import os
if os.fork() == 0:
    if os.fork() == 0:
        os._exit(0)
    os._exit(0)
os.wait()
print("{}")
"""


def _namespaces() -> bool:
    return (
        shutil.which("unshare") is not None and subprocess.run([*UNSHARE, "true"], capture_output=True).returncode == 0
    )


pytestmark = pytest.mark.skipif(not _namespaces(), reason="no namespaces of processes may be made here")


@contextmanager
def container(plugin: dict[str, Any], *first: str) -> Iterator[Served]:
    with TemporaryDirectory(dir="/tmp") as made, real(plugin, Path(made), SIDECAR, *UNSHARE, *first) as served:
        yield served


def zombies(served: Served) -> list[str]:
    """The processes of the server's namespace that nobody has waited for, by their names."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            name, _, rest = (path / "stat").read_text().partition(") ")
            if rest.startswith("Z") and _environment(int(rest.split()[1])) == str(served.work_dir):
                found.append(name.partition("(")[2])
    return found


def _environment(pid: int) -> str:
    """The work directory of a process, which tells one server from others."""
    variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    given = dict(one.decode().partition("=")[::2] for one in variables if one)
    return given.get("ARGOCD_CMP_WORKDIR", "")


def settled(served: Served) -> list[str]:
    time.sleep(0.5)  # what has ended a moment ago is about to be waited for
    return zombies(served)


def test_argocd_leaves_orphans_of_other_plugins(web: Request) -> None:
    """What the next tests look for is seen where it is."""
    with container(other(ORPHANS)) as served:
        for _ in range(3):
            served.send("GenerateManifest", web)
        assert len(settled(served)) == 3


def test_meshspec_leaves_none_with_argocd_as_the_first_process(web: Request, repository: Path) -> None:
    busy = Request(repository, "apps/shop/online-boutique", generate_paths=".")
    with container(meshspec()) as served:
        served.send("GenerateManifest", web)
        for deadline in (0.12, 0.15, 0.2, 0.3):
            with suppress(grpc.RpcError):
                served.send("GenerateManifest", replace(busy, deadline=deadline))
        assert not settled(served)


@pytest.mark.skipif(shutil.which("tini") is None, reason="tini is not there: the first process of the image")
def test_tini_takes_in_orphans_of_any_plugin_for_argocd(web: Request) -> None:
    with container(other(ORPHANS), "tini", "--") as served:
        for _ in range(3):
            served.send("GenerateManifest", web)
        assert not settled(served)
