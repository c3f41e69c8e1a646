"""A program as the image has it: installed, compiled, with the image's launcher and the script that pip makes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent


class Installed(NamedTuple):
    """Paths: the launcher, the script, and the interpreter."""

    launcher: str
    script: str
    python: str


def install(directory: Path) -> Installed:
    """Do what the Dockerfile does, with this interpreter and into a directory."""
    home, wheels = directory / "meshspec", directory / "wheel"
    python = home / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(python), "install", "--quiet"]
    requirements = ["--require-hashes", "-r", str(ROOT / "requirements" / "runtime.txt")]
    for command in (
        [sys.executable, "-m", "venv", "--without-pip", str(home)],
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(wheels)],
        [*pip, *requirements],
    ):
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    (wheel,) = wheels.iterdir()
    subprocess.run([*pip, "--no-deps", str(wheel)], check=True)
    compiled = ["-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", str(home / "lib")]
    subprocess.run([sys.executable, *compiled], check=True)
    launcher = home / "bin" / "launcher"
    launcher.write_text((ROOT / "install" / "cmp").read_text(encoding="utf-8").replace("/opt/meshspec", str(home)))
    launcher.chmod(0o755)
    return Installed(str(launcher), str(home / "bin" / "cmp"), str(python))
