"""Istio's own source, where Go's module cache holds it: the release that ``tests/oracles/istiocheck`` is built from."""

import os
import re
from functools import cache
from pathlib import Path

import pytest

_MODULE = Path(__file__).parents[1] / "oracles" / "istiocheck" / "go.mod"


@cache
def _directory(module: str) -> Path:
    version = re.search(rf"istio\.io/{module} (v\S+)", _MODULE.read_text(encoding="utf-8"))
    assert version is not None
    cache_ = os.environ.get("GOMODCACHE") or Path(os.environ.get("GOPATH") or Path.home() / "go") / "pkg" / "mod"
    return Path(cache_) / f"istio.io/{module}@{version[1]}"


def istio_source() -> Path:
    """The root of the source; skips the test, with the reason, where it is not there."""
    return _there("istio")


def istio_api() -> Path:
    """The root of istio.io/api of that release, likewise."""
    return _there("api")


def _there(module: str) -> Path:
    if not _directory(module).is_dir():
        pytest.skip(f"Istio's source was not read: {_directory(module)} is not there; `make istio-check` fetches it")
    return _directory(module)
