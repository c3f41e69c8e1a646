"""What Istio's own webhook and analyzers find in our objects: a Go program, built only when that is asked for."""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

_ROOT = Path(__file__).parents[2]
_SOURCES = _ROOT / "tests" / "oracles" / "istiocheck"
_CACHE = _ROOT / ".cache" / "oracles"
#: Says that the program may be built: Istio's modules are many, and the first build takes minutes.
_BUILD = "MESHSPEC_BUILD_ISTIO"


class Finding(NamedTuple):
    """What the webhook or an analyzer says of one object. The levels are Info, Warning and Error."""

    level: str
    code: str
    message: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.level} {self.code} {self.kind} {self.namespace}/{self.name}: {self.message}"


class Analyzer(NamedTuple):
    """How often Istio left an analyzer out, how many objects of each kind it read, and what it reported by code."""

    name: str
    skipped: int
    read: dict[str, int]
    found: dict[str, int]


class Answers(NamedTuple):
    """The findings of each batch; what each analyzer did in all of them; the kinds that nobody there knows."""

    findings: dict[str, list[Finding]]
    analyzers: list[Analyzer]
    unread: list[str]


def require_istio() -> None:
    """Skip the test, or the module that calls this while it is imported, where the program is not there."""
    _program()


def check_with_istio(batches: Mapping[str, list[Any]]) -> Answers:
    """Ask one process about all batches, each of which is a cluster of its own."""
    asked = json.dumps([{"name": name, "objects": objects} for name, objects in batches.items()])
    done = subprocess.run([_program()], input=asked.encode(), capture_output=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr.decode(errors="replace").strip()
    told = json.loads(done.stdout)
    return Answers(
        {batch["name"]: [Finding(**finding) for finding in batch["findings"]] for batch in told["batches"]},
        [Analyzer(**analyzer) for analyzer in told["analyzers"]],
        told["unread"],
    )


def _program() -> Path:
    """The built program; skips the test, with the reason, where there is none."""
    program, reason = _build()
    if program is None:
        pytest.skip(f"Istio was not asked: {reason}", allow_module_level=True)
    return program


@cache
def _build() -> tuple[Path | None, str]:
    """The program in the cache directory, or why it is not there. The name tells the sources, so it is built once."""
    go = shutil.which("go")
    if go is None:
        return None, "go is not installed"
    program = _CACHE / f"istiocheck-{_digest(go)}"
    if program.exists():
        return program, ""
    if not os.environ.get(_BUILD):
        return None, "its checker is not built; `make istio-check` builds it, which takes minutes the first time"
    fetched = _go(go, "list", "-deps", ".")
    if fetched.returncode != 0:
        return None, f"its modules could not be fetched: {fetched.stderr.strip()[-500:]}"
    _compile(go, program)
    return program, ""


def _digest(go: str) -> str:
    """Changes with the sources and with the compiler, which is named by `go version`."""
    sources = sorted([_SOURCES / "go.mod", _SOURCES / "go.sum", *_SOURCES.glob("*.go")])
    parts = [_go(go, "version").stdout.encode(), *(path.read_bytes() for path in sources)]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def _compile(go: str, program: Path) -> None:
    """Compiles the program. What goes wrong here is an error of ours, so it does not skip a test."""
    _CACHE.mkdir(parents=True, exist_ok=True)
    for old in _CACHE.glob("istiocheck-*"):
        old.unlink(missing_ok=True)  # each is as large as the rest of the work tree
    with tempfile.TemporaryDirectory(dir=_CACHE) as directory:
        built = Path(directory, "istiocheck")
        done = _go(go, "build", "-buildvcs=false", "-trimpath", "-ldflags=-s -w", "-o", str(built), ".")
        assert done.returncode == 0, f"go build failed: {done.stderr.strip()}"
        # Several processes of one test run may build at the same time: each renames a whole file.
        os.replace(built, program)


def _go(go: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([go, *arguments], cwd=_SOURCES, capture_output=True, text=True, check=False, timeout=1800)
