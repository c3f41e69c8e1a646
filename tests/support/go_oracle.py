"""What Kubernetes' own code reads in a text: a small Go program, built when it is first needed."""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any, Literal

import pytest

_ROOT = Path(__file__).parents[2]
_SOURCES = _ROOT / "tests" / "oracles" / "yamlread"
_CACHE = _ROOT / ".cache" / "oracles"


def read_as_kubernetes(text: str, reader: Literal["argocd", "kubectl"] = "argocd") -> list[dict[str, Any]]:
    """The objects in a stream of manifests, or an AssertionError with the reader's message.

    ``argocd`` reads as Argo CD reads the output of a plugin, ``kubectl`` like ``kubectl apply -f -``: see ``main.go``.
    The test is skipped where the program cannot be built.
    """
    done = subprocess.run([_program(), reader], input=text.encode(), capture_output=True, check=False, timeout=60)
    if done.returncode != 0:
        raise AssertionError(f"{reader}: {done.stderr.decode(errors='replace').strip()}")
    objects: list[dict[str, Any]] = json.loads(done.stdout)
    return objects


def _program() -> Path:
    """The built program; skips the test, with the reason, where there is none."""
    program, reason = _build()
    if program is None:
        pytest.skip(f"Kubernetes' YAML reader was not asked: {reason}")
    return program


@cache
def _build() -> tuple[Path | None, str]:
    """The program in the cache directory, or why it is not there. The name tells the sources, so it is built once."""
    go = shutil.which("go")
    if go is None:
        return None, "go is not installed"
    program = _CACHE / f"yamlread-{_digest(go)}"
    if program.exists():
        return program, ""
    fetched = _go(go, "list", "-deps", ".")
    if fetched.returncode != 0:
        return None, f"its modules could not be fetched: {fetched.stderr.strip()[-500:]}"
    _compile(go, program)
    return program, ""


def _digest(go: str) -> str:
    """Changes with the sources and with the compiler, which is named by `go version`."""
    parts = [_go(go, "version").stdout.encode()]
    parts += [(_SOURCES / name).read_bytes() for name in ("go.mod", "go.sum", "main.go")]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def _compile(go: str, program: Path) -> None:
    """Compiles the program. What goes wrong here is an error of ours, so it does not skip a test."""
    _CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=_CACHE) as directory:
        built = Path(directory, "yamlread")
        done = _go(go, "build", "-buildvcs=false", "-trimpath", "-o", str(built), ".")
        assert done.returncode == 0, f"go build failed: {done.stderr.strip()}"
        # Several processes of one test run may build at the same time: each renames a whole file.
        os.replace(built, program)


def _go(go: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([go, *arguments], cwd=_SOURCES, capture_output=True, text=True, check=False, timeout=300)
