"""Small Go programs of `tests/oracles` that ask the code of Kubernetes or Istio, built when they are first needed."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_CACHE = _ROOT / ".cache" / "oracles"


def ask(
    name: str, what: str, given: str, *arguments: str, only_if_built: str = "", variable: str = "MESHSPEC_BUILD_ISTIO"
) -> str:
    """What a program writes to stdout for a text on stdin; AssertionError with its message where it fails.

    Where there is no program, the test is skipped, or the module that calls this while it is imported, and the
    reason is told. ``what`` is the beginning of that: who was not asked. The last two: see ``require``.
    """
    program = require(name, what, only_if_built, variable)
    done = subprocess.run([program, *arguments], input=given.encode(), capture_output=True, check=False, timeout=300)
    assert done.returncode == 0, f"{name}: {done.stderr.decode(errors='replace').strip()}"
    return done.stdout.decode()


def require(name: str, what: str, only_if_built: str = "", variable: str = "MESHSPEC_BUILD_ISTIO") -> Path:
    """The built program. Where there is none, skip as ``ask`` does.

    ``only_if_built`` is for a program whose build takes many minutes: it says how it is built, and is skipped until
    ``variable`` says that it may be.
    """
    program, reason = _build(name, only_if_built, variable)
    if program is None:
        pytest.skip(f"{what} was not asked: {reason}", allow_module_level=True)
    return program


def is_there(name: str, only_if_built: str = "") -> bool:
    """Whether ``require`` would find the program, for a test that knows another way."""
    return _build(name, only_if_built, "MESHSPEC_BUILD_ISTIO")[0] is not None


@cache
def _build(name: str, only_if_built: str, variable: str) -> tuple[Path | None, str]:
    """The program in the cache directory, or why it is not there. The name tells the sources, so it is built once."""
    go = shutil.which("go")
    if go is None:
        return None, "go is not installed"
    sources = _ROOT / "tests" / "oracles" / name
    program = _CACHE / f"{name}-{_digest(go, sources)}"
    if program.exists():
        return program, ""
    if only_if_built and not os.environ.get(variable):
        return None, only_if_built
    _CACHE.mkdir(parents=True, exist_ok=True)
    with (_CACHE / f"{name}.lock").open("w") as lock:  # the processes of one test run build it once
        fcntl.flock(lock, fcntl.LOCK_EX)
        if program.exists():
            return program, ""
        fetched = _go(go, sources, "list", "-deps", ".")
        if fetched.returncode != 0:
            return None, f"its modules could not be fetched: {fetched.stderr.strip()[-500:]}"
        _compile(go, sources, program)
    return program, ""


def _digest(go: str, sources: Path) -> str:
    """Changes with the sources and with the compiler, which is named by `go version`."""
    files = sorted([sources / "go.mod", sources / "go.sum", *sources.glob("*.go")])
    parts = [_go(go, sources, "version").stdout.encode(), *(path.read_bytes() for path in files)]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def _compile(go: str, sources: Path, program: Path) -> None:
    """Compiles the program. What goes wrong here is an error of ours, so it does not skip a test."""
    for old in _CACHE.glob(f"{sources.name}-*"):
        old.unlink(missing_ok=True)  # some are as large as the rest of the work tree
    with tempfile.TemporaryDirectory(dir=_CACHE) as directory:
        built = Path(directory, sources.name)
        done = _go(go, sources, "build", "-buildvcs=false", "-trimpath", "-ldflags=-s -w", "-o", str(built), ".")
        assert done.returncode == 0, f"go build failed: {done.stderr.strip()}"
        os.replace(built, program)  # whole, or not there


def _go(go: str, sources: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([go, *arguments], cwd=sources, capture_output=True, text=True, check=False, timeout=1800)
