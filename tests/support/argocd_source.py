"""Files of Argo CD's own source, from its Go module: its manifests are in there."""

import json
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

_MODULE = "github.com/argoproj/argo-cd/v3"
#: The release that is supported with the newest one. The newest needs Go 1.27 to be fetched.
VERSIONS = ("v3.5.7", "v3.6.1")


@cache
def _fetched(version: str) -> tuple[Path | None, str]:
    go = shutil.which("go")
    if go is None:
        return None, "go is not installed"
    done = subprocess.run(
        [go, "mod", "download", "-json", f"{_MODULE}@{version}"], capture_output=True, text=True, cwd="/"
    )
    told = json.loads(done.stdout or "{}")
    return (Path(told["Dir"]), "") if "Dir" in told else (None, told.get("Error") or done.stderr.strip())


def source(version: str) -> Path:
    """The directory of a release. Where it cannot be fetched, the test is skipped."""
    found, reason = _fetched(version)
    if found is None:
        pytest.skip(f"the manifests of Argo CD {version} were not asked: {reason}")
    return found
