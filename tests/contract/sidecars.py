"""Sidecars with a server behind a socket, for the tests of both servers; and a plugin that tells what it sees."""

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from tests.contract.places import COMMAND, ROOT
from tests.support.cmp_server import SIDECAR, Request
from tests.support.cmp_sockets import Served, own, real

SERVERS = {"argocd": real, "own": own}
SHIPPED: dict[str, Any] = yaml.safe_load((ROOT / "plugin.yaml").read_text(encoding="utf-8"))


def meshspec(**changed: Any) -> dict[str, Any]:
    """The plugin.yaml that is shipped, with the path of the tested program. ``changed`` are keys of its spec."""
    generate = {**SHIPPED["spec"]["generate"], "command": list(COMMAND[:2])}
    return {**SHIPPED, "spec": {**SHIPPED["spec"], "generate": generate, **changed}}


def python(program: str) -> dict[str, Any]:
    """A command of plugin.yaml that runs a small program."""
    return {"command": [sys.executable, "-I", "-S", "-c"], "args": [program]}


def other(program: str, **more: Any) -> dict[str, Any]:
    """A plugin.yaml of another plugin, whose ``generate`` is a small program."""
    return {**SHIPPED, "spec": {"generate": python(program), **more}}


@contextmanager
def serving(
    server: str, plugin: Mapping[str, Any], variables: Mapping[str, str] = SIDECAR, at: Path | None = None
) -> Iterator[Served]:
    """A sidecar, in a directory whose path is short: sockets have 107 bytes for theirs."""
    with (
        TemporaryDirectory(dir="/tmp") as directory,
        SERVERS[server](plugin, at or Path(directory), variables) as found,
    ):
        yield found


#: Writes an object with what a process of a plugin finds around it.
LOOK = """
import json, os, stat, sys
def mode(path):
    return oct(stat.S_IMODE(os.lstat(path).st_mode))
def names():
    for at, directories, files in os.walk(".."):
        yield from (os.path.join(at, name) for name in directories + files)
seen = {
    "directory": os.getcwd(),
    "modes": {os.path.relpath(name, ".."): mode(name) for name in names()},
    "links": {os.path.relpath(name, ".."): os.readlink(name) for name in names() if os.path.islink(name)},
    "newest": max(os.lstat(name).st_mtime for name in names()),
    "stdin": sys.stdin.read(),
    "leads its group": os.getpgid(0) == os.getpid(),
    "variables": dict(os.environ),
}
sys.stderr.write("said on the side")
print(json.dumps({"kind": "Seen", "seen": seen}))
"""


def seen(served: Served, request: Request) -> Any:
    """What the program above wrote."""
    (text,) = served.send("GenerateManifest", request).manifests
    return json.loads(text)["seen"]
