"""Prometheus' own promtool, built from its module when it is first needed."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

_ROOT = Path(__file__).parents[2]
_SOURCES = _ROOT / "tests" / "oracles" / "promtool"
_CACHE = _ROOT / ".cache" / "oracles"
_PACKAGE = "github.com/prometheus/prometheus/cmd/promtool"
#: Leaves out the clients of all clouds, which promtool needs for other things.
_TAGS = "-tags=remove_all_sd"


def require_promtool() -> None:
    """Skip the test, or the module that calls this while it is imported, where the program is not there."""
    _program()


def refused(groups: list[Any]) -> str:
    """What ``promtool check rules`` has against groups of rules; nothing if they are fine."""
    with tempfile.TemporaryDirectory() as directory:
        _written(Path(directory), "rules.yaml", {"groups": groups})
        done = _run("check", "rules", "--lint=all", "--lint-fatal", "rules.yaml", cwd=directory)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def failed(groups: list[Any], test: dict[str, Any]) -> str:
    """What ``promtool test rules`` finds wrong; nothing if the rules do what the test says.

    https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/
    """
    with tempfile.TemporaryDirectory() as directory:
        _written(Path(directory), "rules.yaml", {"groups": groups})
        _written(Path(directory), "test.yaml", {"rule_files": ["rules.yaml"], **test})
        done = _run("test", "rules", "test.yaml", cwd=directory)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def _written(directory: Path, name: str, content: Any) -> None:
    (directory / name).write_text(yaml.safe_dump(content), encoding="utf-8")


def _run(*arguments: str, cwd: str) -> subprocess.CompletedProcess[str]:
    command = [str(_program()), *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=300)


def _program() -> Path:
    """The built program; skips the test, with the reason, where there is none."""
    program, reason = _build()
    if program is None:
        pytest.skip(f"promtool was not asked: {reason}", allow_module_level=True)
    return program


@cache
def _build() -> tuple[Path | None, str]:
    """The program in the cache directory, or why it is not there. The name tells the sources, so it is built once."""
    go = shutil.which("go")
    if go is None:
        return None, "go is not installed"
    program = _CACHE / f"promtool-{_digest(go)}"
    _CACHE.mkdir(parents=True, exist_ok=True)
    with (_CACHE / "promtool.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # building takes a minute: other processes of a test run wait for it
        if program.exists():
            return program, ""
        fetched = _go(go, "list", _TAGS, "-deps", _PACKAGE)
        if fetched.returncode != 0:
            return None, f"its modules could not be fetched: {fetched.stderr.strip()[-500:]}"
        for old in _CACHE.glob("promtool-*"):
            old.unlink(missing_ok=True)
        built = program.with_suffix(".new")
        done = _go(go, "build", _TAGS, "-buildvcs=false", "-trimpath", "-ldflags=-s -w", "-o", str(built), _PACKAGE)
        assert done.returncode == 0, f"go build failed: {done.stderr.strip()}"
        os.replace(built, program)
    return program, ""


def _digest(go: str) -> str:
    """Changes with the sources and with the compiler, which is named by `go version`."""
    parts = [_go(go, "version").stdout.encode()]
    parts += [(_SOURCES / name).read_bytes() for name in ("go.mod", "go.sum")]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def _go(go: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([go, *arguments], cwd=_SOURCES, capture_output=True, text=True, check=False, timeout=1800)
