"""The Dockerfile without Docker: its steps, one after the other, in directories that stand for images' file systems.

Needs root, for chroot, and a directory with what the base image has. Layers, the image's metadata and its registry are
not modelled; an instruction that is not known here is an error, so that none is passed over.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

#: Of the machine, for what steps fetch: names of servers, where pip fetches from, and certificates.
_NETWORK = ("/etc/resolv.conf", "/etc/hosts", "/etc/pip.conf")
_CERTIFICATES = ("PIP_CERT", "SSL_CERT_FILE")
_FETCHING = re.compile(r"PIP_(CERT|INDEX_URL|EXTRA_INDEX_URL|TRUSTED_HOST)|SSL_CERT_FILE|(https?|no)_proxy", re.I)
_INSIDE = """mount -t proc proc "$0/proc" && exec chroot --userspec="$1" "$0" sh -c 'cd "$0" && exec "$@"' "${@:2}\""""


class Step(NamedTuple):
    """An instruction and what follows it, as one line."""

    name: str
    text: str


def steps(dockerfile: str) -> list[Step]:
    """https://docs.docker.com/reference/dockerfile/#format, without parser directives and here-documents."""
    lines = [line for line in dockerfile.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [Step(*line.split(maxsplit=1)) for line in joined.splitlines() if line.strip()]


def sent(root: Path, ignore: str) -> Iterator[str]:
    """The files that .dockerignore leaves, by their paths below ``root``. The last pattern that matches decides.

    https://docs.docker.com/build/concepts/context/#dockerignore-files
    """
    patterns = [(line.lstrip("!"), line.startswith("!")) for line in ignore.split() if line]
    compiled = [(_pattern(text), kept) for text, kept in patterns]
    skipped = {".git", ".venv", ".cache", ".uv"}  # large, and ignored by the first pattern
    assert patterns[0] == ("*", False)
    for at, directories, files in os.walk(root):
        directories[:] = [name for name in directories if name not in skipped]
        for path in sorted((Path(at) / name).relative_to(root).as_posix() for name in files):
            found = [kept for pattern, kept in compiled if pattern.fullmatch(path)]
            if found and found[-1]:
                yield path


def _pattern(text: str) -> re.Pattern[str]:
    parts = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*"}
    pieces = re.split(r"(\*\*/|\*\*|\*)", text)
    return re.compile("".join(parts.get(piece, re.escape(piece)) for piece in pieces) + "(?:/.*)?")


@dataclass
class Stage:
    """A file system in the making."""

    root: Path
    directory: str = "/"
    user: str = "0:0"
    variables: dict[str, str] = field(default_factory=dict)
    command: list[str] = field(default_factory=list)

    def run(self, *command: str, user: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command in the file system, with the variables of the image and those that fetching needs."""
        kept = {name: value for name, value in os.environ.items() if _FETCHING.fullmatch(name)}
        own = {"PATH": "/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin", **kept, **self.variables}
        arguments = [str(self.root), user or self.user, self.directory, *command]
        done = ["unshare", "--mount", "--pid", "--fork", "bash", "-c", _INSIDE, *arguments]
        return subprocess.run(done, env=own, capture_output=True, text=True, check=False, timeout=600)


def build(repository: Path, base: Path, into: Path) -> Stage:
    """The last stage of the Dockerfile. ``base`` is copied for each stage; AssertionError with what a step said."""
    stages: dict[str, Stage] = {}
    stage = Stage(into)
    context = list(sent(repository, (repository / ".dockerignore").read_text(encoding="utf-8")))
    for step in steps((repository / "Dockerfile").read_text(encoding="utf-8")):
        if step.name == "FROM":
            image, *name = step.text.split(" AS ")
            assert image == "python:3.13-slim", image
            stage = stages[name[0] if name else ""] = Stage(_copied(base, into / (name[0] if name else "image")))
        elif step.name == "COPY":
            _copy(step.text, stage, stages, repository, context)
        elif step.name == "RUN":
            done = stage.run("sh", "-c", step.text)
            assert done.returncode == 0, f"RUN {step.text}: {done.stdout[-1000:]}{done.stderr[-3000:]}"
        else:
            _set(step, stage)
    return stage


def _copied(base: Path, root: Path) -> Path:
    subprocess.run(["cp", "-a", "--reflink=auto", str(base), str(root)], check=True)
    certificates = [os.environ[name] for name in _CERTIFICATES if name in os.environ]
    for name in (*_NETWORK, *certificates):
        if Path(name).exists():
            Path(f"{root}{name}").parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(name, f"{root}{name}")
    return root


def _copy(text: str, stage: Stage, stages: Mapping[str, Stage], repository: Path, context: list[str]) -> None:
    words = text.split()
    source = None
    if words[0].startswith("--from="):
        source = stages[words.pop(0).removeprefix("--from=")].root
    options = [words.pop(0) for word in list(words) if word.startswith("--")]
    assert not [one for one in options if not one.startswith("--chmod=")], text
    *names, to = words
    target = Path(f"{stage.root}{os.path.normpath(os.path.join(stage.directory, to))}")
    for name in names:
        if source is not None:
            subprocess.run(["cp", "-a", f"{source}{name}", str(target)], check=True)
            continue
        found = [path for path in context if path == name or path.startswith(f"{name}/")]
        assert found, f"COPY {name}: .dockerignore leaves nothing of it"
        for path in found:
            below = os.path.relpath(path, name)
            at = target / below if below != "." else target / name.split("/")[-1] if to.endswith("/") else target
            at.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(repository / path, at)
            for option in options:
                at.chmod(int(option.removeprefix("--chmod="), 8))


def _set(step: Step, stage: Stage) -> None:
    if step.name == "WORKDIR":
        stage.directory = step.text
        Path(f"{stage.root}{step.text}").mkdir(parents=True, exist_ok=True)
    elif step.name == "ENV":
        stage.variables |= dict(word.split("=", 1) for word in shlex.split(step.text))
    elif step.name == "USER":
        stage.user = step.text
    elif step.name == "CMD":
        stage.command = json.loads(step.text)
    else:
        raise AssertionError(f"{step.name} is not known here")
